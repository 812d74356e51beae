"""Signed links: what a message may hand to a person so that one tap is enough.

A link is scoped to one record, one act and one person, and ends at a stated moment. Reading it changes nothing and
spends nothing: scanners and previews fetch every link. What it allows happens by POST, which spends ``nonce`` in the
store.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from store.incident import Actor, ActorKind

ACKNOWLEDGE = "acknowledge"
ACKNOWLEDGE_LASTS = timedelta(hours=24)
REPLY_LASTS = timedelta(days=14)
_REPLY = "reply/"
_CONTACT = "contact:"
LONGEST_TOKEN = 1024  #: characters; what is longer is none of ours and is not worth verifying


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a token allows."""

    record: int  #: number of the incident, as in INC-n
    act: str  #: the one act that a POST may do, e.g. "acknowledge"
    person: str  #: id of the person it was made for; of a contact see `for_contact`
    expires_at: datetime  #: aware UTC, whole seconds
    nonce: str  #: spent by the first POST

    @property
    def request(self) -> int:
        """The number of the request for information that it may answer; 0 if it may answer none."""
        k = self.act.removeprefix(_REPLY)
        return int(k) if k != self.act and k.isascii() and k.isdigit() else 0

    @property
    def actor(self) -> Actor:
        """Whom it was made for."""
        is_contact = self.person.startswith(_CONTACT)
        kind = ActorKind.CONTACT if is_contact else ActorKind.PERSON
        return Actor(kind=kind, id=self.person.removeprefix(_CONTACT) if is_contact else self.person)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """Ours, but its time is over: the page can still name the record."""

    link: Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Invalid:
    """Not ours, damaged, or signed with a secret that was withdrawn."""

    reason: str  #: for the log; never holds any of the token


class Links:
    """Makes and reads links.

    Args:
        secrets: Keys, oldest first. The last one signs; all of them verify, so a key is rotated by appending a new one
            and withdrawn by removing it.
        base_url: Where people reach the pages, from the configuration and never from a request's Host header.

    Raises:
        ValueError: No secret, or one shorter than 16 bytes.
    """

    def __init__(self, secrets: Sequence[bytes], base_url: str) -> None:
        if not secrets or any(len(secret) < 16 for secret in secrets):
            raise ValueError("links need at least one secret, each of 16 bytes or more: remove the key file to get one")
        self._base_url = base_url.rstrip("/")
        self._serializer: URLSafeSerializer = URLSafeSerializer(
            list(secrets), salt=b"tocsin link 1", signer_kwargs={"digest_method": hashlib.sha256}
        )

    def incidents(self) -> str:
        """The address of the list."""
        return f"{self._base_url}/"

    def page(self, record: int) -> str:
        """The address of a record's page; who opens it must sign in."""
        return f"{self._base_url}/i/{record}"

    def sign_in(self, code: str) -> str:
        """The address that signs a person in once, with a *code* that the store knows."""
        return f"{self._base_url}/in/{code}"

    def make(self, *, record: int, act: str, person: str, expires_at: datetime, nonce: str) -> str:
        """The address under which *person* may do *act* on *record* until *expires_at*."""
        token = self._serializer.dumps([record, act, person, int(expires_at.timestamp()), nonce])
        return f"{self._base_url}/a/{token}"

    def without_tokens(self, text: str) -> str:
        """*text* with the token of each of our links left out, for keeping and showing."""
        prefix = f"{self._base_url}/a/"
        return "\n".join(f"{prefix}…" if line.startswith(prefix) else line for line in text.split("\n"))

    def read(self, token: str, now: datetime) -> Link | Expired | Invalid:
        """What *token* allows at *now*. Never raises."""
        if len(token) > LONGEST_TOKEN:
            return Invalid(reason="too long")
        try:
            link = _link(self._serializer.loads(token))
        except BadData:
            return Invalid(reason="bad signature")
        if link is None:
            return Invalid(reason="unknown shape")
        return link if now < link.expires_at else Expired(link=link)


def reply_to(request: int) -> str:
    """The act of answering a request for information, by its number in the record."""
    return f"{_REPLY}{request}"


def for_contact(contact: str) -> str:
    """Whom a link is for, if a contact outside."""
    return f"{_CONTACT}{contact}"


def _link(payload: Any) -> Link | None:
    """The link in a verified payload; None if another version of us wrote it in another shape."""
    match payload:
        case [int(record), str(act), str(person), int(expires), str(nonce)]:
            return Link(
                record=record, act=act, person=person, expires_at=datetime.fromtimestamp(expires, UTC), nonce=nonce
            )
    return None
