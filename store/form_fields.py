"""Every field of every step, as data. Whoever changes one raises `store.forms.FORMS_VERSION`.

Fields of a form stand in the order in which people meet them. What a rule found out is prefilled (`store.prefill`).
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from rules.event import Severity
from store.fields import NOT_LIGHT, Field, Gate, Keeper, Kind, Part
from store.incident import SourceKind, Tlp, Track
from store.people import Role

SOURCE_KINDS: Final = tuple(kind.value for kind in SourceKind)
CONFIDENCE: Final = ("confirmed", "likely", "possible")
CRITICALITY: Final = ("critical", "normal", "lab")
DECISIONS: Final = ("record", "observe", "investigate", "duplicate_of")
DETECTION_METHODS: Final = ("rule", "alert", "feedback", "person", "audit", "drill")
MALICIOUS: Final = ("yes", "no", "undetermined")
REVIEW_RESULTS: Final = ("accepted", "returned")
DOCUMENTS: Final = ("report", "memo", "minutes", "policy")
METHODS: Final = ("five_whys", "fishbone", "timeline")
VERDICTS: Final = ("effective", "effective_tested", "insufficient_data", "not_effective")
_LEVELS: Final = tuple(level.value for level in Severity)
_LABELS: Final = tuple(label.value for label in Tlp)


def _needed(by: Gate, asked_of: Role, *fields: Field) -> Iterator[Field]:
    """*fields* that the move *by* needs."""
    return (replace(field, needed_by=by, asked_of=asked_of) for field in fields)


def _optional(asked_of: Role, *fields: Field) -> Iterator[Field]:
    """*fields* that may stay empty."""
    return (replace(field, asked_of=asked_of) for field in fields)


def _beside(field: Field) -> Field:
    """*field* as one that the daemon keeps beside the form."""
    return replace(field, kind=Kind.ROWS, keeper=Keeper.RECORD)


def _line(name: str, label: str, tracks: tuple[Track, ...] = tuple(Track)) -> Field:
    return Field(name=name, label=label, kind=Kind.LINE, tracks=tracks)


def _choice(name: str, label: str, choices: tuple[str, ...], tracks: tuple[Track, ...] = tuple(Track)) -> Field:
    return Field(name=name, label=label, kind=Kind.CHOICE, choices=choices, tracks=tracks)


def _rows(name: str, label: str, *parts: Part, tracks: tuple[Track, ...] = tuple(Track)) -> Field:
    return Field(name=name, label=label, kind=Kind.ROWS, parts=parts, tracks=tracks)


def _long(name: str) -> Part:
    """A column of longer text."""
    return Part(name=name, kind=Kind.TEXT)


IDENTIFICATION: Final = (
    *_needed(
        Gate.OPEN,
        Role.RESPONDER,
        _choice("source_kind", "Kind of source", SOURCE_KINDS),
        _line("source", "Source"),
        _line("rule_id", "Rule"),
        _line("rule_version", "Version of the rule"),
        _beside(_rows("evidence", "Evidence")),
        _rows("entities", "Who and what it is about", Part(name="kind"), Part(name="value")),
        Field(name="occurred_at", label="When it began", kind=Kind.MOMENT),
        Field(name="detected_at", label="When it was noticed", kind=Kind.MOMENT),
        _line("category", "Category"),
        _rows(
            "severity_automatic",
            "Severity by itself, with reasons",
            Part(name="term"),
            Part(name="value"),
            Part(name="because"),
        ),
    ),
    *_needed(
        Gate.NOTIFICATION,
        Role.RESPONDER,
        _choice("severity", "Severity", _LEVELS),
        _choice("confidence", "How sure we are", CONFIDENCE),
        _line("asset", "Asset"),
        _choice("criticality", "How much the asset matters", CRITICALITY),
        _choice("decision", "Decision", DECISIONS),
        Field(name="decision_reason", label="Why this decision"),
        _line("decided_by", "Decided by a rule or a person"),
    ),
    *_optional(
        Role.RESPONDER,
        Field(name="observe_until", label="Observe until", kind=Kind.MOMENT),
        Field(name="duplicate_of", label="Duplicate of", kind=Kind.NUMBER),
        Field(name="drill", label="A drill?", kind=Kind.YES_NO),
    ),
)

NOTIFICATION: Final = (
    _beside(_rows("messages", "Messages: audience, ask, channel, TLP, due, text and its hash, deliveries")),
    _beside(_rows("outstanding", "Recipients who could not be told yet")),
)

REPORT: Final = (
    *_needed(
        Gate.IN_REVIEW,
        Role.REPORTER,
        _line("title", "Title"),
        Field(name="date", label="Date", kind=Kind.DATE),
        Field(name="time", label="Time", kind=Kind.TIME),
        _line("zone", "Zone of date and time"),
        _line("site", "Site", NOT_LIGHT),
        _line("asset", "Asset"),
        Field(name="reporter", label="Reporter", kind=Kind.PERSON, tracks=NOT_LIGHT),
        _line("contact", "How to reach the reporter", NOT_LIGHT),
        _rows(
            "individuals",
            "Individuals involved",
            Part(name="person"),
            Part(name="role"),
            Part(name="affected", kind=Kind.YES_NO, optional=True),
            tracks=NOT_LIGHT,
        ),
        Field(name="what_happened", label="What happened"),
        Field(name="harm", label="Harm or impact", tracks=NOT_LIGHT),
        _choice("detection_method", "How it was noticed", DETECTION_METHODS),
        _choice("malicious", "Malicious?", MALICIOUS, NOT_LIGHT),
        _choice("tlp", "To whom it may be shown", _LABELS),
    ),
    *_optional(
        Role.REPORTER,
        Field(name="before", label="What was happening before"),
        Field(name="affected", label="Systems and data affected", kind=Kind.LIST),
        Field(name="immediate_actions", label="What was done at once"),
        Field(name="ongoing", label="Is it going on?", kind=Kind.YES_NO),
        _rows(
            "personal_data",
            "Personal data, with numbers",
            Part(name="category"),
            Part(name="persons", kind=Kind.NUMBER),
            Part(name="records", kind=Kind.NUMBER, optional=True),
        ),
        Field(name="third_parties", label="Third parties", kind=Kind.LIST),
        _rows("attachments", "Attachments", Part(name="reference"), Part(name="sha256")),
    ),
    *_needed(
        Gate.INVESTIGATION,
        Role.REVIEWER,
        replace(_choice("review_result", "Result of the report review", REVIEW_RESULTS, NOT_LIGHT), keeper=Keeper.ACT),
        Field(name="review_notes", label="Notes of the report review", tracks=NOT_LIGHT, keeper=Keeper.ACT),
    ),
)

INVESTIGATION: Final = (
    *_needed(
        Gate.CORRECTIVE_ACTIONS,
        Role.INVESTIGATOR,
        Field(name="lead", label="Lead", kind=Kind.PERSON, tracks=NOT_LIGHT),
        Field(name="scope", label="Scope", tracks=NOT_LIGHT),
        _rows(
            "findings",
            "Findings",
            _long("statement"),
            Part(name="evidence"),
            Part(name="confidence", kind=Kind.CHOICE, choices=CONFIDENCE),
            Part(name="change_needed"),
            tracks=NOT_LIGHT,
        ),
    ),
    *_optional(
        Role.INVESTIGATOR,
        Field(name="hypotheses", label="Hypotheses", kind=Kind.LIST),
        _rows(
            "consulted",
            "Stakeholders consulted",
            Part(name="who"),
            Part(name="when", kind=Kind.MOMENT),
            _long("asked"),
            Part(name="answer", kind=Kind.TEXT, optional=True),
        ),
        _rows("data_gathered", "Data gathered", Part(name="reference"), Part(name="sha256")),
        _rows(
            "documents",
            "Documents reviewed",
            Part(name="kind", kind=Kind.CHOICE, choices=DOCUMENTS),
            Part(name="document"),
            _long("shows"),
        ),
        _rows(
            "observations",
            "Processes observed",
            Part(name="process"),
            Part(name="when", kind=Kind.MOMENT),
            Part(name="where"),
            Part(name="by"),
            _long("seen"),
        ),
        _rows("course", "Course of events", Part(name="at", kind=Kind.MOMENT), _long("what")),
        Field(name="contributing_factors", label="What contributed, our own delays too", kind=Kind.LIST),
        Field(name="similar", label="Similar incidents", kind=Kind.LIST),
    ),
)

CORRECTIVE_ACTIONS: Final = tuple(
    _needed(
        Gate.APPROVAL,
        Role.INVESTIGATOR,
        _rows(
            "root_cause",
            "Root cause",
            _long("text"),
            Part(name="method", kind=Kind.CHOICE, choices=METHODS, optional=True),
            Part(name="evidence", optional=True),
        ),
        Field(name="elsewhere", label="Could it happen elsewhere too?", tracks=NOT_LIGHT),
        Field(name="options", label="Options considered", kind=Kind.LIST, tracks=NOT_LIGHT),
        replace(_rows("actions", "Actions, or none and why"), keeper=Keeper.ACT),
    )
)

APPROVAL: Final = (
    *_needed(
        Gate.FOLLOW_UP,
        Role.APPROVER,
        _beside(_rows("content_hash", "Content hash")),
        replace(
            _rows(
                "checklist",
                "Accurate, complete, compliant with which documents",
                Part(name="accurate", kind=Kind.YES_NO),
                Part(name="complete", kind=Kind.YES_NO),
                Part(name="compliant_with"),
                tracks=NOT_LIGHT,
            ),
            keeper=Keeper.ACT,
        ),
        _beside(_rows("discrepancies", "Discrepancies: item, raised by, answer, closed by")),
        replace(_rows("signatures", "Signatures: printed name, UTC time, meaning"), keeper=Keeper.ACT),
    ),
    *_optional(Role.APPROVER, Field(name="distribution", label="Distribution list", kind=Kind.LIST)),
)

FOLLOW_UP: Final = (
    *_needed(
        # The approver signs the plan: it must be there before.
        Gate.APPROVAL,
        Role.INVESTIGATOR,
        _rows("plan", "Plan", _long("check"), Part(name="due", kind=Kind.DATE), Part(name="owner")),
    ),
    *_optional(Role.ACTION_OWNER, Field(name="progress", label="Progress", kind=Kind.LIST)),
    _beside(_rows("watch", "Watch")),
    *_optional(
        Role.INVESTIGATOR,
        Field(name="adjustments", label="Adjustments", kind=Kind.LIST),
        Field(name="status_updates", label="Status updates", kind=Kind.LIST),
        replace(_rows("concerns", "Concerns raised and answered"), keeper=Keeper.ACT),
    ),
    *_needed(
        Gate.CLOSED,
        Role.INVESTIGATOR,
        replace(_choice("verdict", "Was it effective?", VERDICTS, NOT_LIGHT), keeper=Keeper.ACT),
        _rows(
            "lessons", "Lessons", _long("item"), Part(name="owner"), Part(name="due", kind=Kind.DATE), tracks=NOT_LIGHT
        ),
        Field(name="closing_note", label="Closing note", tracks=NOT_LIGHT),
    ),
)
