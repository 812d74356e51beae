"""The daily digest, and what a silence hid: when it is due, and in which words. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from notifier import untrusted
from notifier.message import Message, Tone, clock
from rules.event import Severity
from store.letter import Day, Head, Letter
from store.silence import Hid, Silence

_DAY = timedelta(days=1)
_LONGEST_REASON = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A digest that is to be sent, unless it was."""

    occasion: str  #: the local day
    since: datetime
    until: datetime


def due(at: time, zone: ZoneInfo, now: datetime) -> Due:
    """The digest that was due last: one each local day at the time *at*; what was missed longer ago is left out."""
    today = now.astimezone(zone).date()
    moments = [_moment(today - days * _DAY, at, zone) for days in range(3)]
    passed = [index for index, moment in enumerate(moments) if moment <= now]
    latest = passed[0]
    return Due(
        occasion=f"day {today - latest * _DAY:%Y-%m-%d}",
        since=_moment(today - (latest + 1) * _DAY, at, zone),
        until=moments[latest],
    )


def _moment(day: object, at: time, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(f"{day}T{at:%H:%M}").replace(tzinfo=zone).astimezone(UTC)


def of_day(day: Day, occasion: str, zone: ZoneInfo) -> tuple[str, str]:
    """Title and body of a day's digest. Incidents are named by their numbers: whoever may, sees the rest there."""
    title = f"Tocsin {occasion}: {day.open} open, {day.unacknowledged} nobody has, {_late_count(day)} overdue"
    lines = [
        f"From {clock(day.since, zone)} to {clock(day.until, zone)}.",
        f"Now open: {day.open} incidents, {day.unacknowledged} that nobody has; {day.observations} observations.",
        f"Opened: {_opened(day)}. Closed: {day.closed}.",
        f"Findings: {_found(day)}.",
        *_observed(day),
        *_late(day, zone),
        *_silences(day, zone),
        _head(day.head),
    ]
    return title, "\n".join(lines)


def of_silence(one: Silence, hid: Hid, asked: int, why: str, zone: ZoneInfo) -> tuple[str, str]:
    """Title and body of what a silence hid, for who made it."""
    title = f"Tocsin: {one.name} {why}; it hid {hid.notices}"
    reason = untrusted.excerpt(one.reason, _LONGEST_REASON)
    lines = [
        f"{one.name}, {untrusted.excerpt(one.told, _LONGEST_REASON)}, {why}.",
        f"By {one.created_by}, from {clock(one.starts_at, zone)} to {clock(one.over_at, zone)}: {reason}",
        f"In all it kept people from being told {hid.notices} times, about {hid.incidents} incidents.",
        f"{asked} of them are open and nobody has them: people are asked now."
        if asked
        else "None of them waits for anybody now.",
    ]
    return title, "\n".join(lines)


def letter_message(letter: Letter, link: str, visible_id: str, *, resent: bool) -> Message:
    """A letter as it goes out."""
    mark = " (re-sent)" if resent else ""
    return Message(
        title=f"{letter.title}{mark}",
        body=f"{letter.body}\n{link}\nid {visible_id}",
        tone=Tone.CALM,
        visible_id=visible_id,
        essence=f"{letter.title}{mark}\n{link}\nid {visible_id}",
    )


def _opened(day: Day) -> str:
    told = [f"{day.opened[one]} {one}" for one in reversed(Severity) if one in day.opened]
    return ", ".join(told) or "none"


def _found(day: Day) -> str:
    told = [f"{many} to {decision}" for decision, many in sorted(day.findings.items())]
    return ", ".join(told) or "none"


def _observed(day: Day) -> Iterator[str]:
    """What would have paged, had its rule been one to investigate that is on; then what else was observed."""
    would = [one for one in day.observed if one.would_page]
    yield f"Would have paged: {len(would) or 'nothing'}."
    for one in day.observed:
        what, mode = "would have paged" if one.would_page else "observed", " (mode advise)" if one.advised else ""
        rule = untrusted.excerpt(one.rule, _LONGEST_REASON)
        yield f"- {what}: {rule}{mode}: {one.records} records, {one.events:,} events, at worst {one.worst}"
    for each in day.simulated:
        rule = untrusted.excerpt(each.rule, _LONGEST_REASON)
        yield f"- simulated: {rule}: {each.findings:,} findings, at worst {each.worst}"


def _late_count(day: Day) -> int:
    return len(day.late) + day.late_more


def _late(day: Day, zone: ZoneInfo) -> Iterator[str]:
    yield f"Overdue: {_late_count(day) or 'nothing'}."
    for one in day.late:
        yield f"- INC-{one.incident}: {untrusted.excerpt(one.what, 80)} since {clock(one.due_at, zone)}"
    if day.late_more:
        yield f"- and {day.late_more} more"


def _silences(day: Day, zone: ZoneInfo) -> Iterator[str]:
    yield f"Silences and mutes: {len(day.silences) or 'none'}."
    for one, hid in day.silences:
        waits = ", waits for a second person" if one.waits or one.longer_until else ""
        told, reason = (untrusted.excerpt(text, _LONGEST_REASON) for text in (one.told, one.reason))
        until = clock(one.over_at, zone)
        yield f"- {one.name} by {one.created_by} until {until}{waits}: {told}: {reason}; hid {hid.notices}"


def _head(head: Head) -> str:
    seal = f"; seal {head.seal} {head.seal_hash}" if head.seal else ""
    return f"Audit: record 0 at entry {head.seq} {head.hash or '(none yet)'}{seal}"
