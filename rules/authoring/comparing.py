"""What a case expects beside what was found: field by field, as values and as lines for people. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from rules.finding import Finding

What = Literal["differs", "missing", "unexpected", "no such rule", "unreadable"]

#: What is shown of a finding that nothing expects.
TELLING: Final = ("decision", "severity", "group", "events", "lines")
NOTHING: Final = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDifference:
    """One field of a finding."""

    field: str  #: as in an expectation; of a mapping one entry: ``group source.ip``
    expected: str  #: "nothing" if it is there and should not be
    found: str  #: "nothing" if it is not there


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One finding that is not what it should be."""

    what: What
    rule: str  #: title; if there is no such rule, the name as the case has it; "" if the case could not be read
    said: str  #: one sentence
    fields: tuple[FieldDifference, ...] = ()
    notes: tuple[str, ...] = ()  #: which line comes closest, or which terms made it match; lines for people

    def lines(self) -> Iterator[str]:
        """For a terminal: what was found stands below what was expected, in one column."""
        yield self.said
        width = max((len(one.field) for one in self.fields), default=0)
        for one in self.fields:
            yield f"  {one.field:<{width}}  expected {one.expected}"
            yield f"  {'':<{width}}  found    {one.found}"
        yield from self.notes


def best(expected: Mapping[str, Any], candidates: Iterable[Finding]) -> Finding | None:
    """The finding that has most of what is expected; the first of several."""

    def agreement(finding: Finding) -> int:
        return sum(_is_met(key, value, _value(finding, key)) for key, value in _compared(expected))

    return max(candidates, key=agreement, default=None)


def differing(expected: Mapping[str, Any], finding: Finding) -> tuple[FieldDifference, ...]:
    """The fields in which a finding is not as expected."""
    wrong = ((key, value, _value(finding, key)) for key, value in _compared(expected))
    return tuple(
        each for key, value, got in wrong if not _is_met(key, value, got) for each in _entries(key, value, got)
    )


def absent(expected: Mapping[str, Any]) -> tuple[FieldDifference, ...]:
    """All that is expected, of which nothing was found."""
    return tuple(each for key, value in _compared(expected) for each in _entries(key, value, None))


def surplus(finding: Finding) -> tuple[FieldDifference, ...]:
    """What a finding that nothing expects is like."""
    return tuple(each for key in TELLING for each in _entries(key, None, _value(finding, key)))


def _compared(expected: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((key, value) for key, value in expected.items() if key != "rule")


def _value(finding: Finding, key: str) -> Any:
    """What a finding has for a key of an expectation."""
    match key:
        case "group":
            return dict(finding.group)
        case "entities":
            kinds = dict.fromkeys(entity.kind for entity in finding.entities)
            return {kind: [each.value for each in finding.entities if each.kind == kind] for kind in kinds}
        case "lines":
            return [each.line for each in finding.evidence]
        case _:
            return getattr(finding, key.replace("-", "_"))


def _is_met(key: str, expected: Any, found: Any) -> bool:
    if key == "group":
        return bool({name: str(value) for name, value in expected.items()} == found)
    if key == "entities":  # those that are named must be there, others may be
        return all(_named(value) <= set(found.get(kind, ())) for kind, value in expected.items())
    return bool(expected == found)


def _named(value: Any) -> set[str]:
    return set(map(str, value if isinstance(value, list) else [value]))


def _entries(key: str, expected: Any, found: Any) -> Iterator[FieldDifference]:
    """One difference; of mappings one for each entry that differs."""
    if not isinstance(expected, Mapping) and not isinstance(found, Mapping):
        yield FieldDifference(field=key, expected=_shown(expected), found=_shown(found))
        return
    wanted, got = expected or {}, found or {}
    names = wanted if key == "entities" and wanted else dict.fromkeys((*wanted, *got))
    for name in names:
        one, other = wanted.get(name), got.get(name)
        same = _named(one) <= set(other or ()) if key == "entities" and wanted else _shown(one) == _shown(other)
        if not same:
            yield FieldDifference(field=f"{key} {name}", expected=_shown(one), found=_shown(other))


def _shown(value: Any) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, list):
        return ", ".join(map(str, value)) or NOTHING
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)
