"""Cisco's ASA and FTD: ``%ASA-4-106023: Deny tcp src outside:203.0.113.7/51000 dst inside:198.51.100.10/22 by …``.

The six digits say which message it is; they, and where the words stand, are in Cisco's "ASA Series Syslog Messages"
(https://www.cisco.com/c/en/us/td/docs/security/asa/syslog/asa-syslog.html). What is not in the tables below keeps its
number and its text. Of a teardown the ends are left out: it does not tell which of them began.
"""

from collections.abc import Callable
from typing import Any

from rules.event import LogSource
from rules.formats.reading.addresses import address, number, put_endpoint
from rules.formats.reading.program import happened
from rules.formats.reading.stamps import MONTHS
from rules.formats.taxonomy.packet import put_packet

ASA = LogSource(product="cisco", service="asa")
PACKETS = LogSource(category="firewall", product="cisco", service="asa")
MARKS = ("%ASA-", "%FTD-", "%PIX-")

Fields = dict[str, Any]


def mark_in(program: str, message: str) -> str:
    """The message from its mark on, "" if it is none of these.

    Args:
        program: The mark, where syslog took it for a program's name; else empty.
        message: Where it stands first, or behind a colon or the device's own stamp.
    """
    if program.startswith(MARKS):
        return f"{program}: {message}"
    head, found, rest = message[:60].partition("%")
    if program or not found or not f"%{rest}".startswith(MARKS):
        return ""
    return message[len(head) :] if not head.strip(" :") or head[:3] in MONTHS else ""


def tell(message: str, fields: Fields) -> LogSource:
    """Add what a message that begins with the mark tells."""
    mark, _, text = message.partition(": ")
    parts = mark.split("-", 3)
    code = parts[-1]
    fields["message"], fields["program"] = text, "asa"
    fields["cisco.message"] = code
    if len(parts) == 3 and (level := number(parts[1], 8)) is not None:
        fields["cisco.severity"] = level
    said = _SAID.get(code)
    if said is not None:
        said(text, fields)
    return PACKETS if fields.get("event.action") == "firewall" else ASA


def _end(fields: Fields, side: str, text: str) -> str:
    """``outside:203.0.113.7/51000``, ``203.0.113.7/51000``, ``outside/203.0.113.7(51000)`` -> the interface."""
    word = text.lstrip(" ").partition(" ")[0].strip(",()")
    for interface, host in (("", word), word.partition(":")[::2], word.partition("/")[::2]):
        ip, _, port = host.replace("(", "/").partition("/")
        if address(ip) is not None:
            put_endpoint(fields, side, ip, port.partition("/")[0])
            return interface
    return ""


def _ends(source: str, destination: str, fields: Fields) -> None:
    if interface := _end(fields, "source", source):
        fields["firewall.in"] = interface
    if interface := _end(fields, "destination", destination):
        fields["firewall.out"] = interface


def _packet(first: str, second: str, action: str) -> Callable[[str, Fields], None]:
    """A packet whose ends stand behind *first* and *second*."""

    def tell_packet(text: str, fields: Fields) -> None:
        head, found, rest = text.partition(first)
        source, also, destination = rest.partition(second)
        if not found or not also:
            return
        _ends(source, destination, fields)
        _put_protocol(head, fields)
        if (flags := destination.partition(" flags ")[2].partition(" on ")[0]) and len(flags) < 60:
            fields["firewall.flags"] = flags.split()
        put_packet(fields, action)

    return tell_packet


def _put_protocol(head: str, fields: Fields) -> None:
    for word in head.lower().split(" ", 8):
        if word in ("tcp", "udp", "icmp", "icmpv6", "sctp", "gre", "esp"):
            fields["protocol"] = word


def _listed(text: str, fields: Fields) -> None:
    """``access-list NAME denied tcp outside/203.0.113.7(51000) -> inside/198.51.100.10(22) hit-cnt 1 …``."""
    head, found, destination = text.partition(" -> ")
    words = head.split(" ", 6)
    if found and len(words) >= 5:
        _ends(words[-1], destination, fields)
        fields["protocol"] = words[-2].lower()
        fields["firewall.rule"] = words[1]
        put_packet(fields, "accept" if "permitted" in words else "drop")


