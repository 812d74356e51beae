"""What keeps an incident from its next step: all of it at once, each with what is to be done about it. Pure."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from store import acts, forms, process
from store.answers import State
from store.errors import MoveNotAllowed
from store.forms import Filled, FormName, Forms
from store.incident import Actor, Incident, Track
from store.people import Role
from store.process import MOVES, Standing

#: Fields for which the move that ends their step has a code of its own; the others are told as ``missing_fields``.
_CODES = {"investigation.findings": "no_finding", "corrective_actions.root_cause": "no_root_cause"}
_SAYS = {
    "missing_fields": "not answered yet: {}",
    "no_finding": "the investigation has no finding: write down at least one",
    "no_root_cause": "no root cause is written down; say unknown, and why, if nobody can tell",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmet:
    """Something that keeps an incident from a move."""

    code: str  #: one of the move's codes
    says: str  #: what is wrong, for people
    missing: tuple[str, ...] = ()  #: what is to be supplied, e.g. ``report.harm`` or ``action 3: due``


def step(
    before: Incident,
    name: str,
    to: Standing,
    *,
    now: datetime,
    by: Actor,
    roles: Collection[Role],
    unmet: Iterable[Unmet] = (),
) -> Incident:
    """Return the incident at *to*, reached by the move *name*.

    Raises:
        MoveNotAllowed: Not from here, not by *by*, or something is unmet: all of it is told and named, and what may
            be done instead.
    """
    told = tuple(unmet)
    with acts.telling_what_is_allowed(before, roles):
        acts.check_named(before, name, to)
        foreign = {one.code for one in told} - set(MOVES[Standing.of(before), to].codes)
        assert not foreign, f"{name} cannot be refused with {foreign}"
        try:
            return process.advance(before, to, now=now, by=by, roles=roles, unmet=[one.code for one in told])
        except MoveNotAllowed as refused:
            raise _in_full(refused, before, to, told) from None


def refusal(before: Incident, to: Standing, unmet: Sequence[Unmet]) -> MoveNotAllowed:
    """That it cannot go to *to*, with everything that is unmet."""
    sentence = f"{before.name} cannot go to {to}: {'; '.join(one.says for one in unmet)}"
    missing = tuple(dict.fromkeys(thing for one in unmet for thing in one.missing))
    return MoveNotAllowed(unmet[0].code, sentence, missing=missing)


def unanswered(filled: Filled, record: Incident, to: Standing, asked: Forms) -> Iterator[Unmet]:
    """What the forms lack for the move to *to*.

    An investigation has findings, not reasons why there are none; only the light track asks for none.
    What an earlier step was to supply, and was taken away since or is asked since the track rose, is a missing field.
    """
    gate = forms.gate_of(Standing.of(record), to)
    names = list(forms.missing_of(filled, record.track, gate, asked)) if gate else []
    if to == process.CORRECTIVE_ACTIONS and record.track is not Track.LIGHT and not _has_findings(filled):
        names = [*dict.fromkeys([*names, "investigation.findings"])]
    move = MOVES.get((Standing.of(record), to))
    own = {name: code for name, code in _CODES.items() if move is not None and code in move.codes}
    for code, says in _SAYS.items():
        if lacking := tuple(name for name in names if own.get(name, "missing_fields") == code):
            yield Unmet(code=code, says=says.format(", ".join(lacking)), missing=lacking)


def _has_findings(filled: Filled) -> bool:
    answer = filled.get(FormName.INVESTIGATION, {}).get("findings")
    return answer is not None and answer.state is State.GIVEN


def _in_full(refused: MoveNotAllowed, before: Incident, to: Standing, told: Iterable[Unmet]) -> MoveNotAllowed:
    """*refused* with everything that is unmet in words; as it is if it has another reason."""
    said = [one for code in refused.missing for one in told if one.code == code]
    return refusal(before, to, said) if said else refused
