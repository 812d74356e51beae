"""Alerts and feedback as `rules.intake` writes them: never guessed, only by name."""

from datetime import datetime
from typing import Any, Final

from rules.event import LogSource, TimeSource
from rules.formats.format import SECOND, Context, Parsed
from rules.formats.ours.own import own
from rules.formats.reading.json_object import decode
from rules.formats.reading.stamps import iso
from rules.intake import topics

ALERT: Final = LogSource(product="tocsin", service="alert")
FEEDBACK: Final = LogSource(product="tocsin", service="feedback")
#: Labels that name the machine, the best one first.
HOST_LABELS: Final = ("host", "hostname", "nodename", "node", "instance")


class HandedIn:
    """One alert or one report a line."""

    name = "tocsin"
    strictness = 99

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read what the intake wrote."""
        found = decode(line)
        if found is None:
            return None
        if found.get("tocsin") == "alert":
            return _alert(found, context)
        if found.get("tocsin") == "feedback":
            return _feedback(found)
        if found.get("tocsin") == "own":
            return own(found, context)
        return None


def _alert(found: dict[str, Any], context: Context) -> Parsed:
    labels, annotations = _texts(found.get("labels")), _texts(found.get("annotations"))
    fields: dict[str, Any] = {
        "message": annotations.get("summary") or annotations.get("description") or str(found.get("name", "")),
        "alert.name": found.get("name"),
        "alert.status": found.get("status"),
        "alert.severity": found.get("severity"),
        "alert.key": found.get("key"),
        "alert.sender": found.get("sender") or None,
        **{f"labels.{name}": value for name, value in labels.items()},
        **{f"annotations.{name}": value for name, value in annotations.items()},
    }
    if host := next((labels[name] for name in HOST_LABELS if labels.get(name)), ""):
        fields["host.name"] = _without_port(host)
    if component := labels.get("service") or labels.get("component") or "":
        fields["service.name"] = component
    stamp = _moment(found, context)
    return Parsed(
        fields=fields,
        logsource=ALERT,
        time=stamp,
        resolution=SECOND,
        time_source=TimeSource.LINE if stamp else TimeSource.ARRIVAL,
    )


def _feedback(found: dict[str, Any]) -> Parsed:
    text = str(found.get("text", ""))
    named = str(found.get("component") or "")
    topic = topics.topic_of(text, named)
    fields = {
        "message": text,
        "feedback.reference": found.get("reference"),
        "feedback.category": found.get("category"),
        "feedback.component": topics.component_of(named),
        "feedback.topic": topic.name,
    }
    if topic.is_thing:
        fields["service.name"] = topic.name
    return Parsed(fields=fields, logsource=FEEDBACK, time=None, time_source=TimeSource.ARRIVAL)


def _moment(found: dict[str, Any], context: Context) -> datetime | None:
    """When what it tells of happened: an alert that is repeated happens now, and so does one that ends."""
    key = "ends_at" if found.get("status") == "resolved" else ""
    value = found.get(key) if key else None
    stamp = iso(value, context) if isinstance(value, str) else None
    return min(stamp[0], context.reference) if stamp else None  # never ahead of what it says next


def _texts(value: Any) -> dict[str, str]:
    return {str(name): str(text) for name, text in value.items()} if isinstance(value, dict) else {}


def _without_port(host: str) -> str:
    """``web1:9100`` -> ``web1``; an address in brackets keeps what stands in them."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() and ":" not in name else host
