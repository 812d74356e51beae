"""A socket's address as the audit log writes it: the bytes of C's ``struct sockaddr`` in hexadecimal."""

from socket import AF_INET, AF_INET6, inet_ntop

from rules.formats.audit.record import HEXADECIMAL
from rules.formats.reading.addresses import address

INET, INET6 = 2, 10  #: Linux's numbers of the address families


def endpoint(text: str) -> tuple[str, int] | None:
    """(address, port) of an internet address, None for any other.

    The family stands first, in the byte order of the machine that wrote it; the port in the network's.
    """
    if len(text) % 2 or len(text) < 16 or len(text) > 256 or not HEXADECIMAL.issuperset(text.upper()):
        return None
    raw = bytes.fromhex(text)
    family = raw[0] or raw[1]
    port = int.from_bytes(raw[2:4])
    if family == INET:
        return inet_ntop(AF_INET, raw[4:8]), port
    if family == INET6 and len(raw) >= 24:
        spelled = inet_ntop(AF_INET6, raw[8:24])
        return address(spelled) or spelled, port
    return None
