"""What a log costs whose writer wants to be expensive, beside ordinary logs: processor time per byte.

On the way that each line of a file goes: the reader of files, the engine, the bundled rules. Each bait in each frame is
tried in lines of several lengths; what came out worst in a frame is measured again, in turns with an ordinary log.
Then longer and longer lines, which show what grows faster than its length, other encodings, what rules remember, and
one line of 100 MiB in a process of its own. The last line names the worst factor of all. Takes about three minutes, and
says on standard error where it stands. Nothing here passes or fails: figures depend on the machine.
"""

import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
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
CROWD = (500, 1_500)  #: lines
FASTEST = 20  #: nanoseconds a byte: less is the reading of the file
Factor = tuple[float, str]  #: how many times more it costs, and what beside what


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
    """Print everything, last what is worst of all."""
    rules = load(read_rule_files([BUNDLED]))
    baits = {**BAITS, "literals of all rules": literals(rules, random.Random(1))}
    say(f"{len(rules.all)} bundled rules, file to findings, nanoseconds of processor time per byte")
    with tempfile.TemporaryDirectory(prefix="bench") as name:
        folder = Path(name)
        found = frames(folder, rules, baits)
        found += growth(folder, rules, baits)
        found += encodings(folder, rules)
        found += crowds(folder, rules)
    found += one_long_line()
    factor, what = max(found)
    say(f"worst factor of all: {factor:.1f} ({what})")


def say(text: str) -> None:
    """Print a line at once: all of it takes minutes."""
    print(text, flush=True)


def working_on(what: str) -> None:
    """Where it stands, for whoever waits."""
    print(f"  … {what}", file=sys.stderr, flush=True)


def frames(folder: Path, rules: RuleSet, baits: dict[str, str]) -> list[Factor]:
    """The worst bait of each frame beside the same frame with ordinary words."""
    say(f"{'frame':<14}{'ordinary':>9}{'worst':>8}{'factor':>8}   with")
    found = []
    for name, frame in FRAMES.items():
        working_on(name)
        machine = Machine(folder, rules)  # the state of another frame's lines is not this one's cost
        tried = {
            (bait, length): machine.cost_of(frame, text, length, size)
            for bait, text in of_frame(name, baits)
            for length, size in TRIED.items()
        }
        bait, length = max(tried, key=lambda one: tried[one])
        usual, bad = (ORDINARY, 120, MEASURED_BYTES), (baits[bait], length, MEASURED_BYTES)
        costs = [(machine.cost_of(frame, *usual), machine.cost_of(frame, *bad)) for _ in range(ROUNDS)]
        ordinary, worst = (median(column) for column in zip(*costs, strict=True))
        what = f"{bait}, {length:,} bytes a line"
        found.append((worst / ordinary, f"{name} with {what}, beside ordinary words"))
        say(f"{name:<14}{ordinary:>9.0f}{worst:>8.0f}{worst / ordinary:>8.1f}   {what}")
    return found


def of_frame(name: str, baits: dict[str, str]) -> Iterable[tuple[str, str]]:
    """What is filled into a frame."""
    return [("letters", "a")] if name in SHAPED else baits.items()


def growth(folder: Path, rules: RuleSet, baits: dict[str, str]) -> list[Factor]:
    """How the cost of a byte changes with the length of its line; where all is well it falls or stays.

    A line is followed by a short one of the same kind, much later: what waited for more is told then.
    """
    say(f"the most that a byte of a longer line costs beside one of a line of {LONGER[0]:,} bytes:")
    found = []
    for name, frame in FRAMES.items():
        working_on(f"{name}, longer and longer")
        for bait, text in of_frame(name, baits):
            costs = [of_one_line(Machine(folder, rules), frame, text, length) for length in LONGER]
            if max(costs) > FASTEST:
                found.append((max(costs) / costs[0], f"{name}, {bait}", costs))
    for factor, what, costs in sorted(found, reverse=True)[:5]:
        say(f"  {factor:.1f}: {what}: {' / '.join(f'{cost:.0f}' for cost in costs)} ns a byte")
    return [
        (factor, f"{what}, a line of {LONGER[-1]:,} beside one of {LONGER[0]:,} bytes") for factor, what, _ in found
    ]


def of_one_line(machine: Machine, frame: str, bait: str, length: int) -> float:
    """The cost of a byte of one line; the better of two, as one alone is soon over."""
    later = line(frame, "x", machine.start + HOUR / 2)
    return min(machine.cost(log(frame, bait, length, length, machine.start) + later) for _ in range(2))


