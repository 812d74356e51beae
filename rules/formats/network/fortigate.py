"""FortiGate: ``date=2024-03-01 time=03:11:20 devname="fw1" devid="FG…" logid="…" type="traffic" srcip=… action=…``.

As files hold it, with or without a priority before it; where syslog wrote its own head before it, the syslog formats
hand the message to `put`. Names are FortiOS's own (https://docs.fortinet.com/document/fortigate/latest/fortios-log-message-reference).
"""

from typing import Any

from rules.event import LogSource
from rules.formats.format import Context, Parsed
from rules.formats.loose.logfmt import pairs
from rules.formats.reading import stamps
from rules.formats.reading.addresses import number, put_endpoint
from rules.formats.reading.program import happened
from rules.formats.taxonomy.packet import put_packet

#: FortiOS's word for what became of a session; every other word says how one that was let through ended.
REFUSED = frozenset({"deny", "denied", "block", "blocked", "dropped", "drop"})
PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 47: "gre", 50: "esp", 58: "icmpv6"}


class Fortigate:
    """FortiGate's own lines."""

    name = "fortigate"
    strictness = 75

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read pairs with a ``devid``, a ``type`` and a ``logid`` among them."""
        text = line
        if line[:1] == "<":
            priority, _, text = line[1:].partition(">")
            if number(priority, 192) is None:
                return None
        fields: dict[str, Any] = {}
        logsource = put(text, fields)
        if logsource is None:
            return None
        stamp = _stamp(fields, context)
        return stamps.parsed(fields, logsource, stamp)


def is_fortigate(text: str) -> bool:
    """Whether *text* starts as these lines do and names the device."""
    return text.startswith(("date=", "logver=", "timestamp=")) and " devid=" in text and " logid=" in text


def put(text: str, fields: dict[str, Any]) -> LogSource | None:
    """Add what *text* tells; None if it is no such line."""
    told = pairs(text) if is_fortigate(text) else None
    if told is None:
        return None
    for name, value in told.items():
        fields.setdefault(name, value)
    for side, native in (("source", "src"), ("destination", "dst")):
        if isinstance(host := told.get(f"{native}ip"), str):
            put_endpoint(fields, side, host, str(told.get(f"{native}port", ""))[:10])
    if isinstance(device := told.get("devname"), str):
        fields["host.name"] = device
    if isinstance(user := told.get("user"), str):
        fields["user.name"] = user
    fields["message"] = str(told.get("msg") or text)
    kind = str(told.get("type", ""))[:40]
    _put_action(kind, fields)
    return LogSource(category="firewall" if kind == "traffic" else None, product="fortigate", service=kind or None)


def _put_action(kind: str, fields: dict[str, Any]) -> None:
    action = str(fields.get("action", "")).lower()
    if kind == "traffic":
        fields["protocol"] = PROTOCOLS.get(fields.get("proto", -1), str(fields.get("proto", "")))
        if isinstance(sent := fields.get("sentbyte"), int):
            fields["firewall.bytes"] = sent
        put_packet(fields, "drop" if action in REFUSED else "accept" if action else "")
        if "policyid" in fields:
            fields["firewall.rule"] = str(fields["policyid"])
    elif kind == "event" and action in ("login", "logon", "ssl-login-fail", "tunnel-up", "ssl-new-con"):
        _put_login(action, fields)
    elif kind in ("utm", "ips", "anomaly", "virus"):
        happened(fields, "ids_alert", "failure" if action in REFUSED else "unknown", str(fields.get("attack", "")))


def _put_login(action: str, fields: dict[str, Any]) -> None:
    """``action="login" status="failed" user="admin" srcip=…``; of a VPN the address is ``remip``."""
    if isinstance(host := fields.get("remip"), str):
        put_endpoint(fields, "source", host)
    if action == "ssl-login-fail" or fields.get("status") in ("failed", "failure"):
        happened(fields, "firewall_login", "failure", str(fields.get("reason", "")))
    elif fields.get("status") == "success" or action == "tunnel-up":
        happened(fields, "firewall_login", "success")


def _stamp(fields: dict[str, Any], context: Context) -> stamps.Stamp | None:
    """``eventtime`` (seconds or nanoseconds since 1970), else date, time and ``tz``."""
    if isinstance(since := fields.get("eventtime"), int) and (stamp := stamps.epoch(since)) is not None:
        return stamp
    zone = str(fields.get("tz", ""))[:6]
    return stamps.iso(f"{fields.get('date', '')}T{fields.get('time', '')}{zone}", context)
