"""Open a record, attach to one, reopen one, or neither; and why. Pure; the daemon and replay share it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rules.event import Decision, Entity
from rules.finding import Finding
from store.incident import Incident, Outcome

DAY = timedelta(days=1)
#: New incidents per rule within an hour; what comes on top folds into one campaign.
CAP_PER_HOUR = 20
CAP_WINDOW = timedelta(hours=1)
#: Kinds of entities that tell attacks apart on one host.
JOINING_KINDS = frozenset({"source", "account", "component", "alert", "report"})
#: For how long after its end a record is reopened by a match, if no watch says otherwise; later, a new one is opened
#: that names it.
REOPEN_WITHIN = timedelta(days=30)
#: The grain of a syslog stamp: a line stamped in the second of the closing may have been written after it.
STAMP_GRAIN = timedelta(seconds=1)
#: Longer keys keep their head and a hash of the whole: databases bound what they can index.
MAX_KEY_CHARS = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A record that a finding might belong to."""

    incident: Incident
    has_key: bool  #: it bears the finding's key, or a finding with that key joined it
    shared: frozenset[Entity]  #: entities of both
    has_host: bool  #: it names at least one host
    rule_ids: frozenset[str]  #: rules whose findings it holds, of those that the finding counts
    promised: bool = False  #: one of its watches promises that what the finding tells of does not happen


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """Open a new record."""

    reason: str
    key: str  #: the new record's dedup key
    campaign: bool = False
    recurrence_of: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attach:
    """Join an open record."""

    reason: str
    number: int
    other_key: bool = False  #: neither the record nor any finding in it bears its key


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen:
    """It happened again after the record was closed."""

    reason: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """Keep the finding, change no record."""

    reason: str
    number: int | None = None  #: the closed record that it belongs to


Verdict = Open | Attach | Reopen | Ignore


def decide(finding: Finding, candidates: Sequence[Candidate], *, opened_lately: int) -> Verdict:
    """What becomes of a finding that is new.

    Args:
        candidates: At least the open records with its key, with an entity of `JOINING_KINDS` of it, or with findings
            of a rule that it counts; the open campaign of its rule; the last closed record with its key.
        opened_lately: How many incidents its rule opened within an hour of its first event.
    """
    if finding.decision is Decision.RECORD:
        return Ignore(reason="its rule is decided record: counted, no record is opened")
    key = record_key(finding)
    in_use = sorted((one for one in candidates if one.incident.is_open), key=lambda one: one.incident.number)
    for one in in_use:
        if one.has_key:
            return Attach(number=one.incident.number, reason=f"same problem as {one.incident.name}, which is open")
    if finding.decision is Decision.OBSERVE:
        return Open(key=key, reason="first of this rule on this host on this day")
    joined = _joined_by_what_it_shares(finding, in_use) or _joined_by_what_it_breaks(in_use)
    if joined is not None:
        return joined
    closed = max(
        (one.incident for one in candidates if one.has_key and not one.incident.is_open),
        key=lambda incident: incident.number,
        default=None,
    )
    return (
        _after_the_end(finding, closed)
        or _breaks_what_was_promised(finding, candidates)
        or _open_within_cap(finding, candidates, key, opened_lately, closed)
    )


def follow(finding: Finding, incident: Incident) -> Attach | Reopen | Ignore:
    """What becomes of a finding that belongs to *incident* already, now that it grew."""
    if incident.is_open:
        return Attach(number=incident.number, reason="it grew")
    closed = _after_the_end(finding, incident)
    if closed is not None:
        return closed
    return Ignore(number=incident.number, reason=f"{incident.name} was closed too long ago to be reopened")


def record_key(finding: Finding) -> str:
    """The dedup key of the record that *finding* would open."""
    if finding.decision is not Decision.OBSERVE:
        return bounded(finding.dedup_key)
    hosts = sorted({entity.value for entity in finding.entities if entity.kind == "host"})
    host = hosts[0] if len(hosts) == 1 else ("several" if hosts else "")
    return bounded(f"observe|{finding.rule_id}|{host}|{finding.first_seen.astimezone(UTC):%Y-%m-%d}")


def is_over(observation: Incident, now: datetime) -> bool:
    """Whether nothing more will join an observation: its day and its window have passed, and a day since it was opened.

    The last gives what is read late, after an outage, the time to come in. One that a person decided to make has an
    end of its own.
    """
    if observation.observe_until is not None:
        return False
    midnight = observation.last_seen.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    window = observation.last_seen + timedelta(seconds=observation.window_seconds)
    return now >= max(midnight + DAY, window, observation.opened_at + DAY)


def campaign_key(rule_id: str) -> str:
    """The dedup key of a rule's campaign."""
    return f"campaign|{rule_id}"


