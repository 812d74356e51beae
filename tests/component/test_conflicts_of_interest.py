"""Whoever is involved in an incident does nothing on it: one guard for every act, move, form and redaction."""

from dataclasses import replace
from typing import Any

import pytest
from support.fakes import FakeClock
from support.once import once
from support.store import finding

from notifier import planning
from notifier.plan import Routing
from notifier.route import Receiver, Route
from rules.event import Severity
from store.answers import Answer, State
from store.calendar import Calendar
from store.database import Store
from store.errors import ActNotAllowed, Refused
from store.forms import FormName
from store.incident import Actor, ActorKind, DismissReason, Tlp
from store.people import Person, Role
from store.repository.dossier import forms
from store.repository.grouping import findings, merges
from store.repository.incident import acts, dismissals, incidents, requests
from store.repository.people import persons
from store.repository.record import conflicts, records, timeline
from store.tx import Tx

ROLES = frozenset(Role) - {Role.SOURCE}
ANA, BO, CY = (Actor(kind=ActorKind.PERSON, id=name) for name in ("ana", "bo", "cy"))
PEOPLE = (
    Person(id="ana", name="Ana Smith", roles=ROLES, accounts=("asmith",), email="ana.smith@corp.example"),
    Person(id="bo", name="Bo", roles=ROLES),
    Person(id="cy", name="Cy", roles=ROLES),
)


@pytest.fixture
async def opened(store: Store) -> Store:
    """INC-1, of whose entities one is an account of Ana's; INC-2, in which nobody is involved."""

    def fill(tx: Tx) -> None:
        persons.upsert_from_config(tx, PEOPLE)
        findings.take(tx, finding(severity=Severity.HIGH, account="CORP\\ASmith"))
        findings.take(tx, finding("f2", source="198.51.100.9", host="db1"))

    await once(store, lambda: store.write(fill), __name__, "opened")
    return store


def individuals(*names: str) -> dict[str, Answer | None]:
    rows = [{"person": name, "role": "witness"} for name in names]
    return {"individuals": Answer(value=rows) if rows else Answer(state=State.NONE, reason="nobody")}


async def report(store: Store, by: Actor, *names: str, number: int = 1, seen: int = 0, **more: Answer) -> None:
    """Save the report with these individuals."""
    changes = individuals(*names) | more
    await store.write(lambda tx: forms.save(tx, number, FormName.REPORT, changes, expected=seen, by=by, via="token"))


EVERYTHING: dict[str, Any] = {
    "acknowledge": lambda tx, by: incidents.acknowledge(tx, 1, by, via="token"),
    "note": lambda tx, by: acts.note(tx, 1, by, text="x", via="token"),
    "concern": lambda tx, by: acts.concern(tx, 1, by, text="x", via="token"),
    "contain": lambda tx, by: acts.contain(tx, 1, by, via="token"),
    "resolve": lambda tx, by: acts.resolve(tx, 1, by, via="token"),
    "request": lambda tx, by: requests.ask(tx, 1, by, question="Who?", person="bo", via="token"),
    "dismiss": lambda tx, by: dismissals.dismiss(
        tx, 1, by, version=version(tx, 1), reason_code=DismissReason.DUPLICATE, calendar=Calendar(), via="token"
    ),
    "merge away": lambda tx, by: merges.merge(tx, 1, 2, by, version=version(tx, 1), via="token"),
    "merge into": lambda tx, by: merges.merge(tx, 2, 1, by, version=version(tx, 2), via="token"),
    "save a form": lambda tx, by: forms.save(
        tx, 1, FormName.REPORT, {"harm": Answer(value="none")}, expected=0, by=by, via="token"
    ),
    "redact": lambda tx, by: timeline.redact(tx, 1, 1, "title", by=by, reason="mine"),
}


def version(tx: Tx, number: int) -> int:
    return records.load(tx.connection, number).version


@pytest.mark.parametrize("name", sorted(EVERYTHING))
async def test_whoever_is_involved_does_nothing(opened: Store, name: str) -> None:
    """Each act, move, save and redaction is refused, and leaves nothing behind; somebody else may do it."""
    before = await opened.read(lambda c: (records.load(c, 1), timeline.of(c, 1), records.load(c, 2)))
    with pytest.raises(ActNotAllowed, match="ana is involved") as refused:
        await opened.write(lambda tx: EVERYTHING[name](tx, ANA))
    assert refused.value.code == "conflict_of_interest"
    assert await opened.read(lambda c: (records.load(c, 1), timeline.of(c, 1), records.load(c, 2))) == before
    await opened.write(lambda tx: EVERYTHING[name](tx, BO))


async def test_only_that_record_is_barred(opened: Store) -> None:
    """On other records the same person acts, and nothing is allowed to them on this one."""
    await opened.write(lambda tx: acts.note(tx, 2, ANA, text="x", via="token"))

    for number, who, some in ((1, "ana", False), (1, "bo", True), (2, "ana", True)):
        found = await opened.read(
            lambda c, n=number, w=who: conflicts.allowed(c, records.load(c, n), w, ROLES)  # type: ignore[misc]
        )
        assert bool(found) == some, (number, who)


