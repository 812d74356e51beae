"""How an approval is told over the API."""

from typing import Any

from sqlalchemy import Connection

from rules.finding import Evidence
from store import dossier
from store.approval import ApprovalState, Frozen, Signed
from store.discrepancies import Discrepancy
from store.dossier import EVIDENCE, Change
from store.four_eyes import approvals_needed
from store.incident import Incident, TimelineEntry
from store.repository.record import evidence, timeline
from store.site import Site


def shown(connection: Connection, record: Incident, state: ApprovalState, site: Site) -> dict[str, Any]:
    """The approval of an incident on the wire."""
    lines = evidence.of(connection, record.number)
    frozen = state.frozen
    return waiting(record, state) | {
        "procedure_version": frozen.procedure_version if frozen else None,
        "frozen": _frozen(frozen) if frozen else None,
        "changes": [_change(one) for one in state.changes],
        "signatures_needed": approvals_needed(record.track, site.four_eyes),
        "signatures": [_signed(one, holds=state.holds(one)) for one in state.signatures],
        "discrepancies": [_discrepancy(one) for one in state.discrepancies],
        "annex": _annex(timeline.of(connection, record.number), frozen, lines) if frozen else None,
        "parts": {part: dict(fields) for part, fields in state.now.parts.items()},
    }


def waiting(record: Incident, state: ApprovalState) -> dict[str, Any]:
    """What waits to be signed, in a list."""
    return {
        "incident": record.name,
        "number": record.number,
        "title": record.title,
        "rule": record.rule_id,
        "track": record.track,
        "step": record.step,
        "version": record.version,
        "hash": state.hash,
        "frozen_hash": state.frozen.hash if state.frozen else None,
        "approval_void": state.void,
        "unconfirmed": state.unconfirmed,
        "open_discrepancies": [one.number for one in state.discrepancies if one.is_open],
    }


def _frozen(one: Frozen) -> dict[str, Any]:
    return {"dossier": one.number, "at": one.at, "entry": one.entry, "events": one.events, "hash": one.hash}


def _change(one: Change) -> dict[str, Any]:
    return {"part": one.part, "field": one.field, "kind": one.kind}


def _signed(one: Signed, *, holds: bool) -> dict[str, Any]:
    return {
        "number": one.number,
        "person": one.person,
        "printed_name": one.printed_name,
        "at": one.at,
        "meaning": one.meaning,
        "printed": one.printed,
        "dossier": one.dossier,
        "hash": one.hash,
        "holds": holds,
        "left": one.leaves,
        "waived": one.waived,
        "accurate": one.accurate,
        "complete": one.complete,
        "compliant_with": one.compliant_with,
        "note": one.note,
        "entry": one.entry,
    }


def _discrepancy(one: Discrepancy) -> dict[str, Any]:
    return {
        "number": one.number,
        "item": one.item,
        "cause": one.cause,
        "raised_by": one.raised_by.id,
        "raised_at": one.raised_at,
        "answer": one.answer,
        "answered_by": one.answered_by or None,
        "closed_by": one.closed_by or None,
        "closed_at": one.closed_at,
        "open": one.is_open,
    }


def _annex(entries: list[TimelineEntry], frozen: Frozen, lines: list[Evidence]) -> dict[str, Any]:
    """What came after the freeze: by the number of its entry, which never changes, and how many lines."""
    return {
        "entries": [
            {"number": number, "entry": one.seq, "at": one.at, "kind": one.kind, "by": one.actor.id}
            for number, one in enumerate((one for one in entries if one.seq > frozen.entry), 1)
        ],
        "lines": len(dossier.annex(frozen.dossier, lines)),
        "evidence_frozen": len(frozen.dossier.parts.get(EVIDENCE, {})),
    }
