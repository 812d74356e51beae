"""Whether the lines of a record are still those that were read: each was kept with the SHA-256 of its bytes. Pure."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from rules.masking import MASKED
from store.examine import Fault, Harm

#: What stands in place of a line that was redacted, or disposed of with its record: the timeline tells by whom.
GONE = frozenset({"", "(redacted)", "(disposed of)"})
#: A longer line is kept in part, so that its bytes cannot be made anew from what is kept.
LONGEST = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLine:
    """A line as the database holds it; what was forged need not be text."""

    origin: Any
    line: Any
    text: Any
    sha256: Any


def faults(number: int, lines: Iterable[StoredLine]) -> Iterator[Fault]:
    """Each line whose text is not what its hash was made of."""
    for one in lines:
        if not _may_stand(one.text, one.sha256):
            says = f"line {one.line} of {one.origin} is not the one that was read"
            yield Fault(record=number, harm=Harm.CHANGED, says=says)


def _may_stand(text: Any, sha256: Any) -> bool:
    """Of a text that is not whole (cut, redacted, masked, or of bytes that no text bears) the hash proves nothing."""
    if not isinstance(text, str) or not isinstance(sha256, str):
        return False
    if text in GONE or len(text) >= LONGEST or "\\" in text or MASKED in text:
        return True
    whole = text.encode("utf-8", "surrogatepass")
    return any(hashlib.sha256(raw).hexdigest() == sha256 for raw in (whole, whole + b"\r", b"\xef\xbb\xbf" + whole))
