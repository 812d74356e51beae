"""Numbers as whole billionths: sums are exact, and the order of adding does not matter."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from operator import eq, ge, gt, le, lt, ne
from typing import Final

BILLION: Final = 10**9
MAX_DIGITS: Final = 30  #: of the whole part of a number; what is larger is no amount of anything
COMPARE: Final[dict[str, Callable[[int | Fraction, int], bool]]] = {
    "gte": ge, "gt": gt, "lte": le, "lt": lt, "eq": eq, "neq": ne,
}  # fmt: skip


def billionths(text: str) -> int | None:
    """The number that *text* writes, rounded to nine places after the point; None if it writes none."""
    if text.isascii() and text.isdigit():
        return int(text) * BILLION if len(text) <= MAX_DIGITS else None
    if "_" in text or not text.isascii():
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or number.adjusted() >= MAX_DIGITS:
        return None
    if not number or number.adjusted() < -10:  # also spares us the powers of ten of 1e-999999
        return 0
    return round(Fraction(number) * BILLION)
