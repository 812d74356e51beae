"""Palo Alto's PAN-OS: values between commas whose fourth says what they are about.

``1,2024/03/01 03:11:26,001,TRAFFIC,end,…``: the places are those of "Syslog Field Descriptions" in the PAN-OS manual.
"""

import csv
from typing import Any

from rules.event import LogSource
from rules.formats.reading.addresses import number, put_endpoint
from rules.formats.reading.program import happened
from rules.formats.taxonomy.packet import put_packet

MOST_VALUES = 400
#: type of the message -> names of what stands from the eighth value on
TRAFFIC = (
    "src_ip", "dst_ip", "nat_src_ip", "nat_dst_ip", "rule", "src_user", "dst_user", "app", "vsys", "src_zone",
    "dst_zone", "in_interface", "out_interface", "log_action", "", "session_id", "repeat_count", "src_port",
    "dst_port", "nat_src_port", "nat_dst_port", "flags", "protocol", "action", "bytes",
)  # fmt: skip
#: PAN-OS's word -> as other firewalls say it
VERDICTS = {
    "allow": "accept",
    **dict.fromkeys(("deny", "drop", "drop ICMP"), "drop"),
    **dict.fromkeys(("reset both", "reset client", "reset server"), "reject"),
}


def put(message: str, fields: dict[str, Any]) -> LogSource | None:
    """Add what a message tells; None if it is none of PAN-OS."""
    head = message[:120].split(",", 4)
    if len(head) < 5 or not head[1][:4].isdigit() or head[1][4:5] != "/" or not head[3].isupper():
        return None
    kind = head[3].lower()
    values = next(csv.reader([message.replace("\0", "")[:65_536]]), [])[:MOST_VALUES]
    if kind == "traffic" and len(values) > 31:
        _put_traffic(values, fields)
        return LogSource(category="firewall", product="paloalto", service=kind)
    happened(fields, "panos_message", "failure" if "fail" in message.lower() else "unknown")
    return LogSource(category="appliance" if kind == "globalprotect" else None, product="paloalto", service=kind)


def _put_traffic(values: list[str], fields: dict[str, Any]) -> None:
    told = {name: value for name, value in zip(TRAFFIC, values[7:], strict=False) if name and value}
    put_endpoint(fields, "source", told.get("src_ip", ""), told.get("src_port", ""))
    put_endpoint(fields, "destination", told.get("dst_ip", ""), told.get("dst_port", ""))
    put_packet(fields, VERDICTS.get(told.get("action", ""), told.get("action", "")))
    for native, name in (("protocol", "protocol"), ("rule", "firewall.rule"), ("app", "firewall.application")):
        if native in told:
            fields[name] = told[native]
    if (size := number(told.get("bytes", ""))) is not None:
        fields["firewall.bytes"] = size
    if user := told.get("src_user"):
        fields["user.name"] = user
