"""A parcel of deliveries → the message that goes out for it. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from notifier.digest import letter_message
from notifier.links import ACKNOWLEDGE, ACKNOWLEDGE_LASTS, REPLY_LASTS, Links, reply_to
from notifier.message import Ask, Facts, Message, Reason, may_carry, render, render_digest, strictest
from notifier.plan import About, ask_of
from notifier.route import Receiver
from notifier.throttle import Form, Parcel
from notifier.withheld import render_external, render_stub
from store.deadlines import Deadlines, Duty
from store.duties import Matter
from store.incident import Incident, Tlp
from store.letter import Letter
from store.notice import Delivery, NoticeKind
from store.request import Request
from store.standing import Standing

_REASONS = {
    NoticeKind.OPENED: Reason.FIRST,
    NoticeKind.WORSE: Reason.WORSE,
    NoticeKind.ACKNOWLEDGED: Reason.ACKNOWLEDGED,
    NoticeKind.REOPENED: Reason.REOPENED,
    NoticeKind.LAPSED: Reason.REPEAT,
    NoticeKind.RESOLVED: Reason.RESOLVED,
    NoticeKind.UNREPORTED: Reason.UNREPORTED,
    NoticeKind.PROPOSED: Reason.PROPOSED,
    NoticeKind.HANDED_OVER: Reason.HANDED_OVER,
    NoticeKind.YOUR_TURN: Reason.YOUR_TURN,
    NoticeKind.HANDED_ON: Reason.HANDED_ON,
    NoticeKind.ESCALATED: Reason.ESCALATED,
    NoticeKind.STILL_YOURS: Reason.STILL_YOURS,
    NoticeKind.LINK: Reason.LINK,
    NoticeKind.REMINDER: Reason.REMINDER,
    NoticeKind.REQUEST: Reason.REQUEST,
    NoticeKind.UNSILENCED: Reason.UNSILENCED,
}


#: What asks nobody to take it, and still brings a link that acts: who has it says so again, or adds to it.
_ACTING = frozenset({NoticeKind.LINK, NoticeKind.STILL_YOURS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the incidents of a parcel are at the moment of sending."""

    about: Mapping[int, About]  #: by number, the worst first; of a digest only those that it names
    deadlines: Deadlines = field(default_factory=Deadlines)
    changed: Mapping[int, str] = field(default_factory=dict)  #: by notice id: what changed, one sentence
    requests: Mapping[int, Request] = field(default_factory=dict)  #: by notice id: what it asks for
    letter: Letter | None = None  #: if that is what goes out


def worded(
    parcel: Parcel, told: Told, standing: Mapping[int, Standing], receiver: Receiver, links: Links, now: datetime
) -> Message:
    """The message of *parcel*, in the zone and within the label of who reads it."""
    if told.letter is not None:
        one = parcel.deliveries[-1]
        return letter_message(told.letter, links.incidents(), _visible_id(one), resent=one.resent)
    if parcel.form is Form.SINGLE:
        return _single(parcel.deliveries[-1], told, receiver, links, now)
    latest = {one.incident: one for one in parcel.deliveries}
    stand = [standing[number] for number in latest]
    shown = [facts_of(latest[number], told) for number in told.about]
    is_late = parcel.form is Form.CAUGHT_UP
    alone = parcel.deliveries[-1] if len(latest) == 1 and shown else None
    message = render_digest(
        _caught_up(stand, receiver) if is_late else f"{len(latest):,} more incidents",
        shown,
        more=len(latest) - len(shown),
        tlp=strictest(one.tlp for one in stand),
        link=_link(alone, told, links, now) if alone else links.incidents(),
        visible_id=_visible_id(parcel.deliveries[0]),
        max_tlp=receiver.max_tlp,
        external=receiver.external,
        resent=any(one.resent for one in parcel.deliveries),
    )
    return replace(message, thread=thread_of(alone, told.about[alone.incident].incident)) if alone else message


def thread_of(delivery: Delivery, about: Incident) -> str:
    """What all messages to one recipient about one incident share, of this installation and no other."""
    whole = f"{about.opened_at.isoformat()} {delivery.incident} {delivery.receiver} {delivery.target}"
    return f"inc-{delivery.incident}.{hashlib.sha256(whole.encode()).hexdigest()[:16]}"


