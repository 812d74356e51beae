"""What processing pipelines do to a set of rules: to each by itself, for every source and for those with their own."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from rules.sigma.document import Document
from rules.sigma.draft import Draft
from rules.sigma.errors import RuleError
from rules.sigma.files import SUFFIXES, is_bundled
from rules.sigma.filter import under_title
from rules.sigma.model import Correlation, Filter, Form, Rule, RuleSet
from rules.sigma.pipeline import Pipeline, Pipelines, read_pipeline
from rules.sigma.terms import Undefined

if TYPE_CHECKING:  # pySigma's pipelines are imported only where there are any
    from rules.sigma import transform

OURS: Final = "tocsin"  #: the taxonomy of rules that name fields as events have them: no pipeline is about these
EVERYWHERE: Final = ""  #: the scope of rules for events of any source that has no pipelines of its own


class Piping:
    """Transforms rules; what is wrong with pipelines is in ``errors``, what is wrong with a rule goes to its document.

    Args:
        pipelines: Their texts.
        placeholders: What ``expand`` fills in of itself, by name.
    """

    def __init__(self, pipelines: Pipelines, placeholders: Mapping[str, Sequence[str]]) -> None:
        self.errors: list[RuleError] = []
        self._placeholders = placeholders
        self._pipelines: dict[tuple[str, str], Pipeline | None] = {}
        everywhere = self._read(pipelines.everywhere)
        self._scopes = {EVERYWHERE: self._transformer(everywhere)}
        for source, own in pipelines.by_source.items():
            if own:
                self._scopes[source] = self._transformer([*everywhere, *self._read(own)])
        self._forms: dict[str, dict[str, transform.Form | None]] = {scope: {} for scope in self._scopes}
        self._drafts: dict[str, Draft] = {}
        self._elsewhere: dict[
            str, None
        ] = {}  #: rules that are asked about nothing but sources whose pipelines fill them

    def _read(self, texts: Iterable[tuple[str, str]]) -> list[Pipeline]:
        for one in texts:
            if one not in self._pipelines:
                self._pipelines[one], errors = read_pipeline(*one)
                self.errors.extend(errors)
        return [made for one in texts if (made := self._pipelines[one]) is not None]

    def _transformer(self, pipelines: Iterable[Pipeline]) -> "transform.Transformer":
        from rules.sigma.transform import Transformer

        return Transformer(pipelines, self._placeholders)

    def take(self, drafts: Iterable[Draft]) -> None:
        """Transform the rules; to be called before they are linked, so that what refers to a bad one knows."""
        for made in drafts:
            self._drafts[made.rule.id] = made
            if isinstance(made.rule, Rule) and made.is_sound:
                said = said_by(made.document)
                found = {scope: self._form(made, said, scope) for scope in self._scopes}
                if made.open and found[EVERYWHERE][1] and any(form for form, _ in found.values()):
                    found[EVERYWHERE] = None, None  # pipelines of some source know what stands for its placeholders
                    self._elsewhere[made.rule.id] = None
                for scope, (form, wrong) in found.items():
                    self._keep(made, scope, form, wrong)

    def _keep(self, made: Draft, scope: str, form: "transform.Form | None", wrong: RuleError | None) -> None:
        if not made.is_sound:
            return
        if wrong is None:
            if form is not None or scope == EVERYWHERE:
                self._forms[scope][made.rule.id] = form
        elif scope == EVERYWHERE:
            made.document.errors.append(wrong)
        else:  # it is asked about events of the other sources
            self.errors.append(replace(wrong, message=f'for source "{scope}": {wrong.message}'))
            self._forms[scope][made.rule.id] = None

    def _form(
        self, made: Draft, said: Mapping[str, Any], scope: str
    ) -> "tuple[transform.Form | None, RuleError | None]":
        from rules.sigma.applying import Refused

        document = made.document
        try:
            form = None if said.get("taxonomy") == OURS else self._scopes[scope].form(said)
        except Undefined as error:
            node = next((made.open[name][0] for name in error.names if name in made.open), document.root)
            return None, document.problem(node, str(error), error.hint, length=None if node is not document.root else 1)
        except Refused as error:
            return None, document.problem(document.root, f"pipeline: {error}", length=1)
        except ValueError as error:  # Unsuitable, and of pySigma
            return None, document.problem(document.root, f"what pipelines make of it: {error}", length=1)
        if form is None and made.open:
            node, undefined = next(iter(made.open.values()))
            return None, document.problem(node, str(undefined), undefined.hint)
        return form, None

    def applied(self, rules: RuleSet) -> RuleSet:
        """The linked rules as pipelines make them."""
        every = tuple(self._rule(rule) for rule in rules.rules)
        correlations = tuple(self._correlation(made, rules) for made in rules.correlations)
        by_source = {scope: self._by_source(rules, scope) for scope in self._scopes if scope != EVERYWHERE}
        if self._elsewhere:
            by_source[EVERYWHERE] = {**self._elsewhere}
        errors = sorted((*rules.errors, *self.errors), key=lambda error: (error.path, error.line, error.column))
        return replace(
            rules, rules=every, correlations=correlations, forms=by_source, errors=tuple(dict.fromkeys(errors))
        )

    def _rule(self, rule: Rule) -> Rule:
        changed_by = [one for forms in self._forms.values() if (form := forms.get(rule.id)) for one in form.changed_by]
        version = rule.version
        if changed_by:
            version = hashlib.sha256(" ".join([version, *dict.fromkeys(changed_by)]).encode()).hexdigest()[:16]
        form = self._forms[EVERYWHERE].get(rule.id)
        filters = () if rule.id in self._elsewhere else self._filters(rule, EVERYWHERE)
        if form is None:
            return replace(rule, version=version, filters=filters)
        return replace(rule, version=version, filters=filters, logsource=form.logsource, detection=form.condition)

    def _by_source(self, rules: RuleSet, scope: str) -> dict[str, Form | None]:
        found: dict[str, Form | None] = {}
        for rule in rules.rules:
            if rule.id in self._forms[scope]:
                form = self._forms[scope][rule.id]
                filters = self._filters(rule, scope)
                found[rule.id] = None if form is None else Form(form.logsource, form.condition, filters)
        return found

    def _filters(self, rule: Rule, scope: str) -> tuple[Filter, ...]:
        """The rule's filters, transformed as if they stood in it: they name the same fields."""
        found = []
        for one in rule.filters:
            made = self._drafts[one.id]
            said = said_by(made.document)
            detection = {name: value for name, value in said["filter"].items() if name != "rules"}
            inside = {**said_by(self._drafts[rule.id].document), "detection": detection}
            form, wrong = self._form(
                made, {**inside, **({"taxonomy": OURS} if said["taxonomy"] == OURS else {})}, scope
            )
            if wrong is not None:  # it hides nothing of this rule
                self.errors.append(replace(wrong, message=f'of rule "{rule.title}": {wrong.message}'))
            else:
                found.append(one if form is None else replace(one, condition=under_title(one.title, form.condition)))
        return tuple(found)

    def _correlation(self, made: Correlation, rules: RuleSet) -> Correlation:
        """The correlation, with the names that the fields it asks for have in the events of each of its rules."""
        names = [*made.group_by, *made.value_fields]
        aliases = {name: dict(fields) for name, fields in made.aliases.items()}
        for rule_id in made.rules:
            if self._is_touched(rule_id):
                for name in names:
                    found = self._field(made, rule_id, name)
                    if found != made.field_of(name, rule_id):
                        aliases.setdefault(name, {})[rule_id] = found
        return replace(made, aliases=aliases)

    def _is_touched(self, rule_id: str) -> bool:
        return any(forms.get(rule_id) is not None for forms in self._forms.values())

    def _field(self, made: Correlation, rule_id: str, name: str) -> str:
        from rules.sigma.applying import Refused

        asked = made.field_of(name, rule_id)
        said = said_by(self._drafts[rule_id].document)
        document = self._drafts[made.id].document
        found = asked
        for scope, transformer in self._scopes.items():
            if self._forms[scope].get(rule_id) is None:
                continue
            try:
                of_scope = transformer.field(said, asked)
            except Refused as error:
                self.errors.append(document.problem(document.root, f"pipeline: {error}", length=1))
                continue
            if scope == EVERYWHERE:
                found = of_scope
            elif of_scope != found:
                message = (
                    f'for source "{scope}": its pipelines call "{asked}" "{of_scope}" there, and that is not counted'
                )
                hint = "a correlation takes the names of pipelines for all sources: name it in rules.pipelines"
                self.errors.append(document.problem(document.root, message, hint, length=1))
        return found


def said_by(document: Document) -> dict[str, Any]:
    """What a rule says, as plain values. What comes with Tocsin, or was written for it, is of its own taxonomy."""
    said: dict[str, Any] = document.plain(document.root)
    is_ours = is_bundled(document.path) or not document.path.endswith(SUFFIXES)  # an exception stands in no file
    return {**said, "taxonomy": OURS if is_ours else said.get("taxonomy", "sigma")}
