"""What a replay found, as one page that needs nothing else: no script, nothing fetched, the same for the same input.

Everything in it may have been written by an attacker: all of it is escaped, characters that would act upon who looks
are replaced, and its own policy keeps a browser from running or fetching anything.
"""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from detector.replay.asked import NotAsked
from detector.replay.run import Replayed
from rules.entities import clean
from rules.event import Decision, Severity
from rules.sigma.model import Correlation, Rule, RuleSet
from rules.usage import RuleCount
from store.ledger import Record
from store.letter import WOULD_PAGE_FROM

HERE: Final = Path(__file__).parent
MOST_RECORDS: Final = 1000
MOST_BARS: Final = 200
MOST_LINES: Final = 10
MOST_ENTITIES: Final = 20
MOST_TITLES: Final = 100
ROW: Final = 12  #: height of a bar with what is between two
WIDTH: Final = 1000
MOST_PIXELS: Final = 1200  #: that all bars together take; of many each is thinner


@dataclass(frozen=True, slots=True)
class _Span:
    """From the first to the last event of all that was found."""

    first: datetime
    last: datetime

    def at(self, moment: datetime) -> float:
        """Where a moment stands, from 0 to `WIDTH`."""
        whole = (self.last - self.first).total_seconds()
        return WIDTH * (moment - self.first).total_seconds() / whole if whole else 0.0


