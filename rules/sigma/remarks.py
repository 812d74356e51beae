"""What may be wrong with rules that load: names that no events have and what they were meant to be, and selections
that no condition names.

A rule may name any field, since a log may bear any: so this refuses nothing, and what an author names under ``fields``
is taken to be there.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

import yaml

from rules.event import LogSource
from rules.sigma.document import Node, is_scalar, quote_width
from rules.sigma.draft import Draft
from rules.sigma.errors import Level, RuleRemark, nearest
from rules.sigma.model import And, Condition, Correlation, Filter, Not, Or, Rule, RuleSet, Selection, Term
from rules.vocabulary.values import WORDS
from rules.vocabulary.vocabulary import PARTS, Part, Unknown, Vocabulary

MOST: Final = 1000  #: remarks on all rules together
TAXONOMIES: Final = ("", "sigma", "tocsin")  #: in which fields are named as the formats name them
NOBODY_TELLS: Final = "only from CEF of such a vendor, or a source whose configuration says product, category, service"

Asked = tuple[str, Node]
"""A field, and the node whose text begins with it."""


def remarks(
    drafts: Iterable[Draft], rules: RuleSet, vocabulary: Vocabulary, *, is_piped: bool = False
) -> tuple[RuleRemark, ...]:
    """What is to be said of the rules that loaded, in order of their places; of each at most once.

    Args:
        drafts: What the rule files hold.
        rules: What became of them, by links and pipelines.
        vocabulary: The log sources and fields that there are.
        is_piped: Pipelines may have given fields other names than are written.
    """
    reader = _Reader(drafts, rules, vocabulary, is_piped=is_piped)
    found = dict.fromkeys(islice(reader.all(), MOST))
    return tuple(sorted(found, key=lambda one: (one.path, one.line, one.column)))


class _Reader:
    def __init__(self, drafts: Iterable[Draft], rules: RuleSet, vocabulary: Vocabulary, *, is_piped: bool) -> None:
        self.drafts = [made for made in drafts if made.is_sound and _taxonomy(made) in TAXONOMIES]
        self.rules = rules
        self.known = {one.id: one for one in rules.all}
        self.named = self.known | {one.name: one for one in rules.all if one.name}
        self.vocabulary = vocabulary
        self.is_piped = is_piped
        self.declared: tuple[Draft, frozenset[str]] | None = None

    def all(self) -> Iterator[RuleRemark]:
        for made in self.drafts:
            rule = made.rule
            if isinstance(rule, Filter):
                yield from self.source(made, rule.logsource)
                yield from self.fields(made, rule.logsource, () if self.is_piped else _fields(made))
                yield from self.words(made, rule.logsource)
                yield from _idle(made)
            elif isinstance(final := self.known.get(rule.id), Correlation):
                yield from self.correlation(made, final)
            elif isinstance(rule, Rule) and isinstance(final, Rule):
                yield from self.rule(made, rule, final)

    def rule(self, made: Draft, written: Rule, final: Rule) -> Iterator[RuleRemark]:
        """Of what pipelines make of a rule, only what they left as it was written."""
        yield from _idle(made)
        yield from self.filled(made)
        if any(written.id in forms for forms in self.rules.forms.values()):
            return
        fields: Iterable[Asked] = _fields(made)
        if final.logsource == written.logsource:
            yield from self.source(made, written.logsource)
        if self.is_piped:
            left = set(_asked(final.detection))
            fields = [one for one in fields if one[0] in left]
        yield from self.fields(made, final.logsource, [*fields, *_in_block(made)])
        yield from self.words(made, final.logsource)

    def filled(self, made: Draft) -> Iterator[RuleRemark]:
        """Placeholders that only the pipelines of some sources know."""
        if made.rule.id in self.rules.forms.get("", {}):
            sources = [f'"{name}"' for name, forms in self.rules.forms.items() if forms.get(made.rule.id)]
            node, undefined = next(iter(made.open.values()))
            hint = "asked only about these sources; for all, name such a pipeline in rules.pipelines"
            message = f"{undefined}, but for the pipelines of {', '.join(sources)}"
            yield made.document.remark(
                Level.NOTICE, node, message, hint, shift=0, length=len(str(node.value)) + 2 * quote_width(node)
            )

    def source(self, made: Draft, source: LogSource) -> Iterator[RuleRemark]:
        """The log source: a part that is misspelt, or one of which no format tells."""
        node = made.nodes["logsource"]
        is_misspelt = False
        for part in PARTS:
            said = self.part(source, part)
            if said is not None and (value := _inside(node, part)) is not None:
                is_misspelt = True
                yield _remark(made, Level.WARNING, (getattr(source, part), value), *said)
        if not is_misspelt and not self.vocabulary.is_told(source):
            message = f"no format makes events of {_told(source)} by itself"
            yield made.document.remark(Level.NOTICE, node, message, NOBODY_TELLS, shift=0, length=1)

    def part(self, source: LogSource, part: Part) -> tuple[str, str] | None:
        word = getattr(source, part)
        unknown = self.vocabulary.word(source, part)
        if unknown is None:
            return None
        hint = f'did you mean "{unknown.meant}"?' if unknown.part is None else f"write {unknown.part}: {word}"
        return f'unknown {part} "{word}"', hint

    def fields(self, made: Draft, source: LogSource, asked: Iterable[Asked]) -> Iterator[RuleRemark]:
        """Fields that events of a log source do not have."""
        for one in asked:
            unknown = self.vocabulary.field(source, one[0])
            if unknown is not None and one[0] not in self.declared_by(made):
                yield _of_field(made, one, unknown, source)

    def words(self, made: Draft, source: LogSource) -> Iterator[RuleRemark]:
        """Texts that never stand in a field of ours."""
        for field, text, node in () if made.reads is None or self.is_piped else made.reads.words:
            unknown = self.vocabulary.value(source, field, text)
            if unknown is not None:
                level = Level.WARNING if unknown.meant else Level.NOTICE
                hint = nearest(unknown.meant or text, WORDS[field], show=not unknown.meant)
                yield _remark(made, level, (text, node), f'{field} is never "{text}"', hint)

    def declared_by(self, made: Draft) -> frozenset[str]:
        """The fields that the author says there are."""
        if self.declared is None or self.declared[0] is not made:
            self.declared = made, frozenset(name for name, _ in _listed(made.nodes.get("fields")))
        return self.declared[1]

    def correlation(self, made: Draft, final: Correlation) -> Iterator[RuleRemark]:
        """Its fields in the events of each rule that it refers to; what a correlation bears is not judged."""
        node = made.nodes["correlation"]
        bases = [one for name in final.rules if isinstance(one := self.known.get(name), Rule)]
        for asked in (*_listed(_inside(node, "group-by")), *_listed(_inside(node, "condition", "field"))):
            yield from islice(self.in_one_of(made, asked, bases, final), 1)
        for asked in _in_block(made):
            found = list(self.in_one_of(made, asked, bases, final))
            if len(found) == len(bases) == len(final.rules):  # an entity may be in the events of one rule alone
                yield from found[:1]
        yield from self.aliased(made, final)

    def in_one_of(self, made: Draft, one: Asked, bases: Iterable[Rule], final: Correlation) -> Iterator[RuleRemark]:
        for base in bases:
            if base.id in final.aliases.get(one[0], {}):
                continue
            unknown = self.vocabulary.field(base.logsource, one[0])
            if unknown is not None and one[0] not in self.declared_by(made):
                yield _of_field(made, one, unknown, base.logsource)

    def aliased(self, made: Draft, final: Correlation) -> Iterator[RuleRemark]:
        aliases = _inside(made.nodes["correlation"], "aliases")
        for _, fields in _pairs(aliases):
            for rule, field in _pairs(fields):
                base = self.named.get(rule) or self.named.get(rule.lower())
                if isinstance(base, Rule):
                    yield from self.fields(made, base.logsource, [(field.value, field)])


def _fields(made: Draft) -> Iterable[Asked]:
    return made.reads.fields if made.reads is not None else ()


def _idle(made: Draft) -> Iterator[RuleRemark]:
    """Selections without effect."""
    for one in made.reads.idle if made.reads is not None else ():
        hint = "name it there, or leave it out: it changes nothing"
        yield _remark(made, Level.WARNING, one, f'the condition does not name "{one[0]}"', hint)


def _of_field(made: Draft, one: Asked, unknown: Unknown, source: LogSource) -> RuleRemark:
    if not unknown.meant:
        hint = "tocsin explain --file shows which fields a line has; if yours have it, name it under fields"
        return _remark(made, Level.NOTICE, one, f'events of {_told(source)} have no field "{one[0]}"', hint)
    hint = f'did you mean "{unknown.meant}"? If your logs have it, name it under fields'
    return _remark(made, Level.WARNING, one, f'unknown field "{one[0]}" in events of {_told(source)}', hint)


def _remark(made: Draft, level: Level, one: Asked, message: str, hint: str) -> RuleRemark:
    text, node = one
    return made.document.remark(level, node, message, hint, shift=quote_width(node), length=len(text))


def _told(source: LogSource) -> str:
    return ", ".join(f"{part}: {word}" for part in PARTS if (word := getattr(source, part)))


def _taxonomy(made: Draft) -> str:
    node = made.nodes.get("taxonomy")
    return str(node.value).lower() if node is not None else ""


def _in_block(made: Draft) -> Iterator[Asked]:
    """The fields that the tocsin block names."""
    block = made.nodes.get("tocsin")
    yield from _listed(_inside(block, "group-by"))
    for _, node in _pairs(_inside(block, "entities")):
        yield from _listed(node)


def _listed(node: Node | None) -> Iterator[Asked]:
    """One text, or a list of texts."""
    if node is not None:
        yield from ((one.value, one) for one in ([node] if is_scalar(node) else node.value) if is_scalar(one))


def _inside(node: Node | None, *path: str) -> Node | None:
    """What stands under names, one within the other."""
    for name in path:
        node = next((value for key, value in _pairs(node) if key == name), None)
    return node


def _pairs(node: Node | None) -> Iterator[tuple[str, Node]]:
    if isinstance(node, yaml.MappingNode):
        yield from ((key.value, value) for key, value in node.value)


def _asked(condition: Condition) -> Iterator[str]:
    """The fields for which a condition asks."""
    match condition:
        case Term(field=field) if field:
            yield field
        case Selection(part=part) | Not(part=part):
            yield from _asked(part)
        case And(parts=parts) | Or(parts=parts):
            for each in parts:
                yield from _asked(each)
