"""Any JSON as alerts, by a mapping. Pure: the same body and mapping always become the same alerts.

Nothing that came is left out but for its size: what the mapping does not name stands in the annotations, by its path.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from typing import Any, Final, get_args

import msgspec

from rules.intake import depth, paths
from rules.intake.alert import LONGEST_NAME, MOST_LABELS, SEVERITIES, Alert, NotAccepted, Status
from rules.intake.alertmanager import decoded
from rules.intake.mapping_file import MappingFile, Pairs
from rules.intake.paths import ALL, Path, Place, Template, text_of

#: What an alert is called of which the mapping finds no name: it is not lost for that.
UNNAMED: Final = "unnamed alert"
MOST_ALERTS: Final = 1000
#: Of what the mapping does not name: how many texts are kept of each alert, and how long ones.
MOST_OTHERS: Final = 100
LONGEST_OTHER: Final = 1000
#: The same of what stands around the alerts of a body that holds several.
MOST_AROUND: Final = 20
LONGEST_AROUND: Final = 200
_STATUSES: Final[tuple[Status, ...]] = get_args(Status)
_MILLISECONDS: Final = 100_000_000_000  # as seconds, this is the year 5138
_ANY: Final = msgspec.json.Decoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertMapping:
    """A mapping in force: its paths and texts are read."""

    name: tuple[Template, ...]
    key: tuple[Template, ...]
    source: tuple[Template, ...]
    each: Path | None
    json: tuple[Path, ...]
    starts_at: tuple[Path, ...]
    ends_at: tuple[Path, ...]
    keep: tuple[Path, ...]
    pairs: tuple[tuple[Path, Pairs], ...]
    labels: Mapping[str, tuple[Template, ...]]
    annotations: Mapping[str, tuple[Template, ...]]
    status_from: tuple[Path, ...]
    statuses: Mapping[str, Status]  #: by the sender's word, in small letters
    status_otherwise: Status
    resolved: tuple[tuple[Path, frozenset[str]], ...]
    severity_from: tuple[Path, ...]
    severities: Mapping[str, str]  #: by the sender's word, in small letters
    severity_otherwise: str


def compiled(file: MappingFile) -> AlertMapping:
    """The mapping that *file* says.

    Raises:
        PathError: One of its paths cannot be read: `mapping_file.faults` tells all of them.
    """
    status, severity = file.status, file.severity
    return AlertMapping(
        name=_templates(file.name),
        key=_templates(file.key),
        source=_templates(file.source),
        each=paths.parse(file.each) if file.each else None,
        json=_paths(file.json),
        starts_at=_paths(file.starts_at),
        ends_at=_paths(file.ends_at),
        keep=_paths(file.keep),
        pairs=tuple((paths.parse(one.path), one) for one in file.pairs),
        labels={name: _templates(texts) for name, texts in file.labels.items()},
        annotations={name: _templates(texts) for name, texts in file.annotations.items()},
        status_from=_paths(status.from_),
        statuses={word.lower(): ours for ours in _STATUSES for word in getattr(status, ours)},
        status_otherwise=status.otherwise,
        resolved=tuple((paths.parse(one.path), frozenset(map(str.lower, one.is_))) for one in file.resolved),
        severity_from=_paths(severity.from_),
        severities={
            word.lower(): ours for ours in dict.fromkeys(SEVERITIES.values()) for word in getattr(severity, ours)
        },
        severity_otherwise=severity.otherwise,
    )


def alerts(mapping: AlertMapping, body: bytes) -> Iterator[Alert]:
    """The alerts in *body*, one after the other.

    Raises:
        NotAccepted: It is no JSON, too deep, or not of the form that the mapping is for.
    """
    top = decoded(_ANY, body)
    if not isinstance(top, dict | list):
        raise NotAccepted("the body is JSON, but neither an object nor a list")
    for path in mapping.json:
        top = _read_in_place(top, path.steps)
    whole = Place.whole(top)
    items = [top] if mapping.each is None else _items(mapping.each, whole)
    around = {} if mapping.each is None else _around(top, mapping.each)
    for item in items:
        yield _alert(mapping, whole.at(item), around)


def _items(each: Path, whole: Place) -> Sequence[Any]:
    arrays = _arrays(each, whole)
    if (total := sum(map(len, arrays))) > MOST_ALERTS:
        raise NotAccepted(f"there are {total} alerts at {each.text}; at most {MOST_ALERTS} at once")
    found = whole.find(each)
    if not found and not arrays:  # an empty array says something; none is another kind of body
        raise NotAccepted(f"there is nothing at {each.text}, where the mapping looks for alerts", (each.text,))
    return found


def _arrays(each: Path, whole: Place) -> Sequence[list[Any]]:
    """The arrays whose items are the alerts."""
    if each.steps[-1:] != (ALL,):
        return ()
    above = whole.find(Path(each.text, each.from_top, each.steps[:-1]))
    return [one for one in above if isinstance(one, list)]


def _alert(mapping: AlertMapping, place: Place, around: Mapping[str, str]) -> Alert:
    labels = _labels(mapping, place)
    status = _status(mapping, place)
    return Alert(
        name=place.first(mapping.name)[:LONGEST_NAME] or UNNAMED,
        status=status,
        severity=_severity(mapping, place, labels),
        dedup_key=_key(place.first(mapping.key)),
        labels=labels,
        annotations=_annotations(mapping, place, around),
        starts_at=_moment(place.first_at(mapping.starts_at)),
        ends_at=None if status == "firing" else _moment(place.first_at(mapping.ends_at)),
        source=place.first(mapping.source)[:LONGEST_NAME],
    )


def _status(mapping: AlertMapping, place: Place) -> Status:
    for path, words in mapping.resolved:
        said = place.text(path)
        if said and (said.strip().lower() in words or "*" in words):
            return "resolved"
    word = place.first_at(mapping.status_from).strip().lower()
    return (mapping.statuses.get(word) or mapping.statuses.get("*") if word else None) or mapping.status_otherwise


def _severity(mapping: AlertMapping, place: Place, labels: Mapping[str, str]) -> str:
    """One of ours; or the sender's word if nobody knows it, so that it is counted and read as medium."""
    label = labels.get("severity", "")
    if ours := _ours(mapping, label):  # what people wrote there goes before what the sender makes up
        return ours
    given = place.first_at(mapping.severity_from) or label
    return (_ours(mapping, given) or given[:LONGEST_NAME]) if given.strip() else mapping.severity_otherwise


