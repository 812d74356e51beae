"""Actions as the API and an export tell of them."""

from datetime import date, datetime
from typing import Any

from aiohttp import web
from sqlalchemy import Connection

from detector.api.keys import CLOCK, SITE
from store.action import Action
from store.covering import missing
from store.incident import Actor, ActorKind
from store.people import Person
from store.repository.dossier import abilities
from store.repository.dossier.abilities import Abilities
from store.site import Site

_NOBODY = Actor(kind=ActorKind.OS, id="")


def local_now(request: web.Request) -> datetime:
    """Now, in the zone where the site counts days."""
    return request.app[CLOCK].now().astimezone(request.app[SITE]().calendar.zone)


def shown(one: Action, today: date) -> dict[str, Any]:
    """An action as the API and an export tell of it; a text that is null was redacted."""
    return {
        "incident": f"INC-{one.incident}",
        "number": one.number,
        "cycle": one.cycle,
        "version": one.version,
        "state": one.state,
        "kind": one.kind,
        "causes": one.causes,
        "owner": one.owner or None,
        "deputy": one.deputy or None,
        "due": one.due,
        "late": one.is_late(today),
        "slips": one.slips,
        "text": one.text,
        "criterion": one.criterion,
        "participants": one.participants,
        "content": one.content,
        "evidence": one.evidence,
        "attended": one.attended,
        "valid_until": one.valid_until,
        "proposed_by": one.proposed_by,
        "proposed_at": one.proposed_at,
        "agreed_by": one.agreed_by,
        "agreed_at": one.agreed_at,
        "done_by": one.done_by,
        "done_at": one.done_at,
        "effective_from": one.effective_from,
        "verified_by": one.verified_by,
        "verified_at": one.verified_at,
        "dropped_by": one.dropped_by,
        "dropped_at": one.dropped_at,
        "dropped_because": one.dropped_because,
    }


def in_full(one: Action, able: Abilities, today: date) -> dict[str, Any]:
    """With what it lacks still, and what somebody may do to it now."""
    return shown(one, today) | {"missing": missing(one, able.record.track), "allowed": able.allowed(one)}


def able(connection: Connection, number: int, person: Person | None, site: Site) -> Abilities:
    """What *person* may do to the actions of an incident; None: a caller who is no person."""
    actor = Actor(kind=ActorKind.PERSON, id=person.id) if person else _NOBODY
    return abilities.of(connection, number, actor, site)
