"""What is known of log sources and fields, asked by rules: is it there, or what was it meant to be?"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from rules.event import LogSource
from rules.sigma.model import CATEGORY_GROUPS, SERVICE_GROUPS, covers
from rules.vocabulary import hosts, services, windows
from rules.vocabulary.family import Family
from rules.vocabulary.hosts import EVERYWHERE, OPEN
from rules.vocabulary.spelling import plain_of, slip
from rules.vocabulary.values import OPEN_WORDS, WORDS

Part = Literal["category", "product", "service"]
PARTS: Final[tuple[Part, ...]] = ("category", "product", "service")
MOST_SEARCHES: Final = 500  #: for what an unknown name was meant to be; each compares it with some hundred others


@dataclass(frozen=True, slots=True)
class Names:
    """What the events of a log source may bear."""

    known: frozenset[str]
    is_whole: bool  #: nothing else


@dataclass(frozen=True, slots=True)
class Unknown:
    """A name that is not known."""

    meant: str = ""  #: what it was surely meant to be; "": nothing is near
    part: Part | None = None  #: of a log source: the part under which that stands, if another


class Vocabulary:
    """Log sources of the formats, with the names that their events bear.

    Args:
        claimed: What sources of the configuration say they hold; of these anything may be borne.
        more: Names that formats of the configuration put into events.
    """

    def __init__(self, claimed: Iterable[LogSource] = (), more: Iterable[str] = ()) -> None:
        self.families: tuple[Family, ...] = (*hosts.FAMILIES, *windows.FAMILIES, *services.FAMILIES)
        self._claimed = tuple(one for one in claimed if one != LogSource())
        self._everywhere = EVERYWHERE | frozenset(more)
        self._names: dict[LogSource, Names | None] = {}
        self._found: dict[tuple[str, ...] | tuple[LogSource, str], Unknown | None] = {}

    @cached_property
    def sources(self) -> tuple[LogSource, ...]:
        """Every log source of the formats; where services are the log's own words, the best known of them."""
        return tuple(dict.fromkeys(source for one in self.families for source in one.sources))

    @cached_property
    def _of_product(self) -> dict[str | None, list[Family]]:
        found: dict[str | None, list[Family]] = {}
        for one in self.families:
            for product in {each.product for each in one.sources}:
                found.setdefault(product, []).append(one)
        return found

    @cached_property
    def _anywhere(self) -> frozenset[str]:
        return frozenset().union(*(one.names for one in self.families))

    @cached_property
    def _words(self) -> dict[Part, frozenset[str]]:
        words = {
            part: {word for one in (*self.sources, *self._claimed) if (word := getattr(one, part))} for part in PARTS
        }
        words["category"] |= CATEGORY_GROUPS.keys()
        words["service"] |= SERVICE_GROUPS.keys()
        return {part: frozenset(found) for part, found in words.items()}

    def names(self, source: LogSource) -> Names | None:
        """What events may bear for which a rule with this log source is; None if no format makes such events."""
        if source not in self._names:
            nearer = self.families if source.product is None else self._of_product.get(source.product, ())
            fitting = [one for one in nearer if any(covers(source, each) for each in one.sources)]
            whole = all(one.is_whole for one in fitting) and not self._is_claimed(source)
            known = self._everywhere.union(*(one.names for one in fitting))
            self._names[source] = Names(known, whole) if fitting else None
        return self._names[source]

    def field(self, source: LogSource, name: str) -> Unknown | None:
        """What is to be said of a field in events of a log source; None if it is, or may well be, there."""
        names = self.names(source)
        if names is None or name in names.known or name.startswith(OPEN):
            return None
        return self._once((source, name), lambda: self._judged(names, name))

    def value(self, source: LogSource, field: str, text: str) -> Unknown | None:
        """What is to be said of a text that a field is asked for; None if it stands there, or may well."""
        known, word = WORDS.get(field), text.lower()
        names = self.names(source) if known is not None and word not in known else None
        if known is None or names is None or word.startswith(OPEN_WORDS.get(field, ())):
            return None
        found = self._once((field, word), lambda: Unknown(slip(word, sorted(known))))
        return found if found is not None and (found.meant or names.is_whole) else None

    def _once(
        self, at: "tuple[str, ...] | tuple[LogSource, str]", search: Callable[[], Unknown | None]
    ) -> Unknown | None:
        if at not in self._found:
            if len(self._found) >= MOST_SEARCHES:
                return None
            self._found[at] = search()
        return self._found[at]

    def _judged(self, names: Names, name: str) -> Unknown | None:
        meant = slip(name, sorted(names.known))
        if meant and (name not in self._anywhere or plain_of(meant) == plain_of(name)):
            return Unknown(meant)
        return Unknown() if names.is_whole else None

    def word(self, source: LogSource, part: Part) -> Unknown | None:
        """What is to be said of one part of a log source; None if it is known, or may well be right."""
        word = getattr(source, part)
        if word is None or word in self._words[part]:
            return None
        meant = self._once((part, word), lambda: Unknown(slip(word, sorted(self._words[part]))))
        if meant is not None and meant.meant:
            return meant
        other = next((one for one in PARTS if word in self._words[one] and getattr(source, one) is None), None)
        return Unknown(word, other) if other is not None else None

    def is_told(self, source: LogSource) -> bool:
        """Whether some format, or a source of the configuration, may make events of this log source."""
        return self.names(source) is not None or self._is_claimed(source) or self._may_be_a_service(source)

    def _may_be_a_service(self, source: LogSource) -> bool:
        open_products = {each.product for one in self.families if one.services for each in one.sources}
        return source.category is None and source.product in open_products

    def _is_claimed(self, source: LogSource) -> bool:
        return any(self._may_be(source, one) for one in self._claimed)

    def _may_be(self, source: LogSource, claimed: LogSource) -> bool:
        """Whether a source that says so of itself may hold what a rule is for: what neither says may be anything."""
        said = [(getattr(source, part), getattr(claimed, part)) for part in PARTS]
        return any(wanted and wanted == is_said for wanted, is_said in said) and all(
            wanted in (None, is_said) or is_said is None for wanted, is_said in said
        )
