"""The proof that there is somebody for every signature, held against the table of four eyes."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from store.designation import Colleague, Leave
from store.four_eyes import SIGNERS, Allowed, Deed, FourEyes, Hand, Signature, approvals_needed, may_sign
from store.incident import Track
from store.people import Role
from store.signers import Gap, gaps

TODAY = date(2026, 12, 1)
ROLES = [
    Role.RESPONDER,
    Role.REPORTER,
    Role.REVIEWER,
    Role.INVESTIGATOR,
    Role.ACTION_OWNER,
    Role.VERIFIER,
    Role.APPROVER,
]
DAYS = st.dates(date(2026, 11, 1), date(2027, 1, 31))


@st.composite
def leaves(draw: st.DrawFn) -> Leave:
    first, last = sorted((draw(DAYS), draw(DAYS)))
    return Leave(first=first, last=last)


@st.composite
def teams(draw: st.DrawFn) -> list[Colleague]:
    roles = st.frozensets(st.sampled_from(ROLES), min_size=3)
    return [
        Colleague(id=one, roles=draw(roles), leave=tuple(draw(st.lists(leaves(), max_size=2))))
        for one in "abcdef"[: draw(st.integers(1, 6))]
    ]


def can_be_signed(writer: str, team: Sequence[Colleague], mode: FourEyes, track: Track) -> bool:
    """Whether what *writer* wrote can go through all its signatures: tries every choice of signers."""
    signatures = [Signature.REPORT_REVIEW, Signature.APPROVE, Signature.SECOND_APPROVAL]
    signatures = signatures[: 1 + approvals_needed(track, mode)]
    people = [one.id for one in team for _ in signatures]  # one person may give several
    return any(
        _chain(writer, list(zip(signatures, chosen, strict=False)), team, mode, track)
        for chosen in permutations(people, len(signatures))
    )


def _chain(
    writer: str, chosen: Sequence[tuple[Signature, str]], team: Sequence[Colleague], mode: FourEyes, track: Track
) -> bool:
    """Whether these persons may give these signatures one after the other."""
    leaves_behind = {Signature.REPORT_REVIEW: Deed.REVIEWED_REPORT, Signature.APPROVE: Deed.APPROVED}
    roles = {one.id: one.roles for one in team}
    hands = [Hand(person=writer, deed=Deed.WROTE_REPORT), Hand(person=writer, deed=Deed.WROTE_DOSSIER)]
    for signature, person in chosen:
        if SIGNERS[signature] not in roles[person]:
            return False
        if not isinstance(may_sign(signature, person, hands, mode=mode, track=track), Allowed):
            return False
        if signature in leaves_behind:
            hands.append(Hand(person=person, deed=leaves_behind[signature]))
    return True


@given(teams(), st.sampled_from(FourEyes), st.sampled_from(Track))
def test_where_no_gap_is_told_everything_can_be_signed(team: list[Colleague], mode: FourEyes, track: Track) -> None:
    """Whoever writes, on any track, with those who are there on any day of the next weeks."""
    found = gaps(team, mode, today=TODAY)
    for day in (TODAY + timedelta(days=number) for number in (0, 9, 33)):
        there = [one for one in team if not one.is_away_on(day)]
        if not [gap for gap in found if gap.first is None or gap.first <= day <= (gap.last or day)]:
            writers = [one.id for one in there if Role.REPORTER in one.roles]
            assert all(can_be_signed(writer, there, mode, track) for writer in writers)


@given(teams(), st.sampled_from(FourEyes))
def test_what_is_told_of_writers_is_true(team: list[Colleague], mode: FourEyes) -> None:
    """Who is named as a writer whose critical incident cannot be signed is one: no choice of signers would do."""
    for gap in gaps(team, mode, today=TODAY):
        if gap.signature is None and gap.first is None:
            assert not any(can_be_signed(writer, team, mode, Track.FULL) for writer in gap.writers)


@given(teams(), st.sampled_from(FourEyes))
def test_leave_only_adds_to_what_is_told(team: list[Colleague], mode: FourEyes) -> None:
    """What holds always is told once, without days; what is told with days is not over, and says who is missed."""
    found = gaps(team, mode, today=TODAY)
    nobody_away = [Colleague(id=one.id, roles=one.roles) for one in team]
    assert [gap for gap in found if gap.first is None] == list(gaps(nobody_away, mode, today=TODAY))
    for gap in found:
        if gap.first is not None:
            assert gap.last is not None
            assert TODAY <= gap.first <= gap.last
            assert gap.away
            assert all(one.is_away_on(gap.first) for one in team if one.id in gap.away)


def test_a_pair_is_enough() -> None:
    """Two persons who may do everything sign each other's work, also of a critical incident."""
    pair = [Colleague(id=one, roles=frozenset(ROLES)) for one in ("ana", "bo")]
    assert gaps(pair, FourEyes.PAIR, today=TODAY) == ()
    assert gaps(pair, FourEyes.FULL, today=TODAY) == (Gap(signature=None, writers=("ana", "bo")),)
    assert all(can_be_signed("ana", pair, FourEyes.PAIR, track) for track in Track)
