"""Refusals on the wire: problem+json (RFC 9457) with a code, everything that is missing, and what is allowed."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus

import msgspec
import structlog
from aiohttp import hdrs, web

from store.errors import Duplicate, KeyReused, NotFound, Refused, StaleVersion, StoreBusy, StoreUnavailable

log = structlog.get_logger()
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
RETRY_AFTER_SECONDS = "2"
LONGEST_NUMBER = 20  #: INC- and 15 digits; what is longer is none
FORBIDDEN = frozenset(
    {
        "role_required",
        "person_required",
        "four_eyes",
        "conflict_of_interest",
        "not_asked",
        "not_reviewer",
        "not_approver",
        "not_owner",
        "fresh_sign_in",
    }
)
#: What was sent lacks something, or is wrong; other refusals of the process are conflicts with the state.
UNPROCESSABLE = frozenset(
    {
        "invalid_answers",
        "invalid_moment",
        "invalid_evidence",
        "invalid_split",
        "until_required",
        "missing_fields",
        "notes_required",
        "note_required",
        "no_finding",
        "open_requests",
        "reason_required",
        "no_root_cause",
        "incomplete_action",
        "uncovered_findings",
        "discrepancies_required",
        "reason_code",
        "no_such_person",
        "no_such_contact",
        "question_required",
        "ask_one",
        "past",
        "no_concern",
        "no_timer",
        "filed_in_future",
        "item_required",
        "answer_required",
        "to_required",
        "invalid_action",
        "invalid_watch",
        "due_required",
        "incomplete_plan",
        "checklist_required",
        "not_a_batch",
        "filter_required",
        "invalid_filter",
    }
)


class Problem(Exception):
    """A refusal. What happened, where, and what the caller may do now.

    Args:
        status: HTTP status code.
        code: A word for programs; stable.
        detail: A sentence for people.
        missing: Names of all fields that are missing or wrong.
        allowed: What this caller may do now.
        more: Further members of the answer.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        missing: Sequence[str] = (),
        allowed: Sequence[str] = (),
        more: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.missing = tuple(missing)
        self.allowed = tuple(allowed)
        self.more = dict(more or {})

    def response(self) -> web.Response:
        """The refusal as an HTTP answer."""
        body = {
            **self.more,  # first: a record's status is not the answer's
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "missing": self.missing,
            "allowed": self.allowed,
        }
        response = web.Response(
            status=self.status, body=msgspec.json.encode(body), content_type="application/problem+json"
        )
        if self.status == HTTPStatus.SERVICE_UNAVAILABLE:
            response.headers[hdrs.RETRY_AFTER] = RETRY_AFTER_SECONDS
        if "retry_after_seconds" in self.more:
            response.headers[hdrs.RETRY_AFTER] = str(self.more["retry_after_seconds"])
        if self.status == HTTPStatus.UNAUTHORIZED:
            response.headers[hdrs.WWW_AUTHENTICATE] = "Bearer"
        return response


def from_error(error: Exception) -> Problem | None:
    """The refusal that *error* means to a caller, or None if it is a fault of ours."""
    match error:
        case Problem():
            return error
        case NotFound():
            return Problem(404, "not_found", str(error))
        case StaleVersion():
            return Problem(412, "stale_version", str(error), more={"version": error.version, "changed_by": error.by})
        case KeyReused():
            return Problem(422, "idempotency_key_reused", f"{error}; send another key, or the same request")
        case Duplicate():
            return Problem(409, "duplicate", str(error))
        case StoreBusy() | StoreUnavailable():
            return Problem(503, "store_unavailable", f"{error}; nothing was changed, try again")
        case Refused():
            status = 403 if error.code in FORBIDDEN else 422 if error.code in UNPROCESSABLE else 409
            return Problem(status, error.code, str(error), missing=error.missing, allowed=error.allowed)
        case _:
            return None


def from_http(error: web.HTTPException) -> Problem:
    """aiohttp's own refusals, in our words."""
    allow = error.headers.get(hdrs.ALLOW, "")
    code = HTTPStatus(error.status).name.lower()
    return Problem(error.status, code, error.reason, allowed=tuple(filter(None, allow.split(","))))


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every refusal as problem+json, and a fault of ours as a 500 that tells nothing of the inside."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        response = from_http(error).response()
        if hdrs.ALLOW in error.headers:
            response.headers[hdrs.ALLOW] = error.headers[hdrs.ALLOW]
        return response
    except Exception as error:
        problem = from_error(error)
        if problem is None:
            number = request.match_info.get("number", "")[:LONGEST_NUMBER] or None
            log.exception("request failed", method=request.method, route=route_of(request), incident=number)
            problem = Problem(500, "internal_error", "Tocsin failed on this request; its log names the cause")
        return problem.response()


def route_of(request: web.Request) -> str:
    """The route's pattern, never the path: paths may hold tokens."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "(no route)"
