"""What stands in the forms of an incident: read, save as a new version, redact.

A form that nobody has saved yet shows what can be prefilled now; nothing is written by looking. The first save keeps
it, and so does `keep` before a dossier is frozen.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, select

from store import audit, form_edit, form_version
from store import forms as asked
from store.answers import Answer, Answers
from store.errors import NotFound
from store.form_version import CARRIED, FormVersion, Written
from store.forms import FORMS, Form, FormName, Forms
from store.incident import DAEMON, Actor, EntryKind, Fact, Incident, NewEntry, SourceKind
from store.people import Role
from store.prefill import Known, goes_on, prefill
from store.repository.dossier import reviews, voiding
from store.repository.incident import classification, incidents
from store.repository.people import persons
from store.repository.record import conflicts, records, timeline
from store.tables import form, form_answer
from store.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class FormView:
    """A form as it stands now."""

    form: Form
    version: int  #: its ETag; 0: nobody has saved it
    author: Actor | None  #: who saved it last; None: nobody
    at: datetime | None
    answers: Mapping[str, Answer]  #: what was saved, and what can be prefilled now
    by: Mapping[str, str]  #: field to person id of who wrote or confirmed it; "": the daemon
    redacted: tuple[str, ...]  #: fields whose answer was taken away for good
    reviewed: int = 0  #: version that was reviewed last, in this cycle; 0: none was, or it is no report


def view(connection: Connection, number: int, name: FormName, forms: Forms = FORMS) -> FormView:
    """One form of an incident.

    Raises:
        NotFound: There is no such incident.
    """
    known = _known(connection, number)
    return _with_review(connection, known, _view(forms[name], latest(connection, number, name), known))


def views(connection: Connection, number: int, forms: Forms = FORMS) -> dict[FormName, FormView]:
    """All forms of an incident.

    Raises:
        NotFound: There is no such incident.
    """
    known = _known(connection, number)
    shown = (_view(forms[name], latest(connection, number, name), known) for name in forms)
    return {view.form.name: _with_review(connection, known, view) for view in shown}


def latest(connection: Connection, number: int, name: FormName) -> FormVersion | None:
    """The newest version that was saved, of whatever cycle; None: none was."""
    row = connection.execute(
        select(form.c.content)
        .where(form.c.incident == number, form.c.form == name)
        .order_by(form.c.version.desc())
        .limit(1)
    ).first()
    return form_version.read(row.content, _kept(connection, number, [name])) if row else None


def standing(connection: Connection, number: int) -> list[FormVersion]:
    """What stands in each form of the incident's present cycle, for the dossier; forms never saved are left out."""
    cycle = records.load(connection, number).cycle
    found = (latest(connection, number, name) for name in FormName)
    return [one for one in found if one is not None and _stands(one, cycle)]


def history(connection: Connection, number: int) -> list[FormVersion]:
    """Every version of every form, oldest first."""
    kept = _kept(connection, number, FormName)
    rows = connection.execute(
        select(form.c.content).where(form.c.incident == number).order_by(form.c.at, form.c.form, form.c.version)
    )
    return [form_version.read(row.content, kept) for row in rows]


