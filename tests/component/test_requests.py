"""Requests for information: who may ask whom, who answers, what is told, and what of it can be redacted."""

from dataclasses import replace
from datetime import timedelta

import pytest
from support.fakes import START, FakeClock
from support.once import once
from support.store import ANA, BO, PERSONS, finding

from rules.event import Severity
from store.database import Store
from store.errors import ActNotAllowed, NotFound
from store.incident import Actor, ActorKind, EntryKind, Tlp
from store.notice import DeliveryState, NewDelivery, NoticeKind
from store.people import Contact, Person, Role
from store.repository.grouping import findings, merges
from store.repository.incident import requests
from store.repository.incident.requests import Told
from store.repository.people import contacts, persons
from store.repository.record import records, timeline
from store.repository.telling import outbox
from store.request import RequestState
from store.tx import Tx

VI = Actor(kind=ActorKind.PERSON, id="vi")
ACME = Actor(kind=ActorKind.CONTACT, id="acme")
OWNER = Actor(kind=ActorKind.OS, id="os:0")


@pytest.fixture
async def opened(store: Store) -> Store:
    """INC-1 and INC-2; Ana and Bo respond, Vi looks, Acme is outside."""

    def fill(tx: Tx) -> None:
        machine = Person(id="waf", name="WAF", roles=frozenset({Role.SOURCE}))
        persons.upsert_from_config(tx, [*PERSONS, machine])
        contacts.add(tx, Contact(id="acme", name="Acme"), OWNER)
        findings.take(tx, finding(severity=Severity.HIGH))
        findings.take(tx, finding("f2", source="198.51.100.9", host="db1"))

    await once(store, lambda: store.write(fill), __name__, "opened")
    return store


async def ask(store: Store, person: str | None = "vi", contact: str | None = None, number: int = 1) -> Told:
    return await store.write(
        lambda tx: requests.ask(tx, number, ANA, question="Was it you?", person=person, contact=contact, via="token")
    )


async def answer(store: Store, by: Actor, k: int = 1, text: str = "It was.") -> Told:
    return await store.write(lambda tx: requests.answer(tx, 1, k, by, text=text, via="token"))


async def told_of(store: Store, number: int = 1) -> list[tuple[NoticeKind, str | None]]:
    """Kind and person of each notice about a request."""
    found = await store.read(lambda c: outbox.notices_unplanned(c))
    return [(one.kind, one.person) for one in found if one.person is not None and one.incident.number == number]


async def test_a_question_and_its_answer(opened: Store, clock: FakeClock) -> None:
    """Whoever is asked is told, whatever their role; the answer is kept once, and who asked is told."""
    asked = await ask(opened)
    assert (asked.request.number, asked.request.asked_by, asked.request.question) == (1, "ana", "Was it you?")
    assert await told_of(opened) == [(NoticeKind.REQUEST, "vi")]
    assert await opened.read(lambda c: requests.open_of(c, 1)) == (asked.request,)
    clock.advance(60)
    told = await answer(opened, VI)
    one = told.request
    assert (one.state, one.answer, one.settled_by, one.settled_at) == (
        RequestState.ANSWERED,
        "It was.",
        VI,
        START + timedelta(seconds=60),
    )
    assert await opened.read(lambda c: requests.open_of(c, 1)) == ()
    assert (NoticeKind.YOUR_TURN, "ana") in await told_of(opened)
    entries = await opened.read(lambda c: timeline.of(c, 1))
    assert [(e.kind, e.actor, dict(e.values)) for e in entries[-2:]] == [
        (EntryKind.REQUESTED, ANA, {"question": "Was it you?"}),
        (EntryKind.REPLIED, VI, {"answer": "It was."}),
    ]
    with pytest.raises(ActNotAllowed, match="was answered by vi") as refused:
        await answer(opened, VI)
    assert refused.value.code == "request_settled"


async def test_whoever_is_asked_answers(opened: Store) -> None:
    """Nobody answers for another person; what a contact said may be written down by who may ask."""
    await ask(opened)
    for by in (ANA, BO, Actor(kind=ActorKind.CONTACT, id="vi"), OWNER):
        with pytest.raises(ActNotAllowed) as refused:
            await answer(opened, by)
        assert refused.value.code == "not_asked", by
    await ask(opened, None, "acme")
    with pytest.raises(ActNotAllowed) as refused:
        await answer(opened, VI, 2)
    assert refused.value.code == "not_asked"
    assert (await answer(opened, BO, 2)).request.settled_by == BO
    await ask(opened, None, "acme")
    assert (await answer(opened, ACME, 3)).request.settled_by == ACME


async def test_who_lost_access_answers_no_more(opened: Store) -> None:
    """A contact that was removed, and a person without access, are asked nothing any more."""
    await ask(opened)
    await ask(opened, None, "acme")

    def remove(tx: Tx) -> None:
        contacts.disable(tx, "acme", OWNER)
        persons.upsert_from_config(tx, PERSONS[:2])

    await opened.write(remove)
    for by, k in ((VI, 1), (ACME, 2)):
        with pytest.raises(ActNotAllowed) as refused:
            await answer(opened, by, k)
        assert refused.value.code == "not_asked"


