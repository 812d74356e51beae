"""Persons and what they sign in with; positions, rule state and counts of what was read."""

from dataclasses import replace
from datetime import timedelta

import pytest
from support.fakes import START, FakeClock
from support.store import ANA, BO, PERSONS, add_persons, finding

from rules.outcome import InternalEvent, StreamCount
from store.database import Store
from store.errors import ActNotAllowed, Duplicate, NotFound, StaleVersion
from store.incident import Actor, ActorKind
from store.people import Person, Role
from store.repository.grouping import findings
from store.repository.incident import incidents
from store.repository.intake import internal, positions, rule_state, sources
from store.repository.people import links, persons, sessions, sign_in, tokens
from store.repository.record import timeline

CY = Person(id="cy", name="Cy", roles=frozenset({Role.RESPONDER}), email="cy@example.org", timezone="Europe/Berlin")
SOON = START + timedelta(minutes=15)


async def test_configuration_rules_over_its_persons(store: Store) -> None:
    """Persons of the configuration are exactly those in it; who leaves it loses access and keeps the name."""
    await store.write(add_persons)
    await store.write(lambda tx: persons.add(tx, CY, ANA))
    await store.write(lambda tx: tokens.create(tx, "bo", "cron", "d1", ANA))
    await store.write(lambda tx: persons.upsert_from_config(tx, [PERSONS[0]]))
    ana, bo, cy, vi = await store.read(persons.all_of)
    assert (ana, cy) == (PERSONS[0], CY)
    assert (bo.disabled_at, vi.disabled_at) == (START, START)
    assert await store.read(lambda c: persons.by_token(c, "d1")) is None
    await store.write(add_persons)
    assert await store.read(persons.all_of) == [PERSONS[0], PERSONS[1], CY, PERSONS[2]]


async def test_adding_and_disabling(store: Store) -> None:
    """A person can be added once and disabled, with tokens and sessions; not one of the configuration."""
    await store.write(add_persons)
    await store.write(lambda tx: persons.add(tx, CY, ANA))
    with pytest.raises(Duplicate, match="'cy'"):
        await store.write(lambda tx: persons.add(tx, CY, ANA))
    with pytest.raises(Duplicate, match="'cy'"):  # nobody signs as a namesake
        await store.write(lambda tx: persons.add(tx, replace(CY, id="\uff23Y"), ANA))
    await store.write(lambda tx: tokens.create(tx, "cy", "laptop", "d1", ANA))
    await store.write(lambda tx: sessions.create(tx, "s1", "cy", SOON))
    await store.write(lambda tx: persons.disable(tx, "cy", ANA))
    assert await store.read(lambda c: persons.by_token(c, "d1")) is None
    assert await store.read(lambda c: sessions.by_secret(c, "s1", START)) is None
    with pytest.raises(ActNotAllowed, match="configuration"):
        await store.write(lambda tx: persons.disable(tx, "ana", ANA))
    with pytest.raises(NotFound):
        await store.write(lambda tx: persons.disable(tx, "nobody", ANA))


async def test_tokens(store: Store) -> None:
    """A token acts as its person until it is revoked; nobody without access gets one."""
    await store.write(add_persons)
    made = await store.write(lambda tx: tokens.create(tx, "ana", "laptop", "d1", ANA))
    found = await store.read(lambda c: persons.by_token(c, "d1"))
    assert found == PERSONS[0]
    await store.write(lambda tx: tokens.revoke(tx, made.id, ANA))
    await store.write(lambda tx: tokens.revoke(tx, made.id, ANA))
    assert await store.read(lambda c: persons.by_token(c, "d1")) is None
    assert [one.revoked_at for one in await store.read(tokens.all_of)] == [START]
    with pytest.raises(NotFound):
        await store.write(lambda tx: tokens.create(tx, "nobody", "", "d2", ANA))
    with pytest.raises(NotFound):
        await store.write(lambda tx: tokens.revoke(tx, 99, ANA))


async def test_sign_in_code_works_once(store: Store, clock: FakeClock) -> None:
    """A code signs its person in once and in time."""
    await store.write(add_persons)
    await store.write(lambda tx: sign_in.create(tx, "ana", "c1", SOON))
    assert await store.write(lambda tx: sign_in.spend(tx, "c1")) == "ana"
    assert await store.write(lambda tx: sign_in.spend(tx, "c1")) is None
    await store.write(lambda tx: sign_in.create(tx, "ana", "c2", SOON))
    clock.advance(15 * 60)
    assert await store.write(lambda tx: sign_in.spend(tx, "c2")) is None
    assert await store.write(lambda tx: sign_in.spend(tx, "never made")) is None


async def test_sessions(store: Store, clock: FakeClock) -> None:
    """A session lasts until its end or until signing out."""
    await store.write(add_persons)
    await store.write(lambda tx: sessions.create(tx, "s1", "ana", SOON))
    found = await store.read(lambda c: sessions.by_secret(c, "s1", START))
    assert found is not None
    assert (found.person, found.incident) == ("ana", None)
    assert await store.read(lambda c: sessions.by_secret(c, "s1", SOON)) is None
    await store.write(lambda tx: sessions.delete(tx, "s1"))
    assert await store.read(lambda c: sessions.by_secret(c, "s1", START)) is None


async def test_link_acts_once(store: Store, clock: FakeClock) -> None:
    """The second use of a link learns who used it first and when."""
    await store.write(lambda tx: findings.take(tx, finding()))
    first = await store.write(lambda tx: links.spend(tx, "n1", incident=1, act="acknowledge", person="ana"))
    clock.advance(5)
    second = await store.write(lambda tx: links.spend(tx, "n1", incident=1, act="acknowledge", person="bo"))
    assert (first.first, second.first, second.person, second.at) == (True, False, "ana", START)


