"""What ``docker events --format '{{json .}}'`` writes: one object per event of a container, image, volume or network.

https://docs.docker.com/reference/cli/docker/system/events/
"""

from typing import Any

from rules.event import LogSource
from rules.formats.format import Context, Parsed
from rules.formats.reading.addresses import number
from rules.formats.reading.json_object import decode, flatten, time_in
from rules.formats.reading.program import happened

EVENTS = LogSource(product="docker", service="events")


class DockerEvents:
    """Docker's events."""

    name = "docker-events"
    strictness = 96

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read an object with ``Type``, ``Action`` and ``Actor``."""
        if '"Actor"' not in line:
            return None
        found = decode(line)
        if found is None or not isinstance(found.get("Actor"), dict):
            return None
        kind, action = found.get("Type"), found.get("Action")
        fields = flatten(found)
        stamp = time_in(fields, context, ("timeNano", "time"))
        if not isinstance(kind, str) or not isinstance(action, str) or stamp is None:
            return None
        _tell(kind, action, found["Actor"], fields)
        fields["message"] = line
        return Parsed(fields=fields, logsource=EVENTS, time=stamp[0], resolution=stamp[1])


def _tell(kind: str, action: str, actor: dict[str, Any], fields: dict[str, Any]) -> None:
    """``exec_create: /bin/sh -c id`` holds the command, ``health_status: unhealthy`` the outcome of a check."""
    deed, _, more = action.partition(": ")
    told = actor.get("Attributes")
    attributes = told if isinstance(told, dict) else {}
    if isinstance(identity := actor.get("ID"), str):
        fields["container.id"] = identity
    for name, target in (("name", "container.name"), ("image", "container.image")):
        if isinstance(value := attributes.get(name), str):
            fields[target] = value
    if deed in ("exec_create", "exec_start"):
        fields["process.command_line"] = more
    code = number(str(attributes.get("exitCode", ""))[:10])
    if code is not None:
        fields["process.exit_code"] = code
    outcome = "unknown" if code is None else "success" if code == 0 else "failure"
    happened(fields, f"{kind}_{deed}", "failure" if more == "unhealthy" else outcome)
