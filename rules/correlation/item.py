"""One observation that is counted in a group, and what must be known of it until its time is over."""

from typing import Final

import msgspec

from rules.finding import Evidence

ITEM_BYTES: Final = 400  #: measured with lines of sshd, without the text
EVIDENCE_BYTES: Final = 400


class Onward(msgspec.Struct, array_like=True, gc=False):
    """What correlations further on need of an event that is counted, until it is passed on to them as a match."""

    values: dict[str, str]  #: field -> value
    position: str  #: the line's
    refused: tuple[str, ...] = ()  #: ids of correlations whose filters keep the event out


class Item(msgspec.Struct, array_like=True, gc=False):
    """One observation, as much of it as is needed later."""

    weight: int = 1  #: how many observations the line stands for; 0: it is of the event of the item before
    value: str = ""  #: what is compared; numbers as whole billionths
    entities: tuple[tuple[str, str], ...] = ()  #: (kind, value)
    success: bool = False
    position: str = ""  #: only where a window that begins here may open an episode later: the line's position
    evidence: tuple[Evidence, ...] = ()  #: until it is told
    since: int | None = None  #: of a match of a correlation: the time of its earliest line
    onward: Onward | None = None  #: where other correlations count the matches: until this event is one


def bytes_of(item: Item) -> int:
    """What it takes of memory, about: what is shared between rules is counted for each."""
    return ITEM_BYTES + len(item.value) + text_bytes(item)


def text_bytes(item: Item) -> int:
    """How much of that goes when its lines are told."""
    told = 0
    for line in item.evidence:  # mostly one or none; asked of every observation of every rule
        told += EVIDENCE_BYTES + len(line.text)
    return told
