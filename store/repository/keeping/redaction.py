"""Text taken out of a record for good: a value of an entry, what was answered to a field, a text of an action, a line.

What was hashed stays, so chain, forms and signatures still verify; a tombstone says who did it, when and why.
"""

from dataclasses import dataclass

from sqlalchemy import func, or_, select

from store import acts, process
from store.errors import ActNotAllowed, NotFound
from store.forms import FormName
from store.incident import Actor, EntryKind, Fact, Incident, NewEntry
from store.repository.dossier import actions, forms
from store.repository.incident.acts import Done, finished
from store.repository.keeping import holds
from store.repository.people import persons
from store.repository.record import records, timeline
from store.tables import delivery, evidence, exception, idempotency, improvement, incident, value, watch
from store.tx import Tx

#: What stands where a text was.
REDACTED = "(redacted)"
#: What a request gets that is repeated after its answer held a text that was redacted since.
_KEPT_NO_MORE = b'{"redacted":true}'
#: Columns that say again, word for word, what a value of the timeline says: of which record, and what.
REPEATING = (
    (incident.c.number, incident.c.title),
    *((watch.c.incident, watch.c[name]) for name in ("criterion", "tried_how", "tried_evidence", "accepted_reason")),
    *((improvement.c.incident, improvement.c[name]) for name in ("item", "outcome")),
    *((exception.c.incident, exception.c[name]) for name in ("text", "title", "reason")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InEntry:
    """A value of a timeline entry."""

    entry: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InForm:
    """All that was ever answered to a field of a form."""

    form: FormName
    field: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InAction:
    """All that ever stood in a field of an action."""

    action: int
    field: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InLine:
    """A line of evidence; its place and hash stay."""

    origin: str
    line: int


Place = InEntry | InForm | InAction | InLine


def redact(tx: Tx, number: int, actor: Actor, place: Place, *, reason: str, via: str) -> Done:
    """Delete what stands in *place*, and its salt, for ever.

    Raises:
        NotFound: Nothing stands there; it may have been redacted before.
        ActNotAllowed: *actor* may not, a legal hold forbids it (``held``), or no reason is given.
    """
    record = records.load(tx.connection, number)
    roles = persons.roles_of(tx.connection, actor)
    with acts.telling_what_is_allowed(record, roles):
        process.check_act(record, process.ACTS["redact"], by=actor, roles=roles)
        holds.check_free(tx.connection, record)
        if not reason.strip():
            raise ActNotAllowed("reason_required", "say why it is redacted: the reason stays", missing=("reason",))
    match place:
        case InEntry():
            _value(tx, record, place, actor, reason, via)
        case InForm():
            forms.redact(tx, number, place.form, place.field, by=actor, reason=reason, via=via)
        case InAction():
            actions.redact(tx, number, place.action, place.field, by=actor, reason=reason, via=via)
        case InLine():
            _line(tx, number, place, actor, reason, via)
    forget_copies(tx, number)
    return finished(tx, records.load(tx.connection, number), actor)


def forget_copies(tx: Tx, number: int) -> None:
    """Clear where the same words may stand beside the record: messages that were sent, answers kept for repetitions."""
    sent = (delivery.c.incident == number, delivery.c.finished_at.is_not(None))
    tx.connection.execute(delivery.update().where(*sent).values(title="", body=""))
    about = func.lower(idempotency.c.route) + "/"
    ways = [about.contains(f"/incidents/{name}/", autoescape=True) for name in (str(number), f"inc-{number}")]
    tx.connection.execute(idempotency.update().where(or_(*ways)).values(answer=_KEPT_NO_MORE))


def _value(tx: Tx, record: Incident, place: InEntry, actor: Actor, reason: str, via: str) -> None:
    """A value, and where the record says it again."""
    of_it = (value.c.incident == record.number, value.c.seq == place.entry, value.c.name == place.name)
    text = tx.connection.execute(select(value.c.value).where(*of_it)).scalar_one_or_none()
    timeline.redact(tx, record.number, place.entry, place.name, by=actor, reason=reason, via=via)
    for owner, column in REPEATING if text is not None else ():
        again = column.table.update().where(owner == record.number, column == text)
        tx.connection.execute(again.values({column: REDACTED}))
    if text is not None and text == ", ".join(f"{name}={part}" for name, part in record.group):
        tx.connection.execute(incident.update().where(incident.c.number == record.number).values(group=()))


def _line(tx: Tx, number: int, place: InLine, actor: Actor, reason: str, via: str) -> None:
    of_it = (evidence.c.incident == number, evidence.c.origin == place.origin, evidence.c.line == place.line)
    gone = tx.connection.execute(
        evidence.update().where(*of_it, evidence.c.text != REDACTED).values(text=REDACTED)
    ).rowcount
    if not gone:
        raise NotFound(f"INC-{number} has no line {place.origin}:{place.line}; it may have been redacted before")
    facts: dict[str, Fact] = {"origin": place.origin, "line": place.line, "reason": reason}
    timeline.append(tx, number, NewEntry(kind=EntryKind.REDACTED, actor=actor, facts=facts, via=via))
