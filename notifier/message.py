"""Incident → title and body: what a person reads at 3 a.m.

After the TLP label the severity comes first, then what, who and where, how much in how long, what is asked, and one
link. What strangers wrote comes last and only as a marked block, so that a channel that cuts long texts never cuts
what is asked.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

from notifier import untrusted
from rules.event import Entity, Severity
from store.incident import Tlp

Show = Callable[[Entity], str | None]  #: how an entity may be written; None: not at all

LONGEST_TITLE = 120  #: characters
MOST_EXCERPTS = 5
MOST_LISTED = 10  #: records that a digest names; the others it counts


class Ask(StrEnum):
    """What a message asks of who reads it. Stored: never rename one."""

    JOIN = "join"
    REPORT = "report"
    REVIEW = "review"
    INVESTIGATE = "investigate"
    PLAN = "plan"
    ACT = "act"
    VERIFY = "verify"
    APPROVE = "approve"
    FOLLOW_UP = "follow_up"
    FILE = "file"
    CONFIRM = "confirm"
    INFO = "info"
    OVERDUE = "overdue"
    FYI = "fyi"


class Reason(StrEnum):
    """Why this message is written now. Stored: never rename one."""

    FIRST = "first"
    MORE = "more"
    WORSE = "worse"
    REPEAT = "repeat"
    REOPENED = "reopened"
    RESOLVED = "resolved"
    UNREPORTED = "unreported"
    ACKNOWLEDGED = "acknowledged"
    PROPOSED = "proposed"
    HANDED_OVER = "handed_over"
    YOUR_TURN = "your_turn"
    ESCALATED = "escalated"
    STILL_YOURS = "still_yours"
    LINK = "link"
    HANDED_ON = "handed_on"
    REMINDER = "reminder"
    UNSILENCED = "unsilenced"
    REQUEST = "request"


class Tone(StrEnum):
    """How a channel that has colours or sounds may present a message."""

    ALARM = "alarm"
    WARNING = "warning"
    CALM = "calm"
    GOOD = "good"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a message says of one incident."""

    number: int  #: as in INC-n
    title: str
    severity: Severity
    entities: tuple[Entity, ...]
    events: int
    first_seen: datetime  #: aware UTC
    last_seen: datetime
    excerpts: tuple[str, ...] = ()  #: log lines as read: hostile
    tlp: Tlp = Tlp.AMBER
    reason: Reason = Reason.FIRST
    because: str = ""  #: what changed, one sentence without a full stop; "" if the reason says it all
    ask: Ask = Ask.JOIN
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One text as it goes out. Plain text: no channel may read markup into it.

    What stands below ``tone`` is for channels that can do something with it.
    """

    title: str
    body: str
    tone: Tone
    visible_id: str = ""  #: what a duplicate repeats
    thread: str = ""  #: the same in all messages to one recipient about one incident; "": it stands alone
    subject: str = ""  #: a title that stays the same while label and severity do, for who sorts by it; "": the title
    essence: str = ""  #: what is asked and where, in our words alone, for a channel that refuses the rest; "": nothing
    press: str = ""  #: our address that acknowledges when something is posted to it; "": none
    withheld: tuple[str, ...] = ()  #: what the record knows and this text may not say


_REASONS = {
    Reason.FIRST: "New incident",
    Reason.MORE: "More of the same",
    Reason.WORSE: "Worse than before",
    Reason.REPEAT: "Told again: nobody has acknowledged",
    Reason.ESCALATED: "Nobody has it yet",
    Reason.LINK: "Here is the fresh link that you asked for",
    Reason.STILL_YOURS: "Are you still on it? Any note or act shows it; without one it is asked of everybody again",
    Reason.REOPENED: "Reopened: it came back",
    Reason.RESOLVED: "Resolved: nothing is asked of you any more",
    Reason.UNREPORTED: "No longer reported, state unknown: nothing is asked of you any more",
    Reason.ACKNOWLEDGED: "Acknowledged: nothing is asked of you any more",
    Reason.PROPOSED: "Its dismissal is proposed: nothing is asked until somebody settles that",
    Reason.HANDED_OVER: "Handed over",
    Reason.YOUR_TURN: "It is your turn",
    Reason.HANDED_ON: "Handed on: your part is done",
    Reason.REMINDER: "Time runs out",
    Reason.REQUEST: "You are asked for information",
    Reason.UNSILENCED: "Told now: what hid it is over, and nobody has it",
}
_ASKS = {
    Ask.JOIN: "acknowledge",
    Ask.REPORT: "write the report",
    Ask.REVIEW: "review the report",
    Ask.INVESTIGATE: "investigate",
    Ask.PLAN: "decide on corrective actions",
    Ask.ACT: "do your action",
    Ask.VERIFY: "verify the action",
    Ask.APPROVE: "approve or return it",
    Ask.FOLLOW_UP: "follow it up",
    Ask.FILE: "file what is wanted, or decide that it need not be",
    Ask.CONFIRM: "say whether it is on track",
    Ask.INFO: "answer a question",
    Ask.OVERDUE: "do what is overdue",
    Ask.FYI: "nothing, this is for your information",
}
_PLACES = ("host", "target", "component")
_SETTLED = frozenset({Reason.RESOLVED, Reason.ACKNOWLEDGED})
_CLOSEST_FIRST = tuple(Tlp)  #: from what the fewest may see to what everyone may


def render(facts: Facts, *, link: str, visible_id: str, zone: tzinfo = UTC, resent: bool = False) -> Message:
    """The message about one incident.

    Args:
        facts: What to say. Nothing in it is trusted.
        link: The one address in the message; ours.
        visible_id: What a duplicate repeats, so that people recognise it.
        zone: The reader's zone.
        resent: This may have arrived before; the title says so.
    """
    lines = [
        *_lines_of_reason(facts),
        f"{facts.severity.upper()}: {untrusted.excerpt(facts.title, LONGEST_TITLE)}",
        who_where(facts.entities, _in_body),
        _how_much(facts, zone),
        *lines_of_ask(facts, zone),
        link,
        *_block(facts.excerpts),
        f"INC-{facts.number} · {facts.reason} · id {visible_id}",
    ]
    return Message(
        title=_title(facts, resent),
        body="\n".join(line for line in lines if line),
        tone=tone_of(facts),
        visible_id=visible_id,
        subject=untrusted.cut(f"{head_of(facts)}: {untrusted.neutralise(facts.title)}", LONGEST_TITLE),
        essence=essence_of(facts, link, visible_id, zone, resent),
    )


def essence_of(facts: Facts, link: str, visible_id: str, zone: tzinfo = UTC, resent: bool = False) -> str:
    """What is asked and where, without a word that anybody else wrote."""
    lines = [f"{head_of(facts)}{mark_of(facts, resent)}", *lines_of_ask(facts, zone), link, f"id {visible_id}"]
    return "\n".join(lines)


def render_digest(
    heading: str,
    worst: Sequence[Facts],
    *,
    more: int,
    tlp: Tlp,
    link: str,
    visible_id: str,
    max_tlp: Tlp = Tlp.RED,
    external: bool = False,
    resent: bool = False,
) -> Message:
    """One message instead of many: *heading* (ours), the worst by name, the rest by number.

    Args:
        worst: At most `MOST_LISTED`, the worst first.
        more: How many there are beside them.
        tlp: The strictest label of all.
        max_tlp: Of what is labelled above it, only severity and number are told.
        external: Read by people outside: of everything only severity and number are told.
    """
    hidden = [one for one in worst if external or not may_carry(max_tlp, one.tlp)]
    lines = [
        f"{heading}:",
        *(_listed(facts, is_hidden=facts in hidden) for facts in worst),
        f"and {more:,} more" if more else "",
        link,
        f"id {visible_id}",
    ]
    title = f"{tlp} {worst[0].severity.upper()} {heading}{' (re-sent)' if resent else ''}"
    return Message(
        title=title,
        body="\n".join(line for line in lines if line),
        tone=tone_of(worst[0]),
        visible_id=visible_id,
        essence="\n".join((title, link, f"id {visible_id}")),
        withheld=tuple(f"details of INC-{one.number}" for one in hidden),
    )


def strictest(labels: Iterable[Tlp]) -> Tlp:
    """The label that lets the fewest see."""
    return min(labels, key=_CLOSEST_FIRST.index)


def may_carry(max_tlp: Tlp, tlp: Tlp) -> bool:
    """Whether a channel that carries up to *max_tlp* may carry what is labelled *tlp*."""
    return _CLOSEST_FIRST.index(tlp) >= _CLOSEST_FIRST.index(max_tlp)


def who_where(entities: Sequence[Entity], show: Show) -> str:
    """Who did it to what, as ``root from 203.0.113.7 → web1``; *show* decides how a name may be written."""
    account, source, place = (_named(entities, kinds, show) for kinds in (("account",), ("source",), _PLACES))
    who = " from ".join(part for part in (account, source) if part)
    return " → ".join(part for part in (who, place) if part)


def _named(entities: Sequence[Entity], kinds: Sequence[str], show: Show) -> str:
    found = list(dict.fromkeys(entity for kind in kinds for entity in entities if entity.kind == kind))
    shown = [text for entity in found if (text := show(entity))]
    if not shown:
        return ""
    return shown[0] if len(found) == 1 else f"{shown[0]} and {len(found) - 1:,} more"


def _in_body(entity: Entity) -> str:
    return untrusted.name(entity.value, dotted=entity.kind in _PLACES)


def _in_title(entity: Entity) -> str | None:
    return untrusted.plain_name(entity.value, dotted=entity.kind in _PLACES)


def _title(facts: Facts, resent: bool) -> str:
    place = who_where(facts.entities, _in_title)
    head = f"{head_of(facts)}{mark_of(facts, resent)}: "
    return untrusted.cut(head + untrusted.neutralise(facts.title) + (f", {place}" if place else ""), LONGEST_TITLE)


def head_of(facts: Facts) -> str:
    """How every title begins."""
    return f"{facts.tlp} {facts.severity.upper()} INC-{facts.number}"


def mark_of(facts: Facts, resent: bool) -> str:
    """Why it is told now, and whether it may have been told before, in brackets; "" if it is the first time."""
    marks = [facts.reason.value] if facts.reason is not Reason.FIRST else []
    marks += ["re-sent"] if resent else []
    return f" ({', '.join(marks)})" if marks else ""


def _lines_of_reason(facts: Facts) -> list[str]:
    because = f" ({untrusted.excerpt(facts.because)})" if facts.because else ""
    return [f"{_REASONS[facts.reason]}{because}."]


def _how_much(facts: Facts, zone: tzinfo) -> str:
    many = "1 event" if facts.events == 1 else f"{facts.events:,} events"
    lasted = facts.last_seen - facts.first_seen
    within = f" in {duration(lasted)}" if lasted >= timedelta(seconds=1) else ""
    return f"{many}{within}, last at {clock(facts.last_seen, zone)}"


def lines_of_ask(facts: Facts, zone: tzinfo) -> list[str]:
    """What is asked and until when; nothing once it is settled."""
    if facts.reason in _SETTLED:
        return []
    by = f", by {clock(facts.due_at, zone)}" if facts.due_at else ""
    return [f"Asked of you: {_ASKS[facts.ask]}{by}."]


def _block(excerpts: Sequence[str]) -> list[str]:
    left = len(excerpts) - MOST_EXCERPTS
    more = [f"│ … {left:,} more lines"] if left > 0 else []
    return [*(f"│ {untrusted.excerpt(text)}" for text in excerpts[:MOST_EXCERPTS]), *more]


def _listed(facts: Facts, *, is_hidden: bool) -> str:
    head = f"{facts.severity.upper()} INC-{facts.number}"
    if is_hidden:
        return f"{head} (details may not be sent over this channel)"
    settled = f" ({facts.reason})" if facts.reason in _SETTLED else ""
    place = who_where(facts.entities, _in_body)
    return f"{head}{settled} {untrusted.excerpt(facts.title, LONGEST_TITLE)}" + (f", {place}" if place else "")


def tone_of(facts: Facts) -> Tone:
    """How a channel may present it."""
    if facts.reason in _SETTLED:
        return Tone.GOOD
    if facts.reason is Reason.STILL_YOURS:
        return Tone.CALM
    if facts.severity.rank >= Severity.HIGH.rank:
        return Tone.ALARM
    return Tone.WARNING if facts.severity.rank >= Severity.LOW.rank else Tone.CALM


def clock(moment: datetime, zone: tzinfo) -> str:
    """A moment as people in *zone* write it."""
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")


def duration(span: timedelta) -> str:
    """A span as people say it, two units at most: ``38 s``, ``4 min 12 s``, ``2 h 5 min``, ``3 d 4 h``."""
    seconds = int(span.total_seconds())
    for unit, size, below, part in (("d", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if seconds >= size:
            rest = seconds % size // part
            return f"{seconds // size} {unit}" + (f" {rest} {below}" if rest else "")
    return f"{seconds} s"
