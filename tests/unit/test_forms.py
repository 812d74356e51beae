"""Forms: what is asked, what is missing, what is wrong, and what is left to people."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.forms import known, page_tables

from rules.event import Entity, Severity
from store import forms
from store.answers import Answer, State, faults
from store.fields import Field, Gate, Keeper, Kind
from store.forms import FORMS, FORMS_VERSION, FormName, SiteField, SiteFieldRefused
from store.incident import SourceKind, Track
from store.prefill import Known, prefill
from store.process import MOVES

SENSIBLE = (datetime(1970, 1, 1), datetime(2200, 12, 31))  # noqa: DTZ001 - hypothesis adds the zone
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "forms.md"
REPORT = FORMS[FormName.REPORT]
FIELDS = [(form.name, field) for form in FORMS.values() for field in form.fields]


def codes(form: FormName, **answers: Answer) -> dict[str, str]:
    """Field to code of everything that is wrong."""
    return {fault.field: fault.code for fault in faults(FORMS[form].fields, answers, persons={"ana"})}


def test_a_light_incident_leaves_four_fields() -> None:
    """After prefill a light incident asks persons for what happened, why, what is done, and a signature."""
    left = forms.left_to_people(prefill(known()), Track.LIGHT)
    assert len(left) <= 4, left


@pytest.mark.parametrize("owner", [None, "ana"])
def test_a_standard_incident_leaves_twenty_fields(owner: str | None) -> None:
    """After prefill a standard incident leaves at most twenty fields to persons, also before anyone has it."""
    left = forms.left_to_people(prefill(known(Severity.HIGH, owner=owner)), Track.STANDARD)
    assert len(left) <= 20, left


def test_each_track_asks_for_what_the_lighter_one_asks() -> None:
    """A track that rises asks only for what is missing: it never takes a question back."""
    for _, field in FIELDS:
        ranks = [track.rank for track in field.tracks]
        assert ranks == list(range(min(ranks), 3)), field.name


def test_what_is_prefilled_is_valid_and_marked() -> None:
    """The daemon's own answers pass its own checks, and each is marked until a person confirms it."""
    for facts in (known(), known(Severity.HIGH, owner="ana", recurrence_of=3)):
        for name, answers in prefill(facts).items():
            assert faults(FORMS[name].fields, answers) == ()
            assert forms.unconfirmed(answers) == tuple(answers)


@given(
    st.lists(st.tuples(st.sampled_from(["source", "account", "host", "component"]), st.text(max_size=300))), st.text()
)
def test_whatever_the_evidence_names_can_be_prefilled(named: list[tuple[str, str]], text: str) -> None:
    """No name and no title from outside makes an answer that the form refuses."""
    entities = [Entity(kind=kind, value=value) for kind, value in named]
    facts = Known(incident=known(title=text, rule_title=text).incident, entities=entities, sources=[text])
    for name, answers in prefill(facts).items():
        assert faults(FORMS[name].fields, answers) == ()


def test_by_hand_a_person_decided() -> None:
    """Of an incident that a person opened the daemon does not claim that a rule noticed and decided it."""
    facts = replace(known(source_kind=SourceKind.PERSON), opened_by="ana", told="lost\non a train")
    filled = prefill(facts)
    answers = filled[FormName.IDENTIFICATION]
    assert answers["source_kind"].value == "person"
    assert filled[FormName.REPORT]["detection_method"].value == "person"
    assert filled[FormName.REPORT]["what_happened"].value == "lost\non a train"
    assert (answers["decided_by"].value, answers["decision_reason"].value) == ("ana", "a person opened it by hand")
    assert forms.missing(FORMS[FormName.IDENTIFICATION], answers, Track.FULL) == ()
    blank = prefill(replace(facts, told=" ", opened_by=""))
    assert "what_happened" not in blank[FormName.REPORT]
    assert "decided_by" not in blank[FormName.IDENTIFICATION]


def test_missing_names_all_at_once() -> None:
    """What the report review still needs is named in the form's order, with what earlier moves needed."""
    assert forms.missing(REPORT, {}, Track.LIGHT, Gate.IN_REVIEW) == (
        "title",
        "date",
        "time",
        "zone",
        "asset",
        "what_happened",
        "detection_method",
        "tlp",
    )
    filled = prefill(known())
    assert forms.missing_of(filled, Track.LIGHT, Gate.IN_REVIEW) == ("report.what_happened",)
    assert forms.missing_of(filled, Track.LIGHT, Gate.APPROVAL) == (
        "report.what_happened",
        "corrective_actions.root_cause",
    )
    assert "report.harm" in forms.missing_of(filled, Track.STANDARD, Gate.IN_REVIEW)
    assert "investigation.scope" not in forms.missing_of(filled, Track.STANDARD, Gate.IN_REVIEW)


