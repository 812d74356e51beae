"""Conflicts of interest: whoever is involved in a record writes nothing into it.

`check` is called where entries of timelines are written, and each change of a record writes one: nothing passes it by.
"""

from collections.abc import Collection, Iterator

from sqlalchemy import Connection, select

from store import acts, audit, form_version
from store.errors import ActNotAllowed
from store.form_version import FormVersion
from store.forms import FormName
from store.four_eyes import conflict_of_interest, named_in, persons_in_conflict
from store.incident import Actor, ActorKind, EntryKind, Incident
from store.people import Person, Role
from store.repository.record import records
from store.tables import entity, form, form_answer, person
from store.tables import timeline as entries


def of(connection: Connection, number: int) -> frozenset[str]:
    """Ids of the persons who may do nothing on a record: whoever is involved, unless its four eyes are waived."""
    found = involved(connection, number)
    return frozenset() if found and is_waived(connection, number) else found


def involved(connection: Connection, number: int) -> frozenset[str]:
    """Ids of the persons whom the report of a record names as involved, and of those of whom an account is an entity
    of it; those of records that were merged into it too.
    """
    numbers = records.carried(connection, number)
    said = [text for one in numbers for text in _individuals(connection, one)]
    named = connection.execute(
        select(entity.c.kind, entity.c.value).where(entity.c.incident.in_(numbers), entity.c.kind == "account")
    )
    accounts = [(row.kind, row.value) for row in named]
    if not said and not accounts:
        return frozenset()
    everybody = _everybody(connection)
    by_person = {one.id: one.accounts for one in everybody}
    return persons_in_conflict(named_in(said, everybody), by_person, accounts)


def check(connection: Connection, number: int, actor: Actor) -> bool:
    """Raise if *actor* is a person who may do nothing on a record.

    Returns:
        Whether they may only because four eyes are waived.

    Raises:
        ActNotAllowed: ``conflict_of_interest``.
    """
    if actor.kind is not ActorKind.PERSON or actor.id not in involved(connection, number):
        return False
    if is_waived(connection, number):
        return True
    refused = conflict_of_interest(actor.id)
    raise ActNotAllowed(
        refused.code, f"INC-{number}: {refused.reason}; if nobody else is there, an approver can waive its four eyes"
    )


def allowed(connection: Connection, record: Incident, person_id: str, roles: Collection[Role]) -> tuple[str, ...]:
    """What a person with *roles* may do to *record* now: acts, then moves; nothing for whoever is involved."""
    if person_id in of(connection, record.number):
        return ()
    return acts.allowed(record, roles)


def is_waived(connection: Connection, number: int) -> bool:
    """Whether a person waived the four eyes of a record in its present cycle."""
    waivers = connection.execute(
        select(entries.c.entry).where(entries.c.incident == number, entries.c.kind == EntryKind.WAIVED)
    )
    cycles = {audit.unseal(entry).facts.get("cycle") for entry in waivers.scalars()}
    return bool(cycles) and records.load(connection, number).cycle in cycles


def _everybody(connection: Connection) -> list[Person]:
    """All persons, those without access too, as far as it takes to know them by name."""
    rows = connection.execute(select(person.c.id, person.c.name, person.c.email, person.c.accounts))
    return [Person(roles=frozenset(), **row._mapping) for row in rows]


def _individuals(connection: Connection, number: int) -> Iterator[str]:
    """Whom the report of a record names as involved."""
    version = _report(connection, number)
    answer = version.answers.get("individuals") if version else None
    rows = answer.value if answer is not None and isinstance(answer.value, list) else ()
    return (str(row.get("person", "")) for row in rows if isinstance(row, dict))


def _report(connection: Connection, number: int) -> FormVersion | None:
    """The report as it was saved last."""
    mine = (form.c.incident == number, form.c.form == FormName.REPORT)
    content = connection.execute(select(form.c.content).where(*mine).order_by(form.c.version.desc()).limit(1)).scalar()
    if content is None:
        return None
    kept = select(form_answer).where(
        form_answer.c.incident == number, form_answer.c.form == FormName.REPORT, form_answer.c.field == "individuals"
    )
    answers = {row.commitment: audit.Salted(value=row.answer, salt=row.salt) for row in connection.execute(kept)}
    return form_version.read(content, answers)
