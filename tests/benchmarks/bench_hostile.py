"""What a log costs whose writer wants to be expensive, beside ordinary logs: processor time per byte.

On the way that each line of a file goes: the reader of files, the engine, the bundled rules. Each bait in each frame is
tried in lines of several lengths; what came out worst in a frame is measured again, in turns with an ordinary log.
Then longer and longer lines, which show what grows faster than its length, and one line of 100 MiB in a process of its
own. Nothing here passes or fails: figures depend on the machine.
"""

import random
import resource
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.hostile import BAITS, FRAMES, SHAPED, START, line, literals, log

from detector.sources.files.content import PlainFile
from detector.sources.files.follow import Follower, Pause
from detector.sources.files.position import Position
from rules.engine import Engine
from rules.event import Batch
from rules.settings import EngineSettings
from rules.sigma.files import BUNDLED, read_rule_files
from rules.sigma.load import load
from rules.sigma.model import RuleSet

HOUR = timedelta(hours=1)
ORDINARY = "alice bob index 17 "
#: Bytes of bait in a line -> bytes in all, for the first trial.
TRIED = {30: 3_000, 300: 15_000, 10_000: 30_000}
MEASURED_BYTES = 100_000
ROUNDS = 3
LONGER = (64_000, 512_000)
MAX_LINE_BYTES = 1024 * 1024
LONG_LINE_MIB = 100


class Machine:
    """Reads files as the daemon does, and measures."""

    def __init__(self, folder: Path, rules: RuleSet) -> None:
        self.path = folder / "hostile.log"
        self.rules = rules
        self.engine = Engine(EngineSettings(), rules)
        self.runs = 0

    @property
    def start(self) -> datetime:
        """When the next log begins: time goes on from log to log, as lines out of order cost by themselves."""
        return START + self.runs * HOUR

    def cost_of(self, frame: str, bait: str, line_bytes: int, size: int) -> float:
        """The cost of a log like this one, see ``support.hostile.log``."""
        return self.cost(log(frame, bait, line_bytes, size, self.start))

    def cost(self, data: bytes) -> float:
        """Nanoseconds of a processor for each byte of a new file that holds *data*."""
        self.path.write_bytes(data)
        return self.seconds() * 1e9 / len(data)

    def seconds(self) -> float:
        """Processor seconds to read the file to its end."""
        received_at = self.start + HOUR
        self.runs += 1
        follower = Follower(
            source="bench",
            stream=str(self.runs),
            position=Position(path=str(self.path), base=str(self.path)),
            max_line_bytes=MAX_LINE_BYTES,
        )
        began = time.process_time()
        follower.attach(PlainFile(str(self.path)))
        while (result := follower.read(received_at)) is not Pause.END:
            if isinstance(result, Batch):
                self.engine.feed(result)
        took = time.process_time() - began
        follower.attach(None)
        return took


def main() -> None:
    """Print everything."""
    rules = load(read_rule_files([BUNDLED]))
    baits = {**BAITS, "literals of all rules": literals(rules, random.Random(1))}
    print(f"{len(rules.all)} bundled rules, file to findings, nanoseconds of processor time per byte")
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        frames(Path(folder), rules, baits)
        growth(Machine(Path(folder), rules), baits)
        encodings(Path(folder), rules)
        crowds(Path(folder), rules)
    one_long_line()


def frames(folder: Path, rules: RuleSet, baits: dict[str, str]) -> None:
    """The worst bait of each frame beside the same frame with ordinary words."""
    print(f"{'frame':<14}{'ordinary':>9}{'worst':>8}{'factor':>8}   with")
    factors = {}
    for name, frame in FRAMES.items():
        machine = Machine(folder, rules)  # the state of another frame's lines is not this one's cost
        tried = {
            (bait, length): machine.cost_of(frame, text, length, size)
            for bait, text in baits.items()
            if name not in SHAPED or bait == "letters"
            for length, size in TRIED.items()
        }
        bait, length = max(tried, key=lambda one: tried[one])
        usual, bad = (ORDINARY, 120, MEASURED_BYTES), (baits[bait], length, MEASURED_BYTES)
        costs = [(machine.cost_of(frame, *usual), machine.cost_of(frame, *bad)) for _ in range(ROUNDS)]
        ordinary, worst = (median(column) for column in zip(*costs, strict=True))
        factors[name] = worst / ordinary
        print(f"{name:<14}{ordinary:>9.0f}{worst:>8.0f}{worst / ordinary:>8.1f}   {bait}, {length:,} bytes a line")
    name = max(factors, key=lambda one: factors[one])
    print(f"worst factor: {factors[name]:.1f} ({name})")


