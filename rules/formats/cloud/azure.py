"""Azure: the activity log, and Entra's sign-ins, audit, risks and privileged identities.

As diagnostic settings deliver them (``{"records": [ … ]}`` or one per line, most of it under ``properties``), as Log
Analytics exports them (columns, written with capitals), or as Microsoft Graph gives them. Sigma's rules name fields of
all three, in any case: each name that a rule may use is given, wherever the value stands.

https://learn.microsoft.com/azure/azure-monitor/essentials/activity-log-schema
https://learn.microsoft.com/entra/identity/monitoring-health/reference-azure-monitor-sign-ins-log-schema
"""

from collections.abc import Iterator
from typing import Any

from rules.event import LogSource
from rules.formats.cloud.shape import Shape, put_done, text_at

ACTIVITY = LogSource(product="azure", service="activitylogs")
AUDIT = LogSource(product="azure", service="auditlogs")
SIGN_IN = LogSource(product="azure", service="signinlogs")
RISK = LogSource(product="azure", service="riskdetection")
PRIVILEGED = LogSource(product="azure", service="pim")

SIGN_INS = frozenset({
    "signinlogs", "noninteractiveusersigninlogs", "serviceprincipalsigninlogs", "managedidentitysigninlogs",
    "adfssigninlogs",
})  # fmt: skip
RISKS = frozenset({"userriskevents", "serviceprincipalriskevents", "riskyusers"})
ACTIVITIES = frozenset({
    "administrative", "security", "servicehealth", "alert", "recommendation", "policy", "autoscale", "resourcehealth",
    "write", "delete", "action",
})  # fmt: skip
#: names as rules write them; the value is found under any case, at the top or under ``properties``
NAMES = (
    "operationName", "OperationName", "CategoryValue", "ResourceProviderValue", "ResourceId", "OperationNameValue",
    "Category", "category", "LoggedByService", "ActivityDisplayName", "TargetResources.ModifiedProperties.DisplayName",
    "TargetResources.ModifiedProperties.NewValue", "TargetResources.modifiedProperties.newValue",
    "targetResources.type", "ActivityType", "activityType", "additionalDetails.additionalInfo",
    "failure_status_reason", "ResultType", "ResultDescription", "Resultdescription", "AuthenticationRequirement",
    "userAgent", "DeviceDetail.trusttype", "DeviceDetail.deviceId", "DeviceDetail.isCompliant", "RiskState",
    "ResourceDisplayName", "conditionalAccessStatus", "NetworkLocationDetails", "riskEventType",
)  # fmt: skip
#: what rules search as a whole: all that stands in it
WHOLE = ("TargetResources", "TargetResources.modifiedProperties", "properties.targetResources")
#: where the account stands that did it, the most certain first
ACTORS = ("initiatedby.user.userprincipalname", "userprincipalname", "caller", "identity")
DEEPEST = 8
MOST_VALUES = 2000
PROTOCOLS = {"devicecode": "Device Code", "ropc": "ROPC"}


def put(found: dict[str, Any], fields: dict[str, Any]) -> LogSource | None:
    """What it is stands in the category, or is known by what only it has."""
    known = _by_lower_name(found)
    logsource = _source(found, known)
    if logsource is None:
        return None
    for name in NAMES:
        value = known.get(name.lower())
        if value:
            fields.setdefault(name, value[0] if len(value) == 1 else value)
    _put_operation(found, known, fields)
    if logsource is SIGN_IN:
        _put_sign_in(known, fields)
    elif logsource is AUDIT:
        _put_audit(known, fields)
    elif logsource is PRIVILEGED:
        fields.setdefault("riskEventType", _first(known, "@odata.type").rpartition(".")[2])
    elif logsource is ACTIVITY:
        fields.setdefault("ResourceProviderValue", _operation(found, known).partition("/")[0])
    return logsource


def _source(found: dict[str, Any], known: dict[str, list[Any]]) -> LogSource | None:
    kind = (_first(known, "riskeventtype") or _first(known, "@odata.type")).lower()
    if kind.endswith("alertincident"):
        return PRIVILEGED
    category = (text_at(found, "category") or text_at(found, "Category")).lower()
    if category in RISKS or (_first(known, "riskeventtype") and "conditionalaccessstatus" not in known):
        return RISK
    if category in SIGN_INS or ("conditionalaccessstatus" in known and "userprincipalname" in known):
        return SIGN_IN
    if category == "auditlogs" or "activitydisplayname" in known or "loggedbyservice" in known:
        return AUDIT
    if "operationnamevalue" in known or ("resourceid" in known and category in ACTIVITIES):
        return ACTIVITY
    event_name = found.get("operationName")
    return ACTIVITY if isinstance(event_name, dict) and "resourceid" in known else None


