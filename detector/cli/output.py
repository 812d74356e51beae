"""What verbs print: JSON, tables, and failures with their exit codes."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import IO, Any

import click

COLOURS = {"critical": "red", "high": "red", "medium": "yellow", "low": "cyan", "error": "red", "warning": "yellow"}


class Failure(click.ClickException):
    """Ends a verb with a message on standard error and exit code 1: something was found, refused or failed.

    Failure ─ Misuse, Unreachable
    """

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message: it says by itself that it is an error. What it quotes (names of files, lines) is inert."""
        click.echo("\n".join(map(clean_line, self.message.split("\n"))), file=file, err=file is None)


class Misuse(Failure):
    """Exit code 2: wrong usage or configuration."""

    exit_code = 2


class Unreachable(Failure):
    """Exit code 3: no daemon answers."""

    exit_code = 3


def clean(text: str) -> str:
    """*text* without what a terminal would act upon or hide: controls, escapes, changes of direction.

    Log lines are written by attackers. For each such character stands U+FFFD; what people read stays.
    """
    return "".join(char if char.isprintable() else " " if char == "\t" else "\ufffd" for char in text)


def clean_line(line: str) -> str:
    """*line* without what a terminal acts upon; its tabs stay, so that a caret below it stands where it should."""
    return "\t".join(map(clean, line.split("\t")))


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """*value* as JSON in ASCII, which no terminal acts upon.

    Bytes that are no UTF-8 (lone surrogates) become escapes in the text: strict readers refuse them in JSON.
    """
    text = json.dumps(value, indent=indent, default=str)
    if "\\ud" in text:
        spelled = {code: f"\\\\u{code:04x}" for code in range(0xD800, 0xE000)}
        value = json.loads(json.dumps(value, default=str, ensure_ascii=False).translate(spelled))
        text = json.dumps(value, indent=indent)
    click.echo(text)


def print_table(titles: Sequence[str], rows: Iterable[Sequence[object]], empty: str = "") -> None:
    """Rows in columns as wide as what is in them; *empty* if there is no row."""
    lines = [[clean("" if cell is None else str(cell)) for cell in row] for row in rows]
    if not lines:
        click.echo(empty)
        return
    widths = [max(len(line[column]) for line in [list(titles), *lines]) for column in range(len(titles))]
    click.echo(click.style(_row(titles, widths), bold=True))
    for line in lines:
        click.echo(_row(line, widths, _styled))


def severity(text: str) -> str:
    """A severity in its colour, which a terminal shows."""
    return click.style(clean(text), fg=COLOURS.get(text), bold=text == "critical")


def _styled(text: str) -> str:
    return severity(text) if text in COLOURS else text


def _row(cells: Sequence[str], widths: Sequence[int], style: Callable[[str], str] = str) -> str:
    padded = [style(cell) + " " * (width - len(cell)) for cell, width in zip(cells, widths, strict=True)]
    return "  ".join(padded).rstrip()
