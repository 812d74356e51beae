"""Rule, Correlation, RuleSet: Sigma rules as loaded, and the tree that a detection becomes."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Final, Literal

from rules.event import Decision, LogSource, Mode, Severity
from rules.sigma.errors import RuleError, RuleRemark
from rules.sigma.values import Test


@dataclass(frozen=True, slots=True)
class Term:
    """One question to an event: does the field (None: anything in the event) answer the test?"""

    field: str | None
    test: Test
    text: str  #: as the author wrote it, for people: ``source.ip cidr 10.0.0.0/8``


@dataclass(frozen=True, slots=True)
class And:
    """All parts hold."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part holds; without parts, none does."""

    parts: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "Condition"


@dataclass(frozen=True, slots=True)
class Selection:
    """A selection of the rule, under its name."""

    name: str
    part: "Condition"


Condition = Term | And | Or | Not | Selection

CorrelationType = Literal[
    "event_count",
    "value_count",
    "temporal",
    "temporal_ordered",
    "value_sum",
    "value_avg",
    "value_percentile",
    "value_median",
]
CorrelationOp = Literal["gte", "gt", "lte", "lt", "eq", "neq"]
#: Types whose amount a further event may make less.
AVERAGES: Final = ("value_avg", "value_percentile", "value_median")


@dataclass(frozen=True, slots=True)
class Pattern:
    """Which rules a temporal correlation wants to have matched, and which not."""

    wanted: tuple[str, ...]
    unwanted: frozenset[str] = frozenset()


