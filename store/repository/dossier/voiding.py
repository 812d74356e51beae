"""An edit of what was signed makes the signatures void: the record says since when, and by which field."""

from dataclasses import replace

from store import dossier
from store.incident import Actor, EntryKind, Fact, NewEntry, Step
from store.repository.dossier import dossiers, signatures
from store.repository.record import records, timeline
from store.tx import Tx


def after_edit(tx: Tx, number: int, *, by: Actor, via: str = "") -> None:
    """To be called whenever something was written that a dossier may cover: forms, actions, the plan.

    Does nothing unless somebody signed, and what they signed has changed.
    """
    record = records.load(tx.connection, number)
    if record.step not in (Step.APPROVAL, Step.FOLLOW_UP):
        return
    frozen = dossiers.newest(tx.connection, record)
    if frozen is None or not signatures.of(tx.connection, number, cycle=record.cycle):
        return
    versions = dossiers.history(tx.connection, record)
    now = dossiers.standing_now(tx.connection, record, frozen, versions)
    since = dossier.first_differing(frozen.dossier, (one for one in versions if one.at >= frozen.at))
    void = dossier.voided(frozen.dossier, now, since)
    if void is None or void.sentence == record.approval_void:
        return
    records.change(tx, record, replace(record, approval_void=void.sentence, version=record.version + 1))
    facts: dict[str, Fact] = {"dossier": frozen.number, "fields": ", ".join(map(str, void.changes))}
    facts["since"] = ", ".join(f"{form} {version}" for form, version in void.since)
    entry = NewEntry(kind=EntryKind.VOIDED, actor=by, facts=facts, via=via)
    timeline.append(tx, number, entry, despite_interest=True)  # it follows from an edit that they were allowed
