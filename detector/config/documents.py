"""TOML files: reading them, merging them, and remembering which file and line each value came from."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import re2

from detector.config.positions import KeyPath, Span, Spot, positions
from detector.config.problems import Place, Problem

WHERE = re2.compile(r"^(.*) \(at (?:line (\d+), column (\d+)|end of document)\)$")

TWICE = "this section stands above already: put its keys there, or the section into conf.d/mine.toml"
HINTS = {
    "Invalid value": 'text needs quotes: key = "value"; true and false are written small',
    "Invalid statement": "expected key = value, or the name of a section: [section]",
    "Expected '=' after a key in a key/value pair": "expected key = value",
    "Unescaped '\\' in a string": "use single quotes, which take backslashes as they are: key = 'a\\b'",
    "Cannot overwrite a value": "this key stands twice in its section; keep one",
    "Unclosed array": "an array ends with ]",
    "Unterminated string": "a text ends with the quote it began with, on the same line",
    "Illegal character '\\n'": "a text ends with the quote it began with, on the same line",
    "Expected newline or end of document after a statement": "one key = value to a line; quote texts as a whole",
}


class Unreadable(Exception):
    """A file is no TOML that can be read; holds the problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One TOML file."""

    file: str  #: as the operator named it
    lines: tuple[str, ...]
    data: dict[str, Any]
    spots: dict[KeyPath, Spot]


@dataclass(frozen=True, slots=True)
class Origins:
    """Which file and line each value of the merged configuration came from."""

    main: str  #: the file that was asked for
    _of: dict[KeyPath, tuple[Document, KeyPath]] = field(default_factory=dict)

    def note(self, path: KeyPath, document: Document, at: KeyPath, value: Any) -> None:
        """Remember that *value*, with all that is in it, came from *document*, where its path was *at*."""
        self._of[path] = (document, at)
        parts: Iterable[tuple[str | int, Any]] = ()
        if isinstance(value, dict):
            parts = value.items()
        elif isinstance(value, list):
            parts = enumerate(value)
        for key, part in parts:
            self.note((*path, key), document, (*at, key), part)

    def __contains__(self, path: KeyPath) -> bool:
        """Whether some file says it."""
        return path in self._of

    def place(self, path: KeyPath, *, at_value: bool = False, secrets: Iterable[KeyPath] = ()) -> Place:
        """Where *path* is written or, if it is not, the nearest thing around it; *secrets* are masked."""
        while path and path not in self._of:
            path = path[:-1]
        document, at = self._of.get(path, (None, ()))
        spot = document.spots.get(at) if document else None
        if document is None or spot is None:
            return Place(file=document.file if document else self.main)
        span = spot.value if at_value else spot.key
        return Place(file=document.file, span=span, text=self._masked(document, span.line, secrets))

    def _masked(self, document: Document, line: int, secrets: Iterable[KeyPath]) -> str:
        text = document.lines[line - 1]
        for path in secrets:
            owner, at = self._of.get(path, (None, ()))
            spot = document.spots.get(at) if owner is document else None
            if spot and spot.value.line == line:
                text = _mask(text, spot.value.column - 1, spot.value.length)
        return text


def parse(file: str, content: bytes) -> Document:
    """The document that *content* is.

    Raises:
        Unreadable: it is not TOML; the problem says where and why.
    """
    try:
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        span = Span(line=line, column=error.start - content.rfind(b"\n", 0, error.start), length=1)
        shown = content.split(b"\n")[line - 1].decode(errors="replace")
        place = Place(file=file, span=span, text=_mask_addresses(shown))
        raise Unreadable(Problem(message="not UTF-8 text", hint="save the file as UTF-8", place=place)) from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Unreadable(_syntax_problem(file, text, str(error))) from None
    return Document(file=file, lines=tuple(text.split("\n")), data=data, spots=positions(text))


def read(path: Path) -> Document:
    """The document in the file *path*.

    Raises:
        Unreadable: it cannot be read, or is not TOML.
    """
    try:
        return parse(str(path), path.read_bytes())
    except OSError as error:
        message = f"cannot read it: {error.strerror or type(error).__name__}"
        hint = "copy config.example.toml to begin with" if isinstance(error, FileNotFoundError) else ""
        raise Unreadable(Problem(message=message, hint=hint, place=Place(file=str(path)))) from None


def merge(documents: Iterable[Document], main: str) -> tuple[dict[str, Any], Origins]:
    """One configuration of many files: tables are joined, arrays of tables appended, otherwise the later value wins."""
    merged: dict[str, Any] = {}
    origins = Origins(main)
    for document in documents:
        _merge_table(merged, document.data, (), document, origins)
    return merged, origins


def _merge_table(
    into: dict[str, Any], table: dict[str, Any], path: KeyPath, document: Document, origins: Origins
) -> None:
    """Join *table* into *into*; outside of arrays of tables a path is the same in the file and in the whole."""
    for key, value in table.items():
        here = (*path, key)
        old = into.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            _merge_table(old, value, here, document, origins)
        elif isinstance(old, list) and _holds_tables(old) and _holds_tables(value):
            for index, item in enumerate(value, start=len(old)):
                origins.note((*here, index), document, (*here, index - len(old)), item)
            into[key] = [*old, *value]
        else:
            origins.note(here, document, here, value)
            into[key] = value


def _holds_tables(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _syntax_problem(file: str, text: str, told: str) -> Problem:
    found = WHERE.match(told)
    message = found.group(1) if found else told
    lines = text.split("\n")
    line = int(found.group(2)) if found and found.group(2) else len(text.rstrip().split("\n"))
    column = int(found.group(3)) if found and found.group(3) else len(lines[line - 1]) + 1
    place = Place(file=file, span=Span(line=line, column=column, length=1), text=_mask_addresses(lines[line - 1]))
    hint = TWICE if message.startswith("Cannot declare") else HINTS.get(message, "")
    return Problem(message=f"not TOML: {message[:1].lower()}{message[1:]}", hint=hint, place=place)


def _mask(text: str, start: int, length: int) -> str:
    """*text* with a value hidden; the quotes and the width stay, so that a caret stands where it should."""
    hidden = "".join(char if char in "\"'" else "*" for char in text[start : start + length])
    return text[:start] + hidden + text[start + length :]


def _mask_addresses(text: str) -> str:
    """*text* with whatever follows a "://" hidden: where nothing parses, nobody knows which value is a secret."""
    start = text.find("://") + 3
    return text if start == 2 else _mask(text, start, len(text) - start)
