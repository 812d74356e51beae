"""Incidents whose dossier waits for its signatures, and what signs it."""

from typing import Any

from store import process
from store.approval import Checklist
from store.forms import FormName
from store.incident import Actor, Incident, Track
from store.repository import approval, forms, fresh, records
from store.repository.acts import Done
from store.repository.approval import Signing
from store.site import Site
from store.tx import Tx
from support.path import INA, SITE, given, investigated, seen, stand

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