def test_unknown_with_a_reason_is_an_answer() -> None:
    """Each needed field can be answered by saying why there is no answer; such answers are counted."""
    answers = {
        field.name: Answer(state=State.UNKNOWN, reason="the disk is gone")
        for field in REPORT.fields
        if field.keeper is Keeper.ANSWER
    }
    assert faults(REPORT.fields, answers) == ()
    assert forms.missing(REPORT, answers, Track.FULL) == ()
    assert forms.without_value(answers) == {State.UNKNOWN: len(answers)}


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("title", "", "empty"),
        ("title", "two\nlines", "wrong_kind"),
        ("title", 5, "wrong_kind"),
        ("title", "x" * 1001, "too_long"),
        ("what_happened", "x" * 20001, "too_long"),
        ("date", "2. 3. 2026", "wrong_kind"),
        ("time", "noon", "wrong_kind"),
        ("malicious", "perhaps", "not_a_choice"),
        ("ongoing", "yes", "wrong_kind"),
        ("reporter", "nobody", "nobody"),
        ("affected", "web1", "wrong_kind"),
        ("affected", [], "empty"),
        ("affected", ["x"] * 501, "too_long"),
        ("individuals", [], "empty"),
        ("individuals", ["ana"], "wrong_kind"),
        ("review_result", "accepted", "not_answerable"),
        ("colour", "red", "unknown_field"),
    ],
)
def test_wrong_answers(name: str, value: Any, code: str) -> None:
    """Each wrong answer is refused with a word for programs."""
    assert codes(FormName.REPORT, **{name: Answer(value=value)}) == {name: code}


def test_all_faults_at_once() -> None:
    """Every wrong answer of a form, and every wrong cell of a table, is named in one refusal."""
    rows = [{"person": "x", "role": "owner"}, {"person": " ", "affected": "maybe", "shoe": 42}]
    assert codes(
        FormName.REPORT,
        title=Answer(state=State.NONE, reason=" "),
        harm=Answer(state=State.UNKNOWN, value="fire", reason="nobody looked"),
        individuals=Answer(value=rows),
        date=Answer(value="2026-03-02", reason="so I guess"),
        personal_data=Answer(value=[{"category": "health", "persons": -1}]),
    ) == {
        "title": "reason_required",
        "harm": "value_refused",
        "individuals[2].person": "empty",
        "individuals[2].role": "empty",
        "individuals[2].affected": "wrong_kind",
        "individuals[2].shoe": "unknown_field",
        "date": "reason_refused",
        "personal_data[1].persons": "wrong_kind",
    }


def test_a_moment_needs_its_zone() -> None:
    """A moment is kept as it was written, so it must say in which zone."""
    good, bad = Answer(value="2026-03-02T10:00:00+01:00"), Answer(value="2026-03-02T10:00:00")
    assert codes(FormName.IDENTIFICATION, occurred_at=good) == {}
    assert codes(FormName.IDENTIFICATION, occurred_at=bad) == {"occurred_at": "wrong_kind"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(FIELDS), JSON, st.sampled_from(State), st.text(max_size=5))
def test_any_answer_is_judged(asked: tuple[FormName, Field], value: Any, state: State, reason: str) -> None:
    """No answer makes the check fail itself, and what it accepts has the shape of the field's kind."""
    form, field = asked
    answer = Answer(state=state, value=value, reason=reason)
    found = faults(FORMS[form].fields, {field.name: answer})
    assert all(fault.field.startswith(field.name) and fault.message for fault in found)
    if found:
        return
    if state is not State.GIVEN:
        assert reason.strip()
        assert value is None
        return
    shape: dict[Kind, Any] = {
        Kind.YES_NO: bool,
        Kind.NUMBER: int,
        Kind.LIST: list[str],
        Kind.ROWS: list[dict[str, Any]],
    }
    msgspec.convert(value, shape.get(field.kind, str))


def rows_of(field: Field) -> st.SearchStrategy[Any]:
    """Rows whose cells are good."""
    cells = {part.name: good_values(part.kind, part.choices) for part in field.parts if not part.optional}
    extra = {part.name: good_values(part.kind, part.choices) for part in field.parts if part.optional}
    return st.lists(st.fixed_dictionaries(cells, optional=extra), min_size=1, max_size=4)


