"""systemd, as the first process and as each user's: units that fail, that are started too often, and from where.

One failure is one ``unit_failed``: the line ``Failed with result``, in systemd before 229 ``Unit … entered failed
state``. The texts are those of systemd's src/core (https://systemd.io/, systemd.service(5)).
"""

from typing import Any

from rules.event import LogSource
from rules.formats.host import pam
from rules.formats.reading.addresses import number
from rules.formats.reading.program import happened

SYSTEMD = LogSource(product="linux", service="syslog")

SUFFIXES = (".service", ".timer", ".socket", ".mount", ".path", ".scope", ".target", ".slice", ".automount", ".swap")


def tell(message: str, fields: dict[str, Any]) -> LogSource:
    """Add what systemd's message tells."""
    fields["systemd.scope"] = "system" if fields.get("pid", 1) == 1 else "user"
    first, _, rest = message.partition(" ")
    if first.startswith("pam_"):
        pam.tell(message, fields)
        return SYSTEMD
    if first.endswith(":") and (unit := _unit(first[:-1], fields)):
        _of_unit(rest, unit, fields)
    elif first == "Unit" and rest.endswith(" entered failed state."):
        _unit(rest.partition(" ")[0], fields)
        happened(fields, "unit_failed", "failure", "failed")
    elif first in ("Started", "Failed"):
        _started(first, rest, fields)
    elif rest.startswith(("start request repeated too quickly", "start-limit")):
        _unit(first, fields)
        happened(fields, "unit_start_limit", "failure", "start_limit")
    elif message.startswith("Configuration file "):
        _writable(message[19:], fields)
    return SYSTEMD


def oomd(message: str, fields: dict[str, Any]) -> LogSource:
    """systemd-oomd: ``Killed /system.slice/app.service due to memory pressure for /system.slice being 80.00% > …``."""
    if message.startswith("Killed /"):
        _unit(message[7:].partition(" due to ")[0].rpartition("/")[2], fields)
        happened(fields, "oom_kill", "failure", "pressure")
    return SYSTEMD


def _unit(name: str, fields: dict[str, Any]) -> str:
    """The name without what it ends with; "" if it is none, or the path of a unit file."""
    path, found, line = name.rpartition(":")
    path = path if found and line.isdigit() else name
    if not path.endswith(SUFFIXES):
        return ""
    if path.startswith("/"):
        fields["systemd.path"] = path
        path = path.rpartition("/")[2]
    fields["systemd.unit"] = path
    fields["service.name"] = path.rpartition(".")[0]
    return path


def _of_unit(text: str, unit: str, fields: dict[str, Any]) -> None:
    """What stands behind ``app.service: ``."""
    if text.startswith("Failed with result '"):
        happened(fields, "unit_failed", "failure", text[20:].partition("'")[0])
    elif text.startswith("Start request repeated too quickly"):
        happened(fields, "unit_start_limit", "failure", "start_limit")
    elif text.startswith(("Main process exited, ", "Control process exited, ")):
        happened(fields, "unit_exit", "unknown", text.partition("code=")[2].replace(", status=", " ")[:60])
    elif text.startswith("Scheduled restart job, restart counter is at "):
        happened(fields, "unit_restart", "unknown")
        if (restarts := number(text[45:].rstrip("."))) is not None:
            fields["systemd.restarts"] = restarts
    else:
        _executable(text, fields)


def _executable(text: str, fields: dict[str, Any]) -> None:
    """``Failed at step EXEC spawning /tmp/x: …``, ``Unable to locate executable '/tmp/x': …``."""
    for start in ("Failed at step EXEC spawning ", "Failed to execute ", "Unable to locate executable "):
        if text.startswith(start):
            fields["process.executable"] = text[len(start) :].partition(": ")[0].strip("'")
            happened(fields, "unit_start", "failure", "not_executable")
            return


def _started(verb: str, rest: str, fields: dict[str, Any]) -> None:
    """``Started app.service - The app.``, ``Failed to start …``; before systemd 249 only the description."""
    what = rest.removeprefix("to start ")
    if verb == "Failed" and what == rest:
        return
    _unit(what.partition(" ")[0].removesuffix("."), fields)
    happened(fields, "unit_start", "success" if verb == "Started" else "failure")


def _writable(text: str, fields: dict[str, Any]) -> None:
    """``/etc/systemd/system/app.service is marked world-writable. Please remove …``."""
    path, found, _ = text.partition(" is marked world-writable")
    if found and _unit(path, fields):
        happened(fields, "unit_writable", "unknown", "world_writable")
