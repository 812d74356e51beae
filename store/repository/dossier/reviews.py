"""What became of the report: who accepted or returned it, in which version, with which notes."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from store.answers import Answer, State
from store.incident import EntryKind, TimelineEntry
from store.repository.record import timeline


class ReviewResult(StrEnum):
    """What a reviewer says of the report. Stored and sent over the API: never rename one."""

    ACCEPTED = "accepted"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One review of one version of the report."""

    entry: int  #: in the timeline
    by: str  #: person id
    at: datetime
    cycle: int
    result: ReviewResult
    version: int  #: of the report; 0: nobody had saved one
    left: tuple[str, ...]  #: of a pair: fields that are the reviewer's own, so that the other one must review them
    notes: str | None  #: "" for none; None: redacted


def of(connection: Connection, number: int, *, cycle: int) -> list[Review]:
    """The reviews of a cycle, oldest first."""
    entries = timeline.of(connection, number, EntryKind.REVIEWED)
    return [review for review in map(_review, entries) if review.cycle == cycle]


def accepted_by(connection: Connection, number: int, *, cycle: int) -> tuple[str, ...]:
    """Person ids of those whose acceptance stands: given since the report was returned last."""
    accepted: dict[str, None] = {}
    for review in of(connection, number, cycle=cycle):
        if review.result is ReviewResult.RETURNED:
            accepted.clear()
        else:
            accepted[review.by] = None
    return tuple(accepted)


def as_answers(review: Review) -> dict[str, Answer]:
    """What the report's form shows of it: result and notes; notes that were redacted are left out."""
    answers = {"review_result": Answer(value=review.result.value)}
    if review.notes is not None:
        none = Answer(state=State.NONE, reason="the reviewer wrote none")
        answers["review_notes"] = Answer(value=review.notes) if review.notes else none
    return answers


def _review(entry: TimelineEntry) -> Review:
    facts = entry.facts
    left = str(facts.get("left") or "")
    return Review(
        entry=entry.seq,
        by=entry.actor.id,
        at=entry.at,
        cycle=int(facts["cycle"] or 0),
        result=ReviewResult(str(facts["result"])),
        version=int(facts["version"] or 0),
        left=tuple(left.split(", ")) if left else (),
        notes=entry.values.get("notes", ""),
    )
