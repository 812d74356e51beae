"""The kernel's packet filter (iptables, nftables, ufw, firewalld): ``[UFW BLOCK] IN=eth0 OUT= … SRC=… DST=… DPT=…``.

What was done with the packet stands only in the prefix, which the operator chose: its words are asked.
"""

from typing import Any

from rules.event import LogSource
from rules.formats.reading.addresses import number, put_endpoint
from rules.formats.taxonomy.packet import put_packet

KERNEL = LogSource(product="linux", service="syslog")
FIREWALL = LogSource(category="firewall", product="linux", service="netfilter")

#: word in the prefix -> Sigma's `action`
VERDICTS = {
    "BLOCK": "drop",
    "DROP": "drop",
    "DENY": "drop",
    "DENIED": "drop",
    "INVALID": "drop",
    "REJECT": "reject",
    "ACCEPT": "accept",
    "ALLOW": "accept",
    "PASS": "accept",
}
FLAGS = frozenset({"SYN", "ACK", "FIN", "RST", "PSH", "URG", "ECE", "CWR"})
#: A line of the packet filter has about 25 parts.
MOST_PARTS = 80


def tell(message: str, fields: dict[str, Any]) -> LogSource:
    """Add what a message of the kernel tells; most are no packets."""
    at = message.find("IN=")
    if at < 0 or " SRC=" not in message or " DST=" not in message:
        return KERNEL
    parts, flags = _parts(message[at:])
    if "SRC" not in parts or "DST" not in parts:
        return KERNEL
    _put_packet(parts, fields)
    if flags:
        fields["firewall.flags"] = flags
    _judge(message[:at], fields)
    return FIREWALL


def _parts(text: str) -> tuple[dict[str, str], list[str]]:
    """``NAME=value`` and the flags; in brackets an ICMP error quotes another packet, which is not this one."""
    parts: dict[str, str] = {}
    flags = []
    for part in text.split(" ", MOST_PARTS)[:MOST_PARTS]:
        name, equals, value = part.partition("=")
        if name[:1] == "[":
            break
        if equals:
            parts.setdefault(name, value)
        elif part in FLAGS:
            flags.append(part)
    return parts, flags


def _put_packet(parts: dict[str, str], fields: dict[str, Any]) -> None:
    put_endpoint(fields, "source", parts["SRC"], parts.get("SPT", ""))
    put_endpoint(fields, "destination", parts["DST"], parts.get("DPT", ""))
    if protocol := parts.get("PROTO"):
        fields["protocol"] = protocol.lower()
    if (length := number(parts.get("LEN", ""))) is not None:
        fields["firewall.bytes"] = length
    for native, name in (("IN", "firewall.in"), ("OUT", "firewall.out")):
        if parts.get(native):
            fields[name] = parts[native]


def _judge(prefix: str, fields: dict[str, Any]) -> None:
    """``[12345.678901] [UFW BLOCK] `` -> drop."""
    if prefix[:1] == "[" and prefix[1:14].strip(" ")[:1].isdigit():
        prefix = prefix.partition("]")[2]
    fields["firewall.prefix"] = prefix.strip(" ")
    upper = prefix.upper()
    put_packet(fields, next((action for word, action in VERDICTS.items() if word in upper), ""))
