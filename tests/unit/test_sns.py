"""Messages of Amazon SNS: signed by the certificate that the operator named, new, and of a topic that is ours."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from support.handed_in import TOPIC, confirmation
from support.handed_in import sns as message

from detector.intake import sns
from detector.intake.mappings import preset
from detector.intake.proof import NotVerified
from rules.intake.parcels import understand

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
CONFIRMATION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")


@cache
def key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


@cache
def certificate(days: int = 365) -> bytes:
    """One of our own making, valid from the day before for so many days."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    built = x509.CertificateBuilder(name, name, key().public_key(), 1, NOW - timedelta(1), NOW + timedelta(days))
    return built.sign(key(), SHA256()).public_bytes(Encoding.PEM)


def signed(body: Mapping[str, Any], names: tuple[str, ...] = NOTIFICATION) -> bytes:
    """As SNS would sign and post it."""
    text = "".join(f"{name}\n{body[name]}\n" for name in names if name in body)
    signature = base64.b64encode(key().sign(text.encode(), PKCS1v15(), SHA256())).decode()
    return json.dumps({**body, "Signature": signature}).encode()


def verify(body: bytes, now: datetime = NOW, pem: bytes | None = None) -> str:
    return sns.verify(certificate() if pem is None else pem, (TOPIC,), body, now)


def test_a_message_that_sns_signed() -> None:
    """Its id tells a repetition; without a subject another text is signed."""
    assert verify(signed(message())) == message()["MessageId"]
    without = {name: value for name, value in message().items() if name != "Subject"}
    assert verify(signed(without)) == message()["MessageId"]
    assert verify(signed(message()), NOW + timedelta(minutes=60)), "SNS delivers again for up to an hour"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"TopicArn": "arn:aws:sns:eu-central-1:666666666666:alarms"}, "none of the topics"),
        ({"SigningCertURL": "https://sns.eu-central-1.amazonaws.com.example.org/a.pem"}, "does not lead to Amazon"),
        ({"SigningCertURL": "http://sns.eu-central-1.amazonaws.com/a.pem"}, "does not lead to Amazon"),
        ({"SigningCertURL": "https://example.org/sns.eu-central-1.amazonaws.com/a.pem"}, "does not lead to Amazon"),
        ({"SigningCertURL": "https://s3.eu-central-1.amazonaws.com/bucket/a.pem"}, "does not lead to Amazon"),
        ({"SigningCertURL": "https://sns.eu-central-1.amazonaws.com@example.org/a.pem"}, "does not lead to Amazon"),
        ({"SignatureVersion": "1"}, "version 1"),
        ({"Timestamp": "2026-03-01T10:50:00.000Z"}, "65 minutes"),
        ({"Timestamp": "2026-03-01T13:10:00.000Z"}, "65 minutes"),
        ({"Timestamp": "2026-03-01T12:00:00"}, "no zone"),
    ],
)
def test_what_is_signed_and_still_refused(changes: dict[str, str], said: str) -> None:
    """Each of these bears a signature that is right."""
    with pytest.raises(NotVerified, match=said):
        verify(signed(message() | changes))


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"Type": 1}', b"{" * 50_000, json.dumps(message()).encode()])
def test_what_is_not_signed(body: bytes) -> None:
    with pytest.raises(NotVerified):
        verify(body)


@pytest.mark.parametrize("name", ["Message", "MessageId", "Subject", "Timestamp", "Type"])
def test_nothing_that_is_signed_can_be_changed(name: str) -> None:
    changed = json.loads(signed(message()))
    changed[name] = "2026-03-01T11:59:12.000Z" if name == "Timestamp" else "other"
    with pytest.raises(NotVerified, match="certificate_file"):
        verify(json.dumps(changed).encode())


def test_a_certificate_counts_in_its_time() -> None:
    """Several may stand in the file, for when Amazon changes to the next; what is none is refused when it is read."""
    assert verify(signed(message()), pem=certificate(0) + certificate(365))
    with pytest.raises(NotVerified, match="in its time"):
        verify(signed(message()), NOW + timedelta(minutes=30), pem=certificate(0))
    for pem in (b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
        with pytest.raises(ValueError, match=r".+"):
            sns.read_certificates(pem)


def test_a_subscription_is_confirmed_by_a_person() -> None:
    """The address is told so that no program opens it; one that does not lead to Amazon is not told at all."""
    body = signed(confirmation(), CONFIRMATION)
    assert verify(body) == confirmation()["MessageId"]
    assert sns.waits_for(body) == confirmation()["SubscribeURL"].replace("https", "hxxps")
    assert sns.waits_for(signed(message())) == ""
    assert sns.waits_for(json.dumps(confirmation() | {"SubscribeURL": "https://example.org/?Action=x"}).encode()) == ""
    assert understand("mapped", body, NOW, 1, preset("cloudwatch-sns")).lines
