"""Rule files become a RuleSet: each broken rule is named with all its reasons, the others load."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import chain
from typing import Final

from msgspec.structs import asdict

from rules.settings import Trust
from rules.sigma.document import Document, Node, documents, is_null
from rules.sigma.draft import Draft, draft
from rules.sigma.errors import RuleError, nearest
from rules.sigma.model import Correlation, Rule, RuleSet

NOBODY: Final = Trust()


def load(files: Iterable[tuple[str, str]], trust: Trust = NOBODY) -> RuleSet:
    """Compile rule files.

    Args:
        files: (path, text) of each file; the path is only told, never opened.
        trust: What ``expand`` fills in for ``%trust.networks%`` and its like; an empty list matches nothing.

    Never raises for a bad rule: ``RuleSet.errors`` says what is wrong.
    """
    placeholders = {f"trust.{name}": tuple(values) for name, values in asdict(trust).items()}
    drafts: list[Draft] = []
    errors: list[RuleError] = []
    broken: dict[str, str] = {}  # id or name -> place, of rules that did not load
    for path, text in files:
        found, unreadable = documents(path, text)
        errors.extend(unreadable)
        for document in found:
            if is_null(document.root):
                continue
            made = draft(document, placeholders)
            errors.extend(document.errors)
            if made is not None and not document.errors:
                drafts.append(made)
            elif made is not None:
                broken.update(dict.fromkeys(_names(made), made.place))
    return _linked(drafts, errors, broken)


def _linked(drafts: list[Draft], errors: list[RuleError], broken: dict[str, str]) -> RuleSet:
    unique = _without_duplicates(drafts, errors, broken)
    by_name = {name: made for made in unique for name in _names(made)}
    correlations = _resolved([made for made in unique if made.references], by_name, broken)
    errors.extend(chain.from_iterable(made.document.errors for made in unique if made.references))
    speaking = {rule for made in correlations if made.generate for rule in made.rules}
    silent = {rule for made in correlations for rule in made.rules} - speaking
    rules = [made.rule for made in unique if isinstance(made.rule, Rule)]
    return RuleSet(
        rules=tuple(replace(rule, as_base_only=rule.id in silent) for rule in rules),
        correlations=tuple(replace(made, as_base_only=made.id in silent) for made in correlations),
        errors=tuple(sorted(errors, key=lambda error: (error.path, error.line, error.column))),
    )


def _without_duplicates(drafts: list[Draft], errors: list[RuleError], broken: dict[str, str]) -> list[Draft]:
    """The drafts whose id and name are their own; of the others none is taken, since nobody can say which is meant."""
    owners: dict[str, list[Draft]] = {}
    for made in drafts:
        for name in _names(made):
            owners.setdefault(name, []).append(made)
    refused: set[int] = set()
    for name, several in owners.items():
        for made in several if len(several) > 1 else ():
            others = ", ".join(f'"{other.rule.title}" at {other.place}' for other in several if other is not made)
            made.document.error(made.name_node(name), f'"{name}" is also {others}', "none of them was loaded")
            errors.append(made.document.errors[-1])
            refused.add(id(made))
            broken[name] = made.place
    return [made for made in drafts if id(made) not in refused]


def _resolved(drafts: list[Draft], by_name: Mapping[str, Draft], broken: dict[str, str]) -> list[Correlation]:
    """The correlations with ids instead of names, each after those that it refers to; wrong ones are reported."""
    done: dict[str, Correlation | None] = {}
    order: list[Correlation] = []

    def visit(made: Draft, trail: tuple[Draft, ...]) -> bool:
        if made.rule.id not in done:
            done[made.rule.id] = None  # until proven good
            links = _links(made, (*trail, made))
            if links is not None:
                done[made.rule.id] = _with_ids(made, links)
                order.append(_with_ids(made, links))
        return done[made.rule.id] is not None

    def _links(made: Draft, trail: tuple[Draft, ...]) -> dict[str, str] | None:
        links: dict[str, str] = {}
        for name, node in made.references:
            target = by_name.get(name.lower()) or by_name.get(name)
            if target is None:
                _unknown(made.document, node, name, by_name, broken)
            elif target in trail:
                circle = " → ".join(f'"{each.rule.title}"' for each in (*trail[trail.index(target) :], target))
                made.document.error(node, f"correlations refer to each other in a circle: {circle}")
            elif target.references and not visit(target, trail):
                made.document.error(node, f'refers to "{name}" at {target.place}, which did not load')
            else:
                links[name] = target.rule.id
        return links if len(links) == len({name for name, _ in made.references}) else None

    for made in drafts:
        visit(made, ())
    return order


def _unknown(
    document: Document, node: Node, name: str, by_name: Mapping[str, Draft], broken: Mapping[str, str]
) -> None:
    if name in broken:
        document.error(node, f'refers to "{name}" at {broken[name]}, which did not load')
    else:
        document.error(node, f'no rule has the id or name "{name}"', nearest(name, by_name, show=len(by_name) <= 12))


def _with_ids(made: Draft, links: Mapping[str, str]) -> Correlation:
    assert isinstance(made.rule, Correlation)
    aliases = {
        alias: {links.get(name, name): field for name, field in fields.items()}
        for alias, fields in made.rule.aliases.items()
    }
    return replace(made.rule, rules=tuple(links[name] for name in made.rule.rules), aliases=aliases)


def _names(made: Draft) -> tuple[str, ...]:
    return (made.rule.id, made.rule.name) if made.rule.name else (made.rule.id,)
