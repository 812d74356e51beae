"""All formats by name, the strict ones first."""

from collections.abc import Iterable
from difflib import get_close_matches

from rules.formats.eve import Eve
from rules.formats.format import Format
from rules.formats.handed_in import HandedIn
from rules.formats.journal import Journal
from rules.formats.json_lines import JsonLines
from rules.formats.logfmt import Logfmt
from rules.formats.syslog import IsoStamped, Rfc3164, Rfc5424, Syslog
from rules.formats.webserver import Combined, Common
from rules.formats.windows_json import WindowsJson
from rules.formats.zeek_json import ZeekJson
from rules.formats.zeek_tsv import ZeekTsv

#: What is tried on a stream whose format is not named, the strict ones first.
FORMATS: tuple[Format, ...] = (
    Eve(),
    WindowsJson(),
    ZeekJson(),
    Journal(),
    ZeekTsv(),
    Syslog(),
    Combined(),
    Common(),
    JsonLines(),
    Logfmt(),
)

#: Only by name: each takes a part of what a format above takes, or reads what only the intake writes.
NAMED: tuple[Format, ...] = (Rfc3164(), Rfc5424(), IsoStamped(), HandedIn())

#: Other words that people use.
ALIASES = {
    "rfc3164": "syslog-rfc3164",
    "rfc5424": "syslog-rfc5424",
    "auth": "syslog",
    "eve": "suricata-eve",
    "suricata": "suricata-eve",
    "zeek-tsv": "zeek",
    "windows": "windows-json",
    "jsonl": "json",
    "ndjson": "json",
    "json-lines": "json",
    "apache": "combined",
    "nginx": "combined",
    "clf": "common",
}


class UnknownFormat(ValueError):
    """No format bears that name; ``nearest`` is the one that was perhaps meant, or ""."""

    def __init__(self, name: str, names: Iterable[str]) -> None:
        known = tuple(names)
        self.name = name
        self.nearest = next(iter(get_close_matches(name, (*known, *ALIASES), n=1)), "")
        meant = f'; did you mean "{self.nearest}"?' if self.nearest else ""
        super().__init__(f'unknown log format "{name}"{meant} (known: {", ".join(known)})')


def by_name(name: str, more: Iterable[Format] = ()) -> Format:
    """The format called *name*.

    Args:
        more: Formats that the configuration adds (expressions); they hide built-in ones of the same name.

    Raises:
        UnknownFormat: There is none; says the nearest.
    """
    known = {one.name: one for one in (*FORMATS, *NAMED, *more)}
    found = known.get(name) or known.get(ALIASES.get(name.lower(), ""))
    if found is None:
        raise UnknownFormat(name, sorted(known))
    return found


def names(more: Iterable[Format] = ()) -> tuple[str, ...]:
    """All names that a configuration may use, beside "auto"."""
    return tuple(sorted(one.name for one in (*FORMATS, *NAMED, *more)))
