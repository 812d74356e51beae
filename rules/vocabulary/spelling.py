"""Is a word another one with a slip of the fingers in it? Stricter than "the nearest of all": a wrong guess is worse
than none.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

LONGEST: Final = 100  #: characters of a word that is looked at
_MARKS: Final = str.maketrans("", "", "._- ")
_DIGITS: Final = str.maketrans("", "", "0123456789")


def slip(word: str, known: Iterable[str]) -> str:
    """The one of *known* that *word* was surely meant to be, "" if none is near enough.

    The same but for case and for the marks between its parts; or one letter too many, too few, another, or two that
    changed places: one such slip where the longer of both has five letters, two where it has ten. Words that differ in
    digits alone (``param1``, ``param2``) are both meant.
    """
    if len(word) > LONGEST:
        return ""
    plain = plain_of(word)
    best, least = "", 3
    for one in known:
        if abs(len(one) - len(word)) > 4:  # marks count here
            continue
        other = plain_of(one)
        if other == plain:
            return one
        most = min(_allowed(max(len(plain), len(other))), least - 1)
        if abs(len(other) - len(plain)) <= most and not _differ_in_digits(plain, other):
            found = slips(plain, other, most)
            if found <= most:
                best, least = one, found
    return best


def _allowed(letters: int) -> int:
    return 2 if letters >= 10 else 1 if letters >= 5 else 0


def slips(word: str, other: str, most: int) -> int:
    """How many letters were left out, added, exchanged or swapped with their neighbour; ``most + 1`` if more.

    The optimal string alignment distance, row by row.
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(word, 1):
        earlier, before = before, row
        row = [i]
        for j, its in enumerate(other, 1):
            cost = before[j - 1] + (letter != its)
            cost = min(cost, before[j] + 1, row[j - 1] + 1)
            if i > 1 and j > 1 and letter == other[j - 2] and word[i - 2] == its:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return row[-1]


@lru_cache(maxsize=8192)  # all that is known, again and again
def plain_of(word: str) -> str:
    """The word without case and without the marks between its parts."""
    return word.translate(_MARKS).lower()


def _differ_in_digits(one: str, other: str) -> bool:
    return one.translate(_DIGITS) == other.translate(_DIGITS)
