"""What persons do to the watches of an incident: plan one, try whether it holds, take it back, bear the risk."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from rules.event import Entity
from store import acts, dossier, process
from store.errors import ActNotAllowed
from store.four_eyes import Allowed, Deed, FourEyes, Hand, Refused, Signature, may_sign
from store.incident import Actor, EntryKind, Fact, Incident, Step
from store.people import Role
from store.promise import LEAST_HOURS, MOST_HOURS, PROTECTED, Promise
from store.repository.dossier import actions, dossiers
from store.repository.follow_up import coverage, watches
from store.repository.incident.acts import Done, finished
from store.repository.people import fresh, persons
from store.repository.record import records
from store.tx import Tx
from store.watch import Trial, Verdict, judge

#: In these steps the plan was signed, so that taking a watch back needs somebody who may sign.
_SIGNED = (Step.APPROVAL, Step.FOLLOW_UP)
#: What a signature needs.
_FRESH = "a signature needs an unspent token of one's own from POST /api/v1/sign-in/fresh, good for 5 minutes"


def plan(
    tx: Tx,
    number: int,
    actor: Actor,
    *,
    via: str,
    criterion: str,
    hours: float,
    action: int | None = None,
    rules: Sequence[str] | None = None,
    scope: Sequence[Entity] = (),
    sources: Sequence[str] = (),
    at_most: int = 0,
) -> Done:
    """Promise that rules will match no more than *at_most* times in *hours*, from when the action has effect.

    Args:
        rules: None: those that made the incident.
        sources: Empty: those that these rules matched in.

    Raises:
        ActNotAllowed: ``invalid_watch``: it could prove nothing; all of what is wrong is named.
    """
    record, roles = _checked(tx, number, "watch", actor)
    made = Promise(
        incident=number,
        number=watches.next_number(tx.connection, number),
        cycle=record.cycle,
        action=action,
        criterion=criterion,
        rules=tuple(dict.fromkeys(watches.rules_of(tx.connection, number) if rules is None else rules)),
        scope=tuple(scope),
        sources=tuple(dict.fromkeys(sources)),
        at_most=at_most,
        hours=hours,
        planned_by=actor.id,
        planned_at=tx.now,
    )
    made = replace(made, sources=made.sources or watches.sources_of(tx.connection, number, made.rules))
    with acts.telling_what_is_allowed(record, roles):
        _check_plan(tx.connection, made)
    watches.add(tx, made, actor, via)
    return finished(tx, record, actor)


def take_back(tx: Tx, number: int, which: int, actor: Actor, *, via: str, reason: str) -> Done:
    """Have a watch decide nothing any more. Once the plan is signed, only who may sign takes one back.

    Raises:
        ActNotAllowed: ``reason_required``, ``watch_over``, or *actor* may not.
    """
    record, roles = _checked(tx, number, "take_back_watch", actor)
    found = watches.get(tx.connection, number, which)
    with acts.telling_what_is_allowed(record, roles):
        if record.step in _SIGNED and Role.APPROVER not in roles:
            raise ActNotAllowed(
                "role_required",
                f"{found.name} of {record.name} belongs to a signed plan: only an approver takes it back",
            )
        if not found.counts or found.verdict is not None:
            raise ActNotAllowed("watch_over", f"{found.name} of {record.name} is over: its verdict stays")
        if not reason.strip():
            raise ActNotAllowed("reason_required", f"say why {found.name} is taken back", missing=("reason",))
    watches.change(tx, replace(found, retired_at=tx.now))
    watches.write(tx, found, EntryKind.WATCHING, actor, {"what": "taken_back"}, via, {"reason": reason})
    return finished(tx, record, actor)


def tried(
    tx: Tx, number: int, which: int, actor: Actor, *, via: str, how: str, proof: str, mode: FourEyes = FourEyes.FULL
) -> Done:
    """Somebody who did not do it tried whether it holds. Where counting proved nothing, this decides.

    Raises:
        ActNotAllowed: ``four_eyes``, or ``watch_over``.
    """
    record, roles = _checked(tx, number, "tried", actor)
    found = watches.get(tx.connection, number, which)
    with acts.telling_what_is_allowed(record, roles):
        waived = _check_hands(tx.connection, found, actor.id, mode, record)
        decides = found.counts and found.cycle == record.cycle
        if not decides or found.verdict not in (None, Verdict.INSUFFICIENT_DATA):
            raise ActNotAllowed("watch_over", f"{found.name} of {record.name} is over: {_sentence(found)}")
    trial = Trial(by=actor.id, how=how, evidence=proof)
    after = replace(found, trial=trial)
    if found.judgement is not None:
        after = replace(after, judgement=judge(after.before, after.after, limit=after.at_most, test=trial))
    watches.change(tx, after)
    values = {"how": how, "evidence": proof}
    facts: dict[str, Fact] = {"what": "tried", **waived}
    watches.write(tx, found, EntryKind.WATCHING, actor, facts, via, values)
    if found.judgement is not None:
        watches.write(tx, after, EntryKind.VERDICT, actor, watches.judged_facts(after), via)
    return finished(tx, record, actor)


def accept_risk(
    tx: Tx,
    number: int,
    which: int,
    actor: Actor,
    *,
    via: str,
    reason: str,
    fresh_digest: str,
    mode: FourEyes = FourEyes.FULL,
) -> Done:
    """Sign that what a watch could not show, or showed to be otherwise, is borne: it decides as it stands from now on.

    Args:
        fresh_digest: Hash of a token from a fresh sign-in; it is spent.

    Raises:
        ActNotAllowed: ``no_risk`` (there is nothing to bear, or not yet), ``four_eyes``, ``reason_required``,
            ``fresh_sign_in``.
    """
    record, roles = _checked(tx, number, "accept_risk", actor)
    found = watches.get(tx.connection, number, which)
    with acts.telling_what_is_allowed(record, roles):
        waived = _check_hands(tx.connection, found, actor.id, mode, record)
        waived |= _check_author(tx.connection, record, actor.id, mode)
        if not _can_be_borne(found, record):
            raise ActNotAllowed("no_risk", f"{found.name} of {record.name}: {_sentence(found)}; nothing is to be borne")
        if not reason.strip():
            raise ActNotAllowed("reason_required", "say why the risk can be borne", missing=("reason",))
        if not fresh.spend(tx, actor.id, fresh_digest):
            raise ActNotAllowed("fresh_sign_in", _FRESH, missing=("fresh",))
    borne = replace(found, accepted_by=actor.id, accepted_reason=reason, accepted_at=tx.now, retired_at=None)
    watches.change(tx, borne)
    facts: dict[str, Fact] = {"verdict": str(found.verdict), **waived}
    watches.write(tx, found, EntryKind.RISK_ACCEPTED, actor, facts, via, {"reason": reason})
    return finished(tx, record, actor)


def _checked(tx: Tx, number: int, name: str, actor: Actor) -> tuple[Incident, Collection[Role]]:
    """The record, and what *actor* may do, who may do the act *name* on it."""
    record = records.load(tx.connection, number)
    roles = persons.roles_of(tx.connection, actor)
    with acts.telling_what_is_allowed(record, roles):
        process.check_act(record, process.ACTS[name], by=actor, roles=roles)
    return record, roles


def _check_plan(connection: Connection, made: Promise) -> None:
    wrong = dict(_faults(connection, made))
    if wrong:
        raise ActNotAllowed("invalid_watch", "; ".join(wrong.values()), missing=tuple(wrong))


def _faults(connection: Connection, made: Promise) -> Iterator[tuple[str, str]]:
    """What is wrong with a watch: field and sentence."""
    if not made.criterion.strip():
        yield "criterion", "say in words what is promised"
    if not LEAST_HOURS <= made.hours <= MOST_HOURS:
        yield "hours", f"a watch lasts at least a second and at most {MOST_HOURS:g} hours"
    live = [
        one.number for one in actions.of(connection, made.incident) if one.incident == made.incident and one.is_live
    ]
    if made.action is not None and made.action not in live:
        yield "action", f"there is no action {made.action}, or it was dropped"
    if kinds := sorted({one.kind for one in made.scope} - set(PROTECTED)):
        allowed = ", ".join(PROTECTED)
        yield "scope", f"a scope is what is protected ({allowed}), not {', '.join(kinds)}: attackers change addresses"
    loaded = coverage.rules_now(connection)
    if loaded and (unknown := [one for one in made.rules if one not in loaded]):
        yield "rules", f"no such rule is loaded: {', '.join(unknown)}"
    known = coverage.known_sources(connection)
    if known and (strange := [one for one in made.sources if one not in known]):
        yield "sources", f"no such source was ever read: {', '.join(strange)}"
    if made.rules and not made.sources:
        yield "sources", "name the sources that the rules must see: without one, silence proves nothing"


def _can_be_borne(found: Promise, record: Incident) -> bool:
    """What did not hold was reworked by itself; that it is borne after all can be said then, too."""
    if found.cycle != record.cycle or found.accepted_by is not None:
        return False
    return found.verdict is Verdict.NOT_EFFECTIVE or (found.counts and found.verdict is Verdict.INSUFFICIENT_DATA)


def _check_hands(
    connection: Connection, found: Promise, person: str, mode: FourEyes, record: Incident
) -> dict[str, Fact]:
    """Nobody judges what they did themselves. Returns what the timeline says of a waiver."""
    if found.action is None:
        return {}
    hands = actions.get(connection, found.incident, found.action).hands
    return _signed(may_sign(Signature.VERIFY, person, hands, mode=mode, track=record.track), record)


def _check_author(connection: Connection, record: Incident, person: str, mode: FourEyes) -> dict[str, Fact]:
    """Who bears a risk wrote nothing of what is approved, as who approves it. Returns the same."""
    written = dossier.authors(dossiers.history(connection, record))
    hands = [Hand(person=one, deed=Deed.WROTE_DOSSIER, what=f"what {one} wrote") for one in sorted(written)]
    return _signed(may_sign(Signature.APPROVE, person, hands, mode=mode, track=record.track), record)


def _signed(verdict: Allowed | Refused, record: Incident) -> dict[str, Fact]:
    if isinstance(verdict, Refused):
        raise ActNotAllowed(verdict.code, f"{record.name}: {verdict.reason}")
    return {"waived": "four_eyes", "clash": str(verdict.waived)} if verdict.waived else {}


def _sentence(found: Promise) -> str:
    if found.judgement is not None:
        return f"{found.judgement.verdict.value}, {found.judgement.sentence}"
    return "it was taken back" if not found.counts else "it has no verdict yet"
