"""What people judge, correct, add and take apart, over the API: severity and track, instants, evidence, findings."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web
from msgspec import Meta
from sqlalchemy import Connection

from detector.api import wire
from detector.api.bodies import Body, Moment, Note
from detector.api.doing import Asked, Doing
from detector.api.identity import require_known
from detector.api.keys import STORE
from rules.event import Severity
from store.incident import Track
from store.repository.grouping import splitting
from store.repository.incident import classification, corrections, exhibits
from store.repository.incident.acts import Done
from store.repository.record import records
from store.splitting import Episode
from store.tx import Tx

routes = web.RouteTableDef()
LONGEST_EVIDENCE = 4096
MOST_FINDINGS = 1000
Instant = Literal["occurred_at", "detected_at", "aware_at", "contained_at", "resolved_at"]


class ClassifyBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``acts/classify``: without severity and track it is confirmed as it is."""

    severity: Severity | None = None
    track: Track | None = None
    reason: Note = ""


class CountersignBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``acts/countersign``."""

    agree: bool


class CorrectionBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``acts/correction``."""

    instant: Instant
    to: Moment
    reason: Note = ""


class EvidenceBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``acts/evidence``."""

    text: Annotated[str, Meta(max_length=LONGEST_EVIDENCE)] = ""
    reference: Annotated[str, Meta(max_length=1000)] = ""
    sha256: Annotated[str, Meta(max_length=100)] = ""


class SplitBody(Body, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``acts/split``."""

    findings: Annotated[tuple[str, ...], Meta(max_length=MOST_FINDINGS)] = ()
    title: Annotated[str, Meta(max_length=200)] = ""


def _classify(tx: Tx, asked: Asked) -> Done:
    body: ClassifyBody = asked.body
    given: dict[str, Any] = {"severity": body.severity, "track": body.track, "reason": body.reason}
    return classification.classify(tx, asked.number, asked.actor, **given, **asked.seen)


def _countersign(tx: Tx, asked: Asked) -> Done:
    given: dict[str, Any] = {"agree": asked.body.agree, "note": asked.body.note, "mode": asked.site.four_eyes}
    return classification.countersign(tx, asked.number, asked.actor, **given, **asked.seen)


def _correct(tx: Tx, asked: Asked) -> Done:
    body: CorrectionBody = asked.body
    given: dict[str, Any] = {"instant": body.instant, "to": body.to, "reason": body.reason}
    return corrections.correct(tx, asked.number, asked.actor, **given, **asked.seen)


def _add_evidence(tx: Tx, asked: Asked) -> Done:
    body: EvidenceBody = asked.body
    given: dict[str, Any] = {"evidence_text": body.text, "reference": body.reference, "sha256": body.sha256}
    return exhibits.add(tx, asked.number, asked.actor, **given, **asked.act)


def _split(tx: Tx, asked: Asked) -> Done:
    body: SplitBody = asked.body
    given: dict[str, Any] = {"ids": body.findings, "title": body.title, "note": body.note}
    return splitting.split(tx, asked.number, asked.actor, **given, **asked.seen)


ACTS: Mapping[str, Doing] = {
    "classify": Doing(ClassifyBody, _classify, decides=True),
    "countersign": Doing(CountersignBody, _countersign, decides=True),
    "correction": Doing(CorrectionBody, _correct, decides=True),
    "evidence": Doing(EvidenceBody, _add_evidence),
    "split": Doing(SplitBody, _split, decides=True),
}


@routes.get("/api/v1/incidents/{number}/findings")
async def list_findings(request: web.Request) -> web.Response:
    """The findings of an incident, oldest first: what can be split off."""
    require_known(request)
    number = wire.number_of(request)

    def look(connection: Connection) -> list[Episode]:
        records.load(connection, number)
        return splitting.of(connection, number)

    return wire.answer({"items": [_finding(one) for one in await request.app[STORE].read(look)]})


def _finding(one: Episode) -> dict[str, Any]:
    return {
        "id": one.id,
        "rule": {"id": one.rule_id, "title": one.rule_title},
        "severity": one.severity,
        "group": dict(one.group),
        "first_seen": one.first_seen,
        "last_seen": one.last_seen,
        "events": one.events,
        "counted": one.counted,
        "merged_into": one.merged_into,
        "reason": one.reason,
    }
