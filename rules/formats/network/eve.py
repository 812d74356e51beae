"""Suricata's EVE: one JSON object per line; the service is its ``event_type``."""

from typing import Any

from rules.event import LogSource
from rules.formats.format import Context, Parsed
from rules.formats.reading.addresses import number, put_endpoint
from rules.formats.reading.json_object import decode, flatten, time_in
from rules.formats.reading.program import happened
from rules.formats.taxonomy.http_request import put_request
from rules.formats.taxonomy.question import put_question


class Eve:
    """Suricata's EVE."""

    name = "suricata-eve"
    strictness = 95

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read an object with ``timestamp``, ``event_type`` and what only Suricata writes beside them."""
        if '"event_type"' not in line:
            return None
        found = decode(line)
        if found is None or not _is_eve(found):
            return None
        fields = flatten(found)
        stamp = time_in(fields, context, ("timestamp",))
        if stamp is None:
            return None
        kind = found["event_type"]
        put_endpoint(fields, "source", _text(found, "src_ip"), _text(found, "src_port"))
        put_endpoint(fields, "destination", _text(found, "dest_ip"), _text(found, "dest_port"))
        if isinstance(host := found.get("host"), str):
            fields["host.name"] = host
        fields.setdefault("message", line)
        _put_action(kind, fields)
        if kind == "dns":
            _put_dns(fields)
        if kind in ("flow", "netflow"):
            fields["connection.hour"] = stamp[0].isoformat()[:13]
        return Parsed(
            fields=fields,
            logsource=LogSource(category="dns" if kind == "dns" else None, product="suricata", service=kind),
            time=stamp[0],
            resolution=stamp[1],
        )


def _is_eve(found: dict[str, Any]) -> bool:
    kind = found.get("event_type")
    if not isinstance(kind, str) or not kind:
        return False
    return "flow_id" in found or "src_ip" in found or isinstance(found.get(kind), dict)


def _text(found: dict[str, Any], name: str) -> str:
    return str(found.get(name, ""))[:64]


def _put_action(kind: str, fields: dict[str, Any]) -> None:
    """``ids_alert`` for alerts, ``http_request`` for requests, ``ids_<type>`` for the rest."""
    if kind == "alert":
        happened(fields, "ids_alert", "failure" if fields.get("alert.action") == "blocked" else "unknown")
        if isinstance(signature := fields.get("alert.signature"), str):
            fields["event.reason"] = signature
    elif kind == "http" and isinstance(uri := fields.get("http.url"), str):
        status = number(str(fields.get("http.status", ""))[:4], 1000)
        put_request(fields, str(fields.get("http.http_method", "")), uri, status)
    else:
        happened(fields, f"ids_{kind}")


def _put_dns(fields: dict[str, Any]) -> None:
    """Version 3 (Suricata 8) holds questions in a list, of which there is one; before they stood beside the type."""
    name, kind = (_first(fields.get(f"dns.{what}", fields.get(f"dns.queries.{what}"))) for what in ("rrname", "rrtype"))
    put_question(fields, name, kind, fields.get("dns.rcode"))
    if isinstance(answers := fields.get("dns.answers.rdata"), list):
        fields["answer"] = answers


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value
