"""What a report is about, in a word: five people say the same in five ways. Pure, and the same for the same text.

Reports are about the same if they are about the same *thing*: the component that they name; where they name none, the
first of the things below that a text speaks of; else its longest word that says something. How it fails is not looked
at: of one outage one says that it is slow, another that it is broken, and a third that it is wrong.

Nothing is remembered from one report to the next, so the order in which they come does not matter. The price: of texts
that name no component and nothing below, only those are joined that have their longest word in common.
"""

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

#: What is about nothing that could be told from something else.
UNNAMED: Final = "unnamed"
#: How much of a text is looked at: characters, and words. More is more of the same, or an attack.
MOST_CHARS: Final = 5_000
MOST_WORDS: Final = 500
LONGEST: Final = 40
SHORTEST: Final = 3

#: Things that people complain about, the most telling first, and the beginnings of the words that mean them. English,
#: and German where the word is another. Who pays is at the checkout, whatever else the text says.
_THINGS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "checkout": ("checkout", "pay", "paid", "creditcard", "kasse", "bezahl", "zahl"),
        "login": ("login", "password", "passwort", "anmeld", "einlogg"),
        "registration": ("signup", "regist"),
        "invoice": ("invoice", "billing", "rechnung"),
        "search": ("search", "such"),
        "download": ("download",),
        "upload": ("upload", "hochlad"),
        "export": ("export",),
        "import": ("import",),
        "print": ("print", "druck"),
        "email": ("email", "mail"),
        "order": ("order", "bestell"),
        "cart": ("cart", "basket", "warenkorb"),
        "delivery": ("deliver", "shipping", "shipment", "liefer"),
        "video": ("video",),
        "map": ("map",),
        "calendar": ("calendar", "kalender"),
    }
)
#: Beginnings of other words too: "important" is about no import.
_SHORT: Final = frozenset({"map", "cart", "such", "zahl", "mail", "import", "search", "print", "pay"})
_ENDINGS: Final = frozenset(
    ("", "s", "e", "er", "ed", "en", "t", "st", "ing", "ment", "ments", "ung", "ungen", "able", "box", "pal")
)
#: Two words that are one.
_PAIRS: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        **{(first, "out"): "checkout" for first in ("check", "checks", "checked", "checking")},
        **{(first, last): "login" for first in ("log", "logs", "logging", "sign", "signs") for last in ("in", "on")},
        **{(first, "in"): "login" for first in ("logged", "signed", "signing")},
        **{(first, "up"): "signup" for first in ("sign", "signed", "signing")},
        ("credit", "card"): "creditcard",
        ("e", "mail"): "email",
    }
)
#: What says nothing of the thing: how it fails, when, to whom, and courtesy.
_SAYING_NOTHING: Final = """
    able about after again all always and any anymore anyone anything app application are because been before being
    broke broken browser bug but button can cannot cant click clicking could crash crashed crashes day days did didnt
    does doesnt doing done dont down during error errors even ever every everything everyone fail failed failing fails
    failure few find fine fix fixed for forever freezes from frozen get gets getting give gives going gone got had
    hang hanging hangs happen happened happening happens has have having hello help her here him his hour hours how
    into isnt issue its just keep keeps last later like link load loading loads long look looks made make makes many
    maybe me message minute minutes month morning much never nobody none not nothing now off often once one only
    open opens other our out over page pages perhaps please press pressing problem problems really reload reports
    request response said same says screen secs seconds see seems seen several she should show showing shows since
    site slow slowly some somebody someone something sometimes soon still stop stopped stops strange stuck such tell
    tells than thank thanks that the their them then there these they thing things this those through time timeout
    times today told too took tried tries trouble try trying turn two unable under until unusable update upon use
    used user users uses using very wait waiting want wanted wants was wasnt way website week weird well went were
    what whatever when whenever where which while who why will window with without wont work worked working works
    would wrong year yes yesterday yet you your
    aber auch auf bei bitte das dem den der des die doch ein eine einen einer fehler funktioniert geht gehen habe haben
    heute hier ich immer ist jetzt kann kaputt kein keine langsam mehr mein meine mich mir mit nach nicht nichts noch
    nur oder schon sehr seite seit sich sie sind und uns von warum was webseite wenn wer werden wie wieder will wird
    wurde zum zur
"""
_EMPTY: Final = frozenset(_SAYING_NOTHING.split())


class Topic(NamedTuple):
    """What a report is about."""

    name: str
    is_thing: bool  #: a component or one of the things above: the same word elsewhere means the same


def topic_of(text: str, component: str = "") -> Topic:
    """What a report is about: the component that it names, a thing, a word of the text, or `UNNAMED`."""
    named = component_of(component)
    if named != UNNAMED:
        return Topic(named, is_thing=True)
    words = tuple(_words(text))
    thing = _thing(words)
    return Topic(thing or _longest(words), is_thing=bool(thing))


def component_of(written: str) -> str:
    """A component in one spelling: "Check-Out" and "checkout" are one; `UNNAMED` if nothing is left of it."""
    return " ".join(_words(written, numbers=True))[:100].strip() or UNNAMED


def _thing(words: Sequence[str]) -> str:
    found = frozenset(words)
    for thing, beginnings in _THINGS.items():
        if any(_means(word, beginning) for beginning in beginnings for word in found):
            return thing
    return ""


def _means(word: str, beginning: str) -> bool:
    if not word.startswith(beginning):
        return False
    return beginning not in _SHORT or word[len(beginning) :] in _ENDINGS


def _longest(words: Sequence[str]) -> str:
    """Of words as long as each other the first in the alphabet."""
    telling = {_singular(word[:LONGEST]) for word in words if word not in _EMPTY and not _is_a_letter(word)}
    return min(telling, key=lambda word: (-len(word), word), default=UNNAMED)


def _is_a_letter(word: str) -> bool:
    """Too short to say something; where each sign is a word, or half of one, two are enough."""
    return len(word) < (SHORTEST if word.isascii() else 2)


def _singular(word: str) -> str:
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > SHORTEST else word


def _words(text: str, *, numbers: bool = False) -> Iterator[str]:
    """Words in small letters and without accents, numbers if wanted. What a hyphen or a blank parts may be one."""
    before = ""
    for word in _plain(text, str.isalnum if numbers else str.isalpha).split()[:MOST_WORDS]:
        pair = _PAIRS.get((before, word))
        if pair is None:
            if before:
                yield before
            before = word
        else:
            yield pair
            before = ""
    if before:
        yield before


def _plain(text: str, is_kept: Callable[[str], bool]) -> str:
    plain = unicodedata.normalize("NFKD", text[:MOST_CHARS]).casefold()[: 4 * MOST_CHARS]
    return "".join(
        one if is_kept(one) else "" if one in _INSIDE or unicodedata.category(one)[0] == "M" else " " for one in plain
    )


#: What stands inside of a word without parting it: "can't", and what cannot be seen.
_INSIDE: Final = frozenset("'\u2019`\u00ad\u200b\u200c\u200d\u2060\ufeff")
