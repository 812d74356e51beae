"""What routes and silences look at, of many incidents with a few questions: in a storm there are thousands."""

from collections.abc import Collection

from sqlalchemy import Connection, select

from store.forms import FormName
from store.incident import RuleTally
from store.repository.incident import incidents
from store.repository.incident.incidents import IncidentView
from store.repository.record import records
from store.repository.record.evidence import of_rules
from store.tables import entity, evidence, form, incident, tally


def views(connection: Connection, numbers: Collection[int]) -> dict[int, IncidentView]:
    """Records with what hangs on them, by number, as `incidents.get` gives each."""
    wanted = list(numbers)
    rows = connection.execute(select(incident).where(incident.c.number.in_(wanted)))
    known = {one.number: one for one in map(records.from_row, rows)}
    entities = incidents.entities_of(connection, wanted)
    tallies: dict[int, list[RuleTally]] = {}
    columns = tuple(column for column in tally.c if column.name != "incident")
    counted = select(tally.c.incident, *columns).where(tally.c.incident.in_(wanted))
    for number, *values in connection.execute(counted.order_by(tally.c.first_seen, tally.c.rule_id)):
        named = {column.name: value for column, value in zip(columns, values, strict=True)}
        tallies.setdefault(number, []).append(RuleTally(**named))
    sources: dict[int, list[str]] = {}
    read = select(evidence.c.incident, evidence.c.source).where(evidence.c.incident.in_(wanted), of_rules())
    for number, source in connection.execute(read.distinct().order_by(evidence.c.source)):
        sources.setdefault(number, []).append(source)
    return {
        number: IncidentView(
            incident=one,
            entities=tuple(entities.get(number, ())),
            tallies=tuple(sorted(tallies.get(number, ()), key=lambda each: each.rule_id != one.rule_id)),
            sources=tuple(sources.get(number, ())),
        )
        for number, one in known.items()
    }


def may_involve(connection: Connection, numbers: Collection[int]) -> frozenset[int]:
    """Of these, the records in which somebody could be involved: with an account, a report, or another merged in."""
    wanted = list(numbers)
    accounts = select(entity.c.incident).where(entity.c.incident.in_(wanted), entity.c.kind == "account")
    reports = select(form.c.incident).where(form.c.incident.in_(wanted), form.c.form == FormName.REPORT)
    merged = select(incident.c.merged_into).where(incident.c.merged_into.in_(wanted))
    return frozenset(connection.execute(accounts.union(reports, merged)).scalars())
