"""Who is told what, and how."""

import msgspec

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


class Route(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Who is told of what; the first route that fits counts."""

    #: Which notices it takes. Left out: all of them; one such route is required.
    match: Match = msgspec.field(default_factory=Match)
    #: Names of the receivers that are told.
    receiver: tuple[str, ...]
    #: Whether the routes after it are looked at too.
    continue_: bool = msgspec.field(default=False, name="continue")
