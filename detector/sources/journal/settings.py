"""What a journal source is told by the configuration."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

PROGRAM = "journalctl"
OUR_UNIT = "tocsin.service"
GROUPS = Path("/proc/self/cgroup")
#: All that `rules.formats.syslog.journal` reads and that tells our own entries: fields may have many megabytes.
FIELDS = (
    "MESSAGE",
    "PRIORITY",
    "SYSLOG_FACILITY",
    "SYSLOG_IDENTIFIER",
    "SYSLOG_PID",
    "_COMM",
    "_HOSTNAME",
    "_PID",
    "_SYSTEMD_UNIT",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalSettings:
    """One ``[[source]]`` of type "journal"."""

    name: str
    start: Literal["end", "beginning"] = "end"
    #: where a source that was never seen before starts; "end" looks back first
    required: bool = False  #: refuse to start when the journal cannot be read
    max_line_bytes: int = 1_048_576  #: an entry that is longer is cut, marked and counted
    units: tuple[str, ...] = ()  #: of these units alone; none: of all
    identifiers: tuple[str, ...] = ()  #: of programs that call themselves so; none: of all
    facilities: tuple[str, ...] = ()  #: of these facilities of syslog; none: of all
    priority: str = ""  #: as urgent as this, or more; "": all
    directory: str = ""  #: where the journal's files lie; "": this machine's own journal
    own_units: tuple[str, ...] = (OUR_UNIT,)  #: ours: what they say is left out
    command: tuple[str, ...] = (PROGRAM,)
    look_back_entries: int = 50_000  #: how many of those that were there at first sight are read as history
    most_wait_seconds: float = 60.0  #: between two attempts to begin
    renew_seconds: float = 600.0  #: a child that said nothing for so long is replaced: it may hang


def own_units(groups: Path = GROUPS) -> tuple[str, ...]:
    """The units whose messages are ours: the usual one and, if it bears another name, the one that we run in."""
    try:
        parts = groups.read_text().split("/")
    except OSError:
        parts = []
    here = [part.strip() for part in parts if part.strip().endswith(".service")]
    # user@1000.service holds a person's units, and whatever else that person runs.
    return tuple(dict.fromkeys((OUR_UNIT, *(one for one in here[-1:] if not one.startswith("user@")))))


def arguments(settings: JournalSettings, where: tuple[str, ...]) -> tuple[str, ...]:
    """The command that writes entries from *where* on, for ever.

    ``--merge`` keeps ``--follow`` from leaving out what was written before the machine's last start.
    """
    return (
        *settings.command,
        "--follow",
        "--merge",
        "--all",
        "--no-pager",
        "--output=json",
        f"--output-fields={','.join(FIELDS)}",
        *((f"--directory={settings.directory}",) if settings.directory else ()),
        *(f"--unit={unit}" for unit in settings.units),
        *(f"--identifier={identifier}" for identifier in settings.identifiers),
        *((f"--facility={','.join(settings.facilities)}",) if settings.facilities else ()),
        *((f"--priority={settings.priority}",) if settings.priority else ()),
        *where,
    )
