"""The lines within a container's frame: whose format is pinned too, for standard output and error apart.

Otherwise whoever makes a program write what they like (most programs do, in their logs) could forge the lines of any
other program. Until a format is pinned each line is read by the strictest that takes it; after 200 lines the one is
pinned that read nine of ten of them, or plain text. From then on what that format does not read is plain text, until a
hundred lines in a row are of one other format.
"""

from collections.abc import Sequence

import msgspec

from rules.formats.format import Context, Format, Parsed

MARK = "frame "  #: what is remembered begins with it, so that it is not taken for another format's
PLAIN = "text"
LINES_TO_PIN = 200
SHARE_TO_PIN = 0.9
LINES_TO_CHANGE = 100
#: Formats that may remember within a frame. Of others a line may tell what several told together, which a frame is not.
REMEMBER = frozenset({"postgresql"})


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    """What is remembered of the lines of one of a container's outputs."""

    pinned: str = ""  #: name of their format, PLAIN if they have none; "" while that is not settled
    lines: int = 0  #: while it is not settled: how many there were; then: in a row, those that *rival* read
    read: dict[str, int] = {}  #: while it is not settled: how many of them each format read
    rival: str = ""  #: once it is settled: another format that read the last line
    header: str = ""  #: what the format itself remembers of the lines before


_OUTPUTS = msgspec.json.Decoder(dict[str, Inner])


def read(text: str, output: str, formats: Sequence[Format], context: Context) -> tuple[Parsed | None, str | None]:
    """What the line in a frame tells, None if it is plain text.

    Args:
        text: The line.
        output: Which of the container's outputs it came from.
        formats: What it may be, the strict ones first.
        context: With what was remembered of the stream.

    Returns:
        That, and what is to be remembered from now on (None: the same as before).
    """
    outputs = _remembered(context.header)
    inner = outputs.get(output) or Inner()
    inside = msgspec.structs.replace(context, header=inner.header)
    if inner.pinned not in ("", PLAIN):
        mine = next((one.parse(text, inside) for one in formats if one.name == inner.pinned), None)
        if mine is not None and mine.header is not None:
            return None, None
        if mine is not None:
            outputs[output] = Inner(pinned=inner.pinned, header=_header(inner.pinned, mine, inner))
            return mine, (None if outputs[output] == inner else _to_remember(outputs))
    name, found = _strictest(text, formats, inside)
    if not inner.pinned:
        outputs[output] = msgspec.structs.replace(_counted(inner, name), header=_header(name, found, inner))
        return found, _to_remember(outputs)
    after = msgspec.structs.replace(_challenged(inner, name), header=inner.header)
    outputs[output] = after
    return (found if after.pinned == name != PLAIN else None), (None if after == inner else _to_remember(outputs))


def _header(name: str, found: Parsed | None, inner: Inner) -> str:
    """What is remembered from now on, after a line that the format of that name read."""
    if name not in REMEMBER or found is None or found.after is None:
        return inner.header
    return found.after


def _strictest(text: str, formats: Sequence[Format], context: Context) -> tuple[str, Parsed | None]:
    for one in formats:
        found = one.parse(text, context)
        if found is not None:
            return (PLAIN, None) if found.header is not None else (one.name, found)
    return PLAIN, None


def _counted(inner: Inner, name: str) -> Inner:
    """One line more while the format is not settled; pinned once there are enough."""
    read_so_far = inner.read | {name: inner.read.get(name, 0) + 1}
    lines = inner.lines + 1
    if lines < LINES_TO_PIN:
        return Inner(lines=lines, read=read_so_far)
    best = max(read_so_far, key=lambda one: (read_so_far[one], one))
    return Inner(pinned=best) if read_so_far[best] >= SHARE_TO_PIN * lines else Inner()


def _challenged(inner: Inner, name: str) -> Inner:
    """A line that the pinned format did not read: another takes its place after enough of them in a row."""
    if name == PLAIN:
        return Inner(pinned=inner.pinned)
    lines = inner.lines + 1 if name == inner.rival else 1
    if lines >= LINES_TO_CHANGE:
        return Inner(pinned=name)
    return Inner(pinned=inner.pinned, rival=name, lines=lines)


def _remembered(header: str) -> dict[str, Inner]:
    if not header.startswith(MARK):
        return {}
    try:
        return _OUTPUTS.decode(header[len(MARK) :])
    except msgspec.MsgspecError:
        return {}  # what another version remembered


def _to_remember(outputs: dict[str, Inner]) -> str:
    return MARK + msgspec.json.encode(outputs).decode()
