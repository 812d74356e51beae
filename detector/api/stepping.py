"""How the steps that people sign off are asked for over the API."""

from collections.abc import Mapping
from typing import Any

from detector.api import bodies
from detector.api.doing import Asked, Doing
from store.repository.incident.acts import Done
from store.repository.steps import light, reviewing, stepping
from store.tx import Tx


def _review(tx: Tx, asked: Asked) -> Done:
    given: dict[str, Any] = {"result": asked.body.result, "notes": asked.body.notes}
    return reviewing.review(tx, asked.number, asked.actor, site=asked.site, **given, **asked.seen)


def _review_again(tx: Tx, asked: Asked) -> Done:
    given: dict[str, Any] = {"report_version": asked.body.report_version, "site": asked.site}
    return reviewing.review_again(tx, asked.number, asked.actor, **given, **asked.act)


def _investigate_again(tx: Tx, asked: Asked) -> Done:
    return stepping.investigate_again(tx, asked.number, asked.actor, reason=asked.body.reason, **asked.seen)


def _confirm(tx: Tx, asked: Asked) -> Done:
    body: bodies.LightBody = asked.body
    page = light.Page(
        what_happened=body.what_happened,
        cause=body.cause,
        action=body.action,
        action_kind=body.action_kind,
        action_plan={name: value for name, value in (("owner", body.owner), ("due", body.due)) if value},
        done=body.done,
        no_action=body.no_action,
    )
    return light.confirm(tx, asked.number, asked.actor, page, site=asked.site, **asked.seen)


def _given(asked: Asked) -> dict[str, Any]:
    """What a move takes that looks at what the site asks for."""
    return {"site": asked.site, "note": asked.body.note, **asked.seen}


ACTS: Mapping[str, Doing] = {"review_again": Doing(bodies.ReviewAgainBody, _review_again)}
MOVES: Mapping[str, Doing] = {
    "submit": Doing(bodies.Body, lambda tx, asked: stepping.submit(tx, asked.number, asked.actor, **_given(asked))),
    "confirm": Doing(bodies.LightBody, _confirm),
    "review": Doing(bodies.ReviewBody, _review),
    "conclude": Doing(bodies.Body, lambda tx, asked: stepping.conclude(tx, asked.number, asked.actor, **_given(asked))),
    "investigate_again": Doing(bodies.ReopenBody, _investigate_again),
    "request_approval": Doing(
        bodies.Body, lambda tx, asked: stepping.request_approval(tx, asked.number, asked.actor, **_given(asked))
    ),
}
