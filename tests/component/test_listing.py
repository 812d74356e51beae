"""Which incidents a list holds, on each database."""

import pytest
from support.store import add_persons, finding

from store.database import Store
from store.incident import Step, Track
from store.repository.grouping import findings
from store.repository.incident import incidents
from store.repository.incident.incidents import Filter
from store.tx import Tx


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (Filter(text="WEB"), [1]),
        (Filter(text="title of"), [2, 1]),
        (Filter(text="192.0.2."), [2]),
        (Filter(text="%"), []),
        (Filter(text="_"), []),
        (Filter(text="/"), []),
        (Filter(text="\0"), []),
        (Filter(text="\ud800"), []),
        (Filter(text="web", track=Track.LIGHT, step=Step.NOTIFICATION), [1]),
        (Filter(owner="ana"), []),
    ],
)
async def test_a_text_stands_in_the_title_or_in_what_it_is_about(
    store: Store, wanted: Filter, numbers: list[int]
) -> None:
    """In whatever case; what databases take for a pattern is a letter like another."""

    def fill(tx: Tx) -> None:
        add_persons(tx)
        findings.take(tx, finding())
        findings.take(tx, finding("f2", host="db", source="192.0.2.9"))

    await store.write(fill)
    found = await store.read(lambda connection: incidents.list_of(connection, wanted))
    assert [one.number for one in found] == numbers
