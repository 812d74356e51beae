"""Who is asked: one named person, the deputy at half time, all at the end. Pure."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from rules.event import Severity
from store.deadlines import Deadline
from store.people import Role


class Seat(StrEnum):
    """A part that somebody has in an incident. Stored: never rename one."""

    LEAD = "lead"  #: leads the work
    REVIEWER = "reviewer"  #: reviews the report
    APPROVER = "approver"  #: approves

    @property
    def role(self) -> Role:
        """The role that one needs for it."""
        return _ROLES[self]


_ROLES = {Seat.LEAD: Role.INVESTIGATOR, Seat.REVIEWER: Role.REVIEWER, Seat.APPROVER: Role.APPROVER}


#: Sigma's tags that name a technique or tactic start with this; who names a category may leave it out.
_ATTACK = "attack."


def categories(tags: Iterable[str]) -> tuple[str, ...]:
    """The categories of an incident: the tags of its rule, with and without what Sigma writes before them."""
    return tuple(dict.fromkeys(name for tag in tags for name in (tag, tag.removeprefix(_ATTACK))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """Days on which somebody is away, both of them included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """As much of a person as decides whether they can be asked."""

    id: str
    roles: frozenset[Role]
    timezone: str = "UTC"  #: in which their days of leave begin and end
    leave: tuple[Leave, ...] = ()
    accounts: tuple[str, ...] = ()  #: names of their accounts in logs, besides the id

    def is_away(self, now: datetime) -> bool:
        """Whether they are on leave, by the date where they are."""
        return self.is_away_on(now.astimezone(ZoneInfo(self.timezone)).date())

    def is_away_on(self, day: date) -> bool:
        """Whether they are on leave on *day*."""
        return any(one.first <= day <= one.last for one in self.leave)


@dataclass(frozen=True, slots=True, kw_only=True)
class Designation:
    """Who is asked about the incidents that it fits."""

    severities: tuple[Severity, ...] = ()  #: empty: any
    categories: tuple[str, ...] = ()  #: empty: any
    assets: tuple[str, ...] = ()  #: hosts, with * and ?; empty: any
    lead: str = ""  #: person id; empty: nobody is named
    reviewer: str = ""
    approver: str = ""
    deputy: str = ""
    stakeholders: tuple[str, ...] = ()  #: who are kept informed

    def fits(self, severity: Severity, categories: Collection[str], hosts: Collection[str]) -> bool:
        """Whether it is for such an incident; one category or host that fits is enough."""
        return (
            (not self.severities or severity in self.severities)
            and (not self.categories or bool(set(self.categories) & set(categories)))
            and (not self.assets or any(fnmatchcase(host, pattern) for host in hosts for pattern in self.assets))
        )

    def named(self, seat: Seat) -> str:
        """Whom it names for *seat*; "" for nobody."""
        return {Seat.LEAD: self.lead, Seat.REVIEWER: self.reviewer, Seat.APPROVER: self.approver}[seat]


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Something that somebody is to do, as far as it decides who is asked."""

    role: Role  #: that one needs for it
    named: str  #: person id of who is asked first; "" for nobody
    because: str  #: why that one
    title: str  #: what they are called, e.g. "reviewer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Somebody who is asked, and why."""

    person: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """Who there is, and who is designated for what. Replaced as a whole by a reload."""

    colleagues: tuple[Colleague, ...] = ()
    designations: tuple[Designation, ...] = ()

    def designation(
        self, *, severity: Severity, categories: Collection[str] = (), hosts: Collection[str] = ()
    ) -> Designation:
        """The first designation that fits; if none does, one that names nobody."""
        fitting = (one for one in self.designations if one.fits(severity, categories, hosts))
        return next(fitting, Designation())

    def asked(
        self,
        designation: Designation,
        seat: Seat,
        *,
        now: datetime,
        deadline: Deadline | None = None,
        barred: Collection[str] = (),
    ) -> tuple[Asked, ...]:
        """Who is asked to fill *seat* now, see `asked_for`."""
        post = Post(role=seat.role, named=designation.named(seat), because=f"designated {seat}", title=seat.value)
        return self.asked_for(post, designation.deputy, now=now, deadline=deadline, barred=barred)

    def asked_for(
        self,
        post: Post,
        deputy: str,
        *,
        now: datetime,
        deadline: Deadline | None = None,
        barred: Collection[str] = (),
    ) -> tuple[Asked, ...]:
        """Who is asked to fill *post* now, the first of them first.

        The named person; the deputy from half time on, or at once in their place; everybody with the role when the
        time is over, or if there is nobody else. If not even that finds one, nobody is asked, and that must be shown.

        Args:
            deadline: The clock that runs; None: neither half time nor end comes.
            barred: Persons who may not: involved, or refused by four eyes.
        """
        there = self._there(now, barred)
        able = {one.id for one in there if post.role in one.roles}
        found = [*_first(post, deputy, able)]
        if deadline is not None and now >= deadline.half_at and deputy in able:
            found.append(Asked(person=deputy, because="deputy, half of the time is over"))
        if not found or (deadline is not None and now >= deadline.due_at):
            why = "all are asked, the time is over" if found else "all are asked, nobody designated is there"
            found += [Asked(person=one.id, because=why) for one in there if one.id in able]
        asked: dict[str, Asked] = {}
        for one in found:
            asked.setdefault(one.person, one)
        return tuple(asked.values())

    def may_fill(
        self, designation: Designation, seat: Seat, person: str, *, now: datetime, deadline: Deadline | None = None
    ) -> bool:
        """Whether *person* may act in *seat*: named for it, its deputy, or asked for it by now.

        Whether they have the role, and whether four eyes allow it, is looked at elsewhere.
        """
        if person in (designation.named(seat), designation.deputy):
            return True
        return person in {one.person for one in self.asked(designation, seat, now=now, deadline=deadline)}

    def informed(self, designation: Designation, *, now: datetime, barred: Collection[str] = ()) -> tuple[str, ...]:
        """The stakeholders who are there."""
        there = self.there(now, barred)
        return tuple(one for one in designation.stakeholders if one in there)

    def there(self, now: datetime, barred: Collection[str] = ()) -> frozenset[str]:
        """Ids of all who are not on leave, without *barred*."""
        return frozenset(one.id for one in self._there(now, barred))

    def _there(self, now: datetime, barred: Collection[str]) -> tuple[Colleague, ...]:
        return tuple(one for one in self.colleagues if one.id not in barred and not one.is_away(now))


def _first(post: Post, deputy: str, able: Collection[str]) -> Iterator[Asked]:
    """Who is asked at once: the named one, or the deputy in their place."""
    if post.named in able:
        yield Asked(person=post.named, because=post.because)
    elif deputy in able:
        why = f"deputy, {post.named} is away or may not" if post.named else f"deputy, no {post.title} is designated"
        yield Asked(person=deputy, because=why)
