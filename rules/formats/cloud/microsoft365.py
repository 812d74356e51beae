"""Microsoft 365's unified audit log (Office 365 Management Activity API).

https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema
"""

from typing import Any

from rules.event import LogSource
from rules.formats.cloud.shape import Shape, put_done, text_at

#: workload -> Sigma's service; a rule for ``audit`` covers all
SERVICES = {
    "Exchange": "exchange",
    "SecurityComplianceCenter": "threat_management",
}
DONE = frozenset({"", "success", "succeeded", "true", "partiallysucceeded"})


def put(found: dict[str, Any], fields: dict[str, Any]) -> LogSource | None:
    """A record has a workload, an operation and a type."""
    workload, operation = found.get("Workload"), found.get("Operation")
    if not isinstance(workload, str) or not isinstance(operation, str) or "RecordType" not in found:
        return None
    result = text_at(found, "ResultStatus")
    outcome = "success" if result.lower() in DONE else "failure"
    fields["eventSource"], fields["status"] = workload, outcome
    fields["eventName"] = (text_at(found, "Name") if operation.startswith("Alert") else "") or operation
    if (payload := found.get("Data")) is not None:
        fields["Payload"] = payload
    put_done(
        fields,
        operation,
        outcome,
        user=text_at(found, "UserId"),
        address=text_at(found, "ClientIP") or text_at(found, "ClientIPAddress") or text_at(found, "ActorIpAddress"),
        reason=text_at(found, "LogonError"),
    )
    return LogSource(product="m365", service=SERVICES.get(workload, "audit"))


SHAPE = Shape(
    name="m365-audit",
    marks=(('"Workload"', '"RecordType"'),),
    times=("CreationTime",),
    put=put,
    lists=("value",),
)