def encodings(folder: Path, rules: RuleSet) -> list[Factor]:
    """The same lines in other encodings, and bytes that are no lines of text at all."""
    plain = log(FRAMES["sshd"], ORDINARY, 120, MEASURED_BYTES).decode()
    cyrillic = log(FRAMES["sshd"], "\u0430\u043b\u0438\u0441\u0430 ", 120, MEASURED_BYTES).decode()
    noise = random.Random(2).randbytes(MEASURED_BYTES)
    kinds = {
        "UTF-8": plain.encode(),
        "UTF-16 LE": b"\xff\xfe" + plain.encode("utf-16-le"),
        "UTF-16 BE": b"\xfe\xff" + plain.encode("utf-16-be"),
        "UTF-16 unsaid": plain.encode("utf-16-le"),
        "UTF-16 letters": b"\xff\xfe" + cyrillic.encode("utf-16-le"),
        "UTF-16 halves": b"\xff\xfe" + b"\x00\xd8" * (MEASURED_BYTES // 2) + b"\n\x00",
        "UTF-16 lines": b"\xff\xfe" + b"\n\x00" * (MEASURED_BYTES // 2),
        "UTF-16 no line": b"\xff\xfe" + b"\x00\n" * (MEASURED_BYTES // 2) + b"\n\x00",
        "random bytes": noise + b"\n",
        "newlines": b"\n" * MEASURED_BYTES,
        "a letter a line": b"a\n" * (MEASURED_BYTES // 2),
        "NUL": b"\0" * MEASURED_BYTES + b"\n",
        "NUL in lines": b"a\n\0" * (MEASURED_BYTES // 3),
    }
    found = {}
    for name, data in kinds.items():
        working_on(name)
        found[name] = median(Machine(folder, rules).cost(data) for _ in range(ROUNDS))
        say(f"{name:<16}{found[name]:>7.0f}")
    return [(cost / found["UTF-8"], f"{name} beside ordinary lines in UTF-8") for name, cost in found.items()]


def crowds(folder: Path, rules: RuleSet) -> list[Factor]:
    """What rules remember, at two sizes: what is held must not be walked through with each line."""
    found: list[Factor] = []
    before: dict[str, float] = {}
    for lines in CROWD:
        cost = {}
        for name, data in crowd(lines).items():
            working_on(f"{lines:,} {name}")
            cost[name] = Machine(folder, rules).cost(b"".join(data))
            say(f"{f'{lines:,} {name}':<24}{cost[name]:>9.0f}")
        found.append((cost["lines in disorder"] / cost["lines in order"], f"{lines:,} lines in disorder"))
        found += [(cost[name] / before[name], f"{lines:,} {name} beside {CROWD[0]:,}") for name in before]
        before = before or cost
    return found


def crowd(number: int) -> dict[str, list[bytes]]:
    """So many lines: each by another attacker, one attacker's in and out of order, repeated ones, connections."""
    moments = [START + timedelta(milliseconds=500 * at) for at in range(number)]
    users = [line(FRAMES["sshd"], f"u{at}", moment) for at, moment in enumerate(moments)]
    return {
        "attackers": [text.replace(b"192.0.2.1", b"2001:db8::%x" % at) for at, text in enumerate(users)],
        "lines in order": users,
        "lines in disorder": random.Random(3).sample(users, number),
        "repeated lines": [line(FRAMES["repeated"], "root", moment) for moment in moments],
        "connections": [line(FRAMES["Zeek"], f"C{at}", moment) for at, moment in enumerate(moments)],
    }


def one_long_line() -> list[Factor]:
    """One line of 100 MiB between two others, in a process of its own, and the same without it."""
    seconds = {}
    for mib in (0, LONG_LINE_MIB // 10, LONG_LINE_MIB):
        working_on(f"a line of {mib} MiB")
        said = subprocess.run([sys.executable, __file__, str(mib)], capture_output=True, text=True, check=True)
        say(f"a line of {mib} MiB: {said.stdout.strip()}")
        seconds[mib] = float(said.stdout.split()[0])
    ten, hundred = seconds[LONG_LINE_MIB // 10], seconds[LONG_LINE_MIB]
    return [(hundred / 10 / max(ten, 0.01), f"a line of {LONG_LINE_MIB} MiB beside one of a tenth")]


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
