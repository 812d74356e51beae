"""A week in which nothing is wrong leaves people alone, and what is wrong in it is found: each as one incident."""

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.traffic.judged import BATCH, asking, judged, told
from support.traffic.lines import FIRST_DAY, Line
from support.traffic.planted import PLANTED
from support.traffic.week import ordinary

from store.incident import Incident

SCALE = float(os.environ.get("TOCSIN_WEEK_SCALE", "0.25"))  #: of strangers and customers
MOST_PAGES = 3


async def test_an_ordinary_week_pages_three_times_at_most(tmp_path: Path) -> None:
    """Crawlers, deploys, upgrades, monitoring, scans, guesses at every door, people who mistype."""
    opened, pages = await judged(ordinary(1, SCALE), tmp_path)
    assert opened, "strangers' doings are recorded"
    assert pages <= MOST_PAGES, told(asking(opened))


async def test_what_is_wrong_in_it_is_found_each_as_one_incident(tmp_path: Path) -> None:
    """Eight incidents of different kinds amid an ordinary week: each opens one that asks for a person."""
    planted = {name: sorted(make(FIRST_DAY + at)) for name, (at, make) in PLANTED.items()}
    lines = sorted([*ordinary(2, SCALE), *(line for some in planted.values() for line in some)])
    opened, _ = await judged(lines, tmp_path)
    of = {name: [one for one in asking(opened) if is_of(one, some)] for name, some in planted.items()}
    assert {name: len(some) for name, some in of.items()} == dict.fromkeys(PLANTED, 1), told(asking(opened))
    others = [one for one in asking(opened) if not any(one in some for some in of.values())]
    assert len(others) <= MOST_PAGES, told(others)


def is_of(record: Incident, lines: Sequence[Line]) -> bool:
    """Whether *record* began while *lines* were written; what is planted is planted hours apart."""
    return lines[0].at - BATCH <= record.first_seen <= lines[-1].at


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10, 15))
async def test_weeks_of_a_busier_host(seed: int, tmp_path: Path) -> None:
    """Five other weeks with four times as many strangers and customers."""
    opened, pages = await judged(ordinary(seed, 4 * SCALE), tmp_path)
    print(f"seed {seed}: {len(opened)} records, {pages} pages")
    assert pages <= MOST_PAGES, told(asking(opened))
