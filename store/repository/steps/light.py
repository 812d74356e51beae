"""The light track's one page: one person says what happened, why, and what is done about it; the rest goes by itself.

Confirming it hands the report in and leaves the record at approval, where one signature of a second person says
"report reviewed, dossier approved".
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from store import acts, covering, process, steps
from store import forms as asked
from store.action import ActionKind
from store.answers import Answer
from store.errors import ActNotAllowed, MoveNotAllowed
from store.forms import FormName
from store.incident import DAEMON, Actor, EntryKind, Incident, Track
from store.people import Role
from store.process import Standing
from store.repository.dossier import action_turns, approval, filling, forms, plan
from store.repository.dossier.forms import FormView
from store.repository.incident import moves
from store.repository.incident.acts import Done, finished
from store.repository.people import persons
from store.repository.record import records
from store.repository.steps import stepping
from store.site import Site
from store.steps import Unmet
from store.tx import Tx

#: What the page shows, and whoever confirms it vouches for.
FORMS = (FormName.IDENTIFICATION, FormName.REPORT, FormName.CORRECTIVE_ACTIONS, FormName.FOLLOW_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a person says; what is empty stays as it is."""

    what_happened: str = ""
    cause: str = ""
    action: str = ""  #: what is done about it
    action_kind: ActionKind = ActionKind.CORRECTION
    action_plan: Mapping[str, Any] = field(default_factory=dict)  #: further fields of the action, e.g. its owner
    done: str = ""  #: what shows that the action was done; empty: it is still to be done
    no_action: str = ""  #: why nothing is done about it


def confirm(tx: Tx, number: int, actor: Actor, page: Page, *, version: int, via: str, site: Site) -> Done:
    """Confirm the page: what it says is saved, what was prefilled is confirmed, and the record goes on to approval.

    Args:
        version: Of the record; on this track it grows with each form that a person saves.

    Raises:
        ActNotAllowed: ``not_light``, or answers are wrong.
        MoveNotAllowed: ``not_a_move``, ``role_required``, or something is missing: all of it is named.
        StaleVersion: Somebody changed the record or one of its forms meanwhile.
    """
    seen = moves.at_version(tx, number, version)
    roles = persons.roles_of(tx.connection, actor)
    with acts.telling_what_is_allowed(seen, roles):
        _check(seen, actor, roles)
        _save(tx, seen, actor, page, via, site)
        before = records.load(tx.connection, number)
        if unmet := _unmet(tx.connection, before, site, tx.now):
            raise steps.refusal(before, process.APPROVAL, unmet)
        forms.keep(tx, number, site.forms)
        hops = list(_hops(before, tx.now))
    after = hops[-1][1]
    records.change(tx, before, after)
    for index, (start, end) in enumerate(hops):
        moves.write(
            tx, end, EntryKind.MOVED, DAEMON if index else actor, "" if index else via, moves.from_to(start, end)
        )
    approval.freeze(tx, after, site)
    return finished(tx, after, actor)


def _check(record: Incident, actor: Actor, roles: Collection[Role]) -> None:
    if record.track is not Track.LIGHT:
        raise ActNotAllowed(
            "not_light", f"{record.name} is on the {record.track} track: fill its forms in, and submit the report"
        )
    if not acts.may_confirm(record):
        raise MoveNotAllowed("not_a_move", f"{record.name} stands at {Standing.of(record)}: it has no page to confirm")
    if Role.REPORTER not in roles:
        raise MoveNotAllowed("role_required", f"{actor.id} cannot confirm the page of {record.name}; needed: reporter")


def _save(tx: Tx, record: Incident, actor: Actor, page: Page, via: str, site: Site) -> None:
    """What *page* says, over what stands in the forms; what was prefilled in them is confirmed."""
    said: dict[FormName, dict[str, Any]] = {
        FormName.REPORT: {"what_happened": page.what_happened},
        FormName.CORRECTIVE_ACTIONS: {"root_cause": [{"text": page.cause}] if page.cause.strip() else ""},
    }
    for name, shown in _shown(tx.connection, record.number, site).items():
        changes = {field: Answer(value=value) for field, value in said.get(name, {}).items() if value}
        auto = asked.unconfirmed({field: one for field, one in shown.answers.items() if field not in changes})
        forms.save(
            tx,
            record.number,
            name,
            changes,
            expected=shown.version,
            by=actor,
            via=via,
            confirmed=auto,
            forms=site.forms,
            roles=frozenset(Role),
        )
    if page.action.strip():
        _act(tx, record, actor, page, via, site)
    if page.no_action.strip():
        plan.give_reason(tx, record.number, actor, cause=covering.WHOLE, reason=page.no_action, via=via)


def _act(tx: Tx, record: Incident, actor: Actor, page: Page, via: str, site: Site) -> None:
    """Write the action down; it is agreed upon, or done already if the page says so."""
    given: dict[str, Any] = {"via": via, "site": site}
    texts = {"text": page.action, **page.action_plan}
    action = action_turns.write(tx, record.number, actor, kind=page.action_kind, plan=texts, **given).action
    seen = (record.number, action.number, actor)
    if page.done.strip():
        action_turns.done(tx, *seen, version=action.version, evidence=page.done, **given)
    else:
        action_turns.agree(tx, *seen, version=action.version, **given)


def _unmet(connection: Connection, record: Incident, site: Site, now: datetime) -> list[Unmet]:
    """Everything that keeps the page from approval."""
    last = replace(record, step=process.CORRECTIVE_ACTIONS.step, stage=process.CORRECTIVE_ACTIONS.stage)
    filled = filling.filled_of(connection, record.number, site)
    return [
        *steps.unanswered(filled, last, process.APPROVAL, site.forms),
        *stepping.open_requests(connection, record.number),
        *stepping.plan_lacks(connection, record.number, site, now),
    ]


def _hops(before: Incident, now: datetime) -> Iterator[tuple[Incident, Incident]]:
    """The steps in between, one by one: they go by themselves."""
    for to in acts.LIGHT_WAY[acts.LIGHT_WAY.index(Standing.of(before)) + 1 :]:
        after = process.advance(before, to, now=now, by=DAEMON)
        yield before, after
        before = after


def _shown(connection: Connection, number: int, site: Site) -> dict[FormName, FormView]:
    views = forms.views(connection, number, site.forms)
    return {name: views[name] for name in FORMS}
