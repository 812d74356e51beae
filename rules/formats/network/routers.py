"""Routers and switches: Cisco's IOS, IOS XE and NX-OS, Huawei's VRP, and Junos.

``%SEC_LOGIN-5-LOGIN_SUCCESS: …``, ``%%01BGP/3/BGP_AUTH_FAILED(l)[0]:…``, ``tcp_auth_ok: Packet from 192.0.2.1:179 …``.
Cisco and Huawei write facility, severity and mnemonic behind a mark; Junos names its daemon as any host does. Sources:
Cisco's "System Message Guide", Huawei's "Log Reference", Juniper's "System Log Explorer".
"""

from typing import Any

import re2

from rules.event import LogSource
from rules.formats.reading.addresses import put_endpoint
from rules.formats.reading.program import Tell, happened

CISCO = re2.compile(r"%([A-Z][A-Z0-9_]*(?:-[A-Z][A-Z0-9_]*)*)-([0-7])-([A-Z][A-Z0-9_]*):")
HUAWEI = re2.compile(r"%%\d\d([A-Z][A-Z0-9_]*)/([0-7])/([A-Za-z][A-Za-z0-9_]*)")
FROM = re2.compile(r"(?:\[Source: |\bfrom |\bUser:\S+ +.*\()([0-9A-Fa-f:.]{2,45}?)(?:[\]:() ]|$)")
#: facilities that say what people typed, and whom the router let in to do so
AAA = frozenset({"AAA", "AAAA", "PARSER", "TAC", "TPLUS", "RADIUS", "RADPROXY", "TACACS"})
JUNIPER_BGP = LogSource(product="juniper", service="bgp")
ACCOUNTING = LogSource(product="cisco", service="aaa")
#: How far into a message the mark is looked for: before it stand the router's own counter and stamp.
FARTHEST = 200


def put(message: str, fields: dict[str, Any]) -> LogSource | None:
    """Add what a router's message tells; None if it is none."""
    program = str(fields.get("program", ""))
    if program.startswith("%"):  # syslog took the mark for a program's name
        message = f"{program}: {message}"
    if "%" not in message[:FARTHEST] or (program and program[0] != "%" and not program.isdigit()):
        return None
    head = message[:2000].encode("ascii", "replace").decode()  # an expression takes no byte that is no UTF-8
    if (found := HUAWEI.search(head[: FARTHEST * 2])) is not None:
        return _put(found, "huawei", found[1].lower(), fields)
    found = CISCO.search(head[: FARTHEST * 2])
    if found is None or found.start() > FARTHEST:
        return None
    if (source := FROM.search(head[found.end() :])) is not None:
        put_endpoint(fields, "source", source[1])
    return _put(found, "cisco", _service(found[1], found[3], message), fields)


def _put(found: Any, product: str, service: str, fields: dict[str, Any]) -> LogSource:
    fields["syslog.msgid"] = f"{found[1]}-{found[2]}-{found[3]}"
    happened(fields, "router_message", "failure" if "FAIL" in found[3].upper() else "unknown", found[3])
    return LogSource(product=product, service=service)


def _service(facility: str, mnemonic: str, message: str) -> str:
    """Sigma's service: by facility, and for a session without a right MD5 digest by the port."""
    if "LDP" in facility or ("MD5" in mnemonic and ":646" in message):
        return "ldp"
    if facility.startswith("BGP") or ("BADAUTH" in mnemonic and "179" in message):
        return "bgp"
    return "aaa" if facility in AAA else "syslog"


def junos(service: str, otherwise: Tell) -> Tell:
    """For a daemon that Junos and other systems have: a message about BGP is Junos's."""

    def tell(message: str, fields: dict[str, Any]) -> LogSource:
        about = message.startswith("tcp_auth_ok: ") or message[:4].upper() in ("BGP_", "BGP ")
        return LogSource(product="juniper", service=service) if about else otherwise(message, fields)

    return tell


def accounting(message: str, fields: dict[str, Any]) -> LogSource:
    """What a TACACS+ server (tac_plus) was told: router, user, line, address and what, between tabs."""
    parts = message.split("\t", 20)
    if len(parts) > 4:
        fields["user.name"] = parts[1]
        put_endpoint(fields, "source", parts[3])
        for part in parts[5:]:
            if part.startswith("cmd="):
                fields["process.command_line"] = part[4:]
    happened(fields, "router_message")
    return ACCOUNTING
