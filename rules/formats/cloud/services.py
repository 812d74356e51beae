"""Okta, GitHub, Bitbucket, OneLogin, Cisco Duo and OpenCanary: objects whose own names Sigma's rules use.

https://developer.okta.com/docs/reference/api/system-log/ (LogEvent)
https://docs.github.com/en/enterprise-cloud@latest/admin/monitoring-activity-in-your-enterprise (audit log streaming)
https://confluence.atlassian.com/bitbucketserver/audit-log-events-776640423.html
https://developers.onelogin.com/api-docs/1/events/event-resource
https://duo.com/docs/adminapi#logs
https://opencanary.readthedocs.io/
"""

from typing import Any

from rules.event import LogSource
from rules.formats.cloud.shape import Shape, put_done, text_at
from rules.formats.reading.addresses import put_endpoint
from rules.formats.reading.program import happened

FAILED = frozenset({"FAILURE", "DENY", "denied", "failure", "fraud", "error"})


def put_okta(found: dict[str, Any], fields: dict[str, Any]) -> LogSource | None:
    """A LogEvent."""
    kind, outcome = text_at(found, "eventType"), found.get("outcome")
    if "." not in kind or "published" not in found or "actor" not in found:
        return None
    result = text_at(outcome, "result") if isinstance(outcome, dict) else ""
    put_done(
        fields,
        kind,
        "failure" if result in FAILED else "success" if result else "unknown",
        user=text_at(found, "actor", "alternateId"),
        address=text_at(found, "client", "ipAddress"),
        reason=text_at(outcome, "reason") if isinstance(outcome, dict) else "",
    )
    return LogSource(product="okta", service="okta")


def put_github(found: dict[str, Any], fields: dict[str, Any]) -> LogSource | None:
    """An entry of an organisation's or an enterprise's audit log."""
    action = text_at(found, "action")
    if "." not in action or not {"_document_id", "org", "business"} & found.keys():
        return None
    put_done(fields, action, "success", user=text_at(found, "actor"), address=text_at(found, "actor_ip"))
    return LogSource(product="github", service="audit")


def put_bitbucket(found: dict[str, Any], fields: dict[str, Any]) -> LogSource | None:
    """An event of Bitbucket Data Center's audit log; its time may be an object."""
    kind = found.get("auditType")
    if not isinstance(kind, dict) or "action" not in kind or "category" not in kind:
        return None
    put_done(
        fields,
        text_at(kind, "action"),
        "success",
        user=text_at(found, "author", "name"),
        address=text_at(found, "source").partition(",")[0],
    )
    return LogSource(product="bitbucket", service="audit")


def put_onelogin(found: dict[str, Any], fields: dict[str, Any]) -> LogSource | None:
    """An event of OneLogin."""
    kind = found.get("event_type_id")
    if not isinstance(kind, int | str) or not {"account_id", "user_id", "actor_user_id"} & found.keys():
        return None
    user = text_at(found, "actor_user_name") or text_at(found, "user_name")
    put_done(fields, f"event_type_id {kind}", "unknown", user=user, address=text_at(found, "ipaddr"))
    return LogSource(product="onelogin", service="onelogin.events")


def put_duo(found: dict[str, Any], fields: dict[str, Any]) -> LogSource | None:
    """An authentication of Cisco Duo."""
    kind = text_at(found, "event_type")
    if not kind or not {"access_device", "auth_device", "factor"} & found.keys():
        return None
    result = text_at(found, "result")
    put_done(
        fields,
        kind,
        "failure" if result in FAILED else "success" if result else "unknown",
        user=text_at(found, "user", "name"),
        address=text_at(found, "access_device", "ip"),
        reason=text_at(found, "reason"),
    )
    return LogSource(product="cisco", service="duo")


def put_opencanary(found: dict[str, Any], fields: dict[str, Any]) -> LogSource | None:
    """What touched a decoy."""
    if not isinstance(found.get("logtype"), int | str) or "node_id" not in found:
        return None
    for side, name in (("source", "src"), ("destination", "dst")):
        put_endpoint(fields, side, text_at(found, f"{name}_host"), str(found.get(f"{name}_port", ""))[:10])
    fields["host.name"] = str(found["node_id"])[:200]
    if user := text_at(found, "logdata", "USERNAME"):
        fields["user.name"] = user
    happened(fields, "decoy_touched")
    return LogSource(category="application", product="opencanary")


OKTA = Shape(name="okta", marks=(('"eventType"', '"published"'),), times=("published",), put=put_okta, inside="detail")
GITHUB = Shape(
    name="github-audit",
    marks=(('"action"', '"_document_id"'), ('"action"', '"org"'), ('"action"', '"business"')),
    times=("@timestamp", "created_at"),
    put=put_github,
)
BITBUCKET = Shape(
    name="bitbucket-audit",
    marks=(('"auditType"',),),
    times=("timestamp", "timestamp.epochSecond"),
    put=put_bitbucket,
)
ONELOGIN = Shape(
    name="onelogin", marks=(('"event_type_id"',),), times=("created_at", "event_timestamp"), put=put_onelogin
)
DUO = Shape(
    name="duo",
    marks=(('"event_type"', '"access_device"'), ('"event_type"', '"factor"')),
    times=("isotimestamp", "timestamp"),
    put=put_duo,
)
OPENCANARY = Shape(
    name="opencanary", marks=(('"logtype"', '"node_id"'),), times=("utc_time", "local_time"), put=put_opencanary
)
