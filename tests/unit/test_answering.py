"""A form's answers and the texts of its page: what nobody touched is never a change, whatever stands there."""

import re
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.web import answering
from store.answers import Answer, State
from store.fields import Field, Kind, Part
from store.forms import Form, FormName

ZONE = "Europe/Vienna"
_NO_SECONDS = re.compile(r"(?<=\d\d:\d\d):00$")
COLUMNS = (Part(name="what", kind=Kind.TEXT), Part(name="at", kind=Kind.MOMENT), Part(name="sure", kind=Kind.YES_NO))
FIELDS = (
    Field(name="line", label="Line", kind=Kind.LINE),
    Field(name="text", label="Text", kind=Kind.TEXT),
    Field(name="moment", label="Moment", kind=Kind.MOMENT),
    Field(name="time", label="Time", kind=Kind.TIME),
    Field(name="date", label="Date", kind=Kind.DATE),
    Field(name="number", label="Number", kind=Kind.NUMBER),
    Field(name="yes_no", label="Yes?", kind=Kind.YES_NO),
    Field(name="list", label="List", kind=Kind.LIST),
    Field(name="choice", label="Choice", kind=Kind.CHOICE, choices=("a", "b")),
    Field(name="rows", label="Rows", kind=Kind.ROWS, parts=COLUMNS),
)
FORM = Form(name=FormName.REPORT, fields=FIELDS)
TEXT = st.text(min_size=1, max_size=30) | st.text("a \n\r\t\x1b\u202e\u2028<&\"'", min_size=1, max_size=12)
MOMENTS = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat())
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "line": TEXT,
    "text": TEXT,
    "moment": MOMENTS | TEXT,
    "time": st.times().map(lambda time: time.isoformat()),
    "date": st.dates().map(lambda date: date.strftime("%Y%m%d")),
    "number": st.integers(0, 2**53),
    "yes_no": st.booleans(),
    "list": st.lists(TEXT, min_size=1, max_size=3),
    "choice": st.sampled_from(["a", "b", "c"]),
    "rows": st.lists(
        st.fixed_dictionaries({"what": TEXT}, optional={"at": MOMENTS, "sure": st.booleans()}), min_size=1
    ),
}
GIVEN = {name: values.map(lambda value: Answer(value=value)) for name, values in VALUES.items()}
WITHOUT = st.builds(Answer, state=st.sampled_from([State.UNKNOWN, State.NONE, State.NOT_APPLICABLE]), reason=TEXT)
ANSWERS = st.fixed_dictionaries({}, optional={name: values | WITHOUT for name, values in GIVEN.items()})


def sent(answers: dict[str, Answer], **over: str) -> answering.Typed:
    """What a browser sends if nobody touches the page: line ends as HTML has them, no seconds that are zero."""
    texts = {"version": "3"}
    for field in FIELDS:
        stands = answers.get(field.name)
        texts[f"{field.name}.seen"] = answering.digest(field, stands, ZONE)
        if answering.editable(field, stands):
            texts |= {f"{field.name}.state": "given"} | answering.texts_of(field, stands, ZONE)
    as_browsers = {name: _NO_SECONDS.sub("", text.replace("\n", "\r\n")) for name, text in texts.items()}
    return answering.typed(FORM, as_browsers | over, ZONE)


@given(ANSWERS)
def test_an_untouched_page_changes_nothing(answers: dict[str, Answer]) -> None:
    """Whatever stands in a form: its page, sent as it is, asks for no change."""
    assert answering.changes(FORM, sent(answers), ZONE) == {}


@given(ANSWERS)
def test_what_was_seen_can_be_confirmed(answers: dict[str, Answer]) -> None:
    """A prefilled answer is confirmed if it stands as it was shown, and only then."""
    filled = {
        name: Answer(state=one.state, value=one.value, reason=one.reason, auto=True) for name, one in answers.items()
    }
    page = sent(answers, confirm_all="yes")
    same, moved_on = answering.confirmed(FORM, page, filled, ZONE)
    assert (set(same), moved_on) == (set(answers), ())
    other = {name: Answer(value="something else entirely", auto=True) for name in answers}
    assert answering.confirmed(FORM, page, other, ZONE)[0] == ()


@pytest.mark.parametrize(
    ("typed", "changed"),
    [
        ({"line": " a b "}, {"line": Answer(value="a b")}),
        ({"text": "a\r\nb"}, {"text": Answer(value="a\nb")}),
        ({"moment": "2026-03-02T10:30"}, {"moment": Answer(value="2026-03-02T10:30:00+01:00")}),
        ({"moment": "2026-03-02T09:30:00Z"}, {"moment": Answer(value="2026-03-02T09:30:00Z")}),
        ({"moment": "soon"}, {"moment": Answer(value="soon")}),
        ({"time": "09:30"}, {"time": Answer(value="09:30:00")}),
        ({"number": "007"}, {"number": Answer(value=7)}),
        ({"number": "9" * 40}, {"number": Answer(value="9" * 40)}),
        ({"yes_no": "no"}, {"yes_no": Answer(value=False)}),
        ({"list": "a\r\n\r\n b"}, {"list": Answer(value=["a", "b"])}),
        ({"line.state": "none", "line.reason": "why"}, {"line": Answer(state=State.NONE, reason="why")}),
        ({"line.state": "maybe", "line": "x"}, {"line": Answer(value="x")}),
        (
            {"rows[1].what": "", "rows[2].what": "b", "rows[2].sure": "yes"},
            {"rows": Answer(value=[{"what": "b", "sure": True}])},
        ),
        ({"rows[1].what": "a", "rows[1].remove": "yes"}, {}),
    ],
)
def test_what_is_typed(typed: dict[str, str], changed: dict[str, Answer]) -> None:
    """Each kind becomes what the store takes; what cannot be read stays text, for the store to name."""
    assert answering.changes(FORM, sent({}, **typed), ZONE) == changed


def test_what_is_emptied_is_taken_away() -> None:
    """An answer whose element was emptied is taken out of the form."""
    page = sent(
        {"line": Answer(value="a"), "rows": Answer(value=[{"what": "x"}])}, line="", **{"rows[1].remove": "yes"}
    )
    assert answering.changes(FORM, page, ZONE) == {"line": None, "rows": None}


def test_a_long_table_is_not_edited() -> None:
    """A table that is too long for a page is no part of what its page sends, and can be confirmed as it is."""
    rows = Answer(value=[{"what": str(number)} for number in range(answering.MOST_EDITABLE_ROWS + 1)], auto=True)
    page = sent({"rows": rows}, **{"rows.confirm": "yes"})
    assert "rows" not in page.answers
    assert answering.confirmed(FORM, page, {"rows": rows}, ZONE) == (("rows",), ())


def test_what_is_wrong_is_said_beside_its_element() -> None:
    """Each fault stands beside the element that it is about; a reason without a word for it is told so."""
    typed = {
        "line": Answer(reason="because"),
        "rows": Answer(value=[{"what": "a"}, {"at": "soon"}]),
        "text": Answer(state=State.NONE, value="x", reason="y"),
    }
    told = answering.beside(FORM, typed, ())
    assert told["line"] == ("choose unknown, none or not applicable for this reason",)
    assert set(told) == {"line", "text", "rows[1].at", "rows[1].sure", "rows[2].what", "rows[2].at", "rows[2].sure"}


def test_pressed_twice() -> None:
    """What stands there already, whoever wrote it, need not be written again."""
    assert answering.stand_already({"line": Answer(value="a"), "text": None}, {"line": Answer(value="a", auto=True)})
    assert not answering.stand_already({"line": Answer(value="a")}, {})
