"""A second opinion on what a rule means: pySigma's SQLite backend makes SQL of it, and SQLite answers.

Nothing of it is ours: detection, modifiers and condition are read by pySigma, comparisons are SQLite's own. Only what
SQLite has no words for is told to it: ``REGEXP``, which is RE2. The events lie in a table as the backend's
documentation asks for (https://github.com/SigmaHQ/pySigma-backend-sqlite): one row each and one column per field,
text without regard to case, ``true`` and ``false`` as words.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import re2
from sigma.backends.sqlite.sqlite import sqliteBackend
from sigma.collection import SigmaCollection

from rules.event import Event
from rules.match import holds
from rules.predicate import predicate
from rules.sigma.model import Rule

KEYWORDS_IN: Final = "everything"  #: the column that rules with keywords search


@dataclass(frozen=True, slots=True)
class Query:
    """A rule as SQL: one statement for each of its conditions."""

    statements: tuple[str, ...]
    fields: frozenset[str]  #: that the rule asks for


def query_of(text: str) -> Query:
    """What the backend makes of a rule's YAML.

    Raises:
        SigmaError: SQL cannot ask for it.
    """
    backend = sqliteBackend(fulltext_field=KEYWORDS_IN)  # type: ignore[no-untyped-call]
    rules = SigmaCollection.from_yaml(text)
    statements = tuple(backend.convert(rules))
    fields = backend.required_fields(rules.rules[0])  # type: ignore[no-untyped-call]
    return Query(statements, frozenset(fields))


class Table:
    """Events as rows, to be asked; the number of a row is the index of its event."""

    def __init__(self, events: Sequence[Event], queries: Iterable[Query]) -> None:
        """*queries*: what will be asked, since SQLite knows only fields that have a column."""
        asked = (field for query in queries for field in sorted(query.fields))
        names = (*(field for event in events for field in event.fields), *asked, KEYWORDS_IN)
        self.columns = {name.lower(): name for name in reversed(names)}  # SQLite knows names without regard to case
        self.connection = sqlite3.connect(":memory:")
        self.connection.create_function("regexp", 2, _regexp, deterministic=True)
        columns = ", ".join(f"{_quoted(name)} {_affinity(name, events)}" for name in self.columns.values())
        self.connection.execute(f"CREATE TABLE logs ({columns})")
        for number, event in enumerate(events):
            self._insert(number, event)

    def __enter__(self) -> "Table":
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def _insert(self, number: int, event: Event) -> None:
        row = {"rowid": number, KEYWORDS_IN: "\n".join((event.text, *_words(event.fields.values())))}
        row |= {self.columns[name.lower()]: _stored(value) for name, value in event.fields.items()}
        places = ", ".join("?" * len(row))
        self.connection.execute(
            f"INSERT INTO logs ({', '.join(map(_quoted, row))}) VALUES ({places})", list(row.values())
        )

    def matched(self, query: Query) -> frozenset[int]:
        """Which events the rule matches, says SQLite."""
        return frozenset(
            number
            for statement in query.statements
            for (number,) in self.connection.execute(statement.replace("SELECT *", "SELECT rowid", 1))
        )


def ours(rule: Rule, events: Sequence[Event]) -> frozenset[int]:
    """Which events the rule matches, say the plain evaluator and the function that the daemon runs."""
    found = frozenset(number for number, event in enumerate(events) if holds(rule.condition, event))
    decides = predicate(rule.condition)
    assert found == {number for number, event in enumerate(events) if decides(event)}
    return found


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _affinity(name: str, events: Sequence[Event]) -> str:
    """Numbers compare as numbers only in a column that holds nothing else."""
    held = [value for event in events if (value := event.fields.get(name)) is not None]
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in held)
    return "NUMERIC" if held and numbers else "TEXT COLLATE NOCASE"


def _stored(value: Any) -> str | int | float | None:
    """What a cell holds. A row has no place for several values: they stand flat under names of their own."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str | int | float) else None


def _words(values: Iterable[Any]) -> list[str]:
    return [str(stored) for value in values if (stored := _stored(value)) is not None]


def _regexp(pattern: str, value: Any) -> bool:
    return value is not None and re2.search(pattern, str(value)) is not None
