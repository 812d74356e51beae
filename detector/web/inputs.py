"""One thing that a page asks for, and its text in a browser ↔ its value in the store. Pure.

Browsers send text alone, and have their own way with moments: what stands on a page is in the reader's zone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from notifier.untrusted import visible
from store.fields import Kind

#: What a form sent, or would send: the name of each element and its text.
Texts = Mapping[str, str]
YES, NO = "yes", "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One element of a form, with its label."""

    name: str  #: of the element, also its id
    label: str
    kind: Kind
    value: str = ""  #: as the element takes it
    choices: tuple[tuple[str, str], ...] = ()  #: value and words; of the kinds that choose
    faults: tuple[str, ...] = ()  #: what is wrong with what was typed
    hint: str = ""
    optional: bool = False
    is_secret: bool = False  #: never shown again


def lines(text: str) -> str:
    """*text* with its line breaks; everything else that cannot be seen is shown by its code."""
    return "\n".join(visible(line) for line in text.splitlines())


def words(name: str) -> str:
    """A name of ours as people read it."""
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]


def as_text(kind: Kind, value: Any, zone: str) -> str:
    """What a browser's element of that kind shows of *value*; what does not fit is shown as it is."""
    if value is None:
        return ""
    if kind is Kind.YES_NO and isinstance(value, bool):
        return YES if value else NO
    if kind is Kind.LIST and isinstance(value, Sequence) and not isinstance(value, str):
        return "\n".join(visible(str(one)) for one in value)
    if kind is Kind.TEXT:
        return lines(str(value))
    return _moment_text(kind, str(value), zone) or visible(str(value))


def as_value(kind: Kind, text: str, zone: str) -> Any:
    """The value that *text* stands for; None if it is empty. What cannot be read stays text, for the store to name."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        return None
    if kind is Kind.LIST:
        return [line.strip() for line in text.split("\n") if line.strip()]
    if kind is Kind.YES_NO:
        return {YES: True, NO: False}.get(text, text)
    if kind is Kind.NUMBER:
        return int(text) if text.isascii() and text.isdigit() and len(text) <= 17 else text
    return _moment_value(kind, text, zone) or text


def options(choices: Sequence[str], chosen: str = "") -> tuple[tuple[str, str], ...]:
    """*choices* with words for each; what is chosen already stays one of them."""
    there = [*choices, *([chosen] if chosen and chosen not in choices else [])]
    return tuple((one, visible(one).replace("_", " ")) for one in there)


def hint(kind: Kind, zone: str) -> str:
    """What a person must know to fill it in."""
    return {Kind.MOMENT: f"Time in {zone}", Kind.LIST: "One in each line"}.get(kind, "")


def _moment_text(kind: Kind, value: str, zone: str) -> str:
    """Empty if *kind* is none of those, or *value* cannot be read."""
    try:
        if kind is Kind.MOMENT:
            return (
                datetime.fromisoformat(value).astimezone(ZoneInfo(zone)).replace(tzinfo=None).isoformat("T", "seconds")
            )
        if kind is Kind.DATE:
            return date.fromisoformat(value).isoformat()
        if kind is Kind.TIME:
            return time.fromisoformat(value).isoformat("seconds")
    except (ValueError, OverflowError):
        pass
    return ""


def _moment_value(kind: Kind, text: str, zone: str) -> str:
    """The same the other way round: browsers leave out seconds that are zero, and never name a zone."""
    try:
        if kind is Kind.MOMENT:
            moment = datetime.fromisoformat(text)
            there = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
            return there.isoformat("T", "seconds").replace("+00:00", "Z")
        if kind is Kind.TIME:
            return time.fromisoformat(text).isoformat("seconds")
    except ValueError:
        pass
    return ""
