"""macOS's Endpoint Security events as ``eslogger`` writes them: starts of programs and files that were made.

``eslogger exec create rename`` writes one object per line; see eslogger(1) and Apple's EndpointSecurity (es_message_t).
"""

from typing import Any

from rules.event import LogSource
from rules.formats.cloud.shape import Shape, text_at
from rules.formats.reading.program import happened

MOST_ARGUMENTS = 4096


def put(found: dict[str, Any], fields: dict[str, Any]) -> LogSource | None:
    """A message has a process and one event, which is named after its kind."""
    event, process = found.get("event"), found.get("process")
    if not isinstance(event, dict) or not isinstance(process, dict) or "schema_version" not in found:
        return None
    program = text_at(process, "executable", "path")
    if isinstance(started := event.get("exec"), dict):
        _put_start(started, program, fields)
        return LogSource(category="process_creation", product="macos")
    fields["Image"], fields["process.name"] = program, program.rpartition("/")[2]
    for kind in ("create", "rename"):
        if isinstance(made := event.get(kind), dict) and (path := _destination(made)):
            fields["TargetFilename"] = path
            happened(fields, "file_write", "success")
            return LogSource(category="file_event", product="macos")
    happened(fields, "endpoint_event")
    return LogSource(product="macos", service="endpointsecurity")


def _put_start(started: dict[str, Any], parent: str, fields: dict[str, Any]) -> None:
    image = text_at(started, "target", "executable", "path")
    arguments = started.get("args")
    words = [one for one in arguments[:MOST_ARGUMENTS] if isinstance(one, str)] if isinstance(arguments, list) else []
    fields["Image"], fields["ParentImage"] = image, parent
    fields["CommandLine"] = fields["process.command_line"] = " ".join(words)
    fields["CurrentDirectory"] = text_at(started, "cwd", "path")
    fields["process.name"] = image.rpartition("/")[2]
    happened(fields, "process_start", "success")


def _destination(made: dict[str, Any]) -> str:
    target = made.get("destination")
    if not isinstance(target, dict):
        return ""
    folder, name = text_at(target, "new_path", "dir", "path"), text_at(target, "new_path", "filename")
    return text_at(target, "existing_file", "path") or (f"{folder}/{name}" if name else "")


SHAPE = Shape(
    name="macos-eslogger", marks=(('"schema_version"', '"event_type"', '"process"'),), times=("time",), put=put
)
