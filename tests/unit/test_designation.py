"""Who is asked now: the designated, the deputy, all; and who is away."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.event import Severity
from store.deadlines import Deadline, Deadlines, Duty
from store.designation import Asked, Colleague, Designation, Leave, Seat, Staff
from store.incident import Track
from store.people import Role

NOW = datetime(2026, 12, 22, 10, 0, tzinfo=UTC)
HOLIDAYS = (Leave(first=date(2026, 12, 20), last=date(2027, 1, 5)),)
SIGNS = frozenset({Role.INVESTIGATOR, Role.REVIEWER, Role.APPROVER})


def deadline(start: datetime) -> Deadline:
    """The clock of a report: 24 hours."""
    made = Deadlines().of(Duty.REPORT, severity=Severity.HIGH, track=Track.STANDARD, start=start)
    assert made is not None
    return made


def staff(*away: str, roles: frozenset[Role] = SIGNS) -> Staff:
    """Ana, Bo, Cy and Dee, who may do everything; *away* are on leave."""
    return Staff(
        colleagues=tuple(
            Colleague(id=one, roles=roles, leave=HOLIDAYS if one in away else ()) for one in ("ana", "bo", "cy", "dee")
        )
    )


OURS = Designation(lead="ana", reviewer="bo", approver="cy", deputy="dee", stakeholders=("bo", "cy"))


def names(asked: tuple[Asked, ...]) -> list[str]:
    return [one.person for one in asked]


@pytest.mark.parametrize(("seat", "person"), [(Seat.LEAD, "ana"), (Seat.REVIEWER, "bo"), (Seat.APPROVER, "cy")])
def test_at_first_one_named_person_is_asked(seat: Seat, person: str) -> None:
    """Everybody asked is nobody asked."""
    asked = staff().asked(OURS, seat, now=NOW, deadline=deadline(NOW))
    assert asked == (Asked(person=person, because=f"designated {seat}"),)


@pytest.mark.parametrize(
    ("hours", "expected"),
    [(0, ["bo"]), (11.9, ["bo"]), (12, ["bo", "dee"]), (23.9, ["bo", "dee"]), (24, ["bo", "dee", "ana", "cy"])],
)
def test_the_deputy_at_half_time_and_all_at_the_end(hours: float, expected: list[str]) -> None:
    """Of 24 hours: the reviewer at once, the deputy after twelve, everybody with the role when they are over."""
    asked = staff().asked(OURS, Seat.REVIEWER, now=NOW, deadline=deadline(NOW - timedelta(hours=hours)))
    assert names(asked) == expected


def test_without_a_clock_it_stays_with_the_named_one() -> None:
    """Neither half time nor end comes."""
    assert names(staff().asked(OURS, Seat.LEAD, now=NOW)) == ["ana"]


def test_who_is_away_is_not_asked() -> None:
    """The deputy stands in at once; if the deputy is away too, all who are there are asked."""
    (first,) = staff("bo").asked(OURS, Seat.REVIEWER, now=NOW, deadline=deadline(NOW))
    assert first == Asked(person="dee", because="deputy, bo is away or may not")
    everybody = staff("bo", "dee").asked(OURS, Seat.REVIEWER, now=NOW, deadline=deadline(NOW))
    assert everybody == tuple(
        Asked(person=one, because="all are asked, nobody designated is there") for one in ("ana", "cy")
    )
    assert staff("ana", "bo", "cy", "dee").asked(OURS, Seat.REVIEWER, now=NOW) == ()


def test_who_is_barred_is_not_asked() -> None:
    """Paging goes to the next where somebody is involved, or wrote the report."""
    assert names(staff().asked(OURS, Seat.LEAD, now=NOW, barred={"ana"})) == ["dee"]
    assert names(staff().asked(OURS, Seat.LEAD, now=NOW, barred={"ana", "dee"})) == ["bo", "cy"]


def test_who_lacks_the_role_is_not_asked() -> None:
    """Being designated gives no role."""
    few = Staff(colleagues=(*staff(roles=frozenset()).colleagues, Colleague(id="eve", roles=SIGNS)))
    assert names(few.asked(OURS, Seat.REVIEWER, now=NOW, deadline=deadline(NOW))) == ["eve"]


@pytest.mark.parametrize(
    ("moment", "zone", "away"),
    [
        ("2026-12-19T23:59:59+00:00", "UTC", False),
        ("2026-12-20T00:00:00+00:00", "UTC", True),
        ("2027-01-05T23:59:59+00:00", "UTC", True),
        ("2027-01-06T00:00:00+00:00", "UTC", False),
        ("2026-12-19T23:30:00+00:00", "Europe/Berlin", True),
        ("2026-12-20T04:30:00+00:00", "America/New_York", False),
    ],
)
def test_leave_begins_and_ends_where_the_person_is(moment: str, zone: str, away: bool) -> None:
    """Both days are included, from midnight to midnight in the person's zone."""
    ana = Colleague(id="ana", roles=SIGNS, timezone=zone, leave=HOLIDAYS)
    assert ana.is_away(datetime.fromisoformat(moment)) is away