def bounded(key: str) -> str:
    """*key* at a length that every database can index."""
    if len(key) <= MAX_KEY_CHARS:
        return key
    digest = hashlib.sha256(key.encode("utf-8", "backslashreplace")).hexdigest()
    return f"{key[: MAX_KEY_CHARS - 65]}#{digest}"


def is_near(one: datetime, other: datetime) -> bool:
    """Whether two incidents of a rule count for the same cap."""
    return abs(one - other) < CAP_WINDOW


def _joined_by_what_it_shares(finding: Finding, in_use: Sequence[Candidate]) -> Attach | None:
    near = [one for one in in_use if one.incident.decision is Decision.INVESTIGATE and _in_window(finding, one)]
    for one in near:
        if one.rule_ids and _share_enough(finding, one):
            reason = f"it counts what opened {one.incident.name}, and they share {_told(one.shared)}"
            return Attach(number=one.incident.number, reason=reason, other_key=True)
    for one in near:
        if _share_pair(finding, one):
            reason = f"it shares {_told(one.shared)} with {one.incident.name} within its window: one attack"
            return Attach(number=one.incident.number, reason=reason, other_key=True)
    return None


def _joined_by_what_it_breaks(in_use: Sequence[Candidate]) -> Attach | None:
    """A watch tests the protected side: whoever breaks its promise, it is the same incident that was not ended."""
    for one in in_use:
        if one.promised:
            reason = f"it is what {one.incident.name} promises to have ended"
            return Attach(number=one.incident.number, reason=reason, other_key=True)
    return None


def _breaks_what_was_promised(finding: Finding, candidates: Sequence[Candidate]) -> Reopen | None:
    """The same of a record that was closed upon such a promise; only by what came after."""
    broken = [one.incident for one in candidates if one.promised and not one.incident.is_open]
    for closed in sorted(broken, key=lambda incident: incident.number, reverse=True):
        if isinstance(_after_the_end(finding, closed), Reopen):
            return Reopen(number=closed.number, reason=f"it is what {closed.name} promised to have ended")
    return None


def _in_window(finding: Finding, one: Candidate) -> bool:
    window = timedelta(seconds=max(finding.window_seconds, one.incident.window_seconds))
    return (
        finding.first_seen <= one.incident.last_seen + window and finding.last_seen >= one.incident.first_seen - window
    )


def _share_enough(finding: Finding, one: Candidate) -> bool:
    """For a correlation and what it counts: who did it; where the finding names nobody, the host."""
    nobody = all(entity.kind not in JOINING_KINDS for entity in finding.entities)
    return any(entity.kind in JOINING_KINDS or nobody for entity in one.shared)


def _share_pair(finding: Finding, one: Candidate) -> bool:
    """Source and host, account and host, component, or alert. Where neither names a host, who did it is enough."""
    kinds = {entity.kind for entity in one.shared}
    if kinds & {"component", "alert"}:
        return True
    hostless = not one.has_host and all(entity.kind != "host" for entity in finding.entities)
    return ("host" in kinds or hostless) and not kinds.isdisjoint({"source", "account"})


def _told(shared: frozenset[Entity]) -> str:
    """The kinds alone: the values are redactable, a reason is not."""
    return " and ".join(sorted({entity.kind for entity in shared}))


def _after_the_end(finding: Finding, closed: Incident | None) -> Reopen | Ignore | None:
    if closed is None or closed.closed_at is None:
        return None
    over, what = closed.watched_from or closed.closed_at, "was mended" if closed.watched_from else "was closed"
    if finding.history or finding.last_seen + STAMP_GRAIN <= over:
        return Ignore(number=closed.number, reason=f"it ended before {closed.name} {what}")
    until = closed.watched_until or closed.closed_at + REOPEN_WITHIN
    if closed.outcome is not Outcome.MERGED and finding.last_seen <= until:
        return Reopen(number=closed.number, reason=f"it happened again after {closed.name} {what}")
    return None


def _open_within_cap(
    finding: Finding, candidates: Sequence[Candidate], key: str, opened_lately: int, closed: Incident | None
) -> Open | Attach:
    before = closed.number if closed else None
    if opened_lately < CAP_PER_HOUR:
        reason = f"no open record with this key; recurrence of {closed.name}" if closed else "no open record like it"
        return Open(key=key, reason=reason, recurrence_of=before)
    reason = f"its rule opened {opened_lately} incidents within an hour: more fold into one campaign"
    campaign = campaign_key(finding.rule_id)
    for one in candidates:
        if one.incident.is_open and one.incident.dedup_key == campaign:
            return Attach(number=one.incident.number, reason=reason, other_key=True)
    return Open(key=campaign, reason=reason, campaign=True)
