"""pf, of OpenBSD, FreeBSD, pfSense and OPNsense.

``filterlog`` writes values between commas (https://docs.netgate.com/pfsense/en/latest/monitoring/raw-filter-log-format.html):
``5,,,1000000103,igb0,match,block,in,4,0x0,,242,54321,0,none,6,tcp,44,203.0.113.7,198.51.100.10,51000,22,0,S,…``.
Others hand what tcpdump makes of pflog to syslog (https://www.openbsd.org/faq/pf/logging.html):
``rule 5/(match) block in on em0: 203.0.113.7.51000 > 198.51.100.10.22: S …``.
"""

from typing import Any

from rules.event import LogSource
from rules.formats.reading.addresses import address, number, put_endpoint
from rules.formats.taxonomy.packet import flags_of, put_packet

PF = LogSource(category="firewall", product="pf", service="filterlog")

ACTIONS = {"block": "drop", "reject": "reject", "pass": "accept", "rdr": "accept", "nat": "accept"}
#: IP version -> where protocol, length and the source address stand; the destination follows the source.
COLUMNS = {"4": (16, 17, 18), "6": (12, 14, 15)}


def filterlog(message: str, fields: dict[str, Any]) -> LogSource:
    """Add what a line of filterlog tells."""
    values = message.split(",", 40)
    if len(values) < 9 or values[8] not in COLUMNS:
        return PF
    at_protocol, at_length, at_source = COLUMNS[values[8]]
    if len(values) < at_source + 2:
        return PF
    fields["protocol"] = values[at_protocol].lower()
    if (length := number(values[at_length])) is not None:
        fields["firewall.bytes"] = length
    fields["firewall.out" if values[7] == "out" else "firewall.in"] = values[4]
    fields["firewall.rule"] = values[3] or values[0]
    has_ports = fields["protocol"] in ("tcp", "udp") and len(values) >= at_source + 4
    ports = values[at_source + 2 : at_source + 4] if has_ports else ("", "")
    put_endpoint(fields, "source", values[at_source], ports[0])
    put_endpoint(fields, "destination", values[at_source + 1], ports[1])
    if fields["protocol"] == "tcp" and len(values) > at_source + 5:
        fields["firewall.flags"] = flags_of(values[at_source + 5])
    put_packet(fields, ACTIONS.get(values[6], ""))
    return PF


def printed(message: str, fields: dict[str, Any]) -> LogSource:
    """Add what a line of tcpdump tells of pflog."""
    head, found, rest = message.partition(": ")
    if found and not head.rpartition(" on ")[1]:  # tcpdump puts a colon behind the rule: "rule 5/0(match): block in on"
        more, found, rest = rest.partition(": ")
        head = f"{head} {more}"
    words = head.split(" ", 12)
    action = next((ACTIONS[word] for word in words if word in ACTIONS), "")
    ends, found, rest = rest.partition(": ")
    source, arrow, destination = ends.partition(" > ")
    if not found or not arrow or not action or words[0] != "rule":
        return PF
    fields["firewall.out" if "out" in words else "firewall.in"] = words[-1]
    fields["firewall.rule"] = words[1].partition("/")[0]
    _put_end(fields, "source", source)
    _put_end(fields, "destination", destination)
    letters = rest.removeprefix("Flags [").partition("]" if rest.startswith("Flags [") else " ")[0]
    if flags := flags_of(letters):
        fields["firewall.flags"] = flags
    put_packet(fields, action)
    return PF


def _put_end(fields: dict[str, Any], side: str, text: str) -> None:
    """``203.0.113.7.51000``, or an address without a port."""
    host, _, port = text.rpartition(".")
    if address(host) is not None and number(port, 65536) is not None:
        put_endpoint(fields, side, host, port)
    else:
        put_endpoint(fields, side, text)
