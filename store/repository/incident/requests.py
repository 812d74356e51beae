"""Requests for information: ask, answer, withdraw. What was asked and answered stands in the timeline alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, func, select

from store import acts, process
from store.errors import ActNotAllowed, NotFound
from store.incident import Actor, ActorKind, EntryKind, Fact, Incident, NewEntry
from store.notice import NewNotice, NoticeKind
from store.people import Role
from store.process import ACTS
from store.repository.incident.acts import Done, finished
from store.repository.people import contacts, persons
from store.repository.record import records, timeline
from store.repository.telling import outbox
from store.request import Request, RequestState, check_answerer, check_open
from store.tables import request, value
from store.tables import timeline as entries
from store.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What asking, answering or withdrawing led to."""

    done: Done
    request: Request


def ask(
    tx: Tx,
    number: int,
    actor: Actor,
    *,
    question: str,
    via: str,
    person: str | None = None,
    contact: str | None = None,
    due_at: datetime | None = None,
) -> Told:
    """Ask one person, who is told, or one contact outside, to whom somebody must pass the link on.

    Raises:
        NotFound: There is no such incident.
        ActNotAllowed: It is closed, *actor* may not, or what is asked of whom is wrong: ``question_required``,
            ``ask_one``, ``no_such_person``, ``no_such_contact``, ``tlp``, ``past``.
    """
    record = records.load(tx.connection, number)
    roles = persons.roles_of(tx.connection, actor)
    with acts.telling_what_is_allowed(record, roles):
        process.check_act(record, ACTS["request"], by=actor, roles=roles)
        _check_asking(tx, record, question, person, contact, due_at)
    k = 1 + (_last(tx.connection, number) or 0)
    facts: dict[str, Fact] = {"request": k} | ({"person": person} if person else {"contact": contact})
    if due_at is not None:
        facts["due_at"] = due_at.isoformat()
    said = {"question": question.strip()}
    timeline.append(tx, number, NewEntry(kind=EntryKind.REQUESTED, actor=actor, facts=facts, values=said, via=via))
    done = finished(tx, record, actor)
    notice = _tell(tx, record, NoticeKind.REQUEST, person, f"{actor.id} asks you something") if person else None
    tx.connection.execute(
        request.insert().values(
            incident=number,
            number=k,
            entry=done.entry,
            person=person,
            contact=contact,
            due_at=due_at,
            notice=notice,
            state=RequestState.OPEN,
        )
    )
    return Told(done=done, request=get(tx.connection, number, k))


def answer(tx: Tx, number: int, k: int, actor: Actor, *, text: str, via: str) -> Told:
    """Answer a request, as the one who is asked; who may ask may write down what a contact said. Who asked is told.

    Raises:
        NotFound: There is no such request.
        ActNotAllowed: ``closed``, ``request_settled``, ``not_asked``, ``answer_required``, or a contact that is
            asked no more.
    """
    found, carrier = get(tx.connection, number, k), records.carrier(tx.connection, number)
    roles = persons.roles_of(tx.connection, actor)
    with acts.telling_what_is_allowed(carrier, roles):
        check_open(carrier, found)
        check_answerer(found, actor, may_ask=bool(set(roles) & set(process.ASKERS)))
        _check_access(tx.connection, actor)
        if not text.strip():
            raise ActNotAllowed("answer_required", f"{found.name} waits for words", missing=("answer",))
    told = _settle(tx, found, RequestState.ANSWERED, actor, via, {"answer": text.strip()})
    outbox.cancel_of_request(tx, number, k, f"{actor.id} answered")
    if actor.id != found.asked_by:
        _tell(tx, carrier, NoticeKind.YOUR_TURN, found.asked_by, f"{actor.id} answered {found.name}")
    return told


def withdraw(tx: Tx, number: int, k: int, actor: Actor, *, via: str, reason: str = "") -> Told:
    """Want no answer any more; a message that was not sent yet is not sent.

    Raises:
        NotFound: There is no such request.
        ActNotAllowed: ``closed``, ``request_settled``, or *actor* may not.
    """
    found, carrier = get(tx.connection, number, k), records.carrier(tx.connection, number)
    roles = persons.roles_of(tx.connection, actor)
    with acts.telling_what_is_allowed(carrier, roles):
        check_open(carrier, found)
        process.check_act(carrier, ACTS["withdraw_request"], by=actor, roles=roles)
    told = _settle(tx, found, RequestState.WITHDRAWN, actor, via, {"note": reason.strip()})
    outbox.cancel_of_request(tx, number, k, f"{actor.id} withdrew it")
    return told


def open_of(connection: Connection, number: int) -> tuple[Request, ...]:
    """Requests that nobody has answered, those of records that were merged into this one too."""
    return tuple(one for one in of(connection, number) if one.is_open)


def of(connection: Connection, number: int) -> tuple[Request, ...]:
    """All requests of an incident and of those that were merged into it, oldest first."""
    return _found(connection, request.c.incident.in_(records.carried(connection, number)))


def get(connection: Connection, number: int, k: int) -> Request:
    """One request.

    Raises:
        NotFound: There is none of that number.
    """
    found = _found(connection, and_(request.c.incident == number, request.c.number == k))
    if not found:
        raise NotFound(f"INC-{number} has no request {k}")
    return found[0]


