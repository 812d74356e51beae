"""Rule files become a RuleSet: each broken rule is named with all its reasons, the others load."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from msgspec.structs import asdict

from rules.event import LogSource
from rules.formats.expression import named_in
from rules.settings import EngineSettings, Trust
from rules.sigma.collection import collected
from rules.sigma.document import Node, is_null
from rules.sigma.draft import Draft, draft
from rules.sigma.errors import RuleError, nearest
from rules.sigma.filter import applied, bases, is_about
from rules.sigma.model import Correlation, Filter, Pattern, Rule, RuleSet
from rules.sigma.pipeline import Pipelines
from rules.sigma.piping import Piping
from rules.sigma.reading import documents
from rules.sigma.remarks import remarks
from rules.vocabulary.vocabulary import Vocabulary

NOBODY: Final = Trust()
NO_SUCH_RULE: Final = "no rule has the id or name"  #: how the error begins where something is referred to
WITHOUT_PIPELINES: Final = Pipelines()


def load(
    files: Iterable[tuple[str, str]],
    trust: Trust = NOBODY,
    pipelines: Pipelines = WITHOUT_PIPELINES,
    vocabulary: Vocabulary | None = None,
) -> RuleSet:
    """Compile rule files.

    Args:
        files: (path, text) of each file; the path is only told, never opened.
        trust: What ``expand`` fills in for ``%trust.networks%`` and its like; an empty list matches nothing.
        pipelines: What rules go through before they are what is asked.
        vocabulary: Log sources and fields that rules may name; if not said, those of our formats.

    Never raises for a bad rule: ``RuleSet.errors`` says what is wrong, ``RuleSet.remarks`` what may be.
    """
    placeholders = {f"trust.{name}": tuple(values) for name, values in asdict(trust).items()}
    drafts: list[Draft] = []
    errors: list[RuleError] = []
    for path, text in files:
        found, unreadable = documents(path, text)
        errors.extend(unreadable)
        made_of, wrong = collected(found)
        errors.extend(wrong)
        for document in made_of:
            if is_null(document.root):
                continue
            made = draft(document, placeholders, is_open=bool(pipelines))
            if made is None:
                errors.extend(document.errors)
            else:
                drafts.append(made)
    linked = _through(pipelines, placeholders, drafts, errors) if pipelines else _linked(drafts, errors)
    return replace(linked, remarks=remarks(drafts, linked, vocabulary or Vocabulary(), is_piped=bool(pipelines)))


def _through(
    pipelines: Pipelines, placeholders: Mapping[str, Sequence[str]], drafts: list[Draft], errors: list[RuleError]
) -> RuleSet:
    piping = Piping(pipelines, placeholders)
    piping.take(drafts)
    return piping.applied(_linked(drafts, errors))


def load_for(settings: EngineSettings) -> RuleSet:
    """Compile the rule files of an engine's settings, with the trust and the pipelines that they name."""
    by_source = {name: profile.pipelines for name, profile in settings.sources.items() if profile.pipelines}
    pipelines = Pipelines(settings.pipelines, by_source)
    return load(settings.rule_files, settings.trust, pipelines, _vocabulary(settings))


def _vocabulary(settings: EngineSettings) -> Vocabulary:
    """What our formats tell, and what the configuration says that its sources and its own formats do."""
    claimed = [profile.claims(LogSource()) for profile in settings.sources.values()]
    return Vocabulary(claimed, [name for one in settings.expressions.values() for name in named_in(one.pattern)])


def _linked(drafts: list[Draft], errors: list[RuleError]) -> RuleSet:
    _refuse_duplicates(drafts)
    linker = _Linker([made for made in drafts if not isinstance(made.rule, Filter)])
    correlations = linker.correlations()
    speaking = {rule for made in correlations if made.generate for rule in made.rules}
    silent = {rule for made in correlations for rule in made.rules} - speaking
    rules = [made.rule for made in drafts if made.is_sound and isinstance(made.rule, Rule)]
    filters = linker.filters([made for made in drafts if isinstance(made.rule, Filter)])
    for made in drafts:
        errors.extend(made.document.errors)
    filtered_rules, filtered = applied(rules, correlations, filters)
    return RuleSet(
        rules=tuple(replace(rule, as_base_only=rule.id in silent) for rule in filtered_rules),
        correlations=tuple(replace(made, as_base_only=made.id in silent) for made in filtered),
        filters=filters,
        errors=tuple(sorted(errors, key=lambda error: (error.path, error.line, error.column))),
        refused=frozenset(made.rule.id for made in linker.drafts if not made.is_sound),
    )


def _refuse_duplicates(drafts: list[Draft]) -> None:
    """Of rules with the same id or name none is taken, since nobody can say which one is meant."""
    owners: dict[str, list[Draft]] = {}
    for made in drafts:
        for name in made.names:
            owners.setdefault(name, []).append(made)
    for name, several in owners.items():
        for made in several if len(several) > 1 else ():
            others = ", ".join(f'"{other.rule.title}" ({other.place})' for other in several if other is not made)
            what = "name" if name == made.rule.name else "id"
            if what not in made.nodes:
                message = f"without an id, name and title must not be those of another rule: {others}"
                made.document.error(made.document.root, message, "give each an id", length=1)
            else:
                made.document.error(made.nodes[what], f"this {what} is also that of {others}", "neither was loaded")


