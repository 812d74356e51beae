"""Evidence that a person adds: a text, or something that is kept elsewhere, by its reference and hash."""

import hashlib

from store import acts, process
from store.errors import ActNotAllowed
from store.incident import Actor, EntryKind, NewEntry
from store.process import ACTS
from store.repository.incident.acts import Done, finished
from store.repository.people import persons
from store.repository.record import evidence, records, timeline
from store.tx import Tx

_HEX = frozenset("0123456789abcdef")


def add(
    tx: Tx,
    number: int,
    actor: Actor,
    *,
    via: str,
    evidence_text: str = "",
    reference: str = "",
    sha256: str = "",
    text: str = "",
) -> Done:
    """Add it to the record's evidence. Only adds.

    Args:
        evidence_text: What it says.
        reference: Where it is kept.
        sha256: Of its bytes, hexadecimal; of a text alone it is calculated.
        text: A note to it.

    Raises:
        ActNotAllowed: ``invalid_evidence``, or *actor* may not.
    """
    record = records.load(tx.connection, number)
    roles = persons.roles_of(tx.connection, actor)
    with acts.telling_what_is_allowed(record, roles):
        process.check_act(record, ACTS["evidence"], by=actor, roles=roles)
        digest = _digest(evidence_text, reference, sha256.strip().lower())
    said = {"text": evidence_text, "reference": reference, "note": text}
    values = {name: one for name, one in said.items() if one.strip()}
    entry = NewEntry(kind=EntryKind.EVIDENCE, actor=actor, facts={"sha256": digest}, values=values, via=via)
    timeline.append(tx, number, entry)
    done = finished(tx, record, actor)
    evidence.add_by_person(tx, number, done.entry, actor.id, text=evidence_text or reference, sha256=digest)
    return done


def _digest(text: str, reference: str, sha256: str) -> str:
    """The hash that stands for it."""
    if not text.strip() and not reference.strip():
        raise ActNotAllowed(
            "invalid_evidence", "say what it is: a text, or a reference with its hash", missing=("text", "reference")
        )
    if sha256 and (len(sha256) != 64 or not set(sha256) <= _HEX):
        raise ActNotAllowed("invalid_evidence", "a SHA-256 has 64 hexadecimal digits", missing=("sha256",))
    if reference.strip() and not sha256:
        raise ActNotAllowed(
            "invalid_evidence",
            "what is kept elsewhere needs the SHA-256 of its bytes, so that one can tell whether it was changed",
            missing=("sha256",),
        )
    own = hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()
    if sha256 and not reference.strip() and sha256 != own:
        raise ActNotAllowed("invalid_evidence", f"the text has the SHA-256 {own}", missing=("sha256",))
    return sha256 or own