def test_the_first_designation_that_fits_counts() -> None:
    """Severity, category and host must fit where they are given; without one that fits, nobody is named."""
    several = Staff(
        designations=(
            Designation(lead="ana", severities=(Severity.CRITICAL,), assets=("db*",)),
            Designation(lead="bo", categories=("intrusion", "malware")),
            Designation(lead="cy", severities=(Severity.CRITICAL, Severity.HIGH)),
        )
    )

    def lead(severity: Severity, categories: list[str], hosts: list[str]) -> str:
        return several.designation(severity=severity, categories=categories, hosts=hosts).lead

    assert lead(Severity.CRITICAL, [], ["web1", "db7"]) == "ana"
    assert lead(Severity.CRITICAL, ["malware"], ["web1"]) == "bo"
    assert lead(Severity.HIGH, [], ["db7"]) == "cy"
    assert lead(Severity.LOW, [], ["db7"]) == ""


def test_without_a_designation_all_with_the_role_are_asked() -> None:
    """A site that names nobody still gets asked."""
    assert names(staff().asked(Designation(), Seat.APPROVER, now=NOW)) == ["ana", "bo", "cy", "dee"]
    assert names(staff().asked(Designation(deputy="bo"), Seat.APPROVER, now=NOW)) == ["bo"]


def test_who_may_fill_a_seat() -> None:
    """The named one and the deputy always; others once all are asked, or if nobody is named."""
    may = staff().may_fill
    assert [one for one in ("ana", "bo", "cy", "dee") if may(OURS, Seat.REVIEWER, one, now=NOW)] == ["bo", "dee"]
    assert may(OURS, Seat.REVIEWER, "ana", now=NOW, deadline=deadline(NOW - timedelta(hours=24)))
    assert may(Designation(), Seat.REVIEWER, "ana", now=NOW)


def test_stakeholders_are_told_unless_they_are_away() -> None:
    """They need no role."""
    assert staff("cy", roles=frozenset()).informed(OURS, now=NOW) == ("bo",)
    assert staff().informed(OURS, now=NOW, barred={"bo"}) == ("cy",)


PEOPLE = st.sampled_from(["ana", "bo", "cy", "dee"])
SETS = st.frozensets(PEOPLE)


@given(SETS, SETS, st.sampled_from(Seat), st.integers(0, 30), st.builds(Designation, lead=PEOPLE, deputy=PEOPLE))
def test_time_only_adds_people(
    away: frozenset[str], barred: frozenset[str], seat: Seat, hours: int, designation: Designation
) -> None:
    """Nobody is asked twice, nobody who is away or barred; later at least the same are asked; never none in vain."""
    clock, team = deadline(NOW - timedelta(hours=hours)), staff(*away)
    asked = names(team.asked(designation, seat, now=NOW, deadline=clock, barred=barred))
    at_first = names(team.asked(designation, seat, now=NOW, barred=barred))
    assert len(asked) == len(set(asked))
    assert not set(asked) & (away | barred)
    assert asked[: len(at_first)] == at_first
    assert bool(asked) is bool({"ana", "bo", "cy", "dee"} - away - barred)