@pytest.mark.parametrize("name", ["ana", " ANA ", "ana smith", "Ana.Smith@corp.example", "CORP\\asmith"])
async def test_the_report_names_who_is_involved(opened: Store, name: str) -> None:
    """By id, name, mail address or account, however it is written."""
    assert await opened.read(lambda c: conflicts.of(c, 2)) == frozenset()
    await report(opened, BO, name, number=2)
    assert await opened.read(lambda c: conflicts.of(c, 2)) == {"ana"}


async def test_whoever_names_themselves_cannot_take_it_back(opened: Store) -> None:
    """One may say that one is involved, in a save that makes it TLP:RED too; from then on others write."""
    await report(opened, BO, "bo", number=2, tlp=Answer(value=Tlp.RED.value))
    with pytest.raises(ActNotAllowed) as refused:
        await report(opened, BO, number=2, seen=1)
    assert refused.value.code == "conflict_of_interest"
    with pytest.raises(ActNotAllowed) as refused:
        await opened.write(lambda tx: forms.redact(tx, 2, FormName.REPORT, "individuals", by=BO, reason="personal"))
    assert refused.value.code == "conflict_of_interest"
    await report(opened, CY, number=2, seen=1)
    await report(opened, BO, "cy", number=2, seen=2)


async def test_whoever_is_involved_says_what_they_are_asked(opened: Store) -> None:
    """A witness answers, and does nothing else: not even withdraw the question."""
    await opened.write(lambda tx: requests.ask(tx, 1, BO, question="Was it you?", person="ana", via="token"))
    with pytest.raises(ActNotAllowed) as refused:
        await opened.write(lambda tx: requests.withdraw(tx, 1, 1, ANA, via="token"))
    assert refused.value.code == "conflict_of_interest"
    told = await opened.write(lambda tx: requests.answer(tx, 1, 1, ANA, text="It was.", via="token"))
    assert (told.request.answer, told.done.allowed) == ("It was.", ())


async def test_a_merged_record_brings_its_conflicts_along(opened: Store) -> None:
    """Whom the report of a merged record names may not act on the target either."""
    await report(opened, BO, "cy", number=2)
    await opened.write(lambda tx: merges.merge(tx, 2, 1, BO, version=version(tx, 2), via="token"))
    assert await opened.read(lambda c: conflicts.of(c, 1)) == {"ana", "cy"}


async def test_machines_go_on(opened: Store, clock: FakeClock) -> None:
    """What rules and the daemon do is nobody's conflict."""
    clock.advance(600)
    grown = finding(severity=Severity.HIGH, account="CORP\\ASmith", seconds=300, events=50)
    await opened.write(lambda tx: findings.take(tx, grown))
    assert (await opened.read(lambda c: records.load(c, 1))).events == 50


async def test_configured_accounts_count_at_once(opened: Store) -> None:
    """Accounts follow the configuration: whoever has it no more is free."""
    freed = replace(PEOPLE[0], accounts=())
    await opened.write(lambda tx: persons.upsert_from_config(tx, [freed, *PEOPLE[1:]]))
    await opened.write(lambda tx: acts.note(tx, 1, ANA, text="x", via="token"))
    bo = replace(PEOPLE[1], accounts=("asmith@corp.example",))
    await opened.write(lambda tx: persons.upsert_from_config(tx, [bo]))
    with pytest.raises(Refused):
        await opened.write(lambda tx: acts.note(tx, 1, BO, text="x", via="token"))


async def test_paging_goes_to_the_next(opened: Store, clock: FakeClock) -> None:
    """Who is involved is not asked to take it: the next route is; what nobody is involved in goes the usual way."""
    receivers = {one: Receiver(name=one, urls=(f"phone://{one}",), person=one) for one in ("ana", "bo")}
    routes = (Route(receivers=("ana",)), Route(receivers=("bo",)))
    routing = Routing(routes=routes, receivers=receivers)
    planned = await opened.read(lambda c: planning.survey(c, routing, lambda url: url, clock.now()))
    assert [[(each.person, each.reason) for each in one.deliveries] for one in planned] == [
        [("bo", "route 2: catch-all")],
        [("ana", "route 1: catch-all")],
    ]


async def test_it_is_not_handed_over_to_whoever_is_involved(opened: Store) -> None:
    """They could do nothing with it."""
    await opened.write(lambda tx: incidents.acknowledge(tx, 1, BO, via="token"))
    with pytest.raises(ActNotAllowed, match="not involved") as refused:
        await opened.write(lambda tx: acts.hand_over(tx, 1, BO, to="ana", via="token"))
    assert refused.value.code == "no_such_person"
    await opened.write(lambda tx: acts.hand_over(tx, 1, BO, to="cy", via="token"))