@pytest.mark.parametrize(
    ("by", "given", "code"),
    [
        (VI, {"person": "ana"}, "role_required"),
        (OWNER, {"person": "vi"}, "person_required"),
        (ANA, {"person": "vi", "question": " \n"}, "question_required"),
        (ANA, {}, "ask_one"),
        (ANA, {"person": "vi", "contact": "acme"}, "ask_one"),
        (ANA, {"person": "nobody"}, "no_such_person"),
        (ANA, {"person": "waf"}, "no_such_person"),
        (ANA, {"contact": "nobody"}, "no_such_contact"),
        (ANA, {"person": "vi", "due_at": START}, "past"),
    ],
)
async def test_what_cannot_be_asked(opened: Store, by: Actor, given: dict[str, object], code: str) -> None:
    """Each refusal has its code, names what may be done instead, and leaves nothing behind."""
    asked = {"question": "Was it you?", **given}
    with pytest.raises(ActNotAllowed) as refused:
        await opened.write(lambda tx: requests.ask(tx, 1, by, via="token", **asked))  # type: ignore[arg-type]
    assert refused.value.code == code
    assert (by is not ANA) or "note" in refused.value.allowed
    assert await opened.read(lambda c: requests.of(c, 1)) == ()


async def test_a_contact_is_not_asked_above_its_label(opened: Store) -> None:
    """Of what is labelled above what a contact may see it is asked nothing."""

    def label(tx: Tx) -> None:
        before = records.load(tx.connection, 1)
        records.change(tx, before, replace(before, tlp=Tlp.AMBER_STRICT))

    await ask(opened, None, "acme")
    await opened.write(label)
    with pytest.raises(ActNotAllowed, match=r"TLP:AMBER\+STRICT") as refused:
        await ask(opened, None, "acme")
    assert refused.value.code == "tlp"


async def test_withdrawing_keeps_the_message_back(opened: Store) -> None:
    """Who may ask may withdraw; what was not sent yet is not sent, whether it was planned or not."""
    await ask(opened)
    (notice,) = [n for n in await opened.read(outbox.notices_unplanned) if n.kind is NoticeKind.REQUEST]
    to = NewDelivery(receiver="vi", target=0, channel="test://")
    await opened.write(lambda tx: outbox.plan(tx, notice.id, [to]))
    await ask(opened)
    with pytest.raises(ActNotAllowed) as refused:
        await opened.write(lambda tx: requests.withdraw(tx, 1, 1, VI, via="token"))
    assert refused.value.code == "role_required"
    for k in (1, 2):
        told = await opened.write(lambda tx, k=k: requests.withdraw(tx, 1, k, BO, via="token", reason="found out"))  # type: ignore[misc]
        assert told.request.state is RequestState.WITHDRAWN
    assert await told_of(opened) == []
    (delivery,) = await opened.read(lambda c: outbox.of_incident(c, 1))
    assert (delivery.state, delivery.detail) == (DeliveryState.CANCELLED, "bo withdrew it")
    with pytest.raises(ActNotAllowed, match="was withdrawn by bo"):
        await answer(opened, VI)


async def test_a_merged_record_brings_its_questions_along(opened: Store) -> None:
    """The target waits for them too; they can be answered while the target is open, and go back with an unmerge."""
    await ask(opened, number=2)

    async def version(number: int) -> int:
        return (await opened.read(lambda c: records.load(c, number))).version

    seen = await version(2)
    await opened.write(lambda tx: merges.merge(tx, 2, 1, ANA, version=seen, via="token"))
    assert [one.incident for one in await opened.read(lambda c: requests.open_of(c, 1))] == [2]
    told = await opened.write(lambda tx: requests.answer(tx, 2, 1, VI, text="No.", via="token"))
    assert told.request.answer == "No."
    assert await told_of(opened, 1) == [(NoticeKind.YOUR_TURN, "ana")]
    seen = await version(2)
    await opened.write(lambda tx: merges.unmerge(tx, 2, ANA, version=seen, via="token"))
    assert await opened.read(lambda c: requests.of(c, 1)) == ()


async def test_a_redacted_answer_is_gone_from_the_request_too(opened: Store) -> None:
    """Question and answer stand in the timeline alone, so there is no second place where they would stay."""
    asked = await ask(opened)
    told = await answer(opened, VI)

    def redact(tx: Tx) -> None:
        for entry, name in ((asked.done.entry, "question"), (told.done.entry, "answer")):
            timeline.redact(tx, 1, entry, name, by=BO, reason="names a person")

    await opened.write(redact)
    one = await opened.read(lambda c: requests.get(c, 1, 1))
    assert (one.question, one.answer, one.state) == (None, None, RequestState.ANSWERED)


async def test_a_request_that_is_not_there(opened: Store) -> None:
    """Numbers begin at 1 in each incident."""
    for k in (0, 1, 999_999_999):
        with pytest.raises(NotFound):
            await opened.read(lambda c, k=k: requests.get(c, 1, k))  # type: ignore[misc]


async def test_contacts_of_the_configuration(opened: Store) -> None:
    """Those of the configuration follow it; commands add others, and cannot remove the configuration's."""
    await opened.write(lambda tx: contacts.upsert_from_config(tx, [Contact(id="cert", name="CERT", language="de")]))
    with pytest.raises(ActNotAllowed, match="configuration"):
        await opened.write(lambda tx: contacts.disable(tx, "cert", OWNER))
    await opened.write(lambda tx: contacts.upsert_from_config(tx, []))
    found = {one.id: one for one in await opened.read(contacts.all_of)}
    assert found["cert"].disabled_at is not None
    assert found["acme"].disabled_at is None
