"""Due dates as an iCalendar, and rows as CSV."""

import csv
import io
from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from store.export.calendar import Due, calendar
from store.export.table import table

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
DUE = Due(incident=3, what="action 1", when=date(2026, 3, 31), person="ana", link="https://tocsin.test/i/3")


def unfolded(text: str) -> list[str]:
    """Content lines, RFC 5545, section 3.1."""
    return text.replace("\r\n ", "").split("\r\n")


def test_a_day_and_a_moment() -> None:
    """A date lasts that day, a moment is in UTC; what is due keeps its name when its date moves."""
    moment = Due(incident=4, what="duty report", when=NOW, person="", link="https://tocsin.test/i/4")
    lines = unfolded(calendar([DUE, moment], NOW))
    assert lines[:2] == ["BEGIN:VCALENDAR", "VERSION:2.0"]
    assert lines[-2:] == ["END:VCALENDAR", ""]
    assert {"DTSTART;VALUE=DATE:20260331", "DTEND;VALUE=DATE:20260401", "DTSTART:20260302T093000Z"} <= set(lines)
    assert {"UID:INC-3-action-1@tocsin", "SUMMARY:INC-3: action 1 is due (ana)"} <= set(lines)
    assert "SUMMARY:INC-4: duty report is due" in lines


@given(st.text(max_size=200))
def test_no_name_can_add_a_line(name: str) -> None:
    """Whatever a timer or a person is called, there is one event, and each line is short enough."""
    told = calendar([Due(incident=1, what=name, when=NOW, person=name, link="x")], NOW)
    assert told.count("BEGIN:VEVENT") - name.count("BEGIN:VEVENT") * 3 <= 1
    assert len(unfolded(told)) == len(unfolded(calendar([DUE], NOW))) - 1
    assert all(len(line.encode()) <= 75 for line in told.split("\r\n"))


@given(st.lists(st.text(max_size=20), min_size=1, max_size=4))
def test_a_table_is_read_back_and_starts_no_formula(cells: list[str]) -> None:
    """What was written comes back, but for a mark before what a spreadsheet would carry out."""
    names = [f"c{place}" for place in range(len(cells))]
    told = table(names, [dict(zip(names, cells, strict=True))])
    [header, row] = list(csv.reader(io.StringIO(told, newline="")))
    assert header == names
    assert len(row) == len(cells)
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in row)