def facts_of(delivery: Delivery, told: Told) -> Facts:
    """What a message says of the incident of *delivery*."""
    about = told.about[delivery.incident]
    one, due_at = about.incident, _due_at(delivery, about.incident, told.deadlines)
    ask = ask_of(delivery, overdue=due_at is not None and due_at <= delivery.noticed_at)
    return Facts(
        number=one.number,
        title=f"DRILL: {one.headline}" if one.drill else one.headline,
        severity=one.severity,
        entities=tuple(about.entities),
        events=one.events,
        first_seen=one.first_seen,
        last_seen=one.last_seen,
        excerpts=tuple(about.excerpts) if ask is Ask.JOIN else (),
        tlp=one.tlp,
        reason=_REASONS[delivery.kind],
        because="" if delivery.kind is NoticeKind.OPENED else told.changed.get(delivery.notice, ""),
        ask=ask,
        due_at=due_at,
    )


def _due_at(delivery: Delivery, record: Incident, deadlines: Deadlines) -> datetime | None:
    """Until when what *delivery* asks is to be done; None: it asks nothing, or that may take as long as it takes."""
    if delivery.matter:
        running = deadlines.current(record) if Matter.parse(delivery.matter).duty else None
        return delivery.until or (running.due_at if running else None)
    if ask_of(delivery) is not Ask.JOIN:
        return None
    return deadlines.due_at(Duty.ACKNOWLEDGE, severity=record.severity, track=record.track, start=delivery.created_at)


def _single(delivery: Delivery, told: Told, receiver: Receiver, links: Links, now: datetime) -> Message:
    facts, visible_id = facts_of(delivery, told), _visible_id(delivery)
    link, zone = _link(delivery, told, links, now), ZoneInfo(receiver.timezone)
    if not may_carry(receiver.max_tlp, facts.tlp):
        message = render_stub(facts, link=link, visible_id=visible_id, zone=zone, resent=delivery.resent)
    elif receiver.external:
        message = render_external(facts, link=link, visible_id=visible_id, zone=zone, resent=delivery.resent)
    else:
        message = render(facts, link=link, visible_id=visible_id, zone=zone, resent=delivery.resent)
    thread = thread_of(delivery, told.about[delivery.incident].incident)
    return replace(message, thread=thread, press=link if facts.ask is Ask.JOIN and delivery.person else "")


def _link(delivery: Delivery, told: Told, links: Links, now: datetime) -> str:
    """One that acts, if it can do what is asked of a person, overdue or not; else the page. So for what its
    participants alone see: that wants a sign-in.

    A delivery that is sent again carries the same nonce: whichever of the two is used first counts.
    """
    request = told.requests.get(delivery.notice)
    about = told.about.get(delivery.incident)
    wants_sign_in = about is not None and (about.incident.tlp is Tlp.RED or about.incident.restricted)
    acts = (ask_of(delivery) is Ask.JOIN or delivery.kind in _ACTING) and not wants_sign_in
    if delivery.person is None or (not acts and request is None):
        return links.page(delivery.incident)
    return links.make(
        record=delivery.incident,
        act=ACKNOWLEDGE if request is None else reply_to(request.number),
        person=delivery.person,
        expires_at=now + (ACKNOWLEDGE_LASTS if request is None else REPLY_LASTS),
        nonce=_visible_id(delivery),
    )


def _visible_id(delivery: Delivery) -> str:
    return f"D-{delivery.id}"


def _caught_up(stand: Sequence[Standing], receiver: Receiver) -> str:
    zone = ZoneInfo(receiver.timezone)
    first = min(one.first_seen for one in stand).astimezone(zone)
    last = max(one.last_seen for one in stand).astimezone(zone)
    shown = "%Y-%m-%d %H:%M"
    until = last.strftime("%H:%M %Z" if last - first < timedelta(hours=24) else f"{shown} %Z")
    incidents = f"{len(stand):,} incident{'' if len(stand) == 1 else 's'}"
    return f"caught up: {incidents} from {first.strftime(shown)} to {until}"
