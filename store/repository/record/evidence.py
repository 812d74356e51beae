"""The lines that made a record: of each rule the first and the last."""

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, func, select

from rules.finding import Evidence
from store.evidence import FIRST, LAST
from store.tables import evidence
from store.tx import Tx
from store.upsert import insert

_OF_PERSONS = ""  #: in the place of the rule, where a person added it
_FIELDS = ("source", "origin", "line", "offset", "time", "text", "sha256")
_ORDER = tuple(evidence.c[name] for name in ("time", "line", "offset", "source", "origin", "sha256"))


def add(tx: Tx, lines: Mapping[tuple[int, str], Sequence[Evidence]]) -> None:
    """Keep lines by record and rule that are not kept yet, then drop what is neither among the first nor the last."""
    rows = [
        {"incident": number, "rule_id": rule_id} | {name: getattr(line, name) for name in _FIELDS}
        for (number, rule_id), found in lines.items()
        for line in found
    ]
    if not rows:
        return
    tx.connection.execute(insert(tx.connection, evidence).on_conflict_do_nothing(), rows)
    of_rule = (evidence.c.incident, evidence.c.rule_id)
    many = (
        select(*of_rule)
        .where(evidence.c.incident.in_({number for number, _ in lines}), evidence.c.rule_id != _OF_PERSONS)
        .group_by(*of_rule)
        .having(func.count() > FIRST + LAST)
    )
    for number, rule_id in tx.connection.execute(many).all():
        _drop_between(tx, number, rule_id)


def add_by_person(tx: Tx, number: int, entry: int, person: str, *, text: str, sha256: str) -> None:
    """Keep what a person added with timeline entry *entry*; such lines are never dropped for others."""
    row = {"source": f"person:{person}", "origin": _origin(number, entry), "line": entry, "offset": 0}
    row |= {"time": tx.now, "text": text, "sha256": sha256}
    tx.connection.execute(evidence.insert().values(incident=number, rule_id=_OF_PERSONS, **row))


def forget(tx: Tx, number: int, entry: int) -> None:
    """The text of what was added with timeline entry *entry* is redacted: here too, and wherever it was merged into."""
    tx.connection.execute(
        evidence.update()
        .where(evidence.c.rule_id == _OF_PERSONS, evidence.c.origin == _origin(number, entry))
        .values(text="")
    )


def _origin(number: int, entry: int) -> str:
    return f"INC-{number} entry {entry}"


def _drop_between(tx: Tx, number: int, rule_id: str) -> None:
    ranked = (
        select(
            evidence.c.id,
            func.row_number().over(order_by=_ORDER).label("first"),
            func.row_number().over(order_by=[column.desc() for column in _ORDER]).label("last"),
        )
        .where(evidence.c.incident == number, evidence.c.rule_id == rule_id)
        .subquery()
    )
    between = select(ranked.c.id).where(ranked.c.first > FIRST, ranked.c.last > LAST)
    tx.connection.execute(evidence.delete().where(evidence.c.id.in_(between)))


def of(connection: Connection, number: int) -> list[Evidence]:
    """The lines of a record, by time."""
    columns = [evidence.c[name] for name in _FIELDS]
    rows = connection.execute(select(*columns).where(evidence.c.incident == number).order_by(*_ORDER, evidence.c.id))
    return list(dict.fromkeys(Evidence(**row._mapping) for row in rows))


def of_rules() -> ColumnElement[bool]:
    """Whether rules found a line, not a person."""
    return evidence.c.rule_id != _OF_PERSONS


def sources_of(connection: Connection, number: int) -> tuple[str, ...]:
    """Names of the sources whose lines made a record."""
    read = (evidence.c.incident == number, of_rules())
    rows = connection.execute(select(evidence.c.source).where(*read).distinct().order_by(evidence.c.source))
    return tuple(row.source for row in rows)
