"""What silences hide: recorded and counted, told to nobody, asked for again afterwards; and letters, each once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from support.fakes import START, FakeClock
from support.store import ANA, BO, add_persons, finding

from detector.lapses import Lapses
from notifier import jobs, planning
from notifier.jobs import Load
from notifier.letters import Letters
from notifier.links import Links
from notifier.plan import Routing
from notifier.route import Receiver, Route
from notifier.throttle import Form
from notifier.wording import worded
from rules.event import Decision, Severity
from store.database import Store
from store.notice import Delivery, DeliveryState, NoticeKind
from store.repository.grouping import findings
from store.repository.hiding import hidden, silences
from store.repository.incident import incidents
from store.repository.telling import outbox
from store.silence import NewSilence, Silence, Window
from store.site import Site

HOUR = timedelta(hours=1)
LINKS = Links([b"k" * 32], "http://tocsin.test")
PHONE = Receiver(name="phone", urls=("phone://ana",), person="ana", digest_at=time(8), timezone="Europe/Berlin")
MAIL = Receiver(name="mail", urls=("mail://ana",), person="ana", timezone="Europe/Berlin")
ROUTING = Routing(
    routes=(Route(receivers=("phone", "mail")),), receivers={"phone": PHONE, "mail": MAIL}, most_per_minute=5
)


def channel(url: str) -> str:
    return url.partition(":")[0]


@pytest.fixture
async def filled(store: Store) -> Store:
    await store.write(add_persons)
    return store


async def found(store: Store, name: str, **values: Any) -> int:
    given = {"severity": Severity.HIGH, "host": name, "source": f"198.51.100.{len(name)}", "key": name}
    taken = await store.write(lambda tx: findings.take(tx, finding(name, **given | values)))
    assert taken.incident is not None
    return taken.incident


async def planned(store: Store, clock: FakeClock) -> None:
    while looked := await store.read(lambda c: planning.survey(c, ROUTING, channel, clock.now())):
        await store.write(lambda tx: planning.plan(tx, looked))


async def silenced(store: Store, clock: FakeClock, **values: Any) -> Silence:
    given: dict[str, Any] = {
        "matchers": {"asset": ("web*",)},
        "reason": "new disks",
        "starts_at": clock.now(),
        "ends_at": clock.now() + HOUR,
    }
    return await store.write(lambda tx: silences.add(tx, ANA, NewSilence(**given | values), via=""))


async def deliveries(store: Store, number: int) -> list[Delivery]:
    return await store.read(lambda connection: outbox.of_incident(connection, number))


def letters_of(store: Store, clock: FakeClock) -> Letters:
    return Letters(store, clock, lambda: ROUTING, channel, lambda: None)


async def claimed(
    store: Store, over: str = "phone", sent_at: Mapping[jobs.Whom, Sequence[datetime]] | None = None
) -> Load | None:
    return await store.write(lambda tx: jobs.claim(tx, over, ROUTING, sent_at or {}))


async def test_nobody_is_told_before_its_end_and_everybody_after(filled: Store, clock: FakeClock) -> None:
    """What it hid is counted; what nobody has by its end is asked for as if it were new, once; its maker is told."""
    one = await silenced(filled, clock)
    hushed, heard = await found(filled, "web1"), await found(filled, "db1")
    await planned(filled, clock)
    told = await deliveries(filled, hushed)
    assert [(each.state, each.silence) for each in told] == [(DeliveryState.SUPPRESSED, one.number)] * 2
    assert told[0].reason.startswith("silence 1 by ana until 2026")
    assert [each.state for each in await deliveries(filled, heard)] == [DeliveryState.QUEUED] * 2
    letters = letters_of(filled, clock)
    assert await filled.read(lambda c: hidden.untold(c, clock.now())) == []
    clock.advance(3601)
    await Lapses(filled, clock, Site, lambda: None).end_due()
    await letters.write_due()
    await letters.write_due()
    await planned(filled, clock)
    again = [each for each in await deliveries(filled, hushed) if each.kind is NoticeKind.UNSILENCED]
    assert [each.state for each in again] == [DeliveryState.QUEUED] * 2
    load = await claimed(filled)
    while load is not None and load.parcel.deliveries[-1].incident != hushed:
        load = await claimed(filled)
    assert load is not None
    said = worded(load.parcel, await filled.read(lambda c: jobs.look(c, load)), load.standing, PHONE, LINKS, START)
    assert "Told now: what hid it is over, and nobody has it" in said.body
    (letter,) = [each for each in await letters_about(filled) if "silence" in each.reason]
    assert (letter.receiver, letter.incident) == ("phone", 0)
    hid = (await filled.read(lambda c: hidden.by(c, [one.number])))[one.number]
    assert (hid.notices, hid.incidents, hid.open) == (1, 1, 1)


async def letters_about(store: Store) -> list[Delivery]:
    def look(connection: Any) -> list[Delivery]:
        found = (outbox.get(connection, number) for number in range(1, 30))
        return [one for one in found if one is not None and one.kind is NoticeKind.LETTER]

    return await store.read(look)


async def test_a_silence_hides_what_waits_to_be_sent(filled: Store, clock: FakeClock) -> None:
    """Not only what is found from now on: also what was planned before; and not what is worse than it may hide."""
    low, high = await found(filled, "web1", severity=Severity.LOW), await found(filled, "web22")
    await planned(filled, clock)
    one = await silenced(filled, clock, worst=Severity.LOW)
    load = await claimed(filled)
    assert load is not None
    assert load.parcel.deliveries[0].incident == high
    hushed = [each for each in await deliveries(filled, low) if each.receiver == "phone"]
    assert [(each.state, each.silence) for each in hushed] == [(DeliveryState.SUPPRESSED, one.number)]
    assert "silence 1 by ana hides it" in hushed[0].detail


async def test_what_is_taken_up_meanwhile_is_not_asked_for_again(filled: Store, clock: FakeClock) -> None:
    """Whoever looked at the pages and has it is left in peace, and so are the others."""
    await silenced(filled, clock)
    number = await found(filled, "web1")
    await planned(filled, clock)
    await filled.write(lambda tx: incidents.acknowledge(tx, number, BO, via=""))
    clock.advance(3601)
    await Lapses(filled, clock, Site, lambda: None).end_due()
    await letters_of(filled, clock).write_due()
    assert all(each.kind is not NoticeKind.UNSILENCED for each in await deliveries(filled, number))


async def test_a_window_ends_and_comes_again(filled: Store, clock: FakeClock) -> None:
    """After each window people are asked for what it hid; the silence itself goes on."""
    now = clock.now()
    starts, ends = (moment.timetz().replace(tzinfo=None) for moment in (now - HOUR, now + HOUR))
    window = Window(timezone="UTC", days=tuple(range(7)), starts=starts, ends=ends)
    one = await silenced(filled, clock, window=window, ends_at=now + timedelta(days=90), worst=Severity.MEDIUM)
    first = await found(filled, "web1", severity=Severity.MEDIUM)
    await planned(filled, clock)
    clock.advance(2 * 3600)
    await letters_of(filled, clock).write_due()
    await planned(filled, clock)
    states = [each.state for each in await deliveries(filled, first) if each.kind is NoticeKind.UNSILENCED]
    assert states == [DeliveryState.QUEUED] * 2
    assert await filled.read(lambda c: hidden.untold(c, clock.now())) == []
    clock.advance(22 * 3600)
    second = await found(filled, "web22", severity=Severity.MEDIUM)
    await planned(filled, clock)
    assert [each.silence for each in await deliveries(filled, second)] == [one.number] * 2


async def test_a_person_gets_as_many_as_one_not_as_many_as_receivers(filled: Store, clock: FakeClock) -> None:
    """What went to the phone counts for the mail; what is critical still goes out, with all that is critical."""
    for number in range(1, 9):
        await found(filled, "x" * number)
    await planned(filled, clock)
    sent: dict[jobs.Whom, list[datetime]] = {"ana": []}
    forms = []
    for over in ("phone", "mail") * 5:
        if (load := await claimed(filled, over, sent)) is not None:
            assert jobs.whom(load.recipient, ROUTING) == "ana"
            sent["ana"].append(clock.now())
            forms.append((over, load.parcel.form))
    assert forms == [
        ("phone", Form.SINGLE),
        ("mail", Form.SINGLE),
        ("phone", Form.SINGLE),
        ("mail", Form.DIGEST),
    ]
    worst = await found(filled, "critical", severity=Severity.CRITICAL)
    await planned(filled, clock)
    load = await claimed(filled, "mail", sent)
    assert load is not None
    assert [each.incident for each in load.parcel.deliveries] == [worst]


async def test_one_digest_a_day(filled: Store, clock: FakeClock) -> None:
    """At eight in the morning there, once, whatever restarts; it says what was found, hushed and late."""
    letters = letters_of(filled, clock)
    await found(filled, "web1")
    await filled.write(lambda tx: findings.take(tx, finding("o1", decision=Decision.OBSERVE, key="o", rule="r2")))
    await silenced(filled, clock, ends_at=clock.now() + 72 * HOUR, worst=Severity.MEDIUM)
    clock.advance(25 * 3600)
    assert await letters.write_due() == 1
    assert await letters.write_due() == 0
    assert await letters_of(filled, clock).write_due() == 0  # another daemon
    (one,) = await letters_about(filled)
    load = await claimed(filled)
    assert load is not None
    assert load.parcel.deliveries == (replace(one, **_leased(load.parcel.deliveries[0])),)
    told = await filled.read(lambda c: jobs.look(c, load))
    said = worded(load.parcel, told, load.standing, PHONE, LINKS, clock.now())
    assert said.title.startswith("Tocsin day 2026-03-")
    for line in (
        "Now open: 1 incidents, 1 that nobody has; 1 observations.",
        "Opened: 1 high. Closed: 0.",
        "Findings: 1 to investigate, 1 to observe.",
        "Would have paged: 1.",
        "- would have paged: Title of r2: 1 records, 1 events, at worst medium",
        "Silences and mutes: 1.",
        "Audit: record 0 at entry 4 ",
    ):
        assert line in said.body
    clock.advance(24 * 3600)
    assert await letters.write_due() == 1


def _leased(one: Delivery) -> dict[str, Any]:
    return {"state": one.state, "lease_until": one.lease_until, "attempts": one.attempts}
