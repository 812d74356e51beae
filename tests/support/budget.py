"""How long a soak test may take: its share of what `make soak` was given."""

import os
import time
from collections.abc import Iterator
from itertools import count, takewhile

DEFAULT_SECONDS = 600.0


def soak_seconds(share: float) -> float:
    """The part of the budget that one test may use; all parts together make less than one."""
    return share * float(os.environ.get("TOCSIN_SOAK_SECONDS", DEFAULT_SECONDS))


def rounds(share: float, seed: int) -> Iterator[int]:
    """A fresh seed for each round of a test, until its share of the budget is used up; at least one."""
    end = time.monotonic() + soak_seconds(share)
    yield from takewhile(lambda number: number == seed or time.monotonic() < end, count(seed))
