"""Google Cloud's audit logs (entries of Cloud Logging), and Google Workspace's admin and login activities.

https://cloud.google.com/logging/docs/audit/understanding-audit-logs
https://developers.google.com/workspace/admin/reports/reference/rest/v1/activities/list
"""

from typing import Any

from rules.event import LogSource
from rules.formats.cloud.shape import Shape, put_done, text_at

AUDIT = LogSource(product="gcp", service="gcp.audit")
#: who writes the activity -> Sigma's service
WORKSPACE = {
    "admin.googleapis.com": LogSource(product="gcp", service="google_workspace.admin"),
    "login.googleapis.com": LogSource(product="gcp", service="google_workspace.login"),
}
MOST_PARAMETERS = 200


def put_entry(found: dict[str, Any], fields: dict[str, Any]) -> LogSource | None:
    """An entry of Cloud Logging; what a sink to Pub/Sub wraps in ``data`` is looked into."""
    inner = found.get("data")
    entry = inner if isinstance(inner, dict) and "protoPayload" in inner else found
    payload = entry.get("protoPayload")
    if not isinstance(payload, dict) or not isinstance(payload.get("serviceName"), str):
        return None
    _put_rule_names(entry, payload, fields)
    status = payload.get("status")
    code = status.get("code") if isinstance(status, dict) else None
    put_done(
        fields,
        text_at(payload, "methodName"),
        "failure" if code else "success",
        user=text_at(payload, "authenticationInfo", "principalEmail"),
        address=text_at(payload, "requestMetadata", "callerIp"),
        reason=text_at(payload, "status", "message"),
    )
    service = payload["serviceName"]
    if (logsource := WORKSPACE.get(service)) is None:
        return AUDIT
    events = payload.get("metadata", {}).get("event") if isinstance(payload.get("metadata"), dict) else None
    _put_workspace(service, events, "eventName", "parameter", fields)
    return logsource


def _put_rule_names(entry: dict[str, Any], payload: dict[str, Any], fields: dict[str, Any]) -> None:
    """Rules name an entry as Pub/Sub wraps it, and as Elastic's integration calls its parts."""
    name = text_at(entry, "logName")
    names = [name, name.partition("/logs/")[2]] if "/logs/" in name else name
    fields["data"] = {"protoPayload": {**payload, "resource": entry.get("resource"), "logName": names}}
    fields["gcp.audit.method_name"] = text_at(payload, "methodName")
    fields["gcp.audit.service_name"] = text_at(payload, "serviceName")
    fields.setdefault("protoPayload", payload)
    fields["protoPayload.Servicename"] = payload["serviceName"]


def put_activity(found: dict[str, Any], fields: dict[str, Any]) -> LogSource | None:
    """An activity of Google Workspace's reports."""
    application = text_at(found, "id", "applicationName")
    service = f"{application}.googleapis.com"
    logsource = WORKSPACE.get(service)
    events = found.get("events")
    if logsource is None or not isinstance(events, list):
        return None
    _put_workspace(service, events, "name", "parameters", fields)
    fields["protoPayload"] = {"serviceName": service, "metadata": {"event": [{"eventName": fields.get("eventName")}]}}
    fields["protoPayload.Servicename"] = service
    put_done(
        fields,
        text_at(found, "events", "name"),
        "failure" if "failure" in text_at(found, "events", "name") else "success",
        user=text_at(found, "actor", "email"),
        address=text_at(found, "ipAddress"),
    )
    return logsource


def _put_workspace(service: str, events: Any, name: str, parameters: str, fields: dict[str, Any]) -> None:
    """``SETTING_NAME`` and the other parameters become ``setting_name`` and so on."""
    fields["eventService"] = service
    listed = [event for event in events if isinstance(event, dict)] if isinstance(events, list) else []
    named = [event[name] for event in listed if isinstance(event.get(name), str)]
    fields["eventName"] = named[0] if len(named) == 1 else named
    given = [one for event in listed for one in event.get(parameters) or () if isinstance(one, dict)]
    for one in given[:MOST_PARAMETERS]:
        key, value = one.get("name"), one.get("value", one.get("boolValue", one.get("intValue")))
        if isinstance(key, str) and value is not None:
            fields.setdefault(key.lower(), value)


GOOGLE_CLOUD = Shape(
    name="gcp-audit",
    marks=(('"protoPayload"', '"serviceName"'),),
    times=("timestamp", "data.timestamp", "receiveTimestamp"),
    put=put_entry,
)
GOOGLE_WORKSPACE = Shape(
    name="google-workspace",
    marks=(('"applicationName"', '"events"'),),
    times=("id.time",),
    put=put_activity,
    lists=("items",),
)
