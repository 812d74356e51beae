"""A journalctl that is told what to write, and a real journal where this machine can make one."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

#: Writes the lines of the file that its first argument names: from the one at --cursor= on, the last --lines= or all,
#: and those that are appended; in chunks of as many bytes as a file beside it says, if there is one.
FAKE = r"""
import json, os, sys, time
path, options = sys.argv[1], sys.argv[2:]
value = lambda name: next((o.partition("=")[2] for o in options if o.startswith(name + "=")), None)
with open(path + ".calls", "a") as calls:
    calls.write(json.dumps(options) + "\n")
cursor, last, out = value("--cursor"), value("--lines"), sys.stdout.fileno()
chunk = int(open(path + ".chunk").read()) if os.path.exists(path + ".chunk") else 1 << 20
def put(data):
    for at in range(0, len(data), chunk):
        view = data[at : at + chunk]
        while view:
            view = view[os.write(out, view):]
with open(path, "rb") as journal:
    lines = journal.read().split(b"\n")[:-1]
    done = sum(len(line) + 1 for line in lines)
    mark = b'"__CURSOR":"%s"' % cursor.encode() if cursor else b""
    at = next((i for i, line in enumerate(lines) if mark in line), 0) if mark else 0
    put(b"".join(line + b"\n" for line in (lines[-int(last):] if last else lines[at:])))
    end = time.monotonic() + 30
    while os.getppid() != 1 and time.monotonic() < end:
        journal.seek(done)
        data = journal.read()
        put(data[: data.rfind(b"\n") + 1])
        done += data.rfind(b"\n") + 1
        if os.path.exists(path + ".end"):
            os.remove(path + ".end")
            sys.stderr.write("told to end\n")
            sys.exit(3)
        time.sleep(0.01)
"""


def fake_journalctl(folder: Path, journal: Path) -> tuple[str, ...]:
    """The command of a journalctl that reads the lines of *journal*."""
    script = folder / "fake_journalctl.py"
    script.write_text(FAKE)
    return (sys.executable, "-IS", str(script), str(journal))


def entry(number: int, message: Any = None, *, at: datetime | None = None, **fields: Any) -> bytes:
    """One entry as journalctl writes it."""
    moment = at or datetime.now(UTC)
    body = {
        "__CURSOR": f"s=1;i={number:x}",
        "__REALTIME_TIMESTAMP": str(int(moment.timestamp() * 1e6)),
        "MESSAGE": f"number {number}" if message is None else message,
        **fields,
    }
    return json.dumps(body, separators=(",", ":")).encode() + b"\n"


def numbers(data: Iterable[bytes]) -> list[int]:
    """The numbers of the entries in *data*."""
    return [int(json.loads(line)["__CURSOR"].partition("i=")[2], 16) for part in data for line in part.splitlines()]


#: In a mount namespace of its own, so that this machine's own journal is neither read nor written.
REAL = r"""
set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/journal /run/log/journal
/usr/lib/systemd/systemd-journald >/dev/null 2>&1 &
pid=$!
for _ in $(seq 100); do [ -S /run/systemd/journal/socket ] && break; sleep 0.05; done
"$2" -ISc '
import json, socket, sys
to = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
to.connect("/run/systemd/journal/socket")
for text in json.load(sys.stdin):
    to.send(text.encode("latin-1"))
'
last() { journalctl -q --no-pager -n 1 -o cat 2>/dev/null | grep -q the.last.one; }
for _ in $(seq 100); do last && break; sleep 0.05; done
cp -r /run/log/journal/. "$1"
kill $pid
"""


def real_journal(folder: Path, messages: Iterable[str]) -> str:
    """Have systemd-journald write *messages* (its native protocol) into *folder*. Returns why it cannot, or ""."""
    for program in ("journalctl", "unshare", "/usr/lib/systemd/systemd-journald"):
        if shutil.which(program) is None:
            return f"{program} is not here"
    last = "MESSAGE=the last one\nSYSLOG_IDENTIFIER=test\n"
    done = subprocess.run(
        ("unshare", "-m", "sh", "-c", REAL, "sh", str(folder), sys.executable),
        input=json.dumps([*messages, last]).encode(),
        capture_output=True,
        timeout=30,
        check=False,
    )
    return "" if done.returncode == 0 else f"systemd-journald does not run here: {done.stderr.decode()[-200:]}"
