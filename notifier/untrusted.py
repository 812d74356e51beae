"""Text that strangers wrote, made fit to stand in a message.

Log lines are written by attackers. What passes through here names nobody in a chat, opens no link, ends no line,
moves no cursor, turns no text around and formats nothing; a person still reads what the line said.
"""

import ipaddress
import unicodedata

import re2

LONGEST_EXCERPT = 300  #: characters of one log line that a message shows
LONGEST_NAME = 64  #: characters of one name (account, host, address) that a message shows
_ROOM_TO_SAY_IT = 40  #: characters that tell how much was cut

#: Look-alikes for what chat services act upon: mentions (@name, <@id>, <!channel>), code, HTML, emphasis.
_LOOKALIKES = str.maketrans({"@": "＠", "<": "‹", ">": "›", "`": "ˋ", "*": "∗", "\t": " "})  # noqa: RUF001
#: Pairs that mean something only together: masked links, spoilers, strike-through, the scheme of an address.
_PAIRS = (("](", "] ("), ("][", "] ["), ("||", "| |"), ("~~", "~ ~"), ("://", "[:]//"))
#: What a client may turn into a link: a dot of any script with a word behind it.
_DOT = re2.compile(r"[.。．｡․﹒](\pL[\pL\pN])")  # noqa: RUF001
#: Underscores that could emphasise: several, or one at the edge of a word. Within one, as in user_name, they are names.
_EMPHASIS = (re2.compile(r"__+"), re2.compile(r"(^|[^0-9A-Za-z])_"), re2.compile(r"_([^0-9A-Za-z]|$)"))
_LOW_LINE = "＿"  # noqa: RUF001
#: A sign that makes a word behind it a tag or a channel, and an entity that somebody may decode after us.
_TAG, _ENTITY = re2.compile(r"([#~])(\pL)"), re2.compile(r"&(#?[0-9A-Za-z]+;)")
_TAG_LOOKALIKES = {"#": "＃", "~": "∼"}  # noqa: RUF001
_EMOJI = re2.compile(r":([A-Za-z][0-9A-Za-z_+-]*):")
#: Printable by the letter, and yet nothing to be seen: fillers, the joiner, the blank of Braille, variant selectors.
_SELECTORS = ((0x180B, 0x1810), (0xFE00, 0xFE10), (0xE0100, 0xE01F0))
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | frozenset(
    chr(code) for start, end in _SELECTORS for code in range(start, end)
)
_MOST_MARKS = 3  #: on one letter: more would grow over the lines above and below
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")


def neutralise(text: str) -> str:
    """*text* on one line, with everything shown and nothing acted upon."""
    text = visible(text.translate(_LOOKALIKES))
    for pair, apart in _PAIRS:
        while pair in text:
            text = text.replace(pair, apart)
    return _plain_marks(str(_DOT.sub(r"[.]\1", text)))


def _plain_marks(text: str) -> str:
    """*text* without what formats a word or makes it a tag, a channel, a picture."""
    several, before, behind = _EMPHASIS
    text = several.sub(lambda found: _LOW_LINE * len(found.group()), text)
    text = before.sub(lambda found: found.group(1) + _LOW_LINE, text)  # a template with other letters is spoilt by RE2
    text = behind.sub(lambda found: _LOW_LINE + found.group(1), text)
    text = _TAG.sub(lambda found: _TAG_LOOKALIKES[found.group(1)] + found.group(2), text)
    return str(_EMOJI.sub(r":\1 :", _ENTITY.sub(r"& \1", text)))


def visible(text: str) -> str:
    """*text* with each character that cannot be seen shown by its code. Enough for a page that escapes."""
    shown, marks = [], 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        shown.append(f"[U+{ord(character):04X}]" if marks > _MOST_MARKS else _visible(character))
    return "".join(shown)


def excerpt(text: str, limit: int = LONGEST_EXCERPT) -> str:
    """The first *limit* characters of *text*, neutralised, and how much was cut."""
    cut = len(text) - limit
    return f"{neutralise(text[:limit])} … ({cut:,} characters cut)" if cut > 0 else neutralise(text)


def cut(text: str, limit: int) -> str:
    """*text* in *limit* characters, and how much is missing. A limit of 0 is none."""
    if not limit or len(text) <= limit:
        return text
    room = limit - _ROOM_TO_SAY_IT
    return cut_at(text, room) if room > _ROOM_TO_SAY_IT else text[:limit]


def cut_at(text: str, kept: int) -> str:
    """The first *kept* characters of *text*, and how many are missing."""
    return f"{text[:kept]} … ({len(text) - kept:,} characters cut)"


def name(text: str, *, dotted: bool = True) -> str:
    """A name from a log line for the body of a message: as it is if it is harmless, else neutralised."""
    return plain_name(text, dotted=dotted) or excerpt(text, LONGEST_NAME)


def plain_name(text: str, *, dotted: bool = True) -> str | None:
    """A name from a log line for a title: an address or a plain word as it is, None for anything else.

    Args:
        text: The name.
        dotted: Dots are what such names have (hosts). Elsewhere a dotted word could be read as an address to open.
    """
    if not text or len(text) > LONGEST_NAME:
        return None
    if frozenset(text) <= _PLAIN and (dotted or not _DOT.search(text)) and _plain_marks(text) == text:
        return text
    return text if _is_address(text) else None


def _is_address(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).version in (4, 6) and "%" not in text
    except ValueError:
        return False


def _visible(character: str) -> str:
    """The character, or for one that cannot be seen (control, direction, width, undecodable byte) its code."""
    if character.isprintable() and character not in _BLANK:
        return character
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)  # the pictures of the control characters: ␛, ␊
    if 0xDC80 <= code <= 0xDCFF:
        return f"[x{code - 0xDC00:02X}]"  # a byte that was not UTF-8
    return f"[U+{code:04X}]"
