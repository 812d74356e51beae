"""The modifiers of a key: what each takes and what it gives on, and which do not go together.

All of the Sigma specification (https://github.com/SigmaHQ/sigma-specification, its appendix of modifiers) and of
pySigma.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

#: What a value is on its way through the modifiers.
TEXT: Final = "text"
NUMBER: Final = "a number"
TRUTH: Final = "true or false"
EXPRESSION: Final = "a regular expression"
NETWORK: Final = "a network"
REFERENCE: Final = "a field reference"
PART: Final = "a part of a time"
COMPARISON: Final = "a comparison"
PRESENCE: Final = "the presence of a field"


@dataclass(frozen=True, slots=True)
class Modifier:
    """What a modifier does to the kind of a value."""

    takes: tuple[str, ...]
    gives: str = ""  #: empty: the kind stays what it was
    first: bool = False  #: it takes the value as it is written, so that no other may stand before it


FLAGS: Final[Mapping[str, str]] = {
    "i": "i", "ignorecase": "i", "m": "m", "multiline": "m", "s": "s", "dotall": "s",
}  # fmt: skip
PLACES: Final = ("contains", "startswith", "endswith")
COMPARISONS: Final = ("gt", "gte", "lt", "lte")
#: The parts of a time, and from where to where each goes; weeks are those of ISO 8601.
PARTS: Final[Mapping[str, tuple[int, int]]] = {
    "minute": (0, 59), "hour": (0, 23), "day": (1, 31), "week": (1, 53), "month": (1, 12), "year": (1, 9999),
}  # fmt: skip
LINKS: Final = ("all", "neq")  #: about the values of an item together
UTF_16: Final = ("wide", "utf16", "utf16le", "utf16be")
BASE64: Final = ("base64", "base64offset")
ALIASES: Final[Mapping[str, str]] = {"utf16le": "wide"}  #: the specification's name -> pySigma's

MODIFIERS: Final[Mapping[str, Modifier]] = {
    **dict.fromkeys(LINKS, Modifier(())),
    **dict.fromkeys(PLACES, Modifier((TEXT, EXPRESSION, REFERENCE))),
    **dict.fromkeys((*UTF_16, *BASE64, "windash", "cased"), Modifier((TEXT,))),
    "expand": Modifier((TEXT, EXPRESSION)),
    "re": Modifier((TEXT,), EXPRESSION, first=True),
    **dict.fromkeys(FLAGS, Modifier((EXPRESSION,))),
    "cidr": Modifier((TEXT,), NETWORK, first=True),
    "fieldref": Modifier((TEXT,), REFERENCE, first=True),
    "exists": Modifier((TRUTH,), PRESENCE, first=True),
    **dict.fromkeys(PARTS, Modifier((NUMBER,), PART)),
    **dict.fromkeys(COMPARISONS, Modifier((NUMBER, PART), COMPARISON)),
}
WRITTEN: Final[Mapping[str, tuple[type, ...]]] = {TEXT: (str,), NUMBER: (int, float), TRUTH: (bool,)}
ALLOWED: Final = "allowed: " + ", ".join(sorted(MODIFIERS))
NEEDS_FIELD: Final = frozenset({"cidr", "fieldref", "exists", *COMPARISONS, *PARTS})


class Unsuitable(ValueError):
    """A value that cannot be asked for; the message says why, the hint what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Key:
    """The key of an item, taken apart: ``field|modifier|modifier``."""

    written: str
    field: str | None
    modifiers: tuple[str, ...]

    @property
    def flags(self) -> str:
        """Of a regular expression, as RE2 writes them."""
        return "".join(sorted({FLAGS[name] for name in self.modifiers if name in FLAGS}))

    @property
    def is_plain(self) -> bool:
        """Whether a value is asked for as it is written."""
        return all(name in LINKS or name == "cased" for name in self.modifiers)

    @property
    def for_pysigma(self) -> str | None:
        """The key as pySigma knows it: with its names, and with what links values behind what changes them."""
        names = [ALIASES.get(name, name) for name in self.modifiers if name not in LINKS]
        names += [name for name in LINKS if name in self.modifiers]
        return "|".join((self.field or "", *names)) if self.written else None

    def term_text(self, value: Any) -> str:
        """The question as people read it: ``source.ip cidr 10.0.0.0/8``."""
        asked = " ".join(name for name in self.modifiers if name not in LINKS) or "="
        shown = "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
        return f"{self.field or 'anything'} {asked} {shown}"


