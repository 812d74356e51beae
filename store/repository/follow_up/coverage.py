"""The coverage log: one row for each time that something was alive, extended while it is."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Row, select

from store.coverage import Alive, Around, Kind, around, digest
from store.tables import coverage, rule_set
from store.tx import Tx
from store.upsert import insert
from store.watch import Span

#: Why a row ended that nobody ended.
CRASHED = "the daemon ended without a word"


def seen(tx: Tx, alive: Iterable[Alive]) -> None:
    """Extend what goes on, begin what is new. Nothing is ever taken back."""
    for one in alive:
        mine = (*_of(one.kind, one.name), coverage.c.ended.is_(None))
        going_on = tx.connection.execute(select(coverage.c.id, coverage.c.until).where(*mine)).first()
        if going_on is None:
            row = {"kind": one.kind.value, "name": one.name, "start": one.start, "until": one.until}
            tx.connection.execute(coverage.insert().values(**row))
        elif going_on.until < one.until:
            extended = coverage.update().where(coverage.c.id == going_on.id).values(until=one.until)
            tx.connection.execute(extended)


def end(tx: Tx, kind: Kind, name: str, why: str) -> None:
    """It was alive no longer than it was last seen."""
    going_on = (*_of(kind, name), coverage.c.ended.is_(None))
    tx.connection.execute(coverage.update().where(*going_on).values(ended=why))


def end_other_rules(tx: Tx, name: str, why: str) -> None:
    """The same for all sets of rules but the one with the digest *name*."""
    others = (coverage.c.kind == Kind.RULES.value, coverage.c.name != name, coverage.c.ended.is_(None))
    tx.connection.execute(coverage.update().where(*others).values(ended=why))


def end_all(tx: Tx, why: str) -> None:
    """The same for everything that goes on."""
    tx.connection.execute(coverage.update().where(coverage.c.ended.is_(None)).values(ended=why))


def keep_rules(tx: Tx, versions: Mapping[str, str]) -> None:
    """Keep what a set of rules consists of.

    Args:
        versions: Version by rule id.
    """
    name = digest(versions)
    rows = [{"digest": name, "rule": rule, "version": version} for rule, version in versions.items()]
    known = tx.connection.execute(select(rule_set.c.digest).where(rule_set.c.digest == name).limit(1)).first()
    if rows and known is None:
        tx.connection.execute(insert(tx.connection, rule_set).on_conflict_do_nothing(), rows)


def of_source(connection: Connection, source: str, window: Span | None = None) -> list[Alive]:
    """When *source* was alive, as far as it meets *window*; oldest first."""
    return _log(connection, window, *_of(Kind.SOURCE, source))


def of_rule(
    connection: Connection, rule_id: str, window: Span | None = None, *, version: str | None = None
) -> list[Alive]:
    """When *rule_id* was loaded: in any version, or in *version* alone."""
    this = () if version is None else (rule_set.c.version == version,)
    sets = select(rule_set.c.digest).where(rule_set.c.rule == rule_id, *this)
    return _log(connection, window, coverage.c.kind == Kind.RULES.value, coverage.c.name.in_(sets))


def log(connection: Connection, window: Span | None = None, *, kind: Kind | None = None) -> list[Alive]:
    """Everything that meets *window*, oldest first."""
    return _log(connection, window, *(() if kind is None else (coverage.c.kind == kind.value,)))


def versions_at(connection: Connection, moment: datetime, rule_ids: Collection[str]) -> dict[str, str]:
    """In which versions rules were loaded at *moment*; if nothing was then, when something was loaded next, or last."""
    found = around(moment, log(connection, kind=Kind.RULES))
    alive = found.at or found.after or found.before
    rules = rules_in(connection, alive.name) if alive else {}
    return {rule_id: rules[rule_id] for rule_id in rule_ids if rule_id in rules}


def rules_in(connection: Connection, name: str) -> dict[str, str]:
    """The rules of the set with the digest *name*: version by rule id."""
    rows = connection.execute(select(rule_set.c.rule, rule_set.c.version).where(rule_set.c.digest == name))
    return {row.rule: row.version for row in rows}


def rules_now(connection: Connection) -> dict[str, str]:
    """The rules that are in force, or were last: version by id; empty if none ever were."""
    newest = max(log(connection, kind=Kind.RULES), key=lambda one: one.until, default=None)
    return rules_in(connection, newest.name) if newest else {}


def at(connection: Connection, moment: datetime, source: str, rule_id: str | None = None) -> tuple[Around, Around]:
    """What is known of *source*, and of the rules (or of *rule_id* alone), at *moment*."""
    rules = log(connection, kind=Kind.RULES) if rule_id is None else of_rule(connection, rule_id)
    return around(moment, of_source(connection, source)), around(moment, rules)


def known_sources(connection: Connection) -> list[str]:
    """Names of all sources that were ever alive."""
    names = select(coverage.c.name).where(coverage.c.kind == Kind.SOURCE.value).distinct().order_by(coverage.c.name)
    return list(connection.execute(names).scalars())


def _of(kind: Kind, name: str) -> tuple[ColumnElement[bool], ...]:
    return coverage.c.kind == kind.value, coverage.c.name == name


def _log(connection: Connection, window: Span | None, *wanted: ColumnElement[bool]) -> list[Alive]:
    met = () if window is None else (coverage.c.start <= window.end, coverage.c.until >= window.start)
    rows: Sequence[Row[tuple[object, ...]]] = connection.execute(
        select(coverage).where(*wanted, *met).order_by(coverage.c.start, coverage.c.id)
    ).all()
    return [
        Alive(kind=Kind(row.kind), name=row.name, start=row.start, until=row.until, ended=row.ended) for row in rows
    ]