@pytest.mark.parametrize("actor", [Actor(kind=ActorKind.PERSON, id="vi"), Actor(kind=ActorKind.OS, id="os:0")])
async def test_who_cannot_acknowledge(store: Store, actor: Actor) -> None:
    """A viewer and a local account cannot acknowledge; nothing is written then."""
    await store.write(add_persons)
    await store.write(lambda tx: findings.take(tx, finding()))
    with pytest.raises(ActNotAllowed):
        await store.write(lambda tx: incidents.acknowledge(tx, 1, actor, via="token"))
    assert len(await store.read(lambda c: timeline.of(c, 1))) == 1
    with pytest.raises(NotFound, match="INC-2"):
        await store.write(lambda tx: incidents.acknowledge(tx, 2, BO, via="token"))


async def test_listing(store: Store) -> None:
    """Records are listed newest first, page by page, by what is asked for."""
    await store.write(add_persons)
    for number in range(5):
        one = finding(f"f{number}", source=f"192.0.2.{number}", host=f"h{number}", rule=f"rule-{number % 2}")
        await store.write(lambda tx, one=one: findings.take(tx, one))  # type: ignore[misc]
    await store.write(lambda tx: incidents.acknowledge(tx, 3, ANA, via="token"))

    async def numbers(after: int | None = None, **wanted: object) -> list[int]:
        chosen = incidents.Filter(**wanted)  # type: ignore[arg-type]
        found = await store.read(lambda c: incidents.list_of(c, chosen, after=after, limit=3))
        return [record.number for record in found]

    assert await numbers() == [5, 4, 3]
    assert await numbers(after=3) == [2, 1]
    assert await numbers(rule_id="rule-1") == [4, 2]
    assert await numbers(acknowledged=True) == [3]
    assert await numbers(acknowledged=False) == [5, 4, 2]
    counted = await store.read(incidents.counts)
    assert (counted.open, counted.unacknowledged, counted.observations) == (5, 4, 0)


async def test_positions(store: Store) -> None:
    """A stream's position is replaced, keeps its format, and a batch that is stored already is recognised."""
    save = positions.save
    assert await store.write(lambda tx: save(tx, "auth", "", "st1", "/a", b"1", "syslog", before=b""))
    assert await store.write(lambda tx: save(tx, "auth", "", "st1", "/b", b"2", before=b"1"))
    assert not await store.write(lambda tx: save(tx, "auth", "", "st1", "/b", b"2", before=b"1"))
    with pytest.raises(StaleVersion, match="auth"):
        await store.write(lambda tx: save(tx, "auth", "", "st1", "/b", b"4", before=b"3"))
    [row] = await store.read(lambda c: positions.load(c, "auth"))
    assert (row.stream, row.origin, row.position, row.format) == ("st1", "/b", b"2", "syslog")
    await store.write(lambda tx: positions.forget(tx, "auth", "", "st1"))
    assert await store.read(lambda c: positions.load(c, "auth")) == []


async def test_rule_state(store: Store) -> None:
    """State is loaded as the last snapshot and the deltas after it, in order; a snapshot replaces what was before."""
    for delta in (b"1", b"2"):
        await store.write(lambda tx, delta=delta: rule_state.append_delta(tx, "", delta))  # type: ignore[misc]
    assert await store.read(rule_state.load) == (None, [b"1", b"2"])
    await store.write(lambda tx: rule_state.replace_with_snapshot(tx, "", b"12"))
    await store.write(lambda tx: rule_state.append_delta(tx, "", b"3"))
    assert await store.read(rule_state.load) == (b"12", [b"3"])
    assert await store.read(rule_state.size) == rule_state.StateSize(deltas=1, bytes=1)
    await store.write(lambda tx: rule_state.append_delta(tx, "elsewhere", b"x"))
    assert await store.read(rule_state.load) == (b"12", [b"3"])


async def test_counts_add_up(store: Store) -> None:
    """Counts of a stream add up over batches; what a batch does not tell keeps what was told before."""
    first = StreamCount(
        source="auth",
        stream="st1",
        lines=10,
        parsed=8,
        unparsed=2,
        matched=3,
        late=0,
        suspect=1,
        poisoned=0,
        format="syslog",
        last_time=START,
        sample_unparsed="???\x00\udcff",
    )
    second = StreamCount(
        source="auth",
        stream="st1",
        lines=1,
        parsed=1,
        unparsed=0,
        matched=0,
        late=0,
        suspect=0,
        poisoned=0,
        format="syslog",
        last_time=None,
        sample_unparsed="",
    )
    for count in (first, second):
        await store.write(lambda tx, count=count: sources.save_counts(tx, [count]))  # type: ignore[misc]
    [row] = await store.read(sources.status)
    assert (row.lines, row.parsed, row.unparsed, row.matched, row.suspect) == (11, 9, 2, 3, 1)
    assert (row.format, row.last_time, row.sample_unparsed) == ("syslog", START, "???\\x00\\udcff")


async def test_poisoned_line_is_kept_raw_once(store: Store) -> None:
    """A line that was skipped is kept with its very bytes, once."""
    event = InternalEvent(
        source="auth", stream="st1", origin="/a", line=7, offset=700, raw=b"\x00\xff", reason="the engine died on it"
    )
    for _ in range(2):
        await store.write(lambda tx: internal.save(tx, event))
    [kept] = await store.read(internal.all_of)
    assert (kept.raw, kept.line, kept.origin, kept.at) == (b"\x00\xff", 7, "/a", START)
