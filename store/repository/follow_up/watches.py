"""The watches of an incident, as they are kept."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select

from store.errors import NotFound
from store.incident import Actor, EntryKind, Fact, Incident, NewEntry
from store.promise import Promise
from store.repository.follow_up import coverage
from store.repository.record import timeline
from store.tables import evidence, tally, watch
from store.tx import Tx
from store.watch import Judgement, Trial, Verdict

_PLAIN = (
    "incident",
    "number",
    "cycle",
    "action",
    "criterion",
    "rules",
    "scope",
    "sources",
    "at_most",
    "hours",
    "planned_by",
    "planned_at",
    "versions",
    "start",
    "until",
    "extended",
    "before_matches",
    "before_hours",
    "after_matches",
    "after_hours",
    "ended_at",
    "accepted_by",
    "accepted_reason",
    "accepted_at",
    "retired_at",
)


def of(connection: Connection, number: int) -> tuple[Promise, ...]:
    """All watches that an incident ever had, oldest first."""
    rows = connection.execute(select(watch).where(watch.c.incident == number).order_by(watch.c.number))
    return tuple(from_row(row) for row in rows)


def current(connection: Connection, record: Incident) -> tuple[Promise, ...]:
    """The watches that decide whether *record* can be closed."""
    return tuple(one for one in of(connection, record.number) if one.counts and one.cycle == record.cycle)


def get(connection: Connection, number: int, which: int) -> Promise:
    """One watch of an incident.

    Raises:
        NotFound: There is none.
    """
    row = connection.execute(select(watch).where(watch.c.incident == number, watch.c.number == which)).first()
    if row is None:
        raise NotFound(f"INC-{number} has no watch {which}")
    return from_row(row)


def next_number(connection: Connection, number: int) -> int:
    """The number of the next watch of an incident."""
    last = connection.execute(select(func.max(watch.c.number)).where(watch.c.incident == number)).scalar()
    return (last or 0) + 1


def add(tx: Tx, made: Promise, actor: Actor, via: str = "") -> None:
    """Keep a new watch and tell of it."""
    tx.connection.execute(watch.insert().values(**_row(made)))
    facts: dict[str, Fact] = {
        "what": "planned",
        "rules": ", ".join(made.rules),
        "sources": ", ".join(made.sources),
        "at_most": made.at_most,
        "hours": f"{made.hours:g}",
    }
    facts |= {"action": made.action} if made.action is not None else {}
    scope = ", ".join(f"{one.kind} {one.value}" for one in made.scope)
    write(tx, made, EntryKind.WATCHING, actor, facts, via, {"criterion": made.criterion, "scope": scope})


def change(tx: Tx, after: Promise) -> None:
    """Keep a watch as it is now."""
    mine = (watch.c.incident == after.incident, watch.c.number == after.number)
    tx.connection.execute(watch.update().where(*mine).values(**_row(after)))


def write(
    tx: Tx,
    of_watch: Promise,
    kind: EntryKind,
    actor: Actor,
    facts: dict[str, Fact],
    via: str = "",
    values: dict[str, str] | None = None,
) -> None:
    """Tell of a watch in the timeline."""
    told = {name: value for name, value in (values or {}).items() if value}
    entry = NewEntry(kind=kind, actor=actor, facts={"watch": of_watch.number} | facts, values=told, via=via)
    timeline.append(tx, of_watch.incident, entry)


def judged_facts(one: Promise) -> dict[str, Fact]:
    """What the timeline says of a verdict. The numbers stay for ever; who tried it stands in an entry of its own."""
    assert one.judgement is not None
    return {
        "verdict": one.judgement.verdict.value,
        "before": one.before_matches,
        "before_hours": f"{one.before_hours or 0:.4g}",
        "matches": one.after_matches,
        "exposed_hours": f"{one.after_hours or 0:.4g}",
        "expected": f"{one.judgement.expected:.4g}",
        "p": f"{one.judgement.p:.4g}",
    }


def rules_of(connection: Connection, number: int) -> list[str]:
    """Rules whose findings are in an incident."""
    return list(
        connection.execute(
            select(tally.c.rule_id).where(tally.c.incident == number).order_by(tally.c.rule_id)
        ).scalars()
    )


def sources_of(connection: Connection, number: int, rules: Sequence[str]) -> tuple[str, ...]:
    """Sources in which *rules* matched for an incident; where they did not, all that there are."""
    found = select(evidence.c.source).where(evidence.c.incident == number, evidence.c.rule_id.in_(rules)).distinct()
    return tuple(sorted(connection.execute(found).scalars()) or (coverage.known_sources(connection) if rules else ()))


def from_row(row: Row[Any]) -> Promise:
    """The watch in a row of its table."""
    trial = judgement = None
    if row.tried_by is not None:
        trial = Trial(by=row.tried_by, how=row.tried_how, evidence=row.tried_evidence)
    if row.verdict is not None:
        judgement = Judgement(verdict=Verdict(row.verdict), expected=row.expected, p=row.p, sentence=row.sentence)
    return Promise(**{name: getattr(row, name) for name in _PLAIN}, trial=trial, judgement=judgement)


def _row(one: Promise) -> dict[str, Any]:
    trial, judged = one.trial, one.judgement
    return {name: getattr(one, name) for name in _PLAIN} | {
        "tried_by": trial.by if trial else None,
        "tried_how": trial.how if trial else None,
        "tried_evidence": trial.evidence if trial else None,
        "verdict": judged.verdict.value if judged else None,
        "sentence": judged.sentence if judged else None,
        "expected": judged.expected if judged else None,
        "p": judged.p if judged else None,
    }
