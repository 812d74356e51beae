"""AWS CloudTrail: a record per line, or the file of a trail, ``{"Records": [ … ]}``.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from typing import Any

from rules.event import LogSource
from rules.formats.cloud.shape import Shape, put_done, text_at

CLOUDTRAIL = LogSource(product="aws", service="cloudtrail")


def put(found: dict[str, Any], fields: dict[str, Any]) -> LogSource | None:
    """A record has a source, a name and a version; one that failed an error code."""
    name = found.get("eventName")
    if not isinstance(name, str) or not isinstance(found.get("eventSource"), str) or "eventVersion" not in found:
        return None
    error = text_at(found, "errorCode")
    failed = error or text_at(found, "responseElements", name) == "Failure"  # ConsoleLogin, CheckMfa, …
    user = text_at(found, "userIdentity", "userName") or text_at(found, "userIdentity", "arn")
    put_done(
        fields,
        name,
        "failure" if failed else "success",
        user=user or text_at(found, "userIdentity", "type"),
        address=text_at(found, "sourceIPAddress"),
        reason=error or text_at(found, "errorMessage"),
    )
    return CLOUDTRAIL


SHAPE = Shape(
    name="aws-cloudtrail",
    marks=(('"eventSource"', '"eventVersion"'),),
    times=("eventTime",),
    put=put,
    lists=("Records",),
    inside="detail",  # as EventBridge hands it on
)
