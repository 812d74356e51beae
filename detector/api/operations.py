"""What each route of the API takes and gives. What is not named here takes no body and gives an object."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from detector.api import (
    access,
    action_bodies,
    actions,
    acts,
    alertmanager_silences,
    approval,
    bodies,
    contacts,
    exceptions,
    forms,
    requests,
    silences,
    statistics,
    telling,
    visibility,
    wire,
)
from detector.api.described import Operation
from detector.status import DaemonStatus, Readiness, Reloaded
from rules.event import Decision, Severity
from rules.intake.alert import Alert
from rules.intake.feedback import Feedback
from store.excepting import ExceptionState
from store.forms import FormName
from store.incident import Outcome, Status, Step, Track
from store.silence import SilenceState

Object = dict[str, Any]
Limit = Annotated[int, Meta(ge=1, le=wire.LARGEST_PAGE)]
Flag = Literal["true", "false"]
_NUMBER = "/api/v1/incidents/{number}"
_CREATED = (201,)
_TAKEN = (202,)
_GONE: Final = Operation(gives=None, status=(204,))
Instant = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2}))?$")]
_PERIOD: Final = {"from": Instant, "until": Instant}
_V2: Final[dict[str, Any]] = {"spoken": True, "gives": list[Object]}
_LABELS: Final = {"filter": list[str], "receiver": str, "active": str, "silenced": str}


def _asked(table: Mapping[str, Any], *, always: bool = False) -> Mapping[str, Operation]:
    return {name: Operation(takes=one.shape, upon=always or one.decides) for name, one in table.items()}


_INCIDENTS: Final = {
    "GET /api/v1/incidents": Operation(
        items=True,
        query={
            "status": Status,
            "severity": Severity,
            "decision": Decision,
            "acknowledged": Flag,
            "rule": str,
            "step": Step,
            "track": Track,
            "outcome": Outcome,
            "owner": str,
            "mine": Flag,
            "text": Annotated[str, Meta(max_length=200)],
            "limit": Limit,
            "after": Annotated[int, Meta(ge=1, le=10**12)],
        },
    ),
    "POST /api/v1/incidents": Operation(takes=bodies.OpenBody, status=_CREATED),
    f"POST {_NUMBER}/acknowledge": Operation(takes=wire.AcknowledgeBody),
    f"GET {_NUMBER}/export": Operation(gives=bytes, media="application/zip"),
    f"GET {_NUMBER}/findings": Operation(items=True),
    f"GET {_NUMBER}/readings": Operation(
        items=True, query={"limit": Annotated[int, Meta(ge=1, le=visibility.READINGS_SHOWN)]}
    ),
    f"GET {_NUMBER}/participants": Operation(items=True),
    f"POST {_NUMBER}/acts/except": Operation(takes=exceptions.ExceptBody, status=(200, 201)),
    f"POST {_NUMBER}/acts/{{act}}": Operation(each=("act", _asked(acts.ACTS))),
    f"POST {_NUMBER}/moves/{{move}}": Operation(upon=True, each=("move", _asked(acts.MOVES, always=True))),
    f"GET {_NUMBER}/forms": Operation(items=True),
    f"GET {_NUMBER}/forms/{{form}}": Operation(words={"form": FormName}),
    f"PUT {_NUMBER}/forms/{{form}}": Operation(takes=forms.FormBody, upon=True, words={"form": FormName}),
    f"GET {_NUMBER}/requests": Operation(items=True),
    f"POST {_NUMBER}/requests": Operation(takes=requests.AskBody, status=_CREATED),
    f"POST {_NUMBER}/requests/{{request}}/answer": Operation(takes=requests.ReplyBody),
    f"POST {_NUMBER}/requests/{{request}}/withdraw": Operation(takes=bodies.Body),
    f"GET {_NUMBER}/told/{{person}}": Operation(items=True),
    f"GET {_NUMBER}/clocks": Operation(items=True),
    f"GET {_NUMBER}/watches": Operation(items=True),
    f"GET {_NUMBER}/improvements": Operation(items=True),
}
_ACTIONS: Final = {
    f"GET {_NUMBER}/actions": Operation(items=True),
    f"POST {_NUMBER}/actions": Operation(takes=action_bodies.NewAction, status=_CREATED),
    f"POST {_NUMBER}/actions/none": Operation(takes=action_bodies.NoneBody),
    f"PUT {_NUMBER}/actions/{{action}}": Operation(takes=action_bodies.PlanBody, upon=True),
    f"POST {_NUMBER}/actions/{{action}}/{{turn}}": Operation(
        upon=True,
        each=("turn", {name: Operation(takes=one.shape, upon=True) for name, one in actions.TURNS.items()}),
    ),
    "GET /api/v1/actions": Operation(
        items=True,
        query={
            "incident": Annotated[str, Meta(pattern="^(INC-)?[0-9]{1,9}$")],
            "owner": str,
            "late": Flag,
            "all": Flag,
            "limit": Limit,
            "after": Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2},[0-9]{1,9},[0-9]{1,9}$")],
        },
    ),
    "GET /api/v1/trainings": Operation(items=True, query={"person": str}),
    "GET /api/v1/improvements": Operation(items=True),
    "POST /api/v1/sign-in/fresh": Operation(takes=approval.FreshBody, status=_CREATED),
    "GET /api/v1/approvals": Operation(items=True, query={"rule": str, "limit": Annotated[int, Meta(ge=1, le=100)]}),
    "POST /api/v1/approvals": Operation(takes=approval.BatchBody, items=True),
}
_RULED: Final = {
    "GET /api/v1/exceptions": Operation(items=True, query={"state": ExceptionState}),
    "POST /api/v1/exceptions": Operation(takes=exceptions.ProposeBody, status=(200, 201)),
    "POST /api/v1/exceptions/{exception}/settle": Operation(takes=exceptions.SettleBody, upon=True),
    "POST /api/v1/exceptions/{exception}/withdraw": Operation(takes=exceptions.WithdrawBody, upon=True),
    "GET /api/v1/silences": Operation(items=True, query={"state": SilenceState}),
    "POST /api/v1/silences": Operation(takes=silences.SilenceBody, status=(200, 201)),
    "POST /api/v1/silences/{silence}/settle": Operation(takes=silences.SettleSilenceBody, upon=True),
    "POST /api/v1/silences/{silence}/extend": Operation(takes=silences.ExtendSilenceBody, upon=True),
    "POST /api/v1/silences/{silence}/end": Operation(takes=silences.EndSilenceBody, upon=True),
    "GET /api/v1/coverage": Operation(
        items=True, query={"source": str, "rule": str, "from": bodies.Moment, "until": bodies.Moment}
    ),
    "GET /api/v1/coverage/at": Operation(
        query={"time": bodies.Moment, "source": Annotated[str, Meta(min_length=1)], "rule": str},
        needed=("time", "source"),
    ),
    "GET /api/v1/statistics": Operation(query={"days": Annotated[int, Meta(ge=1, le=statistics.MOST_DAYS)]}),
    "GET /api/v1/export": Operation(gives=bytes, media="application/zip", query=_PERIOD, needed=("from",)),
    "GET /api/v1/export.csv": Operation(gives=str, media="text/csv", query=_PERIOD, needed=("from",)),
    "GET /api/v1/calendar.ics": Operation(gives=str, media="text/calendar"),
    "GET /api/v1/waivers": Operation(items=True),
}
_HANDED_IN: Final = {
    "POST /hooks/{name}": Operation(takes=Any, is_raw=True, lines=True, status=(200, 202), is_open=True),
    "POST /api/v1/alerts": Operation(takes=Alert | list[Alert], is_raw=True, status=_TAKEN, is_open=True),
    "POST /api/v1/feedback": Operation(takes=Feedback, is_raw=True, status=_TAKEN, is_open=True),
    "POST /api/v1/logs": Operation(takes=Any, is_raw=True, lines=True, status=_TAKEN, is_open=True),
    "POST /api/v2/alerts": Operation(takes=list[Object], is_raw=True, gives=None, is_open=True),
    "GET /api/v2/alerts": Operation(query=_LABELS, is_open=True, **_V2),
    "GET /api/v2/alerts/groups": Operation(query=_LABELS, is_open=True, **_V2),
    "GET /api/v2/status": Operation(spoken=True, is_open=True),
    "GET /api/v2/receivers": Operation(is_open=True, **_V2),
    "GET /api/v2/silences": Operation(**_V2),
    "GET /api/v2/silence/{silence}": Operation(spoken=True),
    "POST /api/v2/silences": Operation(takes=alertmanager_silences.SilenceBody, spoken=True),
    "DELETE /api/v2/silence/{silence}": Operation(gives=None, spoken=True),
    "GET /api/v1/feedback": Operation(items=True),
}
_PEOPLE: Final = {
    "GET /api/v1/users": Operation(items=True),
    "POST /api/v1/users": Operation(takes=wire.NewUser, status=_CREATED),
    "DELETE /api/v1/users/{id}": _GONE,
    "POST /api/v1/users/{id}/password": Operation(takes=access.PasswordBody, gives=None, status=(204,), once=False),
    "DELETE /api/v1/users/{id}/password": _GONE,
    "GET /api/v1/contacts": Operation(items=True),
    "POST /api/v1/contacts": Operation(takes=contacts.NewContact, status=_CREATED),
    "DELETE /api/v1/contacts/{id}": _GONE,
    "GET /api/v1/tokens": Operation(items=True),
    "POST /api/v1/tokens": Operation(takes=wire.NewToken, status=_CREATED),
    "DELETE /api/v1/tokens/{id}": _GONE,
    "POST /api/v1/sign-in-links": Operation(takes=wire.NewSignInLink, status=_CREATED),
    "POST /api/v1/sign-in": Operation(takes=access.SignInBody, status=_CREATED, is_open=True, once=False),
    "GET /api/v1/sessions": Operation(items=True),
    "DELETE /api/v1/sessions/{id}": _GONE,
    "GET /api/v1/sign-ins": Operation(
        items=True, query={"limit": Annotated[int, Meta(ge=1, le=access.SIGN_INS_SHOWN)]}
    ),
    "GET /api/v1/deliveries": Operation(items=True, query={"limit": Annotated[int, Meta(ge=1, le=telling.MOST_SHOWN)]}),
    "POST /api/v1/receivers/test": Operation(takes=telling.TestBody, items=True, once=False),
}
_STATE: Final = {
    "GET /api/v1/status": Operation(gives=DaemonStatus),
    "POST /-/reload": Operation(gives=Reloaded, status=(200, 422)),
    "GET /healthz": Operation(gives=str, media="text/plain", is_open=True),
    "GET /readyz": Operation(gives=Readiness, status=(200, 503), is_open=True),
    "GET /metrics": Operation(gives=str, media="text/plain", is_open=True),
    "GET /api/openapi.json": Operation(is_open=True),
}
#: By method and path.
TABLE: Final[Mapping[str, Operation]] = _INCIDENTS | _ACTIONS | _RULED | _HANDED_IN | _PEOPLE | _STATE