@dataclass(frozen=True, slots=True)
class Clash:
    """Why the modifiers of a key do not go together."""

    index: int  #: of the modifier that is wrong
    message: str
    hint: str = ""


def combination(key: Key) -> Clash | None:
    """What is wrong with the modifiers of a key as they follow each other; None if nothing is."""
    found: str = ""  #: the kind of the value so far; empty: as written
    before = ""
    for index, name in enumerate(key.modifiers):
        modifier = MODIFIERS[name]
        if name in LINKS:
            continue
        if key.field is None and name in NEEDS_FIELD:
            return Clash(index, f"{name} needs the name of a field before it", f"for example source.ip|{name}")
        if clash := _clash(name, modifier, found, before):
            return Clash(index, *clash)
        if name in BASE64 and set(PLACES) & set(key.modifiers[:index]):
            return Clash(index, f"{name} does not go after {before}", f"encode first: {name}|{before}")
        if name in UTF_16 and set(UTF_16) & set(key.modifiers[:index]):
            return Clash(index, f"{name} does not go with another encoding in UTF-16", "one of them is enough")
        found, before = modifier.gives or found or modifier.takes[0], name
    return None


def _clash(name: str, modifier: Modifier, found: str, before: str) -> tuple[str, str] | None:
    if name in FLAGS and found != EXPRESSION:
        return f"{name} is a flag of a regular expression: it needs re before it", f"for example re|{name}"
    if modifier.first and before:
        return f"{name} must be the first modifier, before {before}", "it takes the value as it is written"
    if not found or found in modifier.takes:
        return None
    message = f"{name} does not go with {before}: it takes {' or '.join(modifier.takes)}, not {found}"
    return message, "after " + before + " may stand: " + ", ".join(after(found))


def after(kind: str) -> tuple[str, ...]:
    """The modifiers that may stand behind one that gives this kind."""
    return tuple(
        sorted(name for name, one in MODIFIERS.items() if name in LINKS or (kind in one.takes and not one.first))
    )


def check_kind(key: Key, value: Any, found: str) -> None:
    """Say it in our words where a modifier does not suit the value.

    Raises:
        Unsuitable: it does not.
    """
    name = next((name for name in key.modifiers if name not in LINKS), None)
    if name is None:
        return
    wanted = MODIFIERS[name].takes[0]
    if type(value) not in WRITTEN[wanted]:
        raise Unsuitable(
            f"{name} needs {wanted}, not {found}", "quote it" if wanted == TEXT and value is not None else ""
        )
    if name in PARTS:
        _check_part(key, name, value)


def _check_part(key: Key, name: str, value: float) -> None:
    first, last = PARTS[name]
    if not isinstance(value, int):
        raise Unsuitable(f"{name} needs a whole number, not {value}")
    if not set(COMPARISONS) & set(key.modifiers) and not first <= value <= last:
        raise Unsuitable(f"{name} is a number from {first} to {last}, never {value}")


def renamed(part: Any) -> Any:
    """A detection, or part of one, in plain values, with the modifiers that pySigma knows."""
    if isinstance(part, list):
        return [renamed(each) for each in part]
    if not isinstance(part, Mapping):
        return part
    return {_renamed_key(str(name)): renamed(value) for name, value in part.items()}


def _renamed_key(written: str) -> str:
    field, *modifiers = written.split("|")
    return Key(written, field or None, tuple(modifiers)).for_pysigma or "" if modifiers else written
