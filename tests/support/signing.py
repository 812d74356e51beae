"""Incidents whose dossier waits for its signatures, and what signs it."""

from collections.abc import Callable
from typing import Any

import pytest

from rules.event import Severity
from store import process
from store.action import ActionKind
from store.approval import ApprovalState, Checklist
from store.database import Store
from store.errors import Refused
from store.forms import FormName
from store.four_eyes import FourEyes
from store.incident import Actor, EntryKind, Incident, TimelineEntry, Track
from store.repository.dossier import action_turns, approval, discrepancies, forms
from store.repository.dossier.approval import Signing
from store.repository.grouping import findings
from store.repository.incident.acts import Done
from store.repository.people import fresh
from store.repository.record import records, timeline
from store.site import Site
from store.tx import Tx
from support.path import ABE, INA, RITA, SITE, add_people, given, investigated, seen, stand
from support.store import finding, line

PLAN = {"plan": given([{"check": "no password login for 14 days", "due": "2026-04-01", "owner": "ina"}])}
CHECKED = Checklist(accurate=True, complete=True, compliant_with="incident procedure, version 3")


def frozen(tx: Tx, number: int = 1, *, track: Track = Track.STANDARD, site: Site = SITE) -> Incident:
    """A complete dossier, frozen."""
    investigated(tx, number, site)
    forms.save(tx, number, FormName.FOLLOW_UP, PLAN, expected=0, by=INA, via="token")
    forms.keep(tx, number, site.forms)
    record = stand(tx, number, process.APPROVAL, track=track)
    approval.freeze(tx, record, site)
    return records.load(tx.connection, number)


def signing(tx: Tx, number: int, by: Actor, **changes: Any) -> Signing:
    """What *by* signs the dossier with as it stands now: a token made just now."""
    token = tx.random(32).hex()
    fresh.create(tx, by.id, token)
    told: dict[str, Any] = {"hash": approval.state(tx.connection, number).hash, "fresh": token}
    return Signing(**{**told, "checklist": CHECKED, **changes})


def approve(tx: Tx, by: Actor, number: int = 1, *, site: Site = SITE, **changes: Any) -> Done:
    """*by* signs, upon the version as it stands."""
    made = signing(tx, number, by, **changes)
    return approval.approve(tx, number, by, site=site, given=made, **seen(tx, number))


def begin(tx: Tx) -> None:
    """Everybody who takes part, and one incident of severity high."""
    add_people(tx)
    findings.take(tx, finding(severity=Severity.HIGH, events=20, evidence=(line(1), line(2))))


async def now(store: Store) -> Incident:
    """INC-1 as it stands."""
    return await store.read(lambda c: records.load(c, 1))


async def state(store: Store) -> ApprovalState:
    """Its approval."""
    return await store.read(lambda c: approval.state(c, 1))


async def entries(store: Store, *kinds: EntryKind) -> list[TimelineEntry]:
    """Its timeline."""
    return await store.read(lambda c: timeline.of(c, 1, *kinds))


async def sign(store: Store, by: Actor, **changes: Any) -> Done:
    """*by* signs it."""
    return await store.write(lambda tx: approve(tx, by, **changes))


async def refused(store: Store, work: Callable[[Tx], object]) -> Refused:
    """What *work* is refused with; nothing is changed by it."""
    before = await now(store), await state(store), len(await entries(store))
    with pytest.raises(Refused) as error:
        await store.write(work)
    assert (await now(store), await state(store), len(await entries(store))) == before
    return error.value


def edit(tx: Tx, name: FormName = FormName.REPORT, by: Actor = RITA, **answers: Any) -> None:
    """Change answers of a form."""
    before = forms.latest(tx.connection, 1, name)
    forms.save(tx, 1, name, answers, expected=before.version if before else 0, by=by, via="token")


def settle(tx: Tx, which: int = 1) -> None:
    """Ina answers, Abe is content."""
    discrepancies.answer(tx, 1, INA, discrepancy=which, text="the time was UTC", via="token")
    discrepancies.close(tx, 1, ABE, discrepancy=which, mode=FourEyes.FULL, via="token")


def plan(tx: Tx, by: Actor) -> None:
    """Write an action down."""
    told = {"text": "Turn passwords off", "criterion": "no login by password", "causes": ("incident",)}
    action_turns.write(tx, 1, by, kind=ActionKind.CORRECTION, plan=told, via="token", site=SITE)
