"""Is this request from who may hand in? Looked at on the raw body, before anything is parsed. Pure.

Every comparison takes as long whether the first or the last byte differs.
"""

import base64
import binascii
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from detector.intake import sns
from detector.intake.proof import NotVerified, encoded, recent, same
from detector.intake.settings import BY_HEADERS, Intake, Proof

_STANDARD_PREFIX: Final = "whsec_"
LONGEST_ID: Final = 255


def may_be_heard(intake: Intake, headers: Mapping[str, str], address: str) -> None:
    """Raise if the headers alone show that the request may not hand in: then none of its body is read.

    Args:
        headers: By name, whatever its case.
        address: From where it came; "" for the socket of this machine.

    Raises:
        NotVerified: It may not.
    """
    if intake.proof in BY_HEADERS:
        _by_headers(intake, headers, address)


def verify(intake: Intake, headers: Mapping[str, str], body: bytes, address: str, now: datetime) -> str | None:
    """Raise unless the request may hand in.

    Returns:
        What tells a repetition from another request, if the sender signs that; else None.

    Raises:
        NotVerified: It may not.
    """
    match intake.proof:
        case Proof.HMAC:
            return _hmac(intake, headers, body, now)
        case Proof.STANDARD_WEBHOOKS:
            return _standard(intake.secret, headers, body, now)
        case Proof.SNS:
            return sns.verify(intake.certificates, intake.topics, body, now)
        case _:
            _by_headers(intake, headers, address)
    return None


def _by_headers(intake: Intake, headers: Mapping[str, str], address: str) -> None:
    match intake.proof:
        case Proof.BEARER:
            same(encoded(_credential(headers, "bearer")), intake.secret.encode())
        case Proof.BASIC:
            same(_basic(headers), f"{intake.name}:{intake.secret}".encode())
        case _:
            if not intake.stands_near(address):
                raise NotVerified(f"{address} is none of the networks from which no proof is asked")


def _credential(headers: Mapping[str, str], scheme: str) -> str:
    kind, _, credential = headers.get("Authorization", "").partition(" ")
    if kind.lower() != scheme:
        raise NotVerified(f"no Authorization: {scheme.capitalize()}")
    return credential.strip()


def _basic(headers: Mapping[str, str]) -> bytes:
    try:
        return base64.b64decode(_credential(headers, "basic"), validate=True)
    except (binascii.Error, ValueError):
        raise NotVerified("what follows Authorization: Basic is no base64") from None


def _hmac(intake: Intake, headers: Mapping[str, str], body: bytes, now: datetime) -> str | None:
    """The signature in hexadecimal or base64, whichever the sender writes; where a time is signed, also new."""
    given = headers.get(intake.header, "")
    if not given.startswith(intake.prefix):
        raise NotVerified(f"no {intake.header}: {intake.prefix}…")
    signed = body
    if intake.timestamp_header:
        stamp = headers.get(intake.timestamp_header, "")
        _recent(stamp, intake.timestamp_header, now)
        before, _, after = intake.signed.replace("{timestamp}", stamp).partition("{body}")
        signed = before.encode() + body + after.encode()
    digest = hmac.digest(intake.secret.encode(), signed, intake.algorithm)
    signature = given.removeprefix(intake.prefix).strip()
    if not hmac.compare_digest(encoded(signature.lower()), digest.hex().encode()):
        same(encoded(signature), base64.b64encode(digest))
    return f"hmac {digest.hex()}" if intake.timestamp_header else None


def _standard(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    message, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message:
        raise NotVerified("no webhook-id")
    _recent(stamp, "webhook-timestamp", now)
    digest = hmac.digest(_standard_key(secret), encoded(f"{message}.{stamp}.") + body, "sha256")
    wanted = base64.b64encode(digest)
    given = [one.partition(",") for one in headers.get("webhook-signature", "").split()]
    if not any(version == "v1" and hmac.compare_digest(encoded(one), wanted) for version, _, one in given):
        raise NotVerified("no webhook-signature is right")
    return message[:LONGEST_ID]


def _recent(stamp: str, header: str, now: datetime) -> None:
    """Raise unless *stamp*, seconds since 1970, is near *now*."""
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 11):
        raise NotVerified(f"no {header} in seconds")
    recent(datetime.fromtimestamp(int(stamp), UTC), now, what=header)


def _standard_key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(_STANDARD_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return secret.encode()