def _built(text: str, fields: Fields) -> None:
    """``Built inbound TCP connection 1 for outside:203.0.113.7/51000 (…) to inside:198.51.100.10/22 (…)``.

    The foreign end stands first whoever began; the word says who did.
    """
    head, found, rest = text.partition(" for ")
    foreign, also, own = rest.partition(" to ")
    if found and also:
        _ends(*((own, foreign) if " outbound " in head else (foreign, own)), fields)
        _put_protocol(head, fields)
        put_packet(fields, "accept")


def _closed(text: str, fields: Fields) -> None:
    """``Teardown TCP connection 1 for … duration 0:00:30 bytes 1500 TCP FINs``."""
    if (length := number(text.partition(" bytes ")[2].partition(" ")[0])) is not None:
        fields["firewall.bytes"] = length
    happened(fields, "firewall_close")


def _login(text: str, fields: Fields) -> None:
    """``Login denied from 203.0.113.7/51000 to outside:198.51.100.1/ssh for user "admin"``."""
    _, _, rest = text.partition(" from ")
    _ends(rest, rest.partition(" to ")[2], fields)
    fields["user.name"] = rest.partition(' for user "')[2].removesuffix('"')
    happened(fields, "firewall_login", "success" if text.startswith("Login permitted") else "failure")


def _authenticated(text: str, fields: Fields) -> None:
    """``AAA user authentication Rejected : reason = … : local database : user = bob : user IP = 203.0.113.7``."""
    head, _, where = text.rpartition(" : user IP = ")
    head, _, user = (head or text).partition(" : user = ")
    _end(fields, "source", where if head else "")
    fields["user.name"] = user
    reason = head.partition(" : reason = ")[2].partition(" : ")[0]
    happened(fields, "firewall_login", "failure" if " Rejected" in head else "success", reason)


def _authenticated_by_name(text: str, fields: Fields) -> None:
    """``User authentication failed: IP address: 203.0.113.7, Uname: bob``; older versions wrote no address."""
    _end(fields, "source", text.partition("IP address: ")[2].partition(",")[0])
    fields["user.name"] = text.partition("Uname: ")[2]
    happened(fields, "firewall_login", "failure" if " failed" in text[:30] else "success")


def _account(action: str) -> Callable[[str, Fields], None]:
    """``New user added to local dbase: Uname: bob Priv: 15 Encpass: …``."""

    def tell_account(text: str, fields: Fields) -> None:
        fields["user.name"] = text.partition("Uname: ")[2].partition(" Priv: ")[0]
        happened(fields, action, "success")

    return tell_account


def _command(text: str, fields: Fields) -> None:
    """``User 'bob', running 'CLI' from IP 10.0.0.5, executed 'X'``; ``User 'bob' executed the 'X' command.``"""
    who, _, rest = text.removeprefix("User '").partition("'")
    fields["user.name"] = who
    _end(fields, "source", rest.partition(" from IP ")[2].partition(",")[0])
    fields["process.command_line"] = rest.partition(" executed ")[2].partition("'")[2].rpartition("'")[0]
    happened(fields, "firewall_command", "success")


_FROM_TO = _packet(" from ", " to ", "drop")
_SRC_DST = _packet(" src ", " dst ", "drop")
_SAID: dict[str, Callable[[str, Fields], None]] = {
    **dict.fromkeys(("106001", "106002", "106006", "106007", "106015", "106016", "106017", "106021"), _FROM_TO),
    **dict.fromkeys(("106010", "106014", "106018", "106023", "106102", "106103"), _SRC_DST),
    **dict.fromkeys(("710003", "710005"), _FROM_TO),
    "106100": _listed,
    **dict.fromkeys(("302013", "302015", "302020"), _built),
    **dict.fromkeys(("302014", "302016", "302021"), _closed),
    **dict.fromkeys(("605004", "605005"), _login),
    **dict.fromkeys(("113004", "113005", "113012", "113015"), _authenticated),
    **dict.fromkeys(("611101", "611102"), _authenticated_by_name),
    "502101": _account("user_add"),
    "502102": _account("user_delete"),
    **dict.fromkeys(("111008", "111010"), _command),
}
