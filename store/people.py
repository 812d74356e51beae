"""Persons, their roles, and what they sign in with."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from store.incident import Tlp


class Role(StrEnum):
    """What a person may do. Stored and sent over the API: never rename one."""

    VIEWER = "viewer"
    RESPONDER = "responder"
    REPORTER = "reporter"
    REVIEWER = "reviewer"
    INVESTIGATOR = "investigator"
    ACTION_OWNER = "action_owner"
    VERIFIER = "verifier"
    APPROVER = "approver"
    ADMIN = "admin"
    SOURCE = "source"  #: a machine that hands alerts in


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone who can act. Identity is a person, never a token."""

    id: str
    name: str
    roles: frozenset[Role]
    email: str | None = None
    timezone: str = "UTC"
    accounts: tuple[str, ...] = ()  #: names of their accounts in logs, besides the id
    from_config: bool = False  #: kept by the configuration file; commands cannot change it
    disabled_at: datetime | None = None  #: None: may sign in


class ContactKind(StrEnum):
    """What somebody outside is to us. Stored and sent over the API: never rename one."""

    CUSTOMER = "customer"
    VENDOR = "vendor"
    AUTHORITY = "authority"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Somebody outside: has no access, and can be asked by a signed link."""

    id: str
    name: str
    kind: ContactKind = ContactKind.OTHER
    address: str = ""  #: how people reach them; nothing is sent there by itself
    language: str = ""  #: in which they are written to, e.g. "de"
    assets: tuple[str, ...] = ()  #: hosts that concern them, with * and ?
    max_tlp: Tlp = Tlp.AMBER  #: what is labelled above it does not reach them
    from_config: bool = False  #: kept by the configuration file; commands cannot change it
    disabled_at: datetime | None = None  #: None: may be asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A secret for programs that act as a person. Only its hash is stored."""

    id: int
    person: str
    label: str
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser that signed in."""

    person: str
    created_at: datetime
    expires_at: datetime
    incident: int | None  #: None: everything; else opened by a link, for this record and adding acts only


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """The first use of something that works once."""

    first: bool  #: this call was the first use
    person: str
    at: datetime
