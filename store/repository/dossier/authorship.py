"""Who wrote what by another way than a form: what was told at the opening, and evidence."""

from collections.abc import Iterator

from sqlalchemy import Connection

from store.dossier import EVIDENCE, Dossier
from store.form_version import FormVersion
from store.four_eyes import Deed, Hand
from store.incident import EntryKind, Incident, SourceKind, TimelineEntry
from store.repository.record import timeline

_TOLD = "what was told at the opening"
_ADDED = "person:"  #: with which the source of evidence begins that a person added


def of_report(connection: Connection, record: Incident, report: FormVersion | None) -> Iterator[Hand]:
    """Who wrote what stands in the report: whoever opened the record by hand, too, as long as their words stand."""
    written = report.written if report else {}
    for name, one in written.items():
        if one.by:
            yield Hand(person=one.by, deed=Deed.WROTE_REPORT, what=name)
    opened = _opened(connection, record)
    happened = written.get("what_happened")
    answer = happened.answer if happened else None
    if opened is not None and answer is not None and answer.value == opened.values.get("what_happened"):
        yield Hand(person=opened.actor.id, deed=Deed.WROTE_REPORT, what=_TOLD)


def beside_forms(connection: Connection, record: Incident, dossier: Dossier) -> Iterator[Hand]:
    """Who told what happened when they opened it by hand, and who added evidence that *dossier* covers."""
    opened = _opened(connection, record)
    if opened is not None:
        yield Hand(person=opened.actor.id, deed=Deed.WROTE_REPORT, what=_TOLD)
    for place in dossier.parts.get(EVIDENCE, {}):
        source, origin, *_ = place.rsplit("|", 4)
        if source.startswith(_ADDED):
            yield Hand(person=source.removeprefix(_ADDED), deed=Deed.WROTE_DOSSIER, what=f"evidence, {origin},")


def _opened(connection: Connection, record: Incident) -> TimelineEntry | None:
    """The entry with which a person opened *record* by hand."""
    if record.source_kind is not SourceKind.PERSON:
        return None
    return timeline.of(connection, record.number, EntryKind.OPENED)[0]
