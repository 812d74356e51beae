"""The approval of a frozen dossier: freeze it, look at it, sign it, reject it, sign anew what changed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from store import acts, approval, dossier, process, steps
from store.approval import ApprovalState, Checklist, Frozen
from store.designation import Staff
from store.discrepancies import open_ones
from store.dossier import Change
from store.four_eyes import Allowed, Refused
from store.incident import DAEMON, Actor, EntryKind, Fact, Incident, Step
from store.people import Role
from store.repository.dossier import approvers, discrepancies, dossiers, signatures
from store.repository.incident import moves, waivers
from store.repository.incident.acts import Done, finished
from store.repository.people import fresh, persons
from store.repository.record import records
from store.repository.telling import turns
from store.site import Site
from store.steps import Unmet
from store.tx import Tx

#: Where a rejected or withdrawn dossier can go.
BACK_TO = {one.step: one for one in (process.REPORTING, process.INVESTIGATION, process.CORRECTIVE_ACTIONS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """What a person gives to sign."""

    hash: str  #: of the dossier that they have seen
    fresh: str  #: hash of a token from ``POST /api/v1/sign-in/fresh``
    checklist: Checklist | None = None
    note: str = ""


def freeze(tx: Tx, record: Incident, site: Site, *, by: Actor = DAEMON, via: str = "") -> Frozen:
    """Keep what is to be approved, as it stands now. To be called when the step of approval is entered."""
    return dossiers.freeze(tx, record, site, by=by, via=via)


def state(connection: Connection, number: int) -> ApprovalState:
    """All that an approver looks at.

    Raises:
        NotFound: There is no such incident.
    """
    return state_of(connection, records.load(connection, number))


def state_of(connection: Connection, record: Incident) -> ApprovalState:
    """The same of a record that is at hand."""
    frozen = dossiers.newest(connection, record)
    versions = tuple(dossiers.history(connection, record))
    now = dossiers.standing_now(connection, record, frozen, versions)
    return ApprovalState(
        frozen=frozen,
        now=now,
        changes=approval.since(frozen.dossier, now) if frozen else (),
        signatures=signatures.of(connection, record.number, cycle=record.cycle),
        discrepancies=discrepancies.of(connection, record.number),
        versions=versions,
        unconfirmed=dossier.unconfirmed(dossiers.standing(versions)),
        void=record.approval_void,
    )


def barred(connection: Connection, record: Incident, site: Site, staff: Staff) -> frozenset[str]:
    """Ids of those of *staff* who have signed what is to be approved, or may not by four eyes: nobody asks them."""
    seen = state_of(connection, record)
    hands = tuple(approvers.hands_of(connection, record, seen))
    return approvers.barred_of(record, seen, hands, site, staff)


def approve(tx: Tx, number: int, actor: Actor, *, version: int, via: str, site: Site, given: Signing) -> Done:
    """Sign the dossier. With the last signature that it needs it goes on to follow-up; until then it stays.

    Raises:
        MoveNotAllowed: Not this person, or something is missing: all of it is named.
    """
    done = _approve(tx, moves.at_version(tx, number, version), actor, via=via, site=site, given=given)
    fresh.spend(tx, actor.id, given.fresh)
    return done


def approve_all(
    tx: Tx, wanted: Sequence[tuple[int, str]], actor: Actor, *, via: str, site: Site, given: Signing
) -> list[Done]:
    """Sign a batch of light incidents of one rule with one token: all of them, or none.

    Args:
        wanted: Number of each, and the hash of the dossier that was seen of it.

    Raises:
        ActNotAllowed: ``not_a_batch``: they are not of one rule, or not all light.
        MoveNotAllowed: One of them cannot be signed; says which.
    """
    batch = [(records.load(tx.connection, number), sent) for number, sent in wanted]
    approval.check_batch([record for record, _ in batch])
    done = []
    for record, sent in batch:
        governing = waivers.governing(tx.connection, record.number, site)
        done.append(_approve(tx, record, actor, via=via, site=governing, given=replace(given, hash=sent)))
    fresh.spend(tx, actor.id, given.fresh)
    return done


def reject(
    tx: Tx,
    number: int,
    actor: Actor,
    *,
    version: int,
    via: str,
    to: Step,
    items: Sequence[str] = (),
    reason: str = "",
) -> Done:
    """Send it back: an approver with what does not fit, the lead with a reason.

    Raises:
        MoveNotAllowed: ``discrepancies_required``, or ``reason_required`` of who is no approver.
        ActNotAllowed: ``item_required``: an item says nothing.
    """
    before = moves.at_version(tx, number, version)
    roles = persons.roles_of(tx.connection, actor)
    raised = bool(items) or bool(open_ones(discrepancies.of(tx.connection, number)))
    rejects = Role.APPROVER in roles and (raised or Role.INVESTIGATOR not in roles or not reason.strip())
    unmet = _cannot_reject(rejects, raised, reason)
    after = steps.step(before, "reject", BACK_TO[to], now=tx.now, by=actor, roles=roles, unmet=unmet)
    with acts.telling_what_is_allowed(before, roles):
        discrepancies.add(tx, before, items, actor, via)
    records.change(tx, before, after)
    facts = moves.from_to(before, after) | {"what": "rejected" if rejects else "withdrawn"}
    moves.write(tx, after, EntryKind.MOVED, actor, via, facts, reason)
    return finished(tx, after, actor)


def sign_again(tx: Tx, number: int, actor: Actor, *, via: str, site: Site, given: Signing) -> Done:
    """Sign what changed since the approval, or add the second approval that a pair could not give.

    Raises:
        ActNotAllowed: ``not_void``: the approval holds as it is; ``second_approval_pending``: it is not approved yet;
            or what `approve` is refused with.
    """
    record = records.load(tx.connection, number)
    roles = persons.roles_of(tx.connection, actor)
    with acts.telling_what_is_allowed(record, roles):
        process.check_act(record, process.ACTS["sign_again"], by=actor, roles=roles)
        seen = state_of(tx.connection, record)
        approval.check_again(record, seen)
        verdict, unmet = _weighed(tx, record, seen, actor, site, given)
        approval.check_unmet(record, unmet)
    assert isinstance(verdict, Allowed)
    is_whole = _sign(tx, record, seen, actor, via=via, site=site, given=given, verdict=verdict, facts={})
    fresh.spend(tx, actor.id, given.fresh)
    after = replace(record, approval_void=None, version=record.version + 1) if is_whole else record
    records.change(tx, record, after)
    return finished(tx, after, actor)


def _approve(tx: Tx, before: Incident, actor: Actor, *, via: str, site: Site, given: Signing) -> Done:
    roles = persons.roles_of(tx.connection, actor)
    steps.step(before, "approve", process.FOLLOW_UP, now=tx.now, by=actor, roles=roles)
    seen = state_of(tx.connection, before)
    verdict, unmet = _weighed(tx, before, seen, actor, site, given)
    moved = steps.step(before, "approve", process.FOLLOW_UP, now=tx.now, by=actor, roles=roles, unmet=unmet)
    assert isinstance(verdict, Allowed)
    after = replace(moved, approved_at=tx.now, approval_void=None, aware_at=moved.aware_at or tx.now)
    facts = moves.from_to(before, after)
    if not _sign(tx, before, seen, actor, via=via, site=site, given=given, verdict=verdict, facts=facts):
        turns.ask_again(tx, before, f"{actor.id} has approved it, and another signature is needed")
        return finished(tx, before, actor)
    records.change(tx, before, after)
    return finished(tx, after, actor)


def _sign(
    tx: Tx,
    record: Incident,
    seen: ApprovalState,
    actor: Actor,
    *,
    via: str,
    site: Site,
    given: Signing,
    verdict: Allowed,
    facts: dict[str, Fact],
) -> bool:
    """Keep the signature; whether it was the last that is needed.

    What was signed is frozen first, if it is not what was frozen.
    """
    frozen = seen.frozen
    assert frozen is not None
    changes = _since_signed(tx.connection, record, seen, actor.id)
    place = approval.place(seen.holding, verdict.leaves, record.track, site.four_eyes, changes)
    if seen.changes:
        frozen = dossiers.freeze_again(tx, record, site, seen.now, by=actor, via=via)
    signer = persons.get(tx.connection, actor.id)
    assert signer is not None
    signatures.add(
        tx,
        record,
        frozen,
        place,
        signer,
        by=actor,
        via=via,
        verdict=verdict,
        checklist=given.checklist,
        note=given.note,
        facts=facts if place.completes else {},
    )
    return place.completes


def _weighed(
    tx: Tx, record: Incident, seen: ApprovalState, actor: Actor, site: Site, given: Signing
) -> tuple[Allowed | Refused, list[Unmet]]:
    """Whether *actor* may sign, and everything that keeps them from it."""
    hands = tuple(approvers.hands_of(tx.connection, record, seen))
    verdict = approvers.verdict_of(actor.id, hands, record, seen, site)
    unmet = [*approvers.not_asked(tx, record, seen, actor.id, hands, site)]
    if isinstance(verdict, Refused):
        unmet.append(Unmet(code=verdict.code, says=verdict.reason))
    elif actor.id in {one.person for one in seen.holding}:
        unmet.append(_waits_for_another(seen))
    unmet += steps.unanswered(seen.filled, replace(record, step=Step.APPROVAL), process.FOLLOW_UP, site.forms)
    unmet += approval.unmet(
        record,
        seen,
        sent_hash=given.hash,
        known=dossiers.with_hash(tx.connection, record.number, given.hash),
        checklist=given.checklist,
        is_fresh=fresh.is_good(tx, actor.id, given.fresh),
    )
    return verdict, unmet


def _waits_for_another(seen: ApprovalState) -> Unmet:
    left = set(seen.holding[0].leaves).intersection(*(one.leaves for one in seen.holding))
    what = f"the other one must sign {', '.join(sorted(left))}" if left else "somebody else must sign now"
    return Unmet(code="second_approval_pending", says=f"you have signed this: {what}")


def _since_signed(connection: Connection, record: Incident, seen: ApprovalState, person: str) -> tuple[Change, ...]:
    """What changed since *person* signed this, or since anybody did once it was approved; nothing if nobody has."""
    own = [one for one in seen.signatures if one.person == person]
    last = (own or (seen.signatures if record.step is Step.FOLLOW_UP else ()))[-1:]
    before = dossiers.with_hash(connection, record.number, last[0].hash) if last else None
    return approval.since(before, seen.now) if before else ()


def _cannot_reject(rejects: bool, raised: bool, reason: str) -> list[Unmet]:
    if rejects and not raised:
        says = "say what does not fit, item by item, or raise it with acts/discrepancy before"
        return [Unmet(code="discrepancies_required", says=says, missing=("discrepancies",))]
    if not rejects and not reason.strip():
        return [Unmet(code="reason_required", says="say why it is taken back", missing=("note",))]
    return []
