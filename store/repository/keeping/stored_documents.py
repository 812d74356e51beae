"""Forms, actions and dossiers as they lie in their tables, for an examination that trusts no row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sqlalchemy import Column, Connection, Table, select

from store import examine_documents
from store.examine import Fault, Said
from store.examine_documents import ACTION, DOSSIER, FORM, Document, Shelved, Sort, Text
from store.tables import action, action_text, dossier, form, form_answer


class Rows(Protocol):
    """Gives rows in windows of numbers, each value as the database holds it."""

    def rows(self, table: Table, by: Column[Any], start: int, *names: str) -> list[Any]:
        """The columns *names* of the rows whose number *by* is in the window that begins at *start*."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """Where documents of one sort lie, and the texts that they commit to."""

    sort: Sort
    table: Table
    name: str  #: column
    version: str | None  #: column
    beside: tuple[str, ...]  #: columns that repeat what the bytes say, under the names they have there
    texts: Table | None = None
    text_name: str = ""  #: column
    text: str = ""  #: column


SHELVES: Final = (
    Shelf(
        sort=FORM,
        table=form,
        name="form",
        version="version",
        beside=("incident", "form", "version", "cycle", "author_kind", "author_id", "at"),
        texts=form_answer,
        text_name="form",
        text="answer",
    ),
    Shelf(
        sort=ACTION,
        table=action,
        name="number",
        version="version",
        beside=("incident", "number", "version", "state", "kind", "owner", "due"),
        texts=action_text,
        text_name="action",
        text="text",
    ),
    Shelf(sort=DOSSIER, table=dossier, name="number", version=None, beside=("incident", "cycle")),
)
TABLES: Final = tuple(table for shelf in SHELVES for table in (shelf.table, shelf.texts) if table is not None)


def faults(record: int, stored: Sequence[Shelved], said: Sequence[Said]) -> Iterator[Fault]:
    """What is wrong with the documents of one record, those included that are all gone."""
    there = {one.sort.what: one for one in stored}
    for shelf in SHELVES:
        one = there.get(shelf.sort.what, Shelved(sort=shelf.sort, documents=[], texts=[]))
        yield from examine_documents.faults(one.sort, record, one.documents, one.texts, said)


def of(seen: Rows, start: int) -> dict[int, list[Shelved]]:
    """The documents of each record whose number is in the window that begins at *start*; of each sort, if any is."""
    found: dict[int, list[Shelved]] = {}
    for shelf in SHELVES:
        documents, texts = dict(_documents(seen, shelf, start)), dict(_texts(seen, shelf, start))
        for number in documents.keys() | texts.keys():
            one = Shelved(sort=shelf.sort, documents=documents.get(number, []), texts=texts.get(number, []))
            found.setdefault(number, []).append(one)
    return found


def of_record(connection: Connection, number: int) -> list[Shelved]:
    """The documents of one record, for an export."""
    return of(_One(connection), number).get(number, [])


class _One:
    """Gives the rows of the one number."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, table: Table, by: Column[Any], start: int, *names: str) -> list[Any]:
        return list(self._connection.execute(select(*(table.c[name] for name in names)).where(by == start)))


def _documents(seen: Rows, shelf: Shelf, start: int) -> Iterator[tuple[int, list[Document]]]:
    found: dict[int, list[Document]] = {}
    columns = dict.fromkeys((*shelf.beside, shelf.name, *filter(None, (shelf.version,)), "content", "hash"))
    for row in seen.rows(shelf.table, shelf.table.c.incident, start, *columns):
        told = dict(zip(columns, row, strict=True))
        one = Document(
            name=told[shelf.name],
            version=told[shelf.version] if shelf.version else None,
            columns={name: told[name] for name in shelf.beside},
            content=told["content"],
            hash=told["hash"],
        )
        found.setdefault(told["incident"], []).append(one)
    for number, documents in found.items():
        yield number, sorted(documents, key=lambda one: (str(one.name), str(one.version).rjust(20)))


def _texts(seen: Rows, shelf: Shelf, start: int) -> Iterator[tuple[int, list[Text]]]:
    if shelf.texts is None:
        return
    found: dict[int, list[Text]] = {}
    columns = ("incident", shelf.text_name, "commitment", "field", "salt", shelf.text)
    for number, *row in seen.rows(shelf.texts, shelf.texts.c.incident, start, *columns):
        found.setdefault(number, []).append(Text(*row))
    yield from found.items()
