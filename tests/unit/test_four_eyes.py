"""Who may sign what: every signature, deed and mode, by who did it and by somebody else."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.event import Severity
from store.four_eyes import (
    CLASHES,
    SIGNERS,
    Allowed,
    Deed,
    FourEyes,
    Hand,
    Refused,
    Signature,
    approvals_needed,
    may_sign,
    named_in,
    persons_in_conflict,
    settling_needs_another,
)
from store.incident import Track
from store.people import Person, Role

#: The table of the process, written a second time: (signature, deed of the same person) that is refused.
TABLE = {
    (Signature.REPORT_REVIEW, Deed.WROTE_REPORT),
    (Signature.VERIFY, Deed.OWNS_ACTION),
    (Signature.VERIFY, Deed.DEPUTISES),
    (Signature.VERIFY, Deed.RECORDED_DONE),
    (Signature.APPROVE, Deed.WROTE_REPORT),
    (Signature.APPROVE, Deed.WROTE_DOSSIER),
    (Signature.SECOND_APPROVAL, Deed.WROTE_REPORT),
    (Signature.SECOND_APPROVAL, Deed.WROTE_DOSSIER),
    (Signature.SECOND_APPROVAL, Deed.APPROVED),
    (Signature.SETTLE, Deed.PROPOSED),
}
#: What is refused on the full track besides, where all signatures are apart.
APART = {(Signature.APPROVE, Deed.REVIEWED_REPORT), (Signature.SECOND_APPROVAL, Deed.REVIEWED_REPORT)}
EVERY = list(itertools.product(Signature, Deed, FourEyes, Track))


@pytest.mark.parametrize(("signature", "deed", "mode", "track"), EVERY)
def test_every_triple(signature: Signature, deed: Deed, mode: FourEyes, track: Track) -> None:
    """Who did a deed is kept from exactly the signatures in the table; a waiver lets them and says what clashed."""
    hand = Hand(person="ana", deed=deed)
    is_apart = (signature, deed) in APART and track is Track.FULL
    clash = (signature, deed) in TABLE or (is_apart and mode is not FourEyes.PAIR)
    verdict = may_sign(signature, "ana", [hand], mode=mode, track=track)
    if not clash:
        assert verdict == Allowed()
    elif mode is FourEyes.WAIVED:
        assert verdict == Allowed(waived=hand)
    else:
        assert isinstance(verdict, Refused)
        assert (verdict.code, verdict.clash) == ("four_eyes", hand)


@pytest.mark.parametrize(("signature", "deed", "mode", "track"), EVERY)
def test_what_others_did_is_no_bar(signature: Signature, deed: Deed, mode: FourEyes, track: Track) -> None:
    """Somebody else may give every signature, whatever one person did."""
    assert may_sign(signature, "bo", [Hand(person="ana", deed=deed)], mode=mode, track=track) == Allowed()


@pytest.mark.parametrize(("signature", "mode"), list(itertools.product(Signature, FourEyes)))
def test_who_is_involved_signs_nothing(signature: Signature, mode: FourEyes) -> None:
    """A conflict of interest stands before all else; where nobody else is there it is told, to be written down."""
    verdict = may_sign(signature, "ana", [], mode=mode, involved={"ana"})
    if mode is FourEyes.WAIVED:
        assert verdict == Allowed(despite_interest=True)
    else:
        assert isinstance(verdict, Refused)
        assert (verdict.code, verdict.clash) == ("conflict_of_interest", None)
        assert "ana" in verdict.reason
    assert may_sign(signature, "bo", [], mode=mode, involved={"ana"}) == Allowed()


@pytest.mark.parametrize(
    ("signature", "hand", "reason"),
    [
        (
            Signature.REPORT_REVIEW,
            Hand(person="ana", deed=Deed.WROTE_REPORT, what="what_happened"),
            "ana wrote what_happened of the report: somebody else must review the report",
        ),
        (
            Signature.VERIFY,
            Hand(person="ana", deed=Deed.DEPUTISES, what="action 3"),
            "ana is the deputy for action 3: somebody else must verify it",
        ),
        (
            Signature.SECOND_APPROVAL,
            Hand(person="ana", deed=Deed.APPROVED),
            "ana gave the first approval: somebody else must give the second approval",
        ),
        (
            Signature.SETTLE,
            Hand(person="ana", deed=Deed.PROPOSED, what="the dismissal"),
            "ana proposed the dismissal: somebody else must settle it",
        ),
        (
            Signature.APPROVE,
            Hand(person="ana", deed=Deed.WROTE_DOSSIER),
            "ana wrote text of the dossier: somebody else must approve",
        ),
    ],
)
def test_a_refusal_names_the_clashing_act(signature: Signature, hand: Hand, reason: str) -> None:
    """It says in one sentence who did what, and what somebody else must do."""
    verdict = may_sign(signature, "ana", [hand], mode=FourEyes.FULL)
    assert isinstance(verdict, Refused)
    assert verdict.reason == reason


class TestAPair:
    """Two persons: each signs what is not their own."""

    HANDS = (
        Hand(person="ana", deed=Deed.WROTE_DOSSIER, what="report"),
        Hand(person="ana", deed=Deed.WROTE_DOSSIER, what="root_cause"),
        Hand(person="bo", deed=Deed.WROTE_DOSSIER, what="findings"),
    )

    def test_each_signs_the_parts_of_the_other(self) -> None:
        """Both wrote parts of the dossier: either may sign, and what is their own is left for the other."""
        assert may_sign(Signature.APPROVE, "bo", self.HANDS, mode=FourEyes.PAIR) == Allowed(leaves=("findings",))
        assert may_sign(Signature.APPROVE, "ana", self.HANDS, mode=FourEyes.PAIR) == Allowed(
            leaves=("report", "root_cause")
        )
        for person in ("ana", "bo"):
            assert isinstance(may_sign(Signature.APPROVE, person, self.HANDS, mode=FourEyes.FULL), Refused)

    def test_nobody_signs_what_is_all_their_own(self) -> None:
        """Where nothing is the other's alone, the other must sign."""
        shared = (*self.HANDS[:2], Hand(person="bo", deed=Deed.WROTE_DOSSIER, what="report"))
        assert isinstance(may_sign(Signature.APPROVE, "ana", self.HANDS[:2], mode=FourEyes.PAIR), Refused)
        assert isinstance(may_sign(Signature.APPROVE, "ana", shared, mode=FourEyes.PAIR), Refused)
        assert may_sign(Signature.APPROVE, "bo", shared, mode=FourEyes.PAIR) == Allowed(leaves=("report",))

    def test_who_gave_the_first_approval_cannot_give_the_second(self) -> None:
        """Also with parts of their own to sign."""
        hands = (*self.HANDS, Hand(person="bo", deed=Deed.APPROVED))
        assert isinstance(may_sign(Signature.SECOND_APPROVAL, "bo", hands, mode=FourEyes.PAIR), Refused)

    def test_the_reviewer_of_a_critical_report_may_approve(self) -> None:
        """A pair has nobody left to keep all signatures apart, and one approval of two is enough."""
        hands = (Hand(person="ana", deed=Deed.WROTE_REPORT), Hand(person="bo", deed=Deed.REVIEWED_REPORT))
        assert may_sign(Signature.APPROVE, "bo", hands, mode=FourEyes.PAIR, track=Track.FULL) == Allowed()
        assert approvals_needed(Track.FULL, FourEyes.PAIR) == 1


