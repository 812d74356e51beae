"""Addresses as text from outside: one spelling for each, so that counting by address cannot be split by spelling."""

from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import Any


def address(text: str) -> str | None:
    """The canonical spelling of an IPv4 or IPv6 address, None if *text* is none.

    Brackets and a zone (``%eth0``) are left out; ``::ffff:192.0.2.1`` is 192.0.2.1.
    """
    try:
        if ":" not in text:
            inet_pton(AF_INET, text)
            return text
        packed = inet_pton(AF_INET6, text.strip("[]").partition("%")[0])
    except (OSError, ValueError):  # ValueError: NUL, or a surrogate that stands for a byte that is no UTF-8
        return None
    if packed[:12] == b"\0\0\0\0\0\0\0\0\0\0\xff\xff":
        return inet_ntop(AF_INET, packed[12:])
    return inet_ntop(AF_INET6, packed)


def number(text: str, limit: int = 1 << 63) -> int | None:
    """*text* as a whole number from 0 to below *limit*, None if it is none (blanks, signs, other scripts' digits)."""
    if text.isascii() and text.isdigit() and len(text) < 20:
        value = int(text)
        return value if value < limit else None
    return None


def put_endpoint(fields: dict[str, Any], side: str, host: str, port: str = "") -> bool:
    """Put ``<side>.ip`` (or ``<side>.domain`` where *host* is a name) and ``<side>.port`` into *fields*.

    Returns:
        Whether *host* was an address.
    """
    ip = address(host)
    if ip is not None:
        fields[f"{side}.ip"] = ip
    elif host and " " not in host:
        fields[f"{side}.domain"] = host
    if (value := number(port, 65536)) is not None:
        fields[f"{side}.port"] = value
    return ip is not None