def growth(machine: Machine, baits: dict[str, str]) -> None:
    """How the cost of a byte changes with the length of its line; where all is well it falls or stays."""
    print(f"the most that a byte of a longer line costs beside one of a line of {LONGER[0]:,} bytes:")
    found = []
    for name, frame in FRAMES.items():
        for bait, text in baits.items() if name not in SHAPED else [("letters", "a")]:
            costs = [machine.cost_of(frame, text, length, length) for length in LONGER]
            if max(costs) > 20:  # less is the reading of the file
                found.append((max(costs) / costs[0], name, bait, costs))
    for factor, name, bait, costs in sorted(found, reverse=True)[:5]:
        print(f"  {factor:.1f}: {name}, {bait}: {' / '.join(f'{cost:.0f}' for cost in costs)} ns a byte")


def encodings(folder: Path, rules: RuleSet) -> None:
    """The same lines in other encodings, and bytes that are no lines of text at all."""
    plain = log(FRAMES["sshd"], ORDINARY, 120, MEASURED_BYTES).decode()
    noise = random.Random(2).randbytes(MEASURED_BYTES)
    kinds = {
        "UTF-8": plain.encode(),
        "UTF-16 LE": b"\xff\xfe" + plain.encode("utf-16-le"),
        "UTF-16 BE": b"\xfe\xff" + plain.encode("utf-16-be"),
        "UTF-16 unsaid": plain.encode("utf-16-le"),
        "UTF-16 halves": b"\xff\xfe" + b"\x00\xd8" * (MEASURED_BYTES // 2) + b"\n\x00",
        "random bytes": noise + b"\n",
        "newlines": b"\n" * MEASURED_BYTES,
        "NUL": b"\0" * MEASURED_BYTES + b"\n",
    }
    for name, data in kinds.items():
        print(f"{name:<14}{median(Machine(folder, rules).cost(data) for _ in range(ROUNDS)):>9.0f}")


def crowds(folder: Path, rules: RuleSet) -> None:
    """What rules remember, at two sizes: each line by another attacker, and one attacker's lines out of order."""
    chance = random.Random(3)
    for lines in (500, 1_000):
        moments = [START + timedelta(milliseconds=500 * at) for at in range(lines)]
        users = [line(FRAMES["sshd"], f"u{at}", moment) for at, moment in enumerate(moments)]
        many = [text.replace(b"192.0.2.1", b"2001:db8::%x" % at) for at, text in enumerate(users)]
        mixed = chance.sample(users, lines)
        for name, data in (("attackers", many), ("lines in order", users), ("lines in disorder", mixed)):
            print(f"{f'{lines:,} {name}':<24}{Machine(folder, rules).cost(b''.join(data)):>9.0f}")


def one_long_line() -> None:
    """One line of 100 MiB between two others, in a process of its own, and the same without it."""
    for mib in (0, 10, LONG_LINE_MIB):
        said = subprocess.run([sys.executable, __file__, str(mib)], capture_output=True, text=True, check=True)
        print(f"a line of {mib} MiB: {said.stdout.strip()}")


def long_line(mib: int) -> None:
    """Read one; print what it took."""
    rules = load(read_rule_files([BUNDLED]))
    with tempfile.TemporaryDirectory(prefix="bench") as folder:
        machine = Machine(Path(folder), rules)
        neighbour = log(FRAMES["sshd"], "alice", 5, 5)
        with machine.path.open("wb") as file:
            file.write(neighbour + b"Mar  1 00:00:00 web1 sshd[1]: Failed password for ")
            for _ in range(mib):
                file.write(b"from " * (1024 * 1024 // 5))
            file.write(b"\n" + neighbour)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        took = machine.seconds()
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    per_byte = f", {took * 1e9 / (mib * 1024 * 1024):.1f} ns a byte" if mib else ""
    print(f"{took:.2f} s of processor time{per_byte}; peak RSS {before // 1024} MiB before, {after // 1024} MiB after")


if __name__ == "__main__":
    long_line(int(sys.argv[1])) if sys.argv[1:] else main()
