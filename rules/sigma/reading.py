"""A rule file becomes its YAML documents; one that cannot be read costs only itself.

A line that begins with ``---`` divides documents whatever stands around it (no scalar may hold such a line: YAML 1.1,
chapter 4.3.2), so what lies between two of them can be left out while the others are read, each at its place.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import yaml

from rules.sigma.document import MAX_NODES, Document, Loader, size
from rules.sigma.errors import RuleError

MAX_DEPTH: Final = 40
MAX_BROKEN: Final = 20  #: documents of one file that may be left out: for each, the file is read once more
#: How libyaml's words for what is wrong begin, and what to do.
REMEDIES: Final = (
    ("found a tab character", "indent with blanks, not with tabs"),
    ("found character that cannot start any token", "indent with blanks; quote a text that begins with @, ` or %"),
    ("mapping values are not allowed", "indent it as its neighbours are; quote a text with a colon in it"),
    ("did not find expected ',' or ']'", "close the list with ]"),
    ("did not find expected ',' or '}'", "close the mapping with }"),
    ("did not find expected node content", "a value is missing, or a bracket is not closed"),
    ("did not find expected key", "indent it as its neighbours are; close what is in quotes or brackets before it"),
    ("did not find expected '-' indicator", "indent each - of the list as the first one is"),
    ("block sequence entries are not allowed", "begin the list in a line of its own"),
    ("could not find expected ':'", "write name: value"),
    ("found unexpected", "close the quotes"),
    ("found undefined alias", "quote a text that begins with *"),
    ("found unknown escape character", "write the text in single quotes, or each backslash twice"),
    ("did not find expected <document start>", "begin a document with ---"),
    ("control characters are not allowed", "take the character out"),
)

Place = tuple[int, int]  #: line and column, from 0


def documents(path: str, text: str) -> tuple[list[Document], list[RuleError]]:
    """The documents of a file that can be read; for each that cannot, an error with the place where reading stopped.

    Of a file with more than MAX_BROKEN of these nothing is taken. What stands behind one that may have been an
    ``action`` is left out too, for nobody knows whether it was about it.
    """
    reading = _Reading(path, text.splitlines(keepends=True))  # as libyaml counts them: U+2028 ends one, too
    while (found := reading.documents()) is None:
        if len(reading.errors) > MAX_BROKEN:
            message = f"more than {MAX_BROKEN} documents of this file cannot be read: nothing of it is taken"
            return [], [RuleError(path=path, line=1, column=1, message=message), *reading.errors]
    return found, reading.errors


@dataclass(frozen=True, slots=True)
class _Fault:
    """Why a document cannot be read."""

    start: int  #: a line of that document, from 0
    place: Place
    message: str
    hint: str = ""


@dataclass(slots=True)
class _Reading:
    path: str
    lines: list[str]  #: of the file, with their ends; those that are left out are empty
    errors: list[RuleError] = field(default_factory=list)
    gaps: list[int] = field(default_factory=list)  #: at which lines what is left out started

    def documents(self) -> list[Document] | None:
        """The documents. None if one cannot be read: it is told, and left out when asked again."""
        text = "".join(self.lines)
        found: list[Document] = []
        fault = _foreign(text) or _unparsed(text) or self.composed(text, found)
        if fault is None:
            return found
        self.leave_out(fault)
        return None

    def composed(self, text: str, found: list[Document]) -> _Fault | None:
        """Add the documents to *found*, up to one that cannot be composed."""
        loader: Any = Loader(text)
        before = 0
        try:
            while loader.check_node():
                root = loader.get_node()
                start = root.start_mark.line
                if size(root) > MAX_NODES:
                    message = f"this document has more than {MAX_NODES:,} values, or aliases that expand to them"
                    return _Fault(start, (start, root.start_mark.column), message)
                is_behind_gap = any(before <= gap <= start for gap in self.gaps)
                found.append(Document(self.path, self.lines, root, loader, is_behind_gap=is_behind_gap))
                before = start
        except yaml.YAMLError as error:
            fault = _unreadable(text, before, error)
            return _Fault(fault.place[0], fault.place, fault.message, fault.hint)
        finally:
            loader.dispose()
        return None

    def leave_out(self, fault: _Fault) -> None:
        """Tell the fault, and empty the lines of its document."""
        first, behind = self.span(fault.start)
        place, hint = self.within(fault.place, first, behind), fault.hint
        if any("action" in line for line in self.lines[first:behind]) and any(map(str.strip, self.lines[behind:])):
            behind = len(self.lines)
            hint = f"{hint}; what stands behind is left out too: an action may be about it".removeprefix("; ")
        self.errors.append(self.problem(place, fault.message, hint))
        if not any(map(str.strip, self.lines[first:behind])):  # there is nothing to leave out: leave out everything
            first, behind = 0, len(self.lines)
        self.gaps.append(first)
        self.lines[first:behind] = ["\n"] * (behind - first)

    def span(self, line: int) -> tuple[int, int]:
        """The first line of the document in which a line stands, and the one behind its last."""
        divided = (at for at, each in enumerate(self.lines) if at and _divides(each))
        edges = [0, *divided, len(self.lines)]
        return next(one for one in pairwise(edges) if line < one[1] or one[1] == edges[-1])

    def within(self, place: Place, first: int, behind: int) -> Place:
        """A place of the document: what is missing at its end is missing in its last line."""
        if place[0] < behind and any(map(str.strip, self.lines[place[0] : behind])):
            return place
        last = max((at for at in range(first, behind) if self.lines[at].strip()), default=first)
        return last, len(self.lines[last].rstrip())

    def problem(self, at: Place, message: str, hint: str) -> RuleError:
        shown = self.lines[at[0]].rstrip().encode("utf-8", "replace").decode() if at[0] < len(self.lines) else ""
        return RuleError(
            path=self.path, line=at[0] + 1, column=at[1] + 1, message=message, hint=hint, source_line=shown
        )


def _divides(line: str) -> bool:
    return line.startswith("---") and (len(line) == 3 or line[3].isspace())


def _foreign(text: str) -> _Fault | None:
    """Bytes that were no UTF-8: U+FFFD, or half a surrogate, stands for them."""
    if text.isascii():
        return None
    at = text.find("\ufffd")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        at = min(at, error.start) if at >= 0 else error.start
    if at < 0:
        return None
    place = _place(text, at)
    return _Fault(place[0], place, "bytes that are no UTF-8", "save the file as UTF-8")


def _unparsed(text: str) -> _Fault | None:
    """What is no YAML, and nesting past MAX_DEPTH.

    Asked before anything is composed: the composer recurses in C and would take the process with it.
    """
    depth = start = 0
    try:
        for event in yaml.parse(text, Loader=Loader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH and (mark := event.start_mark) is not None:
                    return _Fault(start, (mark.line, mark.column), f"nested more than {MAX_DEPTH} levels deep")
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            elif isinstance(event, yaml.DocumentStartEvent | yaml.DocumentEndEvent) and event.end_mark is not None:
                start = event.end_mark.line
    except yaml.YAMLError as error:
        return _unreadable(text, start, error)
    return None


def _unreadable(text: str, start: int, error: yaml.YAMLError) -> _Fault:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    place = (mark.line, mark.column) if mark is not None else _place_of_byte(text, getattr(error, "position", 0))
    context, begun = getattr(error, "context", None) or "", getattr(error, "context_mark", None)
    if context and begun is not None and begun.line != place[0]:
        context += f" that begins in line {begun.line + 1}"
    hint = _remedy(problem, context)
    # A reader's error (a character that YAML does not allow) may come before what stands there is begun.
    return _Fault(start if mark is not None else place[0], place, f"not readable as YAML: {problem}", hint)


def _remedy(problem: str, context: str) -> str:
    """What to do, and what was being read."""
    known = next((remedy for begin, remedy in REMEDIES if begin in problem), "")
    return f"{known} ({context})" if known and context else known or context


def _place(text: str, index: int) -> Place:
    before = f"{text[:index]}|".splitlines()
    return len(before) - 1, len(before[-1]) - 1


def _place_of_byte(text: str, index: int) -> Place:
    """libyaml's reader counts the bytes of the text in UTF-8."""
    return _place(text, len(text.encode()[:index].decode(errors="ignore")))
