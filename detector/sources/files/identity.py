"""How a file is known again: the hash of its head and of the bytes before our offset. Never the inode alone."""

import hashlib
from collections.abc import Iterable

from detector.sources.files.content import Content
from detector.sources.files.position import Mark, Position

HEAD_BYTES = 1024
TAIL_BYTES = 64


def digest(data: bytes) -> bytes:
    """Sixteen bytes that stand for *data*."""
    return hashlib.blake2b(data, digest_size=16).digest()


def mark_of(content: Content, offset: int) -> Mark:
    """The mark of *content* at *offset*."""
    start = max(0, offset - TAIL_BYTES)
    return Mark(offset, digest(content.read_at(start, offset - start)))


def holds(content: Content, mark: Mark) -> bool:
    """Whether *content* bears *mark*, too."""
    return mark_of(content, mark.offset) == mark


def same_head(content: Content, position: Position) -> bool:
    """Whether *content* begins as the file of *position* did."""
    return digest(content.read_at(0, position.head_length)) == position.head or position.head_length == 0


def continues(content: Content, position: Position) -> bool:
    """Whether *content* can be read on from *position*: same head, and the same bytes before the offset."""
    if content.stat().size < position.offset or not same_head(content, position):
        return False
    return position.tail is None or holds(content, position.tail)


def is_shorter_copy(content: Content, position: Position) -> bool:
    """Whether *content* is a copy made before the last bytes that we read were written."""
    size = content.stat().size
    marks = [mark for mark in position.marks if mark.offset <= size]
    if size >= position.offset or not marks:
        return False
    return holds(content, marks[-1]) and (size < position.head_length or same_head(content, position))


def is_prefix(content: Content, whole: Content) -> bool:
    """Whether *content* holds the same bytes as the beginning of *whole* (judged by head and tail)."""
    size = content.stat().size
    if size > whole.stat().size:
        return False
    return content.read_at(0, HEAD_BYTES) == whole.read_at(0, min(HEAD_BYTES, size)) and holds(
        whole, mark_of(content, size)
    )


def is_strong(position: Position) -> bool:
    """Whether enough was read that an equal file under another inode is the same one and no coincidence."""
    return position.offset >= TAIL_BYTES


def thinned(marks: Iterable[Mark], offset: int) -> tuple[Mark, ...]:
    """At most one mark for each power of two of distance to *offset*: few, and dense where copies end."""
    kept: dict[int, Mark] = {}
    for mark in marks:
        kept.setdefault((offset - mark.offset).bit_length(), mark)
    return tuple(kept.values())
