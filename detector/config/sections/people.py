"""Who there is, and who is asked first."""

import msgspec

from detector.config.sections.kinds import TlpLabel
from rules.event import Severity
from store.incident import Tlp
from store.people import ContactKind, Role


class Leave(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Days on which somebody is away."""

    #: First day, e.g. "2026-12-20".
    from_: str = msgspec.field(name="from")
    #: Last day; it is included.
    to: str


class Person(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Somebody who acts on incidents."""

    #: Unique, short and lasting: it stands in every record.
    id: str
    #: What people call them. Empty: the `id`.
    name: str = ""
    #: What they may do.
    roles: tuple[Role, ...] = (Role.VIEWER,)
    #: Where mail reaches them.
    email: str = ""
    #: IANA name of the zone in which they are told times.
    timezone: str = "UTC"
    #: Names of their accounts in logs, besides the `id`: nobody acts on an incident that their own account is part of.
    accounts: tuple[str, ...] = ()
    #: When they are away, e.g. `[{ from = "2026-12-20", to = "2027-01-05" }]`, both days included: somebody else is
    #: asked.
    leave: tuple[Leave, ...] = ()


class Contact(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Somebody outside who can be asked for information: a customer, a vendor, an authority."""

    #: Unique, short and lasting: it stands in every record.
    id: str
    #: What people call them. Empty: the `id`.
    name: str = ""
    #: What they are to you.
    kind: ContactKind = ContactKind.OTHER
    #: How to reach them, e.g. a mail address or a phone number. Nothing is sent there: whoever asks passes the link on.
    address: str = ""
    #: Language in which they are written to, e.g. "de".
    language: str = ""
    #: Hosts that concern them; `*` and `?` are understood.
    assets: tuple[str, ...] = ()
    #: Highest TLP label of what they may be told: about anything above it they are asked nothing.
    max_tlp: TlpLabel = "AMBER"

    @property
    def tlp(self) -> Tlp:
        """``max_tlp`` in the words of incidents."""
        return Tlp(f"TLP:{self.max_tlp}")


class Designation(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Who is asked first; the first that fits counts. Where none fits, all who have the role are asked."""

    #: Severities that it is for. Empty: any.
    severity: tuple[Severity, ...] = ()
    #: Categories of incidents that it is for: tags of their rules, with or without `attack.`. Empty: any.
    category: tuple[str, ...] = ()
    #: Hosts that it is for; `*` and `?` are understood. Empty: any.
    asset: tuple[str, ...] = ()
    #: Person who leads the work. Empty: nobody is named.
    lead: str = ""
    #: Person who reviews the report. Empty: nobody is named.
    reviewer: str = ""
    #: Person who approves. Empty: nobody is named.
    approver: str = ""
    #: Person who is asked when half of the time is over. Empty: nobody is named.
    deputy: str = ""
    #: Persons who are kept informed.
    stakeholders: tuple[str, ...] = ()