def of_notice(connection: Connection, notice: int) -> Request | None:
    """The request that a notice tells of; None if it tells of none."""
    found = _found(connection, request.c.notice == notice)
    return found[0] if found else None


def _check_asking(
    tx: Tx, record: Incident, question: str, person: str | None, contact: str | None, due_at: datetime | None
) -> None:
    if not question.strip():
        raise ActNotAllowed("question_required", "say what you want to know", missing=("question",))
    if (person is None) == (contact is None):
        raise ActNotAllowed("ask_one", "ask one person or one contact", missing=("person", "contact"))
    if due_at is not None and due_at <= tx.now:
        raise ActNotAllowed(
            "past", f"an answer is wanted by {due_at.isoformat()}: that has passed", missing=("due_at",)
        )
    if person is not None:
        _check_person(tx.connection, person)
    if contact is not None:
        _check_contact(tx.connection, record, contact)


def _check_person(connection: Connection, person: str) -> None:
    found = persons.get(connection, person)
    if found is None or found.disabled_at is not None or found.roles == {Role.SOURCE}:
        raise ActNotAllowed("no_such_person", f"there is no person {person!r} with access", missing=("person",))


def _check_contact(connection: Connection, record: Incident, contact: str) -> None:
    found = contacts.get(connection, contact)
    if found is None or found.disabled_at is not None:
        raise ActNotAllowed(
            "no_such_contact", f"there is no contact {contact!r}: see GET /api/v1/contacts", missing=("contact",)
        )
    if not record.tlp.is_within(found.max_tlp):
        raise ActNotAllowed(
            "tlp", f"{record.name} is {record.tlp}; contact {contact} may be told up to {found.max_tlp}: ask by phone"
        )


def _check_access(connection: Connection, actor: Actor) -> None:
    """Raise if *actor* may not do anything any more."""
    is_contact = actor.kind is ActorKind.CONTACT
    found = contacts.get(connection, actor.id) if is_contact else persons.get(connection, actor.id)
    if found is None or found.disabled_at is not None:
        raise ActNotAllowed("not_asked", f"{actor.id} is asked nothing any more")


def _settle(tx: Tx, found: Request, state: RequestState, actor: Actor, via: str, said: dict[str, str]) -> Told:
    facts: dict[str, Fact] = {"request": found.number, "state": state.value}
    values = {name: text for name, text in said.items() if text}
    entry = NewEntry(kind=EntryKind.REPLIED, actor=actor, facts=facts, values=values, via=via)
    timeline.append(tx, found.incident, entry, despite_interest=state is RequestState.ANSWERED)
    done = finished(tx, records.load(tx.connection, found.incident), actor)
    tx.connection.execute(
        request.update()
        .where(request.c.incident == found.incident, request.c.number == found.number)
        .values(state=state, settled_entry=done.entry)
    )
    return Told(done=done, request=get(tx.connection, found.incident, found.number))


def _tell(tx: Tx, record: Incident, kind: NoticeKind, person: str, reason: str) -> int:
    new = NewNotice(
        incident=record.number, kind=kind, cycle=record.cycle, reason=reason, severity=record.severity, person=person
    )
    return outbox.write_notice(tx, new)


def _last(connection: Connection, number: int) -> int | None:
    last: int | None = connection.execute(
        select(func.max(request.c.number)).where(request.c.incident == number)
    ).scalar()
    return last


def _found(connection: Connection, wanted: ColumnElement[bool]) -> tuple[Request, ...]:
    asked, settled = entries.alias("asked"), entries.alias("settled")
    question, reply = value.alias("question"), value.alias("reply")

    def at(table: Any, entry: Any) -> ColumnElement[bool]:
        return and_(table.c.incident == request.c.incident, table.c.seq == entry)

    rows = connection.execute(
        select(
            request,
            asked.c.actor_id.label("asked_by"),
            asked.c.at.label("asked_at"),
            settled.c.actor_kind.label("settled_kind"),
            settled.c.actor_id.label("settled_id"),
            settled.c.at.label("settled_at"),
            question.c.value.label("question"),
            reply.c.value.label("answer"),
        )
        .select_from(
            request.join(asked, at(asked, request.c.entry))
            .outerjoin(settled, at(settled, request.c.settled_entry))
            .outerjoin(question, at(question, request.c.entry) & (question.c.name == "question"))
            .outerjoin(reply, at(reply, request.c.settled_entry) & (reply.c.name == "answer"))
        )
        .where(wanted)
        .order_by(asked.c.at, request.c.incident, request.c.number)
    )
    return _from_rows(rows.all())


def _from_rows(rows: Sequence[Row[Any]]) -> tuple[Request, ...]:
    return tuple(
        Request(
            incident=row.incident,
            number=row.number,
            person=row.person,
            contact=row.contact,
            question=row.question,
            due_at=row.due_at,
            asked_by=row.asked_by,
            asked_at=row.asked_at,
            state=row.state,
            answer=row.answer,
            settled_by=Actor(kind=row.settled_kind, id=row.settled_id) if row.settled_kind else None,
            settled_at=row.settled_at,
        )
        for row in rows
    )
