"""The dossier: its hash, differences, what voids an approval, discrepancies."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fakes import START
from support.store import ANA, BO, line

from store import discrepancies, dossier, form_version
from store.answers import Answer, Answers, State
from store.dossier import Change
from store.errors import ActNotAllowed
from store.form_version import FormVersion
from store.forms import FormName
from store.incident import DAEMON, Actor


def counting() -> Callable[[int], bytes]:
    """Salts that differ."""
    numbers = itertools.count(1)
    return lambda length: next(numbers).to_bytes(length)


RANDOM = counting()


def version(
    answers: Answers, *, form: FormName = FormName.REPORT, by: Actor = ANA, before: FormVersion | None = None
) -> FormVersion:
    """The next version of a form."""
    return FormVersion(
        incident=1,
        cycle=1,
        form=form,
        version=before.version + 1 if before else 1,
        author=by,
        at=START,
        written=form_version.write(before.written if before else {}, answers, author=by, random=RANDOM),
    )


FIRST = version({"title": Answer(value="Fire"), "harm": Answer(state=State.NONE, reason="nothing burnt")})


def assembled(*versions: FormVersion, lines: int = 2, actions: dict[str, str] | None = None) -> dossier.Dossier:
    """A dossier of versions, with some evidence."""
    return dossier.assemble(1, 1, versions, [line(number) for number in range(1, lines + 1)], actions)


def test_bytes_tell_the_version() -> None:
    """Canonical bytes can be read again, and hold no word of what people wrote."""
    kept = {one.commitment: one.kept for one in FIRST.written.values() if one.kept}
    assert form_version.read(FIRST.content, kept) == FIRST
    assert b"Fire" not in FIRST.content
    assert b"burnt" not in FIRST.content


def test_a_redacted_answer_leaves_the_hash() -> None:
    """Without value and salt the version says the same hash, and no answer."""
    bare = form_version.read(FIRST.content, {})
    assert bare.hash == FIRST.hash
    assert bare.answers == {}
    again = version({"harm": Answer(value="smoke")}, before=bare)
    assert set(again.written) == {"title", "harm"}
    assert form_version.changed(bare.written, again.written) == ("harm",)


def test_unchanged_answers_keep_author_and_commitment() -> None:
    """Who saves a form is the author of what changed, not of what stood there before."""
    second = version(FIRST.answers | {"harm": Answer(value="smoke")}, by=BO, before=FIRST)
    assert second.written["title"] == FIRST.written["title"]
    assert (second.written["harm"].by, second.authors) == ("bo", frozenset({"ana", "bo"}))
    assert form_version.changed(FIRST.written, second.written) == ("harm",)


def test_confirming_makes_answerable_and_voids_nothing() -> None:
    """Who confirms a prefilled answer stands for it; its content, and so an approval, stays."""
    first = version({"title": Answer(value="Fire", auto=True)}, by=DAEMON)
    assert first.authors == frozenset()
    assert dossier.unconfirmed([first]) == ("report.title",)
    second = version({"title": Answer(value="Fire")}, before=first)
    assert second.authors == dossier.authors([second]) == {"ana"}
    assert form_version.changed(first.written, second.written) == ()
    assert dossier.voided(assembled(first), assembled(second)) is None
    assert dossier.unconfirmed([second]) == ()


def test_an_edit_voids_and_says_which_field() -> None:
    """Changed, new and lost answers void an approval, and the sentence names form, version and fields."""
    second = version({"title": Answer(value="Flood"), "malicious": Answer(value="no")}, before=FIRST)
    found = dossier.voided(assembled(FIRST), assembled(second), [second])
    assert found is not None
    assert found.changes == (
        Change(part="report", field="harm", kind="removed"),
        Change(part="report", field="malicious", kind="added"),
        Change(part="report", field="title", kind="changed"),
    )
    assert found.since == (("report", 2),)
    assert found.sentence == (
        "approval void since version 2 of report: report.harm removed, report.malicious added, report.title changed"
    )


def test_the_plan_is_covered_and_progress_is_not() -> None:
    """Of step 7 only the plan is approved."""
    plan = version(
        {"plan": Answer(value=[{"check": "c", "due": "2026-04-01", "owner": "ana"}])}, form=FormName.FOLLOW_UP
    )
    going = version(plan.answers | {"progress": Answer(value=["half"])}, form=FormName.FOLLOW_UP, before=plan)
    moved = version({"plan": Answer(value=[{"check": "c", "due": "2026-05-01", "owner": "ana"}])}, before=going)
    moved = replace(moved, form=FormName.FOLLOW_UP)
    assert assembled(FIRST, plan).hash == assembled(FIRST, going).hash
    found = dossier.voided(assembled(FIRST, plan), assembled(FIRST, moved), [FIRST, moved])
    assert found is not None
    assert [str(change) for change in found.changes] == ["follow_up.plan changed"]
    approval = version({"distribution": Answer(value=["board"])}, form=FormName.APPROVAL)
    assert assembled(FIRST, approval).hash == assembled(FIRST).hash


def test_actions_are_covered() -> None:
    """An action that changes voids the approval too."""
    found = dossier.voided(
        assembled(FIRST, actions={"1.owner": "aa"}), assembled(FIRST, actions={"1.owner": "bb"}), [FIRST]
    )
    assert found is not None
    assert found.sentence == "approval void: actions.1.owner changed"


def test_later_matches_go_to_the_annex() -> None:
    """Lines that come after the freeze change the hash of a new freeze, and never void the old approval."""
    frozen, later = assembled(FIRST, lines=2), assembled(FIRST, lines=4)
    assert frozen.hash != later.hash
    assert dossier.voided(frozen, later) is None
    assert [one.line for one in dossier.annex(frozen, [line(1), line(2), line(3)])] == [3]


def test_a_dossier_is_read_again() -> None:
    """Its bytes tell it, whatever order its parts were given in."""
    other = version({"scope": Answer(value="web1")}, form=FormName.INVESTIGATION)
    one = assembled(FIRST, other, actions={"1.owner": "aa"})
    assert dossier.read(one.content) == one
    assert assembled(other, FIRST, actions={"1.owner": "aa"}).content == one.content


PARTS = st.dictionaries(
    st.sampled_from(["report", "investigation"]),
    st.dictionaries(st.sampled_from("abc"), st.sampled_from("xy"), min_size=1),
)


@given(PARTS, PARTS)
def test_same_hash_if_and_only_if_no_difference(
    some: dict[str, dict[str, str]], others: dict[str, dict[str, str]]
) -> None:
    """Two dossiers have one hash exactly if no field differs, and the difference works both ways."""
    before, after = (dossier.Dossier(incident=1, cycle=1, parts=parts) for parts in (some, others))
    changes = dossier.difference(before, after)
    assert (before.hash == after.hash) == (not changes)
    assert {(one.part, one.field) for one in changes} == {
        (one.part, one.field) for one in dossier.difference(after, before)
    }


def test_cycles_have_hashes_of_their_own() -> None:
    """A signature of the first cycle never fits the second."""
    one = assembled(FIRST)
    assert replace(one, cycle=2).hash != one.hash


def test_a_discrepancy_is_answered_and_closed_by_two() -> None:
    """Nobody closes what they answered themselves, nothing is closed unanswered, and nothing closed is touched."""
    one = discrepancies.raised("the time does not fit the log", number=1, by=BO, now=START)
    with pytest.raises(ActNotAllowed, match="nobody has answered"):
        discrepancies.closed(one, by=BO, now=START)
    said = discrepancies.answered(one, "summer time", by=ANA)
    with pytest.raises(ActNotAllowed, match="someone else") as refused:
        discrepancies.closed(said, by=ANA, now=START)
    assert refused.value.code == "four_eyes"
    assert discrepancies.open_ones([said]) == (said,)
    done = discrepancies.closed(said, by=BO, now=START + timedelta(hours=1))
    assert discrepancies.open_ones([done]) == ()
    with pytest.raises(ActNotAllowed, match="bo closed"):
        discrepancies.answered(done, "and more", by=ANA)


def test_a_discrepancy_needs_words_and_a_person() -> None:
    """Empty items and answers are refused; the daemon raises, and never answers."""
    one = discrepancies.broke_through("success", "a login succeeded", number=2, now=START)
    assert (one.raised_by, one.item) == (DAEMON, "since the freeze: a login succeeded")
    with pytest.raises(ActNotAllowed, match="does not fit"):
        discrepancies.raised(" ", number=1, by=ANA, now=START)
    with pytest.raises(ActNotAllowed, match="say what was found"):
        discrepancies.answered(one, " ", by=ANA)
    with pytest.raises(ActNotAllowed, match="only a person"):
        discrepancies.answered(one, "fine", by=DAEMON)
