"""The plan of an incident's actions: why there is none for a cause, and what it lacks before it can be approved."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from store import action as life
from store import covering
from store.action import ActionKind
from store.answers import State
from store.errors import ActNotAllowed
from store.forms import FormName
from store.incident import Actor, Fact
from store.repository.dossier import actions, discrepancies, forms, voiding
from store.repository.people import persons
from store.repository.record import records
from store.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """What a plan still lacks."""

    incomplete: tuple[str, ...]  #: as ``action 3: due``
    uncovered: tuple[str, ...]  #: as ``finding 2``; ``actions`` if there is neither one nor a reason for none


def gaps(connection: Connection, number: int, *, now: datetime) -> Gaps:
    """What the plan of an incident lacks before it can be approved.

    Args:
        now: In the zone where days are counted.
    """
    record = records.load(connection, number)
    every = actions.of(connection, number)
    # What actions of other records and of older cycles address are findings of theirs.
    own = [one for one in every if one.incident == number and one.cycle == record.cycle]
    others = [one for one in every if one.incident != number]
    findings = _rows(connection, number, FormName.INVESTIGATION, "findings")
    causes = _rows(connection, number, FormName.CORRECTIVE_ACTIONS, "root_cause")
    raised = discrepancies.of(connection, number)
    there = {"finding": _count(findings), "cause": _count(causes), "discrepancy": len(raised)}
    reasons = actions.reasons(connection, number)
    mine = covering.incomplete([one for one in every if one.incident == number], now, record.track)
    theirs = (f"INC-{one.incident} {what}" for one in others for what in covering.incomplete([one], now, record.track))
    return Gaps(
        incomplete=(*mine, *theirs, *covering.unknown(own, there)),
        uncovered=covering.uncovered(
            findings or (), raised, [*own, *(replace(one, causes=()) for one in others)], reasons
        ),
    )


def give_reason(tx: Tx, number: int, actor: Actor, *, cause: str, reason: str, via: str) -> int:
    """Say why there is no action for a cause. Only adds; the newest reason counts. Returns the entry's number.

    Raises:
        ActNotAllowed: ``reason_required``, ``invalid_action`` (there is no such cause), or *actor* may not.
    """
    record = records.load(tx.connection, number)
    # Whoever may write an action may say why there is none.
    life.check_writer(ActionKind.OTHER, record, actor, persons.roles_of(tx.connection, actor))
    named = covering.cause(cause)
    if named is None:
        words = ", ".join(f"{word} 1" for word in covering.NUMBERED)
        raise ActNotAllowed(
            "invalid_action", f"{cause[:40]!r} is no cause; write {words}, or {covering.WHOLE}", missing=("cause",)
        )
    if not reason.strip():
        raise ActNotAllowed("reason_required", f"say why there is no action for {named}", missing=("reason",))
    facts: dict[str, Fact] = {"did": actions.NONE, "cause": named, "cycle": record.cycle}
    entry = actions.write(tx, number, actor, facts, via=via, note=reason)
    voiding.after_edit(tx, number, by=actor, via=via)
    return entry


def _rows(connection: Connection, number: int, form: FormName, field: str) -> Sequence[Any] | None:
    """The rows of a table in a form; None if they were redacted."""
    view = forms.view(connection, number, form)
    if field in view.redacted:
        return None
    answer = view.answers.get(field)
    return answer.value if answer is not None and answer.state is State.GIVEN else ()


def _count(rows: Sequence[Any] | None) -> int | None:
    return None if rows is None else len(rows)
