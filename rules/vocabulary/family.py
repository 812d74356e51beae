"""A family: log sources whose events bear the same names."""

from collections.abc import Iterable
from dataclasses import dataclass

from rules.event import LogSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """Log sources of the formats, and the names of the fields that their events bear."""

    sources: tuple[LogSource, ...]
    names: frozenset[str]  #: beside those that every event may bear
    is_whole: bool = False  #: their events bear no other names
    services: bool = False  #: the service is the log's own word for it: there may be others than are named


def words(text: str) -> frozenset[str]:
    """The words between blanks: names of fields are many, and bear no quotes well."""
    return frozenset(text.split())


def family(
    sources: Iterable[tuple[str | None, str | None, str | None]],
    names: str,
    *,
    is_whole: bool = False,
    services: bool = False,
) -> Family:
    """A family from (category, product, service) and names between blanks."""
    made = (LogSource(category=category, product=product, service=service) for category, product, service in sources)
    return Family(sources=tuple(made), names=words(names), is_whole=is_whole, services=services)
