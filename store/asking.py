"""Who is asked for what waits for somebody: one named person, the deputy at half time, all at the end. Pure."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType

from store.deadlines import Deadline, Duty
from store.designation import Asked, Designation, Post, Seat, Staff
from store.duties import Dated, Matter
from store.incident import Incident
from store.people import Role

_POSTS: Mapping[Duty, tuple[Role, Seat | None]] = MappingProxyType(
    {
        Duty.ACKNOWLEDGE: (Role.RESPONDER, Seat.LEAD),
        Duty.REPORT: (Role.REPORTER, None),
        Duty.REPORT_REVIEW: (Role.REVIEWER, Seat.REVIEWER),
        Duty.INVESTIGATION: (Role.INVESTIGATOR, Seat.LEAD),
        Duty.CORRECTIVE_ACTIONS: (Role.INVESTIGATOR, Seat.LEAD),
        Duty.APPROVAL: (Role.APPROVER, Seat.APPROVER),
        Duty.FOLLOW_UP: (Role.INVESTIGATOR, Seat.LEAD),
    }
)


def post_of(matter: Matter, record: Incident, designation: Designation) -> Post:
    """Who is to see to *matter*: whom the designation names; else, and for the report, who has the incident.

    A timer is the lead's.
    """
    role, seat = _POSTS[matter.duty or Duty.INVESTIGATION]
    if seat is not None and (named := designation.named(seat)):
        return Post(role=role, named=named, because=f"designated {seat}", title=seat.value)
    has_it = record.owner if seat in (None, Seat.LEAD) and record.owner else ""
    return Post(role=role, named=has_it, because="has the incident", title=seat.value if seat else role.value)


def asked(
    matter: Matter,
    record: Incident,
    staff: Staff,
    designation: Designation,
    *,
    now: datetime,
    deadline: Deadline | None,
    barred: Collection[str] = (),
) -> tuple[Asked, ...]:
    """Who is asked for *matter* now: one named person, the deputy at half time, all at the end."""
    post = post_of(matter, record, designation)
    return staff.asked_for(post, designation.deputy, now=now, deadline=deadline, barred=barred)


def asked_for_dated(
    one: Dated,
    lead: str,
    staff: Staff,
    *,
    now: datetime,
    deadline: Deadline | None,
    barred: Collection[str] = (),
) -> tuple[Asked, ...]:
    """Who is asked for an action, say: its owner, its deputy from half time on or in their place, the lead at the end.

    Nobody else could do it, so at the end not all are asked.
    """
    there = staff.there(now, barred)
    is_half_over = deadline is not None and now >= deadline.half_at
    is_over = deadline is not None and now >= deadline.due_at
    why = "deputy, half of the time is over" if is_half_over else f"deputy, {one.owner} is away or may not"
    found = [
        Asked(person=one.owner, because="is to do it"),
        *([Asked(person=one.deputy, because=why)] if is_half_over or one.owner not in there else []),
    ]
    if is_over or not any(who.person in there for who in found):
        found.append(Asked(person=lead, because="leads the work, the time is over" if is_over else "leads the work"))
    return _once(who for who in found if who.person in there)


def asked_to_verify(staff: Staff, *, now: datetime, barred: Collection[str]) -> tuple[Asked, ...]:
    """Who is asked to verify an action: whoever may, for nobody is designated for it."""
    post = Post(role=Role.VERIFIER, named="", because="", title=Role.VERIFIER.value)
    return staff.asked_for(post, "", now=now, barred=barred)


def _once(found: Iterable[Asked]) -> tuple[Asked, ...]:
    asked: dict[str, Asked] = {}
    for one in found:
        asked.setdefault(one.person, one)
    return tuple(asked.values())