def page(found: Replayed, rules: RuleSet, options: Sequence[tuple[str, str]]) -> str:
    """The page as HTML.

    Args:
        found: What the replay found.
        rules: That ran, in their modes.
        options: Name and value of what it was told, as people read them.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # takes a while; most replays make no page

    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, finalize=_inert
    )
    style = (HERE / "report.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    from markupsafe import Markup

    given = {**_content(found, rules), "options": options, "style": Markup(style), "style_hash": Markup(digest)}  # noqa: S704 (ours)
    return environment.get_template("report.html").render(given)


def _inert(value: Any) -> Any:
    """What is about to be shown, without what would act upon who looks."""
    return _printable(value) if type(value) is str else value


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() or char in "\n\t" else "\ufffd" for char in text)


def _content(found: Replayed, rules: RuleSet) -> dict[str, Any]:
    named = [(f"R-{number}", record) for number, record in enumerate(found.records, start=1)]
    times = [moment for record in found.records for moment in (record.first_seen, record.last_seen)]
    span = _Span(min(times), max(times)) if times else None
    decisions = Counter(record.decision for record in found.records)
    bars = list(_bars(named, span)) if span else []
    owed = {head.id: ", ".join(filter(None, (head.author, head.license))) for head in rules.all}
    return {
        "counts": {str(one): decisions[one] for one in Decision},
        "first": _moment(span.first) if span else "",
        "last": _moment(span.last) if span else "",
        "days": _days(found.records),
        "paged": [_paged(name, record) for name, record in named if _why(record)],
        "bars": bars,
        "height": ROW * len(bars) + 4,
        "pixels": min(ROW * len(bars) + 4, MOST_PIXELS),
        "records": [_record(name, record, owed) for name, record in named[:MOST_RECORDS]],
        "left_out": max(0, len(named) - MOST_RECORDS),
        "rules": list(_rules(rules, found)),
        "silent": sum(not _spoke(head, found) for head in rules.all),
        "broken": len({(error.path, error.rule) for error in rules.errors}),
        "errors": [str(error) for error in rules.errors],
        "files": found.tallies,
        "not_asked": found.asked.not_asked,
        "missing": [_missing(one) for one in found.asked.missing],
        "of_lines": [
            {"logsource": str(one.logsource), "events": one.events, "rules": one.rules} for one in found.asked.of_lines
        ],
    }


def _why(record: Record) -> str:
    """Why it would have paged; "" if it would not."""
    if record.decision is Decision.INVESTIGATE:
        return "incident"
    if record.incident is None:
        return ""
    if record.incident.advised:
        return "mode advise"
    return "observed" if record.severity.rank >= WOULD_PAGE_FROM.rank else ""


def _days(records: Iterable[Record]) -> list[dict[str, Any]]:
    counts = Counter((f"{record.first_seen:%Y-%m-%d}", _why(record)) for record in records if _why(record))
    return [
        {
            "day": day,
            "incidents": counts[day, "incident"],
            "advised": counts[day, "mode advise"],
            "observed": counts[day, "observed"],
        }
        for day in sorted({day for day, _ in counts})
    ]


def _paged(name: str, record: Record) -> dict[str, Any]:
    return {
        "id": name,
        "first_seen": _moment(record.first_seen),
        "severity": str(record.severity),
        "why": _why(record),
        "title": record.title,
        "about": _about(record),
    }


def _bars(named: Sequence[tuple[str, Record]], span: _Span) -> Iterator[dict[str, Any]]:
    """The gravest and earliest, in order of time."""
    gravest = sorted(named, key=lambda one: (-one[1].severity.rank, one[1].first_seen))[:MOST_BARS]
    for row, (name, record) in enumerate(sorted(gravest, key=lambda one: (one[1].first_seen, one[0]))):
        start, end = span.at(record.first_seen), span.at(record.last_seen)
        width = max(6.0, end - start)
        yield {
            "id": name,
            "title": record.title,
            "severity": str(record.severity),
            "x": f"{min(start, WIDTH - width):.1f}",
            "y": ROW * row + 4,
            "width": f"{width:.1f}",
        }


def _record(name: str, record: Record, owed: Mapping[str, str]) -> dict[str, Any]:
    lines = [f"{one.origin}:{one.line}  {one.text}" for one in record.evidence[:MOST_LINES]]
    if len(record.evidence) > MOST_LINES:
        lines.append(f"… and {len(record.evidence) - MOST_LINES} more")
    return {
        "id": name,
        "severity": str(record.severity),
        "decision": str(record.decision),
        "title": record.title,
        "events": record.events,
        "rule": record.rule_title,
        "credit": owed.get(record.rule_id, ""),
        "path": record.rule_path,
        "others": ", ".join(one.rule_title for one in record.rules if one.rule_id != record.rule_id),
        "first_seen": _moment(record.first_seen),
        "last_seen": _moment(record.last_seen),
        "about": _about(record),
        "entities": "; ".join(_involved(record)),
        "terms": [one.because for one in record.severity_terms],
        "lines": [clean(line) for line in lines],
    }


def _involved(record: Record) -> Iterator[str]:
    """One text for each kind: ``source 192.0.2.1, 192.0.2.2``."""
    by_kind: dict[str, list[str]] = {}
    for one in record.entities[:MOST_ENTITIES]:
        by_kind.setdefault(one.kind, []).append(one.value)
    for kind, values in by_kind.items():
        yield f"{kind} {', '.join(values)}"
    if len(record.entities) > MOST_ENTITIES:
        yield f"and {len(record.entities) - MOST_ENTITIES} more"


def _about(record: Record) -> str:
    return " ".join(f"{name}={value}" for name, value in record.group)


def _rules(rules: RuleSet, found: Replayed) -> Iterator[Mapping[str, Any]]:
    """Those that spoke, the loudest first."""
    heads = [head for head in rules.all if _spoke(head, found)]
    heads.sort(key=lambda head: (-found.findings.get(head.id, 0), -_used(head, found).matches, head.title, head.id))
    for head in heads:
        used = _used(head, found)
        yield {
            "title": head.title,
            "level": str(Severity(head.level)),
            "decision": "counted by others" if head.as_base_only else str(head.decision),
            "mode": str(head.mode),
            "matches": used.matches if isinstance(head, Rule) else "-",
            "findings": found.findings.get(head.id, 0),
            "last": _moment(used.last_match) if used.last_match else "-",
        }


def _missing(one: NotAsked) -> dict[str, Any]:
    titles = ", ".join(head.title for head in one.rules[:MOST_TITLES])
    more = f" and {len(one.rules) - MOST_TITLES} more" if len(one.rules) > MOST_TITLES else ""
    return {"logsource": str(one.logsource), "count": len(one.rules), "titles": titles + more}


def _spoke(head: Rule | Correlation, found: Replayed) -> bool:
    return bool(found.findings.get(head.id) or _used(head, found).matches)


def _used(head: Rule | Correlation, found: Replayed) -> RuleCount:
    return found.used.get(head.id, RuleCount())


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