def good_values(kind: Kind, choices: tuple[str, ...]) -> st.SearchStrategy[Any]:
    """Values that a field of that kind takes."""
    words = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=30)
    table: dict[Kind, st.SearchStrategy[Any]] = {
        Kind.MOMENT: st.datetimes(*SENSIBLE, timezones=st.timezones()).map(lambda moment: moment.isoformat()),
        Kind.DATE: st.dates(*(end.date() for end in SENSIBLE)).map(lambda day: day.isoformat()),
        Kind.TIME: st.times().map(lambda time: time.isoformat()),
        Kind.NUMBER: st.integers(0, 2**53),
        Kind.YES_NO: st.booleans(),
        Kind.LIST: st.lists(words, min_size=1, max_size=4),
        Kind.CHOICE: st.sampled_from(choices or ("",)),
    }
    return table.get(kind, words)


@given(st.data())
def test_good_answers_are_taken(data: st.DataObject) -> None:
    """A value of the field's kind is accepted, for each field that is answered in its form."""
    form, field = data.draw(st.sampled_from([one for one in FIELDS if one[1].keeper is Keeper.ANSWER]))
    good = rows_of(field) if field.kind is Kind.ROWS else good_values(field.kind, field.choices)
    answer = Answer(value=data.draw(good))
    assert faults(FORMS[form].fields, {field.name: answer}) == ()


def test_a_persons_answer_outlives_a_prefill() -> None:
    """Prefilling again brings newer facts, and never overwrites what a person wrote or confirmed."""
    first = prefill(known())[FormName.REPORT]
    edited = forms.edited(first, {"title": Answer(value="Mine"), "affected": None}, confirmed=["asset"])
    assert not edited["asset"].auto
    assert "affected" not in edited
    again = forms.refreshed(edited, prefill(known(title="Worse now"))[FormName.REPORT] | {"asset": Answer(auto=True)})
    assert (again["title"].value, again["asset"].value) == ("Mine", "web1")
    assert "title" not in forms.unconfirmed(again)


def test_a_site_adds_fields() -> None:
    """A field of the configuration is asked like any other, and changes what the forms' digest says."""
    added = SiteField(form="report", name="ticket", kind="line", needed_by="reporting/in_review")
    grown = forms.with_site_fields([added])
    assert "ticket" in forms.missing(grown[FormName.REPORT], {}, Track.LIGHT, Gate.IN_REVIEW)
    assert forms.digest(grown) != forms.digest()
    assert FORMS[FormName.REPORT].field("ticket") is None


def test_wrong_site_fields_are_named_together() -> None:
    """All that is wrong with a site's fields is said at once."""
    with pytest.raises(SiteFieldRefused) as refused:
        forms.with_site_fields(
            [
                SiteField(form="rapport", name="a", kind="line"),
                SiteField(form="report", name="title", kind="line"),
                SiteField(form="report", name="Two words", kind="colour", needed_by="never", choices=("x",)),
            ]
        )
    for part in ("no such form", "a field of that name", "small letters", "the kind", "choices belong", "needed_by"):
        assert part in str(refused.value)


def test_every_gate_is_a_move() -> None:
    """A gate is named after where its move leads to, and each move that goes on passes one."""
    passed = {(gate, str(end)) for start, end in MOVES if (gate := forms.gate_of(start, end))}
    assert passed == {(gate, gate.value) for gate in Gate if gate is not Gate.OPEN}


def test_names_are_unique() -> None:
    """A form has no two fields of one name, and a table no two columns."""
    for form in FORMS.values():
        assert len({field.name for field in form.fields}) == len(form.fields)
        for field in form.fields:
            assert len({part.name for part in field.parts}) == len(field.parts)


def test_a_changed_field_raises_the_version() -> None:
    """Records keep the version that they were filled with: whoever changes a field raises FORMS_VERSION here too."""
    assert (FORMS_VERSION, forms.digest()[:16]) == (1, "ceb65ef6a83ccbeb")


def test_the_page_of_forms_is_what_is_asked() -> None:
    """Each field has its row in the reference, as it is asked."""
    text = PAGE.read_text()
    assert [part for part in page_tables() if part not in text] == []


@pytest.mark.parametrize("text", ["\u200b", " \u2060\ufeff", "\u3164", "\u2800\u2800", "\x00\x1f", "\u202e"])
def test_what_cannot_be_seen_is_no_answer(text: str) -> None:
    """Neither as a value nor as the reason why there is none."""
    assert codes(FormName.REPORT, what_happened=Answer(value=text)) == {"what_happened": "empty"}
    assert codes(FormName.REPORT, harm=Answer(state=State.NONE, reason=text)) == {"harm": "reason_required"}


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_a_day_that_nobody_can_have_meant(day: str) -> None:
    """What is reckoned from it could not be told."""
    assert codes(FormName.REPORT, date=Answer(value=day)) == {"date": "wrong_kind"}
