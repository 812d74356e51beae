"""The one place that knows names on the wire."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any, TypeVar

import msgspec
from aiohttp import hdrs, web

from detector.api.described import check_takes, check_upon
from detector.api.problem import Problem
from detector.api.readable import whole_body
from rules.finding import Evidence
from store.answers import is_blank
from store.incident import Incident, Lowering, RuleTally, TimelineEntry
from store.moments import FIRST_YEAR, LAST_YEAR, is_sensible
from store.notice import Delivery
from store.people import Person, Role, Token
from store.repository.incident.incidents import Credit

T = TypeVar("T")
LARGEST_PAGE = 200


class AcknowledgeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``POST /api/v1/incidents/{n}/acknowledge``."""

    note: str = ""


class NewUser(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``POST /api/v1/users``."""

    id: str
    name: str = ""
    roles: tuple[Role, ...] = (Role.VIEWER,)
    email: str = ""
    timezone: str = "UTC"
    accounts: tuple[str, ...] = ()


class NewToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``POST /api/v1/tokens``."""

    person: str
    label: str = ""


class NewSignInLink(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``POST /api/v1/sign-in-links``."""

    person: str


def check_id(text: str, what: str) -> None:
    """Raise unless *text* can be the id of a person or contact: it stands in records for ever, and in addresses.

    Raises:
        Problem: 422.
    """
    if not text or not text.isprintable() or text.strip() != text or len(text) > 64:
        raise Problem(422, "invalid_id", f"a {what}'s id is 1 to 64 printable characters without blanks around them")


def answer(body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """*body* as JSON."""
    return web.Response(
        status=status, body=msgspec.json.encode(body), content_type="application/json", headers=headers or {}
    )


async def body_of(request: web.Request, shape: type[T]) -> T:
    """The request's JSON body as *shape*; an empty body stands for ``{}``.

    Raises:
        Problem: 400, with what is wrong and where.
    """
    check_takes(request, shape)
    raw = await whole_body(request)
    try:
        body = msgspec.json.decode(raw or b"{}", type=shape)
    except msgspec.ValidationError as error:
        raise Problem(422, "invalid_body", str(error), missing=_wrong(raw, shape)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(400, "not_json", f"the body is not JSON: {error}") from None
    except RecursionError:
        raise Problem(400, "too_deep", "the body is nested too deeply") from None
    if wrong := tuple(strange_years(body)):
        says = f"not a year from {FIRST_YEAR} to {LAST_YEAR}: {', '.join(wrong)}"
        raise Problem(422, "invalid_body", says, missing=wrong)
    if wrong := tuple(_unseen(body)):
        raise Problem(422, "invalid_body", f"nothing can be seen of what stands in {', '.join(wrong)}", missing=wrong)
    return body


def _unseen(body: Any) -> Iterator[str]:
    """Names of fields with a text that passes for one and cannot be seen; blanks alone are as good as none."""
    given = {one.name: getattr(body, one.name) for one in msgspec.structs.fields(body)}
    return (name for name, text in given.items() if isinstance(text, str) and text.strip() and is_blank(text))


def strange_years(body: Any) -> Iterator[str]:
    """Names of fields with a day or moment that nobody can have meant."""
    given = {one.name: getattr(body, one.name) for one in msgspec.structs.fields(body)}
    return (name for name, value in given.items() if isinstance(value, date) and not is_sensible(value))


def _wrong(raw: bytes, shape: Any) -> tuple[str, ...]:
    """Fields that are required and not there, not known, or not what they should be: all of them, msgspec names one."""
    try:
        given = msgspec.json.decode(raw or b"{}")
    except (ValueError, RecursionError):  # what it wants was wrong before what it cannot read
        return ()
    if not isinstance(given, dict):
        return ()
    known = {one.encode_name: one for one in msgspec.structs.fields(shape)}
    left_out = (name for name, one in known.items() if one.required and name not in given)
    unfit = (name for name, value in given.items() if name not in known or not _fits(value, known[name].type))
    return (*left_out, *unfit)


def _fits(value: object, shape: Any) -> bool:
    try:
        msgspec.json.decode(msgspec.json.encode(value), type=shape)
    except (ValueError, RecursionError):  # what msgspec raises is a ValueError, too
        return False
    return True


def number_of(request: web.Request) -> int:
    """The incident's number in the path, as ``42`` or ``INC-42``."""
    text = request.match_info["number"].upper().removeprefix("INC-")
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise Problem(404, "not_found", "an incident is named by its number, e.g. INC-42")
    return int(text)


def whole_in_path(request: web.Request, name: str) -> int:
    """A whole number in the path; 0, which nothing has, if it is none."""
    text = request.match_info[name]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0


def whole(request: web.Request, name: str, default: int, most: int) -> int:
    """A whole number from the query, between 1 and *most*."""
    text = request.query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= 15 and 1 <= int(text) <= most):
        raise Problem(422, "invalid_query", f"{name} must be a whole number from 1 to {most}, not {text[:40]!r}")
    return int(text)


def incident(record: Incident) -> dict[str, Any]:
    """An incident in a list."""
    return {
        "number": record.number,
        "id": record.name,
        "title": record.title,
        "decision": record.decision,
        "severity": record.severity,
        "step": record.step,
        "stage": record.stage,
        "status": record.status,
        "outcome": record.outcome,
        "track": record.track,
        "tlp": record.tlp,
        "restricted": record.restricted,
        "hidden": False,
        "cycle": record.cycle,
        "rule": {
            "id": record.rule_id,
            "title": record.rule_title,
            "path": record.rule_path,
            "version": record.rule_version,
            "tags": record.tags,
        },
        "group": dict(record.group),
        "events": record.events,
        "first_seen": record.first_seen,
        "last_seen": record.last_seen,
        "occurred_at": record.began_at,
        "detected_at": record.detected_at,
        "opened_at": record.opened_at,
        "notified_at": record.notified_at,
        "owner": record.owner,
        "acknowledged_at": record.acknowledged_at,
        "acknowledged_by": record.acknowledged_by,
        "aware_at": record.aware_at,
        "contained_at": record.contained_at,
        "resolved_at": record.resolved_at,
        "approved_at": record.approved_at,
        "approval_void": record.approval_void,
        "closed_at": record.closed_at,
        "quiet_until": record.quiet_until,
        "observe_until": record.observe_until,
        "lowering": _lowering(record.lowering) if record.lowering else None,
        "observe_events": record.observe_events,
        "merged_into": record.merged_into,
        "source_kind": record.source_kind,
        "drill": record.drill,
        "campaign": record.campaign,
        "history": record.history,
        "advised": record.advised,
        "recurrence_of": record.recurrence_of,
        "version": record.version,
    }


def hidden(record: Incident) -> dict[str, Any]:
    """What somebody is shown of an incident in a list who takes no part in it, and may not see it."""
    return {
        "number": record.number,
        "id": record.name,
        "title": None,
        "step": record.step,
        "stage": record.stage,
        "status": record.status,
        "hidden": True,
    }


def _lowering(one: Lowering) -> dict[str, Any]:
    """A lower level that waits for a second person."""
    return {
        "by": one.by,
        "lapses_at": one.lapses_at,
        "severity_from": one.severity_from,
        "track_from": one.track_from,
        "track_to": one.track_to,
    }


def incident_in_full(
    record: Incident,
    *,
    entities: Sequence[Any],
    evidence: Sequence[Evidence],
    timeline: Sequence[TimelineEntry],
    deliveries: Sequence[Delivery],
    tallies: Sequence[RuleTally],
    owed: Mapping[str, Credit],
    allowed: Sequence[str],
) -> dict[str, Any]:
    """An incident with everything that is known of it."""
    return incident(record) | {
        "severity_terms": record.severity_terms,
        "entities": entities,
        "rules": [asdict(one) | asdict(owed.get(one.rule_id, Credit())) for one in tallies],
        "evidence": evidence,
        "timeline": timeline,
        "deliveries": [delivery(one) for one in deliveries],
        "allowed": allowed,
    }


def delivery(one: Delivery) -> dict[str, Any]:
    """A delivery; never what was sent, which holds a link that acts."""
    return {
        "id": one.id,
        "kind": one.kind,
        "receiver": one.receiver,
        "person": one.person,
        "channel": one.channel,
        "state": one.state,
        "attempts": one.attempts,
        "resent": one.resent,
        "reason": one.reason,
        "detail": one.detail,
        "withheld": one.withheld,
        "created_at": one.created_at,
        "due_at": one.due_at,
        "finished_at": one.finished_at,
    }


def user(person: Person) -> dict[str, Any]:
    """A person."""
    return {
        "id": person.id,
        "name": person.name,
        "roles": sorted(person.roles),
        "email": person.email,
        "timezone": person.timezone,
        "accounts": person.accounts,
        "from_config": person.from_config,
        "disabled_at": person.disabled_at,
    }


def token(one: Token) -> dict[str, Any]:
    """A token, without its secret."""
    return {
        "id": one.id,
        "person": one.person,
        "label": one.label,
        "created_at": one.created_at,
        "revoked_at": one.revoked_at,
    }


def etag(version: int) -> str:
    """The strong ETag of a record's version."""
    return f'"{version}"'


def seen_version(request: web.Request) -> int:
    """The version that the caller has seen, from ``If-Match``.

    Raises:
        Problem: 428 without it, 400 if it is not one ETag of ours.
    """
    check_upon(request)
    text = request.headers.get(hdrs.IF_MATCH, "")
    if not text:
        raise Problem(
            428,
            "if_match_required",
            "send If-Match with the ETag that you have seen, so that nobody's changes are lost",
            missing=["If-Match"],
        )
    bare = text.strip().removeprefix('"').removesuffix('"')
    if not (bare.isascii() and bare.isdigit() and len(bare) <= 15 and etag(int(bare)) == text.strip()):
        raise Problem(400, "bad_if_match", f'If-Match must be one ETag as it was given, e.g. "3", not {text[:40]!r}')
    return int(bare)
