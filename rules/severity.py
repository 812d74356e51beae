"""How bad, with reasons. Every term is stored, so that the record can say why."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from rules.event import Severity
from rules.finding import SeverityTerm


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """The hosts that matter more, and those that matter less, than others. Names or addresses, lower case."""

    critical: Set[str] = frozenset()
    lab: Set[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the lines of an episode are evidence of."""

    hosts: tuple[str, ...] = ()  #: every machine concerned, by name or address; in order of appearance
    success: bool = False  #: a line says that what was tried has succeeded
    second_entity: str | None = None  #: a second machine hit by the same attack; None if there is one or none


NOTHING: Final = Facts()
NO_ASSETS: Final = Assets()


def judge(
    level: Severity, *, pin: bool = False, facts: Facts = NOTHING, assets: Assets = NO_ASSETS
) -> tuple[Severity, tuple[SeverityTerm, ...]]:
    """The severity of an episode and the terms it is made of.

    All shifts together move the rule's level by at most one step, and never below it when success is evidenced. Once
    the machines are known, what an episode learns only raises; a stored severity is lowered by people alone.
    """
    terms = [SeverityTerm(term="rule", value=level.rank, because=f"the rule's level is {level.value}")]
    if pin:
        terms.append(SeverityTerm(term="pin", value=0, because="the rule pins its level"))
        return level, tuple(terms)
    shifts = _shifts(facts, assets)
    shift = max(-1, min(1, sum(term.value for term in shifts)))
    if facts.success:
        shift = max(0, shift)
    return level.shifted(shift), (*terms, *shifts)


def _shifts(facts: Facts, assets: Assets) -> list[SeverityTerm]:
    critical = [host for host in facts.hosts if host.lower() in assets.critical]
    only_lab = bool(facts.hosts) and all(host.lower() in assets.lab for host in facts.hosts)
    terms = []
    if critical:
        terms.append(SeverityTerm(term="critical_asset", value=1, because=f"{critical[0]} is a critical asset"))
    if facts.success:
        terms.append(SeverityTerm(term="success", value=1, because="a line shows that an attempt succeeded"))
    elif facts.second_entity is not None:
        because = f"{facts.second_entity} is concerned too, not only {facts.hosts[0]}"
        terms.append(SeverityTerm(term="second_entity", value=1, because=because))
    if only_lab:
        terms.append(SeverityTerm(term="lab_asset", value=-1, because=f"{', '.join(facts.hosts[:3])}: lab only"))
    return terms


def _scale(*words: tuple[str, Severity]) -> Mapping[str, Severity]:
    return MappingProxyType(dict(words))


_INFORMATIONAL, _LOW, _MEDIUM, _HIGH, _CRITICAL = Severity

#: What other vocabularies' words mean here, lower case. One table, so that the same word never means two things.
MAPPINGS: Final[Mapping[str, Mapping[str, Severity]]] = MappingProxyType(
    {
        "sigma": _scale(*((level.value, level) for level in Severity)),
        "prometheus": _scale(
            ("none", _INFORMATIONAL),
            ("info", _INFORMATIONAL),
            ("notice", _LOW),
            ("warning", _MEDIUM),
            ("error", _HIGH),
            ("page", _CRITICAL),
            ("critical", _CRITICAL),
        ),
        "pagerduty": _scale(("info", _INFORMATIONAL), ("warning", _MEDIUM), ("error", _HIGH), ("critical", _CRITICAL)),
        "syslog": _scale(
            ("debug", _INFORMATIONAL),
            ("info", _INFORMATIONAL),
            ("notice", _LOW),
            ("warning", _MEDIUM),
            ("err", _HIGH),
            ("crit", _CRITICAL),
            ("alert", _CRITICAL),
            ("emerg", _CRITICAL),
        ),
        "zabbix": _scale(
            ("not classified", _INFORMATIONAL),
            ("information", _INFORMATIONAL),
            ("warning", _LOW),
            ("average", _MEDIUM),
            ("high", _HIGH),
            ("disaster", _CRITICAL),
        ),
        "suricata": _scale(("1", _HIGH), ("2", _MEDIUM), ("3", _LOW), ("4", _INFORMATIONAL)),
    }
)


def from_outside(vocabulary: str, word: str) -> Severity | None:
    """What *word* of another system means here; None if unknown (to be taken as medium, and counted)."""
    return MAPPINGS[vocabulary].get(word.strip().lower())
