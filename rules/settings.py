"""EngineSettings: all that the engine is told from outside. Crosses the pipe to the engine's process."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from rules.event import LogSource
from rules.modes import ModeEntry


class SourceProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the lines of one source are to be read."""

    format: str = "auto"  #: name of a format, or "auto": detect and pin per stream
    timezone: str = "UTC"  #: IANA name; for stamps that name no zone
    product: str | None = None  #: these three replace what the format says of the log source
    category: str | None = None
    service: str | None = None
    lateness_seconds: float = 10.0  #: how far behind its stream a line may come and not be called late
    as_of: datetime | None = None  #: replay: the moment as of which this file is read, if not that of all files
    pipelines: tuple[tuple[str, str], ...] = ()  #: (path, text) of pipelines that rules go through for it, besides

    def claims(self, found: LogSource) -> LogSource:
        """The log source of an event whose format says *found*."""
        return LogSource(
            category=self.category or found.category,
            product=self.product or found.product,
            service=self.service or found.service,
        )


class Trust(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is known to do what would be suspect of others; fills %trust.…% in rules."""

    networks: tuple[str, ...] = ()
    scanners: tuple[str, ...] = ()
    monitors: tuple[str, ...] = ()
    admins: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()  #: whose X-Forwarded-For is believed
    deploy_windows: tuple[str, ...] = ()  #: e.g. "tue,thu 20:00-22:00", UTC


class Expression(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line format that the operator wrote: an RE2 expression with named groups."""

    pattern: str
    time_field: str | None = None
    time_format: str | None = None  #: strptime's letters


class Caps(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What bounds the engine's memory, whatever the logs hold."""

    max_keys: int = 100_000  #: groups held per rule; the least recently used one goes first
    max_held_events: int = 10_000  #: observations held per group; the oldest go first
    max_held_bytes: int = 256 * 1024 * 1024  #: of all rules together, estimated; the least recently used groups go
    max_entities: int = 100  #: remembered per episode and kind; the first ones stay
    idle_seconds: float = 10.0  #: a stream quiet for this long no longer holds back what others have passed


class EngineSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that the engine is told from outside."""

    rule_files: tuple[tuple[str, str], ...] = ()  #: (path, text) of every rule file
    pipelines: tuple[tuple[str, str], ...] = ()  #: (path, text) of processing pipelines, for rules of every source
    sources: Mapping[str, SourceProfile] = {}  #: by name of the source; one that is not named gets the defaults
    trust: Trust = Trust()
    assets_critical: tuple[str, ...] = ()  #: names or addresses of hosts
    assets_lab: tuple[str, ...] = ()
    as_of: datetime | None = None
    #: replay: the aware moment as of which files are read. Old stamps are believed, later ones are not.
    expressions: Mapping[str, Expression] = {}  #: by name of the format
    modes: tuple[ModeEntry, ...] = ()  #: the first that fits a rule counts
    caps: Caps = Caps()

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """(path, text) of every rule file and every pipeline."""
        own = [one for profile in self.sources.values() for one in profile.pipelines]
        return tuple(dict.fromkeys((*self.rule_files, *self.pipelines, *own)))

    def with_texts(self, texts: Mapping[str, str]) -> "EngineSettings":
        """The same, with other texts by path."""
        return msgspec.structs.replace(
            self,
            rule_files=_with_texts(self.rule_files, texts),
            pipelines=_with_texts(self.pipelines, texts),
            sources={
                name: msgspec.structs.replace(profile, pipelines=_with_texts(profile.pipelines, texts))
                for name, profile in self.sources.items()
            },
        )


def _with_texts(files: tuple[tuple[str, str], ...], texts: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((path, texts.get(path, text)) for path, text in files)
