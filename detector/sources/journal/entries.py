"""Cutting what journalctl writes into entries, in bounded memory, and entries into batches. Pure.

A quotation mark within a JSON text is escaped, so a name with its quotation marks behind ``{`` or ``,`` is the name of
a field and never a part of what somebody logged: cursor, time and unit are found without reading the object.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

#: A cursor has some 130 bytes, the name of a unit at most 255: a field is found whole in so much.
WINDOW_BYTES = 1024
BATCH_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line."""

    data: bytes  #: ended by b"\\n"
    left_out: int = 0  #: bytes of it that were too many
    cursor: str = ""  #: where it stands; "" if it does not say
    written_at: int | None = None  #: when the journal took it, microseconds since 1970
    unit: str = ""  #: of the process that wrote it, as the journal itself found out


class Cutter:
    """Cuts chunks into entries; results do not depend on where chunks end."""

    def __init__(self, max_line_bytes: int) -> None:
        self._max = max_line_bytes
        self._begin()

    @property
    def is_amid(self) -> bool:
        """Whether an entry has begun and not ended."""
        return bool(self._head)

    def feed(self, chunk: bytes) -> list[Entry]:
        """The entries that end in *chunk*."""
        *ended, rest = chunk.split(b"\n")
        entries = []
        for part in ended:
            self._take(part)
            if self._head:
                entries.append(self._entry())
            self._begin()
        self._take(rest)
        return entries

    def _begin(self) -> None:
        self._head = bytearray()
        self._left_out = 0
        self._window = b""
        self._found: dict[bytes, str] = {}

    def _take(self, part: bytes) -> None:
        room = self._max - len(self._head)
        if len(part) > room:
            window = (self._window or bytes(self._head[-WINDOW_BYTES:])) + part
            for name in (b"__CURSOR", b"__REALTIME_TIMESTAMP", b"_SYSTEMD_UNIT"):
                if value := text_of(window, name):
                    self._found.setdefault(name, value)
            self._window = window[-WINDOW_BYTES:]
            self._left_out += len(part) - room
        self._head += part[:room]

    def _entry(self) -> Entry:
        line = bytes(self._head)
        stamp = self._value(line, b"__REALTIME_TIMESTAMP")
        return Entry(
            data=line + b"\n",
            left_out=self._left_out,
            cursor=self._value(line, b"__CURSOR"),
            written_at=int(stamp) if stamp.isascii() and stamp.isdigit() and len(stamp) < 18 else None,
            unit=self._value(line, b"_SYSTEMD_UNIT"),
        )

    def _value(self, line: bytes, name: bytes) -> str:
        return text_of(line, name) or self._found.get(name, "")


def text_of(line: bytes, name: bytes) -> str:
    """The text of the field *name*; "" if there is none, or its end is not there."""
    for before in (b'{"', b',"'):
        begin = line.find(before + name + b'":"')
        if begin < 0:
            continue
        begin += len(before) + len(name) + 3
        end = line.find(b'"', begin)
        if 0 <= end - begin < WINDOW_BYTES:
            return line[begin:end].decode("utf-8", "replace")
    return ""


def grouped(entries: Iterable[Entry], kind: Callable[[Entry], object]) -> Iterator[list[Entry]]:
    """Neighbours of one kind together, at most ``BATCH_BYTES`` of them, never less than one."""
    group: list[Entry] = []
    size = 0
    for entry in entries:
        if group and (size + len(entry.data) > BATCH_BYTES or kind(entry) != kind(group[0])):
            yield group
            group, size = [], 0
        group.append(entry)
        size += len(entry.data)
    if group:
        yield group
