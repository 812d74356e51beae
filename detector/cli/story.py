"""How an incident came about, told from its record and, where it is at hand, the rule that found it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from detector.cli.bench import Wishes, chosen_rules, configured
from detector.cli.output import Failure
from detector.config.locate import find_config
from rules.authoring.hinting import bases
from rules.authoring.marking import Mark, mark
from rules.event import Event
from rules.formats.detect import Pin
from rules.formats.expression import expressions
from rules.formats.format import Context, Parsed
from rules.formats.ours.handed_in import HandedIn
from rules.match import explain
from rules.modes import with_modes
from rules.settings import EngineSettings, SourceProfile
from rules.sigma.duration import written
from rules.sigma.load import load_for
from rules.sigma.model import Correlation, Rule, RuleSet

FIELDS_SHOWN = 6
#: How the origin of what was handed in begins; its format is asked for by name.
INTAKE = "intake "


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A sentence, and under it what led there, in the order in which it happened."""

    head: str
    branches: dict[str, list[str]]

    @property
    def last(self) -> str:
        """Name of the last branch."""
        return list(self.branches)[-1]


def story(record: dict[str, Any], wishes: Wishes) -> Story:
    """Why there is the incident *record*, as the API gives it."""
    rule = record["rule"]
    base, rules = _at_hand(wishes)
    found = next((one for one in rules.all if one.id == rule["id"]), None)
    span = f" in {_seconds(record['first_seen'], record['last_seen']):g} s" if record["events"] > 1 else ""
    head = (
        f'{record["id"]} opened because {rule["path"]} "{rule["title"]}" matched {events(record)}{span}{_needs(found)}'
    )
    parts = {
        "read": list(_read(record)),
        "parse": list(_parse(record, base)),
        "match": list(_match(record, found, rules, base)),
        "count": [_about(record)],
        "group": list(_group(record)),
        "severity": [f"{record['severity']} = " + "; ".join(_term(one) for one in record["severity_terms"])],
        "route": [_delivery(one) for one in record["deliveries"]] or ["nobody is told of it"],
        "next": [f"{one['at']}: {one['whom']}" for one in record["told_next"]],
    }
    return Story(head=head, branches={name: lines for name, lines in parts.items() if lines})


def events(record: dict[str, Any]) -> str:
    """How many there are."""
    return "1 event" if record["events"] == 1 else f"{record['events']} events"


def _at_hand(wishes: Wishes) -> tuple[EngineSettings, RuleSet]:
    """What the configuration says, and the rules that were wished for; nothing if they cannot be read."""
    config = find_config(wishes.config_path)
    try:
        base = configured(str(config) if config else None)
        base = msgspec.structs.replace(base, rule_files=chosen_rules(base, wishes))
        return base, with_modes(load_for(base), base.modes)
    except Failure:
        return EngineSettings(), RuleSet()


def _read(record: dict[str, Any]) -> Iterator[str]:
    evidence = record["evidence"]
    for one in evidence[:1]:
        offset = "" if one["origin"].startswith(INTAKE) else f"   offset {one['offset']:,}"
        yield f"{one['origin']}:{one['line']}{offset}   {one['text']}"
    if len(evidence) > 1:
        yield f"to {evidence[-1]['origin']}:{evidence[-1]['line']}; {len(evidence)} lines are kept with the record"


def _parse(record: dict[str, Any], base: EngineSettings) -> Iterator[str]:
    for event in _events(record, base):
        shown = [f"{name}={value}" for name, value in event.fields.items() if name != "message"]
        more = f" and {len(shown) - FIELDS_SHOWN} more" if len(shown) > FIELDS_SHOWN else ""
        yield f"{event.format or 'no format'}   {'  '.join(shown[:FIELDS_SHOWN])}{more}"


def _match(
    record: dict[str, Any], found: Rule | Correlation | None, rules: RuleSet, base: EngineSettings
) -> Iterator[str]:
    """The terms that made the first line match; only if the rule is the one of then."""
    if found is None:
        yield f"the rule {record['rule']['id']} is not at hand: name its file with --rules"
        return
    if found.version != record["rule"]["version"]:
        yield f"the rule has changed since ({record['rule']['version']} then, {found.version} now)"
        return
    for event in _events(record, base):
        for rule in rules.routed(event.logsource, event.source):
            explanation = explain(rule, event)
            if rule.id in bases(found, rules) and explanation.matched:
                yield f'as "{rule.title}"'
                yield from (f"{reason}{_bytes(mark(event.text, reason))}" for reason in explanation.reasons)
                return


def _bytes(found: Mark | None) -> str:
    return "" if found is None else f"   bytes {found.bytes[0]}-{found.bytes[1]} of the line"


def _events(record: dict[str, Any], base: EngineSettings) -> Iterator[Event]:
    """The first line of the evidence, read as its source is."""
    for one in record["evidence"][:1]:
        moment = datetime.fromisoformat(one["time"])
        profile = base.sources.get(one["source"], SourceProfile())
        name, parsed = _parsed(one, profile, Context(reference=moment, zone=ZoneInfo(profile.timezone)), base)
        if parsed is not None:
            yield Event(
                source=one["source"],
                stream=one["origin"],
                origin=one["origin"],
                line=one["line"],
                offset=one["offset"],
                time=moment,
                time_resolution=parsed.resolution,
                time_source=parsed.time_source,
                received_at=moment,
                text=one["text"],
                format=name,
                logsource=profile.claims(parsed.logsource),
                fields=parsed.fields,
            )


def _parsed(
    one: dict[str, Any], profile: SourceProfile, context: Context, base: EngineSettings
) -> tuple[str, Parsed | None]:
    name, parsed = "", None
    if one["origin"].startswith(INTAKE):
        name, parsed = Pin(HandedIn.name).choose(one["text"], context)
    if parsed is None:
        name, parsed = Pin(profile.format, more=expressions(base.expressions)).choose(one["text"], context)
    return (name, parsed) if parsed else Pin().choose(one["text"], context)


def _needs(found: Rule | Correlation | None) -> str:
    if not isinstance(found, Correlation):
        return ""
    group = f", grouped by {', '.join(found.group_by)}" if found.group_by else ""
    return f" (needs {found.needs} in {written(found.timespan_seconds)}{group})"


def _about(record: dict[str, Any]) -> str:
    group = "  ".join(f"{name}={value}" for name, value in record["group"].items()) or "all together"
    return f"{group}   {events(record)} from {record['first_seen']} to {record['last_seen']}"


def _group(record: dict[str, Any]) -> Iterator[str]:
    """The reasons that the timeline holds: why it was opened, joined, reopened or raised."""
    for entry in record["timeline"]:
        reason = (entry.get("facts") or {}).get("reason")
        if reason and entry["kind"] in ("opened", "joined", "reopened", "raised"):
            yield f"{entry['kind']}: {reason}"


def _term(term: dict[str, Any]) -> str:
    if term["term"] == "rule":
        return str(term["because"])
    return f"{term['because']} ({term['value']:+d})"


def _delivery(one: dict[str, Any]) -> str:
    withheld = f"not told: {one['withheld']}" if one.get("withheld") else ""
    return ", ".join(filter(None, (f"{one['receiver']}: {one['state']} ({one['reason']})", one["detail"], withheld)))


def _seconds(first: str, last: str) -> float:
    return (datetime.fromisoformat(last) - datetime.fromisoformat(first)).total_seconds()