def _ours(mapping: AlertMapping, word: str) -> str:
    """The severity of ours that the word means; "": nobody knows."""
    word = word.strip().lower()
    return mapping.severities.get(word) or SEVERITIES.get(word, "")


def _key(key: str) -> str:
    return key if len(key) <= LONGEST_NAME else f"sha256:{sha256(key.encode(errors='replace')).hexdigest()}"


def _labels(mapping: AlertMapping, place: Place) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in mapping.keep:
        for value in place.find(path):
            under = "" if isinstance(value, dict) else path.text
            found |= islice(_flat(value, under, paths.LONGEST_TEXT), MOST_LABELS // 2)
    for path, pair in mapping.pairs:
        for one in _spread(place.find(path)):
            if isinstance(one, dict) and (name := text_of(one.get(pair.name))):
                found[name[:LONGEST_NAME]] = text_of(one.get(pair.value))[: paths.LONGEST_TEXT]
    found = dict(islice(found.items(), MOST_LABELS // 2))
    return found | {name: text for name, texts in mapping.labels.items() if (text := place.first(texts))}


def _annotations(mapping: AlertMapping, place: Place, around: Mapping[str, str]) -> dict[str, str]:
    others = dict(islice(_flat(place.item, "", LONGEST_OTHER), MOST_OTHERS))
    kept = tuple(path.text for path in mapping.keep if not path.from_top)
    for name in [name for name in others if name.startswith(tuple(f"{one}." for one in kept)) or name in kept]:
        del others[name]  # it is among the labels
    named = {name: text for name, texts in mapping.annotations.items() if (text := place.first(texts))}
    return dict(around) | others | named


def _around(top: Any, each: Path) -> dict[str, str]:
    """What stands beside the alerts of a body."""
    members = top.items() if isinstance(top, dict) and each.steps else ()
    beside = {name: value for name, value in members if name != each.steps[0]}
    return {f"$.{name}": text for name, text in islice(_flat(beside, "", LONGEST_AROUND), MOST_AROUND)}


def _flat(value: Any, path: str, longest: int) -> Iterator[tuple[str, str]]:
    """All that *value* holds, as (path, text); what is empty is passed over."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _flat(one, f"{path}.{name}"[:LONGEST_NAME] if path else name[:LONGEST_NAME], longest)
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _flat(one, f"{path}[{index}]"[:LONGEST_NAME], longest)
    elif text := text_of(value):
        yield path or "value", text[:longest]


def _spread(found: Sequence[Any]) -> Iterator[Any]:
    for one in found:
        yield from one if isinstance(one, list) else (one,)


def _read_in_place(value: Any, steps: Sequence[str | int | None]) -> Any:
    """*value* with the texts at *steps* read as JSON; one that is none stays a text."""
    if not steps:
        return _inner(value) if isinstance(value, str) else value
    first, rest = steps[0], steps[1:]
    if isinstance(first, str) and isinstance(value, dict) and first in value:
        value[first] = _read_in_place(value[first], rest)
    elif isinstance(value, list) and not isinstance(first, str):
        chosen = range(len(value)) if first is None else range(len(value))[first:][:1]
        for index in chosen:
            value[index] = _read_in_place(value[index], rest)
    return value


def _inner(text: str) -> Any:
    raw = text.encode(errors="replace")
    if depth.is_too_deep(raw):
        raise NotAccepted(f"a text that is JSON itself is nested deeper than {depth.DEEPEST}")
    try:
        found = _ANY.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return text
    return found if isinstance(found, dict | list) else text


def _moment(text: str) -> datetime | None:
    """ISO 8601, in UTC where it bears no zone; or seconds or milliseconds since 1970. None: neither."""
    try:
        if text.replace(".", "", 1).isdigit() and text.isascii():
            number = float(text)
            return datetime.fromtimestamp(number / 1000 if number >= _MILLISECONDS else number, UTC)
        found = datetime.fromisoformat(text.strip())
        found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found.year > 1 else None


def _paths(texts: Sequence[str]) -> tuple[Path, ...]:
    return tuple(map(paths.parse, texts))


def _templates(texts: Sequence[str]) -> tuple[Template, ...]:
    return tuple(map(paths.template, texts))
