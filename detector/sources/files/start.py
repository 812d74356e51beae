"""Where reading begins in a file that was never seen before."""

from datetime import datetime

from detector.sources.files.content import Content
from detector.sources.files.discover import Found
from detector.sources.files.identity import HEAD_BYTES, digest, mark_of
from detector.sources.files.position import Position
from detector.sources.files.settings import FileSourceSettings
from detector.sources.files.transcode import UTF_8, Codec, codec_of

LOOK_BACK_HOURS = 24.0
_STEP_BYTES = 64 * 1024
_BACK_BYTES = 256  #: two or three lines of a log
_NOT_TEXT = bytes(code for code in range(32) if code not in b"\t\n\v\f\r\x1b")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def first_position(
    content: Content,
    found: Found,
    settings: FileSourceSettings,
    now: datetime,
    is_first_sight: bool,
    look_back_bytes: int,
) -> Position:
    """Decide where to begin.

    Args:
        is_first_sight: the file was there when the source was seen for the first time; ``settings.start`` decides.
            A file that appears later is read from its beginning, unless it is old.
        look_back_bytes: how much before the end may be read as history.
    """
    hours = (now.timestamp() - found.modified_ns / 1e9) / 3600
    if is_first_sight:
        if settings.start == "beginning" and not found.is_rotated:
            return Position(path=found.path, base=found.base)
        end = _end_of_lines(content, settings)
        if found.is_rotated or _codec(content, settings).is_wide or hours > LOOK_BACK_HOURS:
            return _position(content, found, end)
        return _position(content, found, _line_start_after(content, end - look_back_bytes, end), history_until=end)
    if hours > settings.ignore_older_hours:
        return _position(content, found, _end_of_lines(content, settings))
    return Position(path=found.path, base=found.base)


def line_start_before(content: Content, offset: int, max_line_bytes: int, codec: Codec = UTF_8) -> int:
    """The start of the line that *offset* lies in; *offset* itself if that line is over-long."""
    at = offset = codec.whole(offset)
    while at > 0 and offset - at <= codec.room(max_line_bytes):
        step = min(_STEP_BYTES, at)
        end = codec.last_line_end(content.read_at(at - step, step))
        if end >= 0:
            return at - step + end
        at -= step
    return 0 if at == 0 else offset


def _end_of_lines(content: Content, settings: FileSourceSettings) -> int:
    return line_start_before(content, content.stat().size, settings.max_line_bytes, _codec(content, settings))


def _codec(content: Content, settings: FileSourceSettings) -> Codec:
    return codec_of(settings.encoding, content.read_at(0, 2))


def is_no_text(content: Content, front: bytes) -> bool:
    """Whether a file that begins with *front* is not a text.

    Its last bytes are asked too: who can write dirt into a fresh log must not blind us to all that follows.
    """
    if not looks_binary(front):
        return False
    size = content.stat().size
    back = content.read_at(max(0, size - _BACK_BYTES), _BACK_BYTES)
    return not back.strip(b"\0") or looks_binary(back)


def looks_binary(part: bytes) -> bool:
    """Whether more than a tenth are control characters (NULs of a hole before or after them do not count)."""
    text = part.strip(b"\0")
    if text.startswith(_UTF_16):
        return False
    return (len(text) - len(text.translate(None, _NOT_TEXT))) * 10 > len(text)


def _line_start_after(content: Content, offset: int, end: int) -> int:
    """The first line start from *offset* on; *end* if there is none before."""
    at = max(0, offset)
    if at == 0 or content.read_at(at - 1, 1) == b"\n":
        return at
    while at < end:
        chunk = content.read_at(at, min(_STEP_BYTES, end - at))
        newline = chunk.find(b"\n")
        if newline >= 0:
            return at + newline + 1
        at += max(1, len(chunk))
    return end


def _position(content: Content, found: Found, offset: int, history_until: int = 0) -> Position:
    head_length = min(HEAD_BYTES, offset)
    return Position(
        path=found.path,
        base=found.base,
        dev=found.dev,
        inode=found.inode,
        offset=offset,
        line=1 if offset == 0 else 0,
        head_length=head_length,
        head=digest(content.read_at(0, head_length)) if offset else b"",
        marks=(mark_of(content, offset),) if offset else (),
        modified_ns=found.modified_ns,
        history_until=history_until if history_until > offset else 0,
    )
