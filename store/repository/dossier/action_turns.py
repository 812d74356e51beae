"""Write actions down, and do to them what their life allows.

Writing a new one only adds: it needs no version and never meets another. All that follows decides or overwrites, upon
the version that the caller saw. Nothing here moves the incident or makes its version grow.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select

from store import action as life
from store import action_edit, action_turns
from store.action import Action, ActionKind, ActionState
from store.duties import Matter, MatterKind
from store.errors import Refused, StaleVersion
from store.incident import Actor, Fact, Incident
from store.notice import NewNotice, NoticeKind
from store.repository.dossier import abilities, actions, voiding
from store.repository.dossier.abilities import Abilities
from store.repository.people import persons
from store.repository.record import notices, records
from store.site import Site
from store.tables import action
from store.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """What was done to an action."""

    action: Action  #: as it is now
    record: Incident  #: that it belongs to, or that carries it on
    entry: int  #: number of the timeline entry that tells of it
    allowed: tuple[str, ...]  #: what the same person may do to it next


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """An action, and who would do something to it."""

    before: Action
    able: Abilities
    via: str

    @property
    def record(self) -> Incident:
        """That carries it."""
        return self.able.record


def write(
    tx: Tx,
    number: int,
    actor: Actor,
    *,
    kind: ActionKind,
    plan: Mapping[str, Any],
    via: str,
    site: Site,
) -> Acted:
    """Write a new action down.

    What needs no lead belongs to whoever writes it, unless the plan names an owner.

    Args:
        plan: Fields of `store.action.PLAN` but the kind.

    Raises:
        ActNotAllowed: *actor* may not, or ``invalid_action``, naming everything that is wrong.
    """
    able = abilities.of(tx.connection, number, actor, site)
    record = records.load(tx.connection, number)
    life.check_writer(kind, record, actor, able.roles)
    first = Action(
        incident=number,
        number=_last(tx, number) + 1,
        cycle=record.cycle,
        kind=kind,
        written_at=tx.now,
        proposed_by=actor.id,
        proposed_at=tx.now,
    )
    case = _Case(before=first, able=able, via=via)
    owner = {"owner": actor.id} if first.needs_no_lead(record.track) else {}
    return _keep(tx, case, replace(first, **_edited(tx, case, owner | dict(plan))), "write")


def change(
    tx: Tx, number: int, which: int, actor: Actor, *, version: int, changes: Mapping[str, Any], via: str, site: Site
) -> Acted:
    """Write another plan: fields that are not named stay as they are. Who owns it from now on is told.

    Raises:
        ActNotAllowed: ``invalid_action``, ``reason_required`` (a date that was agreed is moved), ``incomplete_action``
            (what was agreed upon would lack something), or *actor* may not.
        StaleVersion: Somebody changed it meanwhile.
    """
    with _case(tx, number, which, actor, "change", version, via, site) as case:
        if "kind" in changes:
            life.check_writer(changes["kind"], case.record, actor, case.able.roles)
        kept = _edited(tx, case, changes)
        cycle = case.record.cycle if number == case.record.number else case.before.cycle
        after = action_turns.changed(case.before, kept, track=case.record.track, cycle=cycle, now=tx.now)
    acted = _keep(tx, case, after, "change")
    if after.owner != case.before.owner:
        _tell_owner(tx, case, after, "is yours")
    return acted


def agree(tx: Tx, number: int, which: int, actor: Actor, *, version: int, via: str, site: Site) -> Acted:
    """Agree upon it: its owner hears that it is theirs.

    Raises:
        ActNotAllowed: ``incomplete_action``, or *actor* may not.
        StaleVersion: Somebody changed it meanwhile.
    """
    with _case(tx, number, which, actor, "agree", version, via, site) as case:
        after = action_turns.agreed(case.before, record=case.record, by=actor, now=tx.now)
    acted = _keep(tx, case, after, "agree")
    _tell_owner(tx, case, after, "is yours")
    return acted


def move(
    tx: Tx,
    number: int,
    which: int,
    actor: Actor,
    *,
    version: int,
    due: date | None,
    reason: str,
    via: str,
    site: Site,
) -> Acted:
    """Have it due on another day: it slips, and the old date is kept. Its owner is told.

    Raises:
        ActNotAllowed: ``reason_required``, ``incomplete_action``, ``invalid_action``, or *actor* may not.
        StaleVersion: Somebody changed it meanwhile.
    """
    with _case(tx, number, which, actor, "move", version, via, site) as case:
        _edited(tx, case, {"due": due})
        after = action_turns.moved(case.before, due, reason, now=tx.now)
    acted = _keep(tx, case, after, "move", note=reason)
    _tell_owner(tx, case, after, "was moved")
    return acted


def done(
    tx: Tx,
    number: int,
    which: int,
    actor: Actor,
    *,
    version: int,
    evidence: str,
    via: str,
    site: Site,
    attended: tuple[str, ...] = (),
    valid_until: date | None = None,
    since: datetime | None = None,
) -> Acted:
    """Record it done.

    Args:
        valid_until: Of a training, the last day on which it counts; None: it does not lapse.
        since: Since when it has effect; None: since now.

    Raises:
        ActNotAllowed: ``not_approved``, ``not_owner``, ``incomplete_action``, ``invalid_action``, or *actor* may not.
        StaleVersion: Somebody changed it meanwhile.
    """
    with _case(tx, number, which, actor, "done", version, via, site) as case:
        given = _edited(tx, case, {"evidence": evidence, "attended": attended, "valid_until": valid_until})
        after = action_turns.done(case.before, record=case.record, by=actor, now=tx.now, since=since, **given)
    acted = _keep(tx, case, after, "done")
    _ask(tx, case, after, MatterKind.VERIFICATION, "was recorded done")
    return acted


def verify(
    tx: Tx,
    number: int,
    which: int,
    actor: Actor,
    *,
    version: int,
    via: str,
    site: Site,
    since: datetime | None = None,
    note: str = "",
) -> Acted:
    """Sign that it was done, as somebody who had no hand in it.

    Args:
        since: Since when it really has effect; None: as it was recorded.

    Raises:
        ActNotAllowed: ``four_eyes``, ``invalid_action``, or *actor* may not.
        StaleVersion: Somebody changed it meanwhile.
    """
    with _case(tx, number, which, actor, "verify", version, via, site) as case:
        allowance = life.check_four_eyes(case.before, actor, case.able.site.four_eyes, case.record.track)
        after = action_turns.verified(case.before, record=case.record, by=actor, now=tx.now, since=since)
    waived: dict[str, Fact] = {"waived": "four_eyes", "clash": str(allowance.waived)} if allowance.waived else {}
    return _keep(tx, case, after, "verify", note=note, more=waived)


def give_back(
    tx: Tx, number: int, which: int, actor: Actor, *, version: int, reason: str, via: str, site: Site
) -> Acted:
    """Return what was recorded done and is not: its owner hears why it is theirs again.

    Raises:
        ActNotAllowed: ``reason_required``, or *actor* may not.
        StaleVersion: Somebody changed it meanwhile.
    """
    with _case(tx, number, which, actor, "return", version, via, site) as case:
        after = action_turns.returned(case.before, reason)
    acted = _keep(tx, case, after, "return", note=reason)
    _tell_owner(tx, case, after, "was returned")
    return acted


def drop(tx: Tx, number: int, which: int, actor: Actor, *, version: int, reason: str, via: str, site: Site) -> Acted:
    """Do not do it.

    Raises:
        ActNotAllowed: ``reason_required``, or *actor* may not.
        StaleVersion: Somebody changed it meanwhile.
    """
    with _case(tx, number, which, actor, "drop", version, via, site) as case:
        after = action_turns.dropped(case.before, reason, by=actor, now=tx.now)
    return _keep(tx, case, after, "drop", note=reason)


@contextmanager
def _case(
    tx: Tx, number: int, which: int, actor: Actor, name: str, version: int, via: str, site: Site
) -> Iterator[_Case]:
    """The action, if the person may do *name* to it; every refusal inside says what they may do instead."""
    before = actions.get(tx.connection, number, which)
    case = _Case(before=before, able=abilities.of(tx.connection, number, actor, site), via=via)
    if before.version != version:
        by = actions.author(tx.connection, number, which)
        raise StaleVersion(
            f"{before.name} of INC-{number} is at version {before.version}, you saw {version}; changed by {by}",
            version=before.version,
            by=by,
        )
    try:
        life.check(before, name, record=case.record, by=actor, roles=case.able.roles)
        yield case
    except Refused as refused:
        refused.allowed = case.able.allowed(before)
        raise


def _edited(tx: Tx, case: _Case, changes: Mapping[str, Any]) -> dict[str, Any]:
    there = {one.id: one.roles for one in persons.all_of(tx.connection) if one.disabled_at is None}
    today = tx.now.astimezone(case.able.site.calendar.zone).date()
    return action_edit.edited(case.before, changes, persons=there, today=today, track=case.record.track)


def _keep(
    tx: Tx, case: _Case, after: Action, did: str, *, note: str = "", more: Mapping[str, Fact] | None = None
) -> Acted:
    entry = actions.keep(tx, after, case.able.actor, did, via=case.via, note=note, more=more)
    if case.record.aware_at is None:
        records.change(tx, case.record, replace(case.record, aware_at=tx.now))
    voiding.after_edit(tx, case.record.number, by=case.able.actor, via=case.via)
    kept = actions.get(tx.connection, after.incident, after.number)
    return Acted(action=kept, record=case.record, entry=entry, allowed=case.able.allowed(kept))


def _tell_owner(tx: Tx, case: _Case, after: Action, what: str) -> None:
    """Tell whoever is to do it, once it is agreed upon, unless that is who did this."""
    if after.state is ActionState.AGREED and after.owner != case.able.actor.id:
        due = f", due on {after.due}" if after.due else ""
        _ask(tx, case, after, MatterKind.ACTION, f"{what}{due}")


def _ask(tx: Tx, case: _Case, after: Action, kind: MatterKind, what: str) -> None:
    """Have whoever is asked for it hear that it is their turn."""
    new = NewNotice(
        incident=case.record.number,
        kind=NoticeKind.YOUR_TURN,
        cycle=case.record.cycle,
        reason=f"{after.name} {what}",
        severity=case.record.severity,
        matter=str(Matter(kind, after.called_in(case.record.number))),
    )
    notices.write(tx, new)


def _last(tx: Tx, number: int) -> int:
    return tx.connection.execute(select(func.max(action.c.number)).where(action.c.incident == number)).scalar() or 0
