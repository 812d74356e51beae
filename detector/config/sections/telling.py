"""Who is told what, and how."""

from typing import Annotated

import msgspec
from msgspec import Meta

from detector.config.secret import Secret
from detector.config.sections.kinds import TlpLabel
from notifier.message import Ask
from rules.event import Severity
from store.incident import Step, Tlp


class Receiver(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """A named way to tell somebody."""

    #: Unique name, used in `receiver` of a route.
    name: str
    #: Person who reads it; links in messages act in that person's name. Empty: no links that act.
    person: str = ""
    #: Apprise URL. A secret. Besides Apprise's own: "tocsin-console://" and "tocsin-file://PATH".
    url: Secret
    #: File whose first line is `url`, instead of `url`.
    url_file: str = ""
    #: Highest TLP label that may go there; of anything above it only a stub is sent.
    max_tlp: TlpLabel = "AMBER"
    #: Whether people outside of your organisation read it.
    external: bool = False
    #: Time of day, in the zone of its person, at which a digest of the last day goes there, e.g. "08:00". Empty: none.
    digest_at: str = ""

    @property
    def tlp(self) -> Tlp:
        """``max_tlp`` in the words of incidents."""
        return Tlp(f"TLP:{self.max_tlp}")


class Match(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Which notices a route takes: all that is said must fit; an empty list fits anything."""

    #: Severities.
    severity: tuple[Severity, ...] = ()
    #: Ids or titles of rules; what ends in `*` fits by its beginning.
    rule: tuple[str, ...] = ()
    #: Names of sources.
    source: tuple[str, ...] = ()
    #: Tags of rules, e.g. "attack.initial_access"; what ends in `*` fits by its beginning.
    tags: tuple[str, ...] = ()
    #: Categories of incidents: tags of their rules, with or without `attack.`.
    category: tuple[str, ...] = ()
    #: Steps in which the incident stands.
    step: tuple[Step, ...] = ()
    #: What is asked of who reads it.
    ask: tuple[Ask, ...] = ()
    #: TLP labels.
    tlp: tuple[TlpLabel, ...] = ()
    #: Hosts; what ends in `*` fits by its beginning.
    asset: tuple[str, ...] = ()
    #: When it is told: days and hours in the zone of `[calendar]`, e.g. "mon,tue 20:00-06:00", or "22:00-07:00" on
    #: every day; what ends before it begins ends on the next day.
    time: tuple[str, ...] = ()


class Route(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Who is told of what; the first route that fits counts."""

    #: Which notices it takes. Left out: all of them; one such route is required.
    match: Match = msgspec.field(default_factory=Match)
    #: Names of the receivers that are told.
    receiver: tuple[str, ...]
    #: Whether the routes after it are looked at too.
    continue_: bool = msgspec.field(default=False, name="continue")


class EscalationStep(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Who is told when nobody has acknowledged for so long."""

    #: How long after those before them, in minutes.
    after_minutes: Annotated[float, Meta(ge=0.01, le=10_080)]
    #: Names of the receivers that are told. Empty: again those that the routes name.
    receiver: tuple[str, ...] = ()


class Escalation(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Who is told next while nobody acknowledges, or while something is overdue; the first that fits counts."""

    #: Unique name, shown where it is told whom a message went to, and why.
    name: str
    #: What it is for, as in a route. What is overdue asks "overdue"; everything else that escalates asks "join".
    match: Match = msgspec.field(default_factory=Match)
    #: Who is told after those whom the routes name, in order, e.g.
    #: `[{ after_minutes = 10, receiver = ["bo-phone"] }]`; at most 8.
    step: Annotated[tuple[EscalationStep, ...], Meta(max_length=8)] = ()
    #: How often all of it is gone through again, from those whom the routes name (at most 20).
    repeat: Annotated[int, Meta(ge=0, le=20)] = 0
    #: How long after the last step it is gone through again, and the last resort is told, in minutes.
    repeat_after_minutes: Annotated[float, Meta(ge=0.01, le=10_080)] = 15
    #: Names of the receivers that are told when all of that was in vain. Empty: nobody.
    last_resort: tuple[str, ...] = ()


class Acknowledgement(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """How long an acknowledgement holds while nothing is heard of who has it; 0: for ever."""

    #: Of critical incidents, in minutes. At 80 % who has it is asked; at the end others are.
    critical_minutes: Annotated[int, Meta(ge=0, le=10_080)] = 30
    #: Of high ones, in minutes.
    high_minutes: Annotated[int, Meta(ge=0, le=10_080)] = 120
    #: Of medium ones, in minutes.
    medium_minutes: Annotated[int, Meta(ge=0, le=10_080)] = 0
