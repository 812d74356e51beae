"""Is this request from who may hand in? Looked at on the raw body, before anything is parsed. Pure.

Every comparison takes as long whether the first or the last byte differs.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from detector.intake.settings import Intake, Proof

#: How far a signed time may be from ours.
WINDOW: Final = timedelta(minutes=5)
_STANDARD_PREFIX: Final = "whsec_"


class NotVerified(Exception):
    """The request does not show that it may hand in. The message is for our log, never for the sender."""


def verify(intake: Intake, headers: Mapping[str, str], body: bytes, address: str, now: datetime) -> str | None:
    """Raise unless the request may hand in.

    Args:
        headers: By name, whatever its case.
        address: From where it came; "" for the socket of this machine.

    Returns:
        What tells a repetition from another request, if the sender signs that; else None.

    Raises:
        NotVerified: It may not.
    """
    match intake.proof:
        case Proof.BEARER:
            _same(_credential(headers, "bearer").encode(), intake.secret.encode())
        case Proof.BASIC:
            _same(_basic(headers), f"{intake.name}:{intake.secret}".encode())
        case Proof.HMAC:
            _hmac(intake, headers, body)
        case Proof.STANDARD_WEBHOOKS:
            return _standard(intake.secret, headers, body, now)
        case Proof.NONE:
            if not intake.stands_near(address):
                raise NotVerified(f"{address} is none of the networks from which no proof is asked")
    return None


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


def _hmac(intake: Intake, headers: Mapping[str, str], body: bytes) -> None:
    """The signature in hexadecimal or base64, whichever the sender writes."""
    given = headers.get(intake.header, "")
    if not given.startswith(intake.prefix):
        raise NotVerified(f"no {intake.header}: {intake.prefix}…")
    digest = hmac.digest(intake.secret.encode(), body, hashlib.sha256)
    signature = given.removeprefix(intake.prefix).strip()
    if not hmac.compare_digest(signature.lower().encode(), digest.hex().encode()):
        _same(signature.encode(), base64.b64encode(digest))


def _standard(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    message, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message or not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise NotVerified("no webhook-id and webhook-timestamp")
    if abs(now.timestamp() - int(stamp)) > WINDOW.total_seconds():
        raise NotVerified("webhook-timestamp is more than five minutes from now")
    digest = hmac.digest(_standard_key(secret), f"{message}.{stamp}.".encode() + body, hashlib.sha256)
    wanted = base64.b64encode(digest)
    given = [one.partition(",") for one in headers.get("webhook-signature", "").split()]
    if not any(version == "v1" and hmac.compare_digest(one.encode(), wanted) for version, _, one in given):
        raise NotVerified("no webhook-signature is right")
    return message[:255]


def _standard_key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(_STANDARD_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return secret.encode()


def _same(given: bytes, wanted: bytes) -> None:
    if not wanted or not hmac.compare_digest(given, wanted):
        raise NotVerified("the secret is not the one that is asked for")
