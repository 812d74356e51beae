"""Sample logs for a first look: copied into the state directory with their times moved, so that they end now."""

from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

from rules.formats.format import Context
from rules.formats.reading import stamps

#: file name -> how its stamps are written
SAMPLES = {"auth.log": "syslog", "access.log": "combined"}

#: Where a newcomer writes lines to see what happens.
INBOX = "inbox.log"

_MONTHS = tuple(stamps.MONTHS)


def prepare(target_dir: Path, now: datetime) -> tuple[Path, ...]:
    """Write the samples into ``target_dir/sample``, and an empty ``inbox.log`` beside it for lines of one's own.

    A file that is there already is left alone.

    Args:
        target_dir: The state directory; made if it is absent.
        now: The time that the last line of each sample shall bear, aware UTC.

    Returns:
        The samples that were written.
    """
    folder = target_dir / "sample"
    folder.mkdir(parents=True, exist_ok=True)
    (target_dir / INBOX).touch()
    written = []
    for name, form in SAMPLES.items():
        target = folder / name
        if not target.exists():
            text = files("detector").joinpath("data", "sample", name).read_text(encoding="utf-8")
            draft = folder / f".{name}.new"
            draft.write_text(shifted(text, form, now), encoding="utf-8")
            draft.replace(target)  # a start that was interrupted leaves no half a sample
            written.append(target)
    return tuple(written)


def shifted(text: str, form: str, now: datetime) -> str:
    """*text* with all its stamps moved by the same time, so that the last line bears *now*.

    Args:
        text: Lines of a log, each with a stamp.
        form: "syslog" (``Mar  1 03:12:04`` at the start, in UTC) or "combined" (``[01/Mar/2024:03:12:04 +0000]``).
        now: Aware UTC; fractions of a second are dropped.
    """
    read, written = (_read_syslog, _write_syslog) if form == "syslog" else (_read_combined, _write_combined)
    lines = text.splitlines()
    if not lines:
        return text
    move = now.replace(microsecond=0) - read(lines[-1])
    return "".join(f"{written(line, read(line) + move)}\n" for line in lines)


def _read_syslog(line: str) -> datetime:
    # Which year is meant does not matter: it is the same for all lines of a sample.
    moment = stamps.rfc3164(line, Context(reference=datetime(2024, 3, 1, tzinfo=UTC)))
    return _must(moment, line)


def _write_syslog(line: str, moment: datetime) -> str:
    return f"{_MONTHS[moment.month - 1]} {moment.day:2} {moment:%H:%M:%S}{line[15:]}"


def _read_combined(line: str) -> datetime:
    stamp = line.partition("[")[2].partition("]")[0]
    return _must(stamps.clf(stamp, Context(reference=datetime(2024, 3, 1, tzinfo=UTC))), line)


def _write_combined(line: str, moment: datetime) -> str:
    head, _, rest = line.partition("[")
    tail = rest.partition("]")[2]
    return f"{head}[{moment:%d}/{_MONTHS[moment.month - 1]}/{moment:%Y:%H:%M:%S} +0000]{tail}"


def _must(moment: datetime | None, line: str) -> datetime:
    if moment is None:
        raise ValueError(f"a sample's line bears no stamp that could be moved: {line[:80]!r}")
    return moment
