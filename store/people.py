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


class SignedInBy(StrEnum):
    """What a sign-in was done with. Stored and sent over the API: never rename one."""

    PASSWORD = "password"  # noqa: S105 (no secret)
    CODE = "code"  #: a link that signs in once
    LINK = "link"  #: the link in a message, for one record
    TOKEN = "token"  # noqa: S105 (no secret; signing anew only)


class SignInOutcome(StrEnum):
    """How a sign-in ended. Stored and sent over the API: never rename one."""

    SIGNED_IN = "signed_in"
    SIGNED_ANEW = "signed_anew"  #: shown again that it is them, to sign
    REFUSED = "refused"
    LOCKED_OUT = "locked_out"  #: not looked at: too many were refused before


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A browser that signed in."""

    id: int
    person: str
    created_at: datetime
    used_at: datetime  #: to within a minute
    expires_at: datetime  #: unless it is left alone for longer than two hours
    incident: int | None  #: None: everything; else opened by a link, for this record and adding acts only
    how: SignedInBy = SignedInBy.CODE
    agent: str = ""  #: what the browser calls itself
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """Somebody signed in, or was refused."""

    at: datetime
    person: str | None  #: None: nobody is called so
    address: str
    how: SignedInBy
    outcome: SignInOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """The first use of something that works once."""

    first: bool  #: this call was the first use
    person: str
    at: datetime