@pytest.mark.parametrize(("track", "mode"), list(itertools.product(Track, FourEyes)))
def test_only_the_full_track_needs_two_approvals(track: Track, mode: FourEyes) -> None:
    """And only where there are persons for it."""
    assert approvals_needed(track, mode) == (2 if (track, mode) == (Track.FULL, FourEyes.FULL) else 1)


@pytest.mark.parametrize("severity", Severity)
def test_hiding_what_was_ever_high_needs_another(severity: Severity) -> None:
    """Lowering the severity first does not help: the highest ever decides."""
    assert settling_needs_another(severity) is (severity in (Severity.HIGH, Severity.CRITICAL))


def test_accounts_are_compared_without_domain_and_case() -> None:
    """Whose account is an entity is in conflict, however the log spells it; so is who is named as involved."""
    accounts = {"ana": ("asmith",), "bo": (), "cy": ("root",)}
    entities = [("account", "CORP\\ASmith"), ("account", "BO@example.org"), ("host", "cy"), ("source", "192.0.2.1")]
    assert persons_in_conflict((), accounts, entities) == {"ana", "bo"}
    assert persons_in_conflict(("dee",), accounts, [("account", "root")]) == {"cy", "dee"}


def test_every_signature_has_its_signers_and_its_clashes() -> None:
    """No signature is left out of a table."""
    assert set(SIGNERS) == set(CLASHES) == set(Signature)


HANDS = st.builds(Hand, person=st.sampled_from("abc"), deed=st.sampled_from(Deed), what=st.sampled_from(["", "x", "y"]))


@given(st.sampled_from(Signature), st.lists(HANDS, max_size=8), st.sampled_from(Track), st.sampled_from("abc"))
def test_full_is_the_strictest_and_waived_refuses_nothing(
    signature: Signature, hands: list[Hand], track: Track, person: str
) -> None:
    """What full lets, pair lets too; waived lets all, and tells what clashed exactly where full refuses."""
    full, pair, waived = (may_sign(signature, person, hands, mode=mode, track=track) for mode in FourEyes)
    assert isinstance(full, Refused) or pair == Allowed()
    assert isinstance(waived, Allowed)
    assert (waived.waived is None) is isinstance(full, Allowed)


@given(st.sampled_from(Signature), st.lists(HANDS, max_size=8), st.sampled_from(Track), st.sampled_from("abc"))
def test_a_pair_never_signs_only_its_own(signature: Signature, hands: list[Hand], track: Track, person: str) -> None:
    """Who is let although parts are theirs leaves these parts open, and signs at least one that is the other's."""
    verdict = may_sign(signature, person, hands, mode=FourEyes.PAIR, track=track)
    if isinstance(verdict, Allowed) and verdict.leaves:
        theirs = {one.what for one in hands if one.person == person}
        assert set(verdict.leaves) <= theirs
        assert {one.what for one in hands if one.person != person} - set(verdict.leaves)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ana", {"ana"}),
        (" Ana Smith ", {"ana"}),
        ("ANA.SMITH@corp.example", {"ana"}),
        ("CORP\\asmith", {"ana"}),
        ("asmith@elsewhere.example", {"ana"}),
        ("Smith", set()),
        ("", set()),
        ("bo", {"bo"}),
        ("nobody", set()),
    ],
)
def test_whom_a_report_names(text: str, found: set[str]) -> None:
    """By id, name, mail address or account, whatever the case; a part of a name is not enough."""
    nobody: frozenset[Role] = frozenset()
    ana = Person(id="ana", name="Ana Smith", roles=nobody, email="ana.smith@corp.example", accounts=("asmith",))
    assert named_in([text], [ana, Person(id="bo", name="", roles=nobody)]) == found