class _Linker:
    """Puts ids in the place of the names by which correlations refer to rules."""

    def __init__(self, drafts: list[Draft]) -> None:
        self.drafts = drafts
        self.by_name = {name: made for made in drafts for name in made.names}
        self.linked: dict[str, Correlation | None] = {}  #: id -> the correlation; None if it is not good

    def correlations(self) -> list[Correlation]:
        """The good ones, each after those that it refers to."""
        for made in self.drafts:
            if made.references and made.rule.id not in self.linked:
                self.link(made, ())
        return [made for made in self.linked.values() if made is not None]

    def filters(self, drafts: list[Draft]) -> tuple[Filter, ...]:
        """The good ones; to be asked once the correlations are linked."""
        found = []
        for made in drafts:
            links = {name: self.filtered(name, node, made) for name, node in made.references}
            if isinstance(made.rule, Filter) and made.is_sound:
                named = (links[name] for name in made.rule.rules)
                found.append(replace(made.rule, rules=tuple(self.any_of(made.rule) if made.rule.for_any else named)))
        return tuple(found)

    def any_of(self, one: Filter) -> Iterator[str]:
        """The ids of the rules about single events that a filter for any rule is for."""
        for made in self.drafts:
            if made.is_sound and isinstance(made.rule, Rule) and is_about(one, made.rule):
                yield made.rule.id

    def filtered(self, name: str, node: Node, made: Draft) -> str:
        """The id of the rule that a filter names: one that loaded, with events that it is about."""
        target = self.target(name, node, made, ())
        known = {one.rule.id: one.rule for one in self.drafts if not isinstance(one.rule, Filter)}
        known |= {one.id: one for one in self.linked.values() if one is not None}
        one = made.rule if made.is_sound else None
        if isinstance(one, Filter) and not any(is_about(one, rule) for rule in bases(target, known)):
            hint = "a filter's logsource takes in that of its rules"
            made.document.error(node, f'"{name}" is about another log source', hint)
        return target

    def link(self, made: Draft, trail: tuple[Draft, ...]) -> None:
        """Link a correlation after those that it refers to; what is wrong is reported where the name stands."""
        links = {name: self.target(name, node, made, (*trail, made)) for name, node in made.references}
        for name, node in made.references:
            self.refuse_waiting(self.by_name.get(name) or self.by_name.get(name.lower()), name, node, made)
        self.refuse_twice(made, links)
        rule = made.rule if made.is_sound else None
        self.linked[made.rule.id] = _with_ids(rule, links) if isinstance(rule, Correlation) else None

    def target(self, name: str, node: Node, made: Draft, trail: tuple[Draft, ...]) -> str:
        """The id of the rule that is meant."""
        target = self.by_name.get(name) or self.by_name.get(name.lower())
        if target is None:
            hint = nearest(name, self.by_name, show=len(self.by_name) <= 12)
            made.document.error(node, f'{NO_SUCH_RULE} "{name}"', hint)
            return name
        if target in trail:
            circle = " → ".join(f'"{each.rule.title}"' for each in (*trail[trail.index(target) :], target))
            made.document.error(node, f"correlations refer to each other in a circle: {circle}")
        elif target.references and target.rule.id not in self.linked:
            self.link(target, trail)
        if not target.is_sound and target is not made:
            made.document.error(node, f'refers to "{name}" ({target.place}), which did not load')
        return target.rule.id

    def refuse_waiting(self, target: Draft | None, name: str, node: Node, made: Draft) -> None:
        """A match that is known only when its window is over comes too late to be counted at its own time."""
        if target is None or not isinstance(target.rule, Correlation) or not target.rule.waits:
            return
        why = f"whose condition ({target.rule.needs}) has to wait until the time span is over"
        message = f'refers to "{name}" ({target.place}), {why}'
        hint = "refer to one that holds at once (a count or sum with gte or gt, or without not), or to its base rules"
        made.document.error(node, message, hint)

    def refuse_twice(self, made: Draft, links: Mapping[str, str]) -> None:
        """A rule that is named twice would be asked for twice, and matches once."""
        rules = made.rule.rules if isinstance(made.rule, Correlation) else ()
        known: set[str] = set()
        for (_, node), name in zip(made.references, rules, strict=False):
            if links[name] in known:
                hint = "to ask for several matches of one, refer to a correlation that counts them"
                made.document.error(node, f'names "{name}" twice', hint)
            known.add(links[name])


def _with_ids(made: Correlation, links: Mapping[str, str]) -> Correlation:
    aliases = {alias: {links[name]: field for name, field in fields.items()} for alias, fields in made.aliases.items()}
    patterns = tuple(
        Pattern(tuple(links[name] for name in one.wanted), frozenset(links[name] for name in one.unwanted))
        for one in made.patterns
    )
    return replace(made, rules=tuple(links[name] for name in made.rules), aliases=aliases, patterns=patterns)