def save(
    tx: Tx,
    number: int,
    name: FormName,
    changes: Mapping[str, Answer | None],
    *,
    expected: int,
    by: Actor,
    via: str,
    confirmed: Iterable[str] = (),
    forms: Forms = FORMS,
    roles: Collection[Role] | None = None,
) -> FormView:
    """Save a person's edit as a new version, and tell the timeline which fields it changed.

    Args:
        changes: New answers by field; None takes one away. Fields that are not named stay as they are.
        expected: The version that the person had before them; 0: none.
        confirmed: Fields whose prefilled answer the person confirms.
        roles: In which they write; None: in their own.

    Raises:
        NotFound: There is no such incident.
        ActNotAllowed: It is closed, *by* is no person with the role, or answers are wrong (all of them are named).
        StaleVersion: Somebody saved the form meanwhile.
    """
    known = _known(tx.connection, number)
    record = known.incident
    form_edit.check_writer(record, forms[name], by, persons.roles_of(tx.connection, by) if roles is None else roles)
    before = latest(tx.connection, number, name)
    form_edit.check_version(record, name, before, expected)
    active = {person.id for person in persons.all_of(tx.connection) if person.disabled_at is None}
    form_edit.check_answers(forms[name], changes, confirmed, active)
    changes = {field: form_edit.by_hand(answer) for field, answer in changes.items()}
    form_edit.check_decision(record, name, changes)
    seen = _view(forms[name], before, known).answers
    answers = asked.edited(seen, changes, confirmed=confirmed)
    if before is None or answers != before.answers or not _stands(before, record.cycle):
        _write(tx, record, name, before, answers, by=by, via=via, dropped=changes)
    _follow(tx, record, name, seen, answers, by=by, via=via)
    voiding.after_edit(tx, number, by=by, via=via)
    return view(tx.connection, number, name, forms)


def keep(tx: Tx, number: int, forms: Forms = FORMS) -> None:
    """Save what is prefilled in each form, so that it can be frozen. What is saved already is left alone."""
    known = _known(tx.connection, number)
    for name in forms:
        before = latest(tx.connection, number, name)
        answers = _view(forms[name], before, known).answers
        if answers and (before is None or answers != before.answers):
            _write(tx, known.incident, name, before, answers, by=DAEMON, via="")


def redact(tx: Tx, number: int, name: FormName, field: str, *, by: Actor, reason: str, via: str = "") -> None:
    """Delete all that was ever answered to a field, with the salts, for ever. Hashes and signatures hold.

    Raises:
        NotFound: Nothing stands in that field, in no version.
    """
    conflicts.check(tx.connection, number, by)  # before it can take the very trace of a conflict away
    of_it = (form_answer.c.incident == number, form_answer.c.form == name, form_answer.c.field == field)
    before = latest(tx.connection, number, name)
    gone = tx.connection.execute(form_answer.delete().where(*of_it)).rowcount
    if before is None or not gone:
        raise NotFound(f"INC-{number} has no answer in {name}.{field}; it may have been redacted before")
    facts: dict[str, Fact] = {"form": name.value, "field": field, "version": before.version, "answers": gone}
    timeline.append(tx, number, NewEntry(kind=EntryKind.REDACTED, actor=by, facts=facts | {"reason": reason}, via=via))


def _known(connection: Connection, number: int) -> Known:
    seen = incidents.get(connection, number)
    known = Known(incident=seen.incident, entities=seen.entities, tallies=seen.tallies, sources=seen.sources)
    if seen.incident.source_kind is not SourceKind.PERSON:
        return known
    opened = timeline.of(connection, number, EntryKind.OPENED)[0]
    return replace(known, opened_by=opened.actor.id, told=opened.values.get("what_happened") or "")


def _stands(version: FormVersion, cycle: int) -> bool:
    """Whether it counts in *cycle*: a reopened incident carries its report over, and investigates anew."""
    return version.cycle == cycle or version.form in CARRIED


def _view(asks: Form, stored: FormVersion | None, known: Known) -> FormView:
    """What was saved, and over it what is known by now; from the freeze on only what was saved."""
    stands = stored is not None and _stands(stored, known.incident.cycle)
    saved = stored.answers if stored is not None and stands else {}
    written: Mapping[str, Written] = stored.written if stored is not None and stands else {}
    fresh = prefill(known).get(asks.name, {}) if goes_on(known.incident, asks.name) else {}
    fresh = {field: answer for field, answer in fresh.items() if field in saved or field not in written}
    return FormView(
        form=asks,
        version=stored.version if stored else 0,
        author=stored.author if stored else None,
        at=stored.at if stored else None,
        answers=form_edit.as_recorded(asked.refreshed(saved, fresh), fresh),
        by={field: one.by for field, one in written.items()},
        redacted=tuple(field for field, one in written.items() if one.kept is None),
    )


