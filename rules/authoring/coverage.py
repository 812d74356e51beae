"""How far cases hold rules to account: which are obliged to find, which to be quiet, which of their parts ever held."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from rules.event import Event
from rules.match import holds
from rules.sigma.model import And, Condition, Not, Or, Rule, RuleSet, Selection, Term


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A selection of a rule, or one term in it."""

    rule_id: str
    selection: str  #: with the title of the filter before it, if it is one's; "" for a term that is in none
    term: str | None  #: as in the rule; None: the selection as a whole


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleGap:
    """What no passed case asks of a rule."""

    path: str
    line: int
    rule_id: str
    title: str
    must: bool  #: no case in which it must find something
    must_not: bool  #: no case, with lines of its log source, in which it must find nothing

    def __str__(self) -> str:
        told = ("in which it finds something", self.must), ("in which it finds nothing", self.must_not)
        lacks = " and none ".join(what for what, is_lacking in told if is_lacking)
        return f'{self.path}:{self.line}: "{self.title}" has no case {lacks}'


@dataclass(frozen=True, slots=True, kw_only=True)
class PartGap:
    """A part of a rule that held for no line of any case."""

    path: str
    line: int
    title: str
    part: Part

    def __str__(self) -> str:
        part, head = self.part, f'{self.path}:{self.line}: no case of "{self.title}"'
        if part.term is None:
            return f'{head} has a line for the selection "{part.selection}"'
        return f'{head} has a line for "{part.term}"' + (f' of "{part.selection}"' if part.selection else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What is asked of rules, and what of it no case does.

    Two things are asked of each rule that makes findings (a case in which it must, one in which it must not), and one
    of each selection and of each term: a line for which it holds.
    """

    asked: int = 0
    rules: tuple[RuleGap, ...] = ()
    parts: tuple[PartGap, ...] = ()

    @property
    def done(self) -> int:
        """How much of it cases do."""
        return self.asked - len(self.parts) - sum(one.must + one.must_not for one in self.rules)

    @property
    def percent(self) -> float:
        """From 0 to 100; of nothing, all is covered."""
        return 100 * self.done / self.asked if self.asked else 100.0

    def joined(self, other: "Coverage") -> "Coverage":
        """That of both."""
        return Coverage(asked=self.asked + other.asked, rules=self.rules + other.rules, parts=self.parts + other.parts)


@dataclass(slots=True)
class Exercise:
    """Gathers what the cases of one file of rules do."""

    found: set[str] = field(default_factory=set)  #: ids of rules that found something as they must
    quiet: set[str] = field(default_factory=set)  #: ids of rules that were asked, and found nothing as they must not
    parts: set[Part] = field(default_factory=set)  #: of the rules as loaded for cases: trust may give them more terms
    held: set[Part] = field(default_factory=set)

    def see(self, rules: RuleSet, events: Iterable[Event]) -> None:
        """Ask every part of every rule that applies to each event."""
        inside = {rule.id: tuple(_parts(rule)) for rule in rules.rules}
        self.parts.update(part for parts in inside.values() for part, _ in parts)
        for event in events:
            for rule in rules.routed(event.logsource):
                self.held.update(
                    part for part, condition in inside[rule.id] if part not in self.held and holds(condition, event)
                )


def coverage(rules: RuleSet, done: Exercise) -> Coverage:
    """What is asked of *rules*, and what of it is not *done*."""
    speaking = [head for head in rules.all if not head.as_base_only]
    gaps = (
        RuleGap(
            path=head.path,
            line=head.line,
            rule_id=head.id,
            title=head.title,
            must=head.id not in done.found,
            must_not=head.id not in done.quiet,
        )
        for head in speaking
    )
    parts = dict.fromkeys([part for rule in rules.rules for part, _ in _parts(rule)] + _in_order(done.parts))
    return Coverage(
        asked=2 * len(speaking) + len(parts),
        rules=tuple(gap for gap in gaps if gap.must or gap.must_not),
        parts=tuple(_part_gaps(rules, [part for part in parts if part not in done.held])),
    )


def _part_gaps(rules: RuleSet, lacking: Iterable[Part]) -> Iterator[PartGap]:
    heads = {rule.id: rule for rule in rules.rules}
    for part in lacking:
        head = heads.get(part.rule_id)
        if head is not None:
            yield PartGap(path=head.path, line=head.line, title=head.title, part=part)


def _in_order(parts: Iterable[Part]) -> list[Part]:
    return sorted(parts, key=lambda part: (part.rule_id, part.selection, part.term or ""))


def _parts(rule: Rule) -> Iterator[tuple[Part, Condition]]:
    """Every selection and term of a rule. A term that stands for several values is one for each; they share a text."""
    return _inside(rule.id, rule.condition, "")


def _inside(rule_id: str, condition: Condition, selection: str) -> Iterator[tuple[Part, Condition]]:
    match condition:
        case Term():
            yield Part(rule_id=rule_id, selection=selection, term=condition.text), condition
        case Selection(name, part):
            yield Part(rule_id=rule_id, selection=name, term=None), condition
            yield from _inside(rule_id, part, name)
        case Not(part):
            yield from _inside(rule_id, part, selection)
        case And(parts) | Or(parts):
            for part in parts:
                yield from _inside(rule_id, part, selection)
