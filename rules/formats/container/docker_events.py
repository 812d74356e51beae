"""What ``docker events`` writes, of a container, an image, a volume or a network: an object per event with
``--format '{{json .}}'``, else ``2026-03-01T03:11:26.123456789Z container die 4f1b (exitCode=1, image=…, name=web)``.

https://docs.docker.com/reference/cli/docker/system/events/
"""

from typing import Any

from rules.event import LogSource
from rules.formats.format import Context, Parsed
from rules.formats.reading import stamps
from rules.formats.reading.addresses import number
from rules.formats.reading.json_object import decode, flatten, time_in
from rules.formats.reading.program import happened

EVENTS = LogSource(product="docker", service="events")


class DockerEvents:
    """Docker's events."""

    name = "docker-events"
    strictness = 96

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read an object with ``Type``, ``Action`` and ``Actor``, or a line that ends with its attributes."""
        if line[-1:] == ")" and line[10:11] == "T":
            return _line(line, context)
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


KINDS = frozenset(
    {"container", "image", "volume", "network", "daemon", "plugin", "service", "node", "secret", "config"}
)


def _line(line: str, context: Context) -> Parsed | None:
    """``stamp container exec_create: /bin/sh -c "f (x)" 4f1b (image=…, name=web)``; a command may hold anything."""
    stamp_text, _, rest = line.partition(" ")
    kind, _, rest = rest.partition(" ")
    said, found, told = rest[:-1].rpartition(" (")
    action, blank, identity = said.rpartition(" ")
    stamp = stamps.iso(stamp_text, context) if kind in KINDS and found and blank else None
    attributes = dict(part.partition("=")[::2] for part in told.split(", ", 200))
    if stamp is None or not ("name" in attributes or "image" in attributes):
        return None
    fields: dict[str, Any] = {"message": line, "Type": kind, "Action": action}
    _tell(kind, action, {"ID": identity, "Attributes": attributes}, fields)
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