DEFAULT_WINDOW_SECONDS: Final = 1800.0
DEFAULT_GROUP_BY: Final = ("host.name",)  #: of a single-event rule that says nothing: one incident per machine
DEFAULT_ENTITIES: Final = (
    ("source", "source.ip"),
    ("account", "user.name"),
    ("host", "host.name"),
    ("target", "destination.ip"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A Sigma filter: what the rules that it names are not about."""

    id: str  #: its UUID; where it has none, one made of its title
    title: str
    path: str
    line: int  #: where it starts in its file, from 1
    version: str  #: hash of its text, 16 hex digits
    description: str
    logsource: LogSource
    rules: tuple[str, ...]  #: ids, of rules or correlations
    condition: Condition  #: what an event must fulfil to count for them
    for_any: bool = False  #: it is for all rules about single events whose log source it takes in; ``rules`` are those

    @property
    def name(self) -> None:
        """Nothing refers to a filter."""
        return


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What rules and correlations have in common."""

    id: str  #: the rule's UUID; where it has none, one made of its name or title
    name: str | None  #: by which correlations may refer to it
    title: str
    path: str
    line: int  #: where the rule starts in its file, from 1
    version: str  #: hash of the rule's text, 16 hex digits
    author: str
    license: str
    level: Severity  #: medium where the rule has none
    status: str
    tags: tuple[str, ...]
    references: tuple[str, ...]
    description: str
    falsepositives: tuple[str, ...]
    decision: Decision
    group_by: tuple[str, ...]
    window_seconds: float  #: for how long after the last match a further one is still the same attack
    pin: bool  #: the severity is the level, nothing shifts it
    noise_per_day: float | None  #: findings to expect on a public host; None if the rule does not say
    entities: tuple[tuple[str, str], ...]  #: (kind, field): who and what a finding is about
    claims: str  #: a match says that what its entities name is over, or not reported any more; it opens nothing
    as_base_only: bool  #: a correlation without ``generate`` refers to it: it makes no findings of its own
    filters: tuple[Filter, ...] = ()  #: that name it; an event counts for it only if it fulfils them too
    mode: Mode = Mode.ON
    declared: Decision | None = None  #: what the rule's file says, where its mode says something else

    @property
    def would_ask(self) -> bool:
        """Whether people would be asked about what it finds, were it not in a mode that asks nobody."""
        return self.declared is Decision.INVESTIGATE and self.decision is not Decision.INVESTIGATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Head):
    """A rule about single events."""

    logsource: LogSource
    detection: Condition

    @property
    def condition(self) -> Condition:
        """What an event must fulfil: the detection and every filter."""
        return And((self.detection, *(one.condition for one in self.filters))) if self.filters else self.detection


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation(Head):
    """A rule about several events.

    A filter that names it keeps events from being counted by it; its base rules and what else counts their matches are
    as they were.

    All types ask about what the referred rules matched within ``timespan_seconds`` in one group. ``event_count``,
    ``value_count`` and the types of numbers compare with ``bounds`` how many events it was, how many different values
    of ``value_fields`` there were, or the sum, mean, percentile or median of the numbers there. ``temporal`` compares
    how many different rules matched, or has ``patterns``, one of which must stand; ``temporal_ordered`` always has
    them, and what they want stands in the order of ``rules``. A referred rule may itself be a correlation: it matches
    at each event with which its condition holds, at that event's time, and with its group's values as fields.
    """

    type: CorrelationType
    rules: tuple[str, ...]  #: ids, of rules or (chained) of correlations; in the order written
    timespan_seconds: float
    bounds: tuple[tuple[CorrelationOp, int], ...]  #: all must hold; of the types of numbers, in billionths
    patterns: tuple[Pattern, ...]  #: of rule ids
    value_fields: tuple[str, ...]  #: value_count: several count as one value; the types of numbers: one
    percentile: Fraction  #: value_percentile and value_median
    needs: str  #: the condition, for people: ``at least 5 events``, ``matches of a and not b``
    aliases: Mapping[str, Mapping[str, str]]  #: alias -> rule id -> name of the field in that rule's events
    generate: bool  #: the referred rules also make findings of their own

    @property
    def waits(self) -> bool:
        """Whether a window is judged only when it is over, since a further event may make the condition false."""
        if self.patterns:
            return any(one.unwanted for one in self.patterns)
        return self.type in AVERAGES or any(op not in ("gte", "gt") for op, _ in self.bounds)

    def field_of(self, name: str, rule_id: str) -> str:
        """The field that *name* (of group-by or the compared fields) means in events of the rule."""
        return self.aliases.get(name, {}).get(rule_id, name)


@dataclass(frozen=True, slots=True)
class Form:
    """What a rule is for the events of a source with pipelines of its own."""

    logsource: LogSource
    detection: Condition
    filters: tuple[Filter, ...]


#: So many routes are remembered: some formats take a part of the log source from the line, whatever stands there.
MOST_ROUTES: Final = 4096


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules that loaded, and why the others did not."""

    rules: tuple[Rule, ...] = ()
    correlations: tuple[Correlation, ...] = ()  #: a chained correlation stands after those that it refers to
    filters: tuple[Filter, ...] = ()
    errors: tuple[RuleError, ...] = ()
    remarks: tuple[RuleRemark, ...] = ()  #: what may be wrong with those that loaded
    refused: frozenset[str] = frozenset()  #: ids of rules that are there and did not load, as far as they could be read
    forms: Mapping[str, Mapping[str, Form | None]] = field(default_factory=dict)
    #: by source and id of a rule, what it is for events of that source, where that is something else; None: nothing.
    #: "" are all sources that are not among them
    _routes: dict[tuple[str, LogSource], tuple[Rule, ...]] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )
    _by_product: dict[str, dict[str | None, tuple[Rule, ...]]] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )
    _of_source: dict[str, tuple[Rule, ...]] = field(default_factory=dict, init=False, compare=False, repr=False)

    def of_source(self, source: str) -> tuple[Rule, ...]:
        """The rules as they are for events of a source (by its name)."""
        if source not in self.forms:
            return self.rules
        if source not in self._of_source:
            forms = self.forms[source]
            each = (_in_form(rule, forms[rule.id]) if rule.id in forms else rule for rule in self.rules)
            self._of_source[source] = tuple(rule for rule in each if rule is not None)
        return self._of_source[source]

    @property
    def in_every_form(self) -> Iterator[Rule]:
        """Every rule, and what it is for sources for which it is something else."""
        yield from {id(rule): rule for source in ("", *self.forms) for rule in self.of_source(source)}.values()

    def routed(self, logsource: LogSource, source: str = "") -> tuple[Rule, ...]:
        """The rules that apply to events of this log source, as they are for that source."""
        at = (source if source in self.forms else "", logsource)
        found = self._routes.get(at)
        if found is None:
            if len(self._routes) >= MOST_ROUTES:
                self._routes.clear()
            about = self._about(at[0], logsource.product)
            found = self._routes[at] = tuple(rule for rule in about if covers(rule.logsource, logsource))
        return found

    def _about(self, source: str, product: str | None) -> tuple[Rule, ...]:
        """The rules that may apply to a product. Those for products that lines make up are few, and found at once."""
        if source not in self._by_product:
            rules = self.of_source(source)
            known = {None: None} | {rule.logsource.product: None for rule in rules}
            self._by_product[source] = {
                name: tuple(rule for rule in rules if rule.logsource.product in (None, name)) for name in known
            }
        by_product = self._by_product[source]
        return by_product.get(product, by_product[None])

    @property
    def all(self) -> tuple[Rule | Correlation, ...]:
        """Rules and correlations."""
        return (*self.rules, *self.correlations)


def _in_form(rule: Rule, form: Form | None) -> Rule | None:
    if form is None:
        return None
    return replace(rule, logsource=form.logsource, detection=form.detection, filters=form.filters)


def filtered_version(version: str, filters: tuple[Filter, ...]) -> str:
    """The version of a rule that is found through *filters*: another one, since its silence means something else."""
    parts = [version, *sorted({one.version for one in filters})]
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()[:16] if filters else version


#: Services that stand for others: Sigma names the log, an event names the program that wrote it.
SERVICE_GROUPS: Final[Mapping[str, frozenset[str]]] = {
    "auth": frozenset({
        "sshd", "sshd-session", "sudo", "su", "doas", "login", "pkexec", "polkitd", "systemd-logind", "cron", "useradd",
        "userdel", "usermod", "adduser", "deluser", "groupadd", "groupdel", "groupmod", "gpasswd", "passwd",
        "chpasswd", "chage", "chfn", "chsh", "newusers", "vipw",
    }),
    "audit": frozenset({"exchange", "threat_management"}),  # of Microsoft 365
    "threat_detection": frozenset({"threat_management"}),
    "syslog": frozenset({"postfix", "dovecot", "exim", "amavis", "proftpd", "mysql", "postgresql", "named"}),
}  # fmt: skip

#: Categories that stand for others: a rule for all changes of the registry, an event of one of them.
CATEGORY_GROUPS: Final[Mapping[str, frozenset[str]]] = {
    "registry_event": frozenset({"registry_add", "registry_delete", "registry_rename", "registry_set"}),
}


def covers(wanted: LogSource, found: LogSource) -> bool:
    """Whether a rule for *wanted* applies to an event of *found*: what a rule does not say matches anything."""
    return (
        wanted.product in (None, found.product)
        and _means(wanted.category, found.category, CATEGORY_GROUPS)
        and _means(wanted.service, found.service, SERVICE_GROUPS)
    )


def _means(wanted: str | None, found: str | None, groups: Mapping[str, frozenset[str]]) -> bool:
    return wanted in (None, found) or found in groups.get(wanted or "", ())
