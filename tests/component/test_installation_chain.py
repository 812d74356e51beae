"""The installation's own chain: what can hide an incident without touching one."""

from dataclasses import replace
from datetime import timedelta

import msgspec
from support.fakes import START, FakeClock
from support.store import ANA, PERSONS, add_persons

from detector.config.records import Config
from detector.config.secret import Secret
from detector.config.sections.telling import Receiver
from detector.in_force import digest
from store.database import Store
from store.incident import DAEMON, EntryKind, TimelineEntry
from store.people import Person, Role
from store.repository.keeping import verification
from store.repository.people import persons, tokens
from store.repository.record import installation, timeline
from store.repository.record.seals import INSTALLATION


async def told(store: Store) -> list[TimelineEntry]:
    """The chain, with nothing wrong in it."""
    assert await store.read(lambda c: verification.faults_of(c, INSTALLATION)) == ()
    return await store.read(lambda c: timeline.of(c, INSTALLATION))


async def test_roles_and_tokens(store: Store) -> None:
    """Who was given a role or a token, or lost it, and by whom, is told once; what did not change is not told."""
    await store.write(add_persons)
    await store.write(add_persons)
    assert [entry.facts["person"] for entry in await told(store)] == ["ana", "bo", "vi"]
    fewer = (PERSONS[0], replace(PERSONS[1], roles=frozenset({Role.VIEWER})))
    await store.write(lambda tx: persons.upsert_from_config(tx, fewer))
    await store.write(lambda tx: persons.add(tx, Person(id="cy", name="Cy", roles=frozenset({Role.ADMIN})), ANA))
    made = await store.write(lambda tx: tokens.create(tx, "cy", "laptop", "0" * 64, ANA))
    await store.write(lambda tx: tokens.revoke(tx, made.id, ANA))
    await store.write(lambda tx: tokens.revoke(tx, made.id, ANA))
    await store.write(lambda tx: persons.disable(tx, "cy", ANA))
    entries = (await told(store))[3:]
    assert [(entry.kind, entry.actor, dict(entry.facts)) for entry in entries] == [
        (EntryKind.ROLES_CHANGED, DAEMON, {"person": "bo", "before": "approver responder", "roles": "viewer",
                                           "access": True}),
        (EntryKind.ROLES_CHANGED, DAEMON, {"person": "vi", "before": "viewer", "roles": "viewer", "access": False}),
        (EntryKind.ROLES_CHANGED, ANA, {"person": "cy", "before": None, "roles": "admin", "access": True}),
        (EntryKind.TOKEN_MADE, ANA, {"token": made.id, "person": "cy"}),
        (EntryKind.TOKEN_REVOKED, ANA, {"token": made.id}),
        (EntryKind.ROLES_CHANGED, ANA, {"person": "cy", "before": "admin", "roles": "admin", "access": False}),
    ]  # fmt: skip
    assert entries[3].values == {"label": "laptop"}


async def test_configuration_and_rules(store: Store) -> None:
    """Another configuration or other rules in force are told with the difference, from which all can be known again."""
    first, second = {"a": "1", "b": "1"}, {"b": "2", "c": "1"}
    for versions in (first, first, second, second):
        await store.write(lambda tx, now=versions: installation.rules_loaded(tx, now))  # type: ignore[misc]
        await store.write(lambda tx: installation.configured(tx, "ab" * 32, "p1"))
        assert await store.read(installation.rules_of) == versions
    entries = await told(store)
    assert [entry.kind for entry in entries] == [
        EntryKind.RULES_LOADED,
        EntryKind.CONFIGURED,
        EntryKind.RULES_LOADED,
    ]
    assert dict(entries[2].facts) == {"count": 2, "changed": '{"b":"2","c":"1"}', "gone": '["a"]'}


def test_digest_of_the_configuration() -> None:
    """The hash changes with any option, and tells nothing of a secret but that there is one."""
    plain = Config()
    receivers = [Config(receivers=(Receiver(name="r", url=Secret(url)),)) for url in ("json://a", "json://b", "")]
    assert digest(plain) == digest(Config())
    assert digest(receivers[0]) == digest(receivers[1])
    assert len({digest(one) for one in (plain, *receivers)}) == 3
    assert digest(msgspec.structs.replace(plain, http=msgspec.structs.replace(plain.http, base_url="https://x"))) != (
        digest(plain)
    )


async def test_by_which_procedure_a_record_was_worked_on(store: Store, clock: FakeClock) -> None:
    """What was in force when it was opened and what came into force until it was closed; a repetition is told once."""
    for digest_, version in (("ab", "p1"), ("cd", "p1"), ("cd", "p2"), ("cd", "p2"), ("ef", "p3")):
        await store.write(lambda tx, now=(digest_ * 32, version): installation.configured(tx, *now))  # type: ignore[misc]
        clock.advance(60)
    entries = await told(store)
    assert len(entries) == 4

    async def between(first: float, last: float | None) -> list[str]:
        start, end = (None if one is None else START + timedelta(seconds=one) for one in (first, last))
        assert start is not None
        found = await store.read(lambda c: installation.procedures(c, start, end))
        return [one.procedure_version for one in found]

    assert await between(30, 90) == ["p1"]
    assert await between(90, 200) == ["p1", "p2"]
    assert await between(150, None) == ["p2", "p3"]
    assert await between(999, None) == ["p3"]