def _with_review(connection: Connection, known: Known, view: FormView) -> FormView:
    """A report with what its last review said; that is kept in the timeline, and is nobody's answer."""
    if view.form.name is not FormName.REPORT:
        return view
    found = reviews.of(connection, known.incident.number, cycle=known.incident.cycle)
    if not found:
        return view
    answers = reviews.as_answers(found[-1])
    by = dict.fromkeys(answers, found[-1].by)
    return replace(view, answers={**view.answers, **answers}, by={**view.by, **by}, reviewed=found[-1].version)


def _follow(
    tx: Tx, record: Incident, name: FormName, before: Answers, answers: Answers, *, by: Actor, via: str
) -> None:
    """What an edit says of the incident itself: how bad it is, that a person is aware of it, what it needs."""
    if (said := form_edit.severity_said(name, before, answers)) is not None:
        record = classification.by_form(tx, record, by, severity=said[0], reason=said[1], via=via)
    after, because = form_edit.followed(record, name, before, answers, now=tx.now)
    records.change(tx, record, after)
    if because:
        facts: dict[str, Fact] = {"track": after.track.value, "tlp": after.tlp.value, "reason": because}
        entry = NewEntry(kind=EntryKind.RAISED, actor=by, facts=facts, via=via)
        timeline.append(tx, record.number, entry, despite_interest=True)


def _write(
    tx: Tx,
    record: Incident,
    name: FormName,
    before: FormVersion | None,
    answers: Mapping[str, Answer],
    *,
    by: Actor,
    via: str,
    dropped: Iterable[str] = (),
) -> None:
    carried = before.written if before is not None and _stands(before, record.cycle) else {}
    # A redacted answer stays as it is, unless somebody answers anew or takes even its trace out of the form.
    old = {field: one for field, one in carried.items() if one.kept is not None or field not in set(dropped)}
    new = FormVersion(
        incident=record.number,
        cycle=record.cycle,
        form=name,
        version=before.version + 1 if before else 1,
        author=by,
        at=tx.now,
        written=form_version.write(old, answers, author=by, random=tx.random),
    )
    facts: dict[str, Fact] = {
        "form": name.value,
        "version": new.version,
        "fields": ", ".join(form_version.changed(carried, new.written)),
        "hash": new.hash,
    }
    # First the entry: whoever names themselves as involved may still say so, and never takes that away again.
    timeline.append(tx, record.number, NewEntry(kind=EntryKind.FORM_SAVED, actor=by, facts=facts, via=via))
    _insert(tx, new, carried)


def _insert(tx: Tx, new: FormVersion, carried: Mapping[str, Written]) -> None:
    tx.connection.execute(
        form.insert().values(
            incident=new.incident,
            form=new.form,
            version=new.version,
            cycle=new.cycle,
            author_kind=new.author.kind,
            author_id=new.author.id,
            at=new.at,
            content=new.content,
            hash=new.hash,
        )
    )
    there = {one.commitment for one in carried.values()}
    rows = [
        {"incident": new.incident, "form": new.form, "commitment": one.commitment, "field": field}
        | {"salt": one.kept.salt, "answer": one.kept.value}
        for field, one in new.written.items()
        if one.kept is not None and one.commitment not in there
    ]
    if rows:
        tx.connection.execute(form_answer.insert(), rows)


def _kept(connection: Connection, number: int, names: Iterable[FormName]) -> dict[str, audit.Salted]:
    rows = connection.execute(
        select(form_answer).where(form_answer.c.incident == number, form_answer.c.form.in_(list(names)))
    )
    return {row.commitment: audit.Salted(value=row.answer, salt=row.salt) for row in rows}