def _operation(found: dict[str, Any], known: dict[str, list[Any]]) -> str:
    native = text_at(found, "operationName") or text_at(found, "operationName", "value")
    return native or _first(known, "operationnamevalue") or _first(known, "activitydisplayname")


def _put_operation(found: dict[str, Any], known: dict[str, list[Any]], fields: dict[str, Any]) -> None:
    operation = _operation(found, known)
    for name in ("operationName", "OperationName", "OperationNameValue", "properties.message"):
        if operation and not isinstance(fields.get(name), str):
            fields[name] = operation
    result = (_first(known, "resulttype") or _first(known, "result") or _first(known, "activitystatusvalue")).lower()
    outcome = "unknown"
    if result in ("0", "success", "succeeded", "start", "accept"):
        outcome = "success"
    elif result:
        outcome = "failure"
    who = next(filter(None, (_first(known, name) for name in ACTORS)), "")
    address = _first(known, "calleripaddress") or _first(known, "ipaddress")
    put_done(fields, operation, outcome, user=who, address=address, reason=_first(known, "resultdescription"))


def _put_sign_in(known: dict[str, list[Any]], fields: dict[str, Any]) -> None:
    code = _first(known, "resulttype") or _first(known, "status.errorcode")
    fields.setdefault("ResultType", code)
    said = _first(known, "status.additionaldetails")
    status = "Success" if code == "0" else "Failure"
    fields["Status"] = [status, said] if said else status
    if reason := _first(known, "status.failurereason"):
        fields.setdefault("ResultDescription", reason)
    fields.setdefault("ActivityDetails", "Sign-ins")
    for name, native in (("ClientApp", "clientappused"), ("Username", "userprincipalname")):
        if value := _first(known, native):
            fields.setdefault(name, value)
    protocol = PROTOCOLS.get(_first(known, "authenticationprotocol").lower())
    if protocol:
        fields["properties.message"] = protocol
    if known.get("networklocationdetails") in ([], None):
        fields["NetworkLocationDetails"] = "[]"


def _put_audit(known: dict[str, list[Any]], fields: dict[str, Any]) -> None:
    result = _first(known, "properties.result") or _first(known, "result")
    if result:
        fields["Status"] = fields["properties.result"] = result
    for name, native in (
        ("Initiatedby", "initiatedby.user.userprincipalname"),
        ("Target", "targetresources.userprincipalname"),
    ):
        if value := known.get(native):
            fields.setdefault(name, value)
    if "ServicePrincipal" in known.get("targetresources.type", ()):
        fields["targetResources.type"] = ["ServicePrincipal", "Service Principal"]
    names = known.get("targetresources.modifiedproperties.displayname", [])
    values = known.get("targetresources.modifiedproperties.newvalue", [])
    if len(names) == len(values):
        for name, value in zip(names, values, strict=True):
            if isinstance(name, str) and "." in name and isinstance(value, str):
                fields.setdefault(name, value.strip('"'))
    for name in WHOLE:
        within = f"{name.removeprefix('properties.').lower()}."
        if found := [one for part, values in known.items() if part.startswith(within) for one in values]:
            fields.setdefault(name, found)


def _first(known: dict[str, list[Any]], name: str) -> str:
    """The first value as text, "" if there is none."""
    value = next((one for one in known.get(name, ()) if isinstance(one, str | int) and one != ""), "")
    return str(value)


def _by_lower_name(found: dict[str, Any]) -> dict[str, list[Any]]:
    """All values by their dotted name in lower case; what stands under ``properties`` also without it."""
    known: dict[str, list[Any]] = {}
    for count, (name, value) in enumerate(_values("", found, 0)):
        if count >= MOST_VALUES:
            break
        known.setdefault(name, []).append(value)
        if name.startswith("properties."):
            known.setdefault(name.removeprefix("properties."), []).append(value)
    return known


def _values(prefix: str, value: Any, depth: int) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, inner in value.items() if depth < DEEPEST else ():
            yield from _values(f"{prefix}.{name.lower()}" if prefix else name.lower(), inner, depth + 1)
    elif isinstance(value, list):
        for inner in value[:MOST_VALUES]:
            yield from _values(prefix, inner, depth + 1)
    else:
        yield prefix, value


SHAPE = Shape(
    name="azure",
    marks=(
        ('"operationName"',),
        ('"OperationName',),
        ('"activityDisplayName"',),
        ('"ActivityDisplayName"',),
        ('"riskEventType"',),
        ('"RiskEventType"',),
        ("AlertIncident",),
        ('"conditionalAccessStatus"',),
        ('"ConditionalAccessStatus"',),
    ),
    times=(
        "time",
        "eventTimestamp",
        "activityDateTime",
        "createdDateTime",
        "detectedDateTime",
        "TimeGenerated",
        "properties.createdDateTime",
        "properties.activityDateTime",
    ),
    put=put,
    lists=("records", "value"),
)
