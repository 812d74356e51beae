"""Messages of Amazon SNS: is one signed by SNS, new, and of a topic that we take? Pure.

The certificate is the operator's file, never what a message names: nothing is fetched. Signatures of version 2
(SHA-256) count; those of version 1 (SHA-1) do not, as a topic can be told to write version 2. Anybody with an account
at Amazon gets messages signed by the same certificate, so the topic is what tells ours from theirs.

What is signed: Amazon SNS Developer Guide, "Verifying the signatures of Amazon SNS messages".
"""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

import msgspec
import re2
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from detector.intake.proof import NotVerified, recent

#: SNS delivers a message that nobody took again for up to an hour, with the time of the first attempt.
WINDOW: Final = timedelta(minutes=65)
_HOST: Final = r"^https://sns\.[a-z0-9-]{3,30}\.amazonaws\.com(?:\.cn)?/"
_CERTIFICATE: Final = re2.compile(_HOST + r"[A-Za-z0-9._-]{1,200}\.pem$")
_CONFIRMATION: Final = re2.compile(_HOST + r"\?[A-Za-z0-9=&:%_.~-]+$")
_NOTIFICATION: Final = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_OTHERS: Final = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


class Message(msgspec.Struct, frozen=True, rename="pascal"):
    """What SNS posts; unknown members are ignored."""

    type: str
    message_id: str
    topic_arn: str
    message: str
    timestamp: datetime
    signature_version: str
    signature: str
    signing_cert_url: str = msgspec.field(name="SigningCertURL")
    subscribe_url: str = msgspec.field(name="SubscribeURL", default="")


_MESSAGE: Final = msgspec.json.Decoder(Message)
_TEXTS: Final = msgspec.json.Decoder(dict[str, object])


def verify(certificates: bytes, topics: Sequence[str], body: bytes, now: datetime) -> str:
    """Raise unless *body* is a message that SNS signed; returns its id, which SNS keeps when it sends again.

    Args:
        certificates: PEM; any of them may have signed.
        topics: ARNs of the topics that are taken.

    Raises:
        NotVerified: It is not.
    """
    message, texts = _read(body)
    if message.topic_arn not in topics:
        raise NotVerified(f"{message.topic_arn[:300]!r} is none of the topics of this intake")
    if not _CERTIFICATE.match(message.signing_cert_url):
        raise NotVerified("SigningCertURL does not lead to Amazon SNS")
    if message.signature_version != "2":
        raise NotVerified("the message bears a signature of version 1 (SHA-1): set SignatureVersion = 2 on its topic")
    if message.timestamp.tzinfo is None:
        raise NotVerified("Timestamp bears no zone")
    recent(message.timestamp, now, what="Timestamp", window=WINDOW)
    names = _NOTIFICATION if message.type == "Notification" else _OTHERS
    signed = "".join(f"{name}\n{texts[name]}\n" for name in names if isinstance(texts.get(name), str)).encode()
    if not any(_has_signed(key, message.signature, signed) for key in _keys(certificates, now)):
        where = message.signing_cert_url
        raise NotVerified(f"certificate_file holds no certificate in its time that signed this: see {where}")
    return message.message_id[:255]


def waits_for(body: bytes) -> str:
    """The address, made harmless, at which an operator confirms the subscription of which a verified *body* tells."""
    message, _ = _read(body)
    if message.type != "SubscriptionConfirmation" or not _CONFIRMATION.match(message.subscribe_url):
        return ""
    return message.subscribe_url.replace("https://", "hxxps://", 1)


def read_certificates(pem: bytes) -> tuple[x509.Certificate, ...]:
    """The certificates in *pem*.

    Raises:
        ValueError: There is none, or one whose key is none of RSA.
    """
    found = tuple(x509.load_pem_x509_certificates(pem))
    if not all(isinstance(one.public_key(), RSAPublicKey) for one in found):
        raise ValueError("a certificate's key is none of RSA")
    return found


def _read(body: bytes) -> tuple[Message, dict[str, object]]:
    try:
        return _MESSAGE.decode(body), _TEXTS.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise NotVerified("the body is no message of SNS") from None


@lru_cache(maxsize=16)
def _parsed(pem: bytes) -> tuple[x509.Certificate, ...]:
    return read_certificates(pem)


def _keys(pem: bytes, now: datetime) -> Sequence[RSAPublicKey]:
    valid = [one for one in _parsed(pem) if one.not_valid_before_utc <= now <= one.not_valid_after_utc]
    return [key for one in valid if isinstance(key := one.public_key(), RSAPublicKey)]


def _has_signed(key: RSAPublicKey, signature: str, signed: bytes) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), signed, PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True
