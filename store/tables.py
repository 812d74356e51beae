"""All tables. Constraints repeat the invariants that the code keeps; triggers are in `store.triggers`.

``partition`` columns are reserved for more than one daemon per store; '' is the only partition today.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    false,
    text,
)

from rules.event import Decision, Entity, Mode, Severity
from rules.finding import SeverityTerm
from rules.intake.alert import Told
from store.action import ActionKind, ActionState
from store.alert import AlertState
from store.columns import Packed, UtcTime, Words, either, literal
from store.excepting import ExceptionState, Preview
from store.forms import FormName
from store.four_eyes import Signature
from store.incident import (
    ActorKind,
    DismissReason,
    EntryKind,
    Lowering,
    Outcome,
    SourceKind,
    Stage,
    Status,
    Step,
    Tlp,
    Track,
)
from store.notice import DeliveryState, NoticeKind
from store.people import ContactKind, Role, SignedInBy, SignInOutcome
from store.process import legal_standings
from store.request import RequestState
from store.silence import Hidden, SilenceState, Window
from store.watch import Verdict

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: SQLite numbers rows by itself only for a primary key of exactly INTEGER.
BIG = BigInteger().with_variant(Integer, "sqlite")


def _partition(*, key: bool = False) -> Column[str]:
    return Column("partition", String, nullable=False, server_default="", primary_key=key)


def _index_where(name: str, where: str, *columns: Column[Any], unique: bool = False) -> None:
    Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


def _legal() -> str:
    """Each combination of step, stage, status and outcome that an incident may stand in."""
    return " OR ".join(
        f"(step = '{place.step}' AND stage = '{place.stage}' AND status = '{place.status}' "
        f"AND outcome = '{place.outcome}')"
        for place in legal_standings()
    )


# -- who writes --------------------------------------------------------------------------------------------------------

owner = Table(
    "owner",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("fencing", BigInteger, nullable=False),  #: goes up with each takeover; checked in each commit
    Column("last_at", UtcTime, nullable=False),  #: the instant of the last transaction; never goes back
    Column("host", Words, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("since", UtcTime, nullable=False),
    CheckConstraint("id = 1", name="one_row"),
)

# -- incidents ---------------------------------------------------------------------------------------------------------

incident = Table(
    "incident",
    METADATA,
    Column("number", BIG, primary_key=True, autoincrement=False),
    *literal("decision", Decision),
    Column("dedup_key", Words, nullable=False),
    Column("title", Words, nullable=False),
    Column("rule_id", Words, nullable=False),
    Column("rule_title", Words, nullable=False),
    Column("rule_path", Words, nullable=False),
    Column("rule_version", String, nullable=False),
    Column("tags", Packed(tuple[str, ...]), nullable=False),
    Column("group", Packed(tuple[tuple[str, str], ...]), nullable=False),
    *literal("severity", Severity),
    *literal("severity_highest", Severity),
    Column("severity_terms", Packed(tuple[SeverityTerm, ...]), nullable=False),
    *literal("track", Track),
    Column("first_seen", UtcTime, nullable=False),
    Column("last_seen", UtcTime, nullable=False),
    Column("window_seconds", Float, nullable=False),
    Column("detected_at", UtcTime, nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("step_entered_at", UtcTime, nullable=False),
    Column("rolled_up_at", UtcTime, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("campaign", Boolean, nullable=False),
    Column("history", Boolean, nullable=False),
    Column("advised", Boolean, nullable=False, server_default=false()),
    Column("recurrence_of", BIG, ForeignKey("incident.number")),
    *literal("source_kind", SourceKind),
    Column("drill", Boolean, nullable=False),
    Column("merged_into", BIG, ForeignKey("incident.number")),
    *literal("tlp", Tlp),
    Column("restricted", Boolean, nullable=False, server_default=false()),
    Column("cycle", Integer, nullable=False),
    *literal("step", Step),
    *literal("stage", Stage),
    *literal("status", Status),
    *literal("outcome", Outcome),
    Column("owner", Words),
    Column("aware_at", UtcTime),
    Column("classified_at", UtcTime),
    Column("notified_at", UtcTime),
    Column("acknowledged_at", UtcTime),
    Column("acknowledged_by", Words),
    Column("acknowledged_events", BigInteger),
    Column("broke_through", Boolean, nullable=False),
    Column("quiet_until", UtcTime),
    Column("observe_until", UtcTime),
    Column("observe_events", BigInteger),
    Column("occurred_at", UtcTime),
    Column("lowering", Packed(Lowering)),
    Column("contained_at", UtcTime),
    Column("resolved_at", UtcTime),
    Column("approved_at", UtcTime),
    Column("approval_void", Words),
    Column("closed_at", UtcTime),
    Column("watched_from", UtcTime),
    Column("watched_until", UtcTime),
    Column("version", Integer, nullable=False),
    CheckConstraint(_legal(), name="legal_standing"),
    CheckConstraint("decision <> 'record'", name="worth_a_record"),
    CheckConstraint("first_seen <= last_seen", name="seen_in_order"),
    CheckConstraint("(acknowledged_at IS NULL) = (acknowledged_by IS NULL)", name="acknowledged_by_someone"),
    CheckConstraint("(acknowledged_at IS NULL) OR (owner IS NOT NULL)", name="acknowledged_is_owned"),
    CheckConstraint("(closed_at IS NULL) = (status = 'open')", name="closed_at_when_closed"),
    CheckConstraint("(merged_into IS NOT NULL) = (outcome = 'merged')", name="merged_into_one"),
    CheckConstraint("merged_into <> number", name="merged_into_another"),
    CheckConstraint("number >= 1 AND cycle >= 1 AND version >= 1 AND events >= 0", name="counts"),
)
#: Open or attach: two findings with one key can never open two records.
_index_where("uq_incident_open_key", "status = 'open'", incident.c.dedup_key, unique=True)
_index_where("ix_incident_lowering", "lowering IS NOT NULL", incident.c.number)
Index("ix_incident_key", incident.c.dedup_key, incident.c.number)
Index("ix_incident_status", incident.c.status, incident.c.number)
_index_where("ix_incident_merged_into", "merged_into IS NOT NULL", incident.c.merged_into)
Index("ix_incident_rule_seen", incident.c.rule_id, incident.c.first_seen)

entity = Table(
    "entity",
    METADATA,
    Column("incident", BIG, ForeignKey("incident.number"), primary_key=True),
    Column("kind", String, primary_key=True),
    Column("value", Words, primary_key=True),
    Column("first_seen", UtcTime, nullable=False),  #: event time of the finding that named it first
)
Index("ix_entity_value", entity.c.value, entity.c.kind)

tally = Table(
    "tally",
    METADATA,
    Column("incident", BIG, ForeignKey("incident.number"), primary_key=True),
    Column("rule_id", Words, primary_key=True),
    Column("rule_title", Words, nullable=False),
    Column("findings", BigInteger, nullable=False),
    Column("events", BigInteger, nullable=False),
    Column("first_seen", UtcTime, nullable=False),
    Column("last_seen", UtcTime, nullable=False),
    CheckConstraint("findings >= 0 AND events >= 0", name="counts"),
)

evidence = Table(
    "evidence",
    METADATA,
    Column("id", BIG, primary_key=True),
    Column("incident", BIG, ForeignKey("incident.number"), nullable=False),
    Column("rule_id", Words, nullable=False),
    Column("source", Words, nullable=False),
    Column("origin", Words, nullable=False),
    Column("line", BigInteger, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("time", UtcTime, nullable=False),
    Column("text", Words, nullable=False),
    Column("sha256", String, nullable=False),
    CheckConstraint("length(sha256) = 64", name="sha256"),
    UniqueConstraint("incident", "rule_id", "source", "origin", "line", "offset", "sha256"),
)

finding = Table(
    "finding",
    METADATA,
    Column("id", String, primary_key=True),
    _partition(),
    Column("incident", BIG, ForeignKey("incident.number")),  #: null: recorded only
    Column("rule_id", Words, nullable=False),
    Column("rule_title", Words, nullable=False),
    Column("rule_path", Words, nullable=False),
    Column("rule_version", String, nullable=False),
    Column("author", Words, nullable=False),
    Column("license", Words, nullable=False),
    *literal("decision", Decision),
    *literal("severity", Severity),
    Column("dedup_key", Words, nullable=False),
    Column("group", Packed(tuple[tuple[str, str], ...]), nullable=False),
    Column("first_seen", UtcTime, nullable=False),
    Column("last_seen", UtcTime, nullable=False),
    Column("events", BigInteger, nullable=False),  #: as told last
    Column("counted", BigInteger, nullable=False),  #: of them, those in the tally of its record
    Column("merged_into", String),
    Column("entities", Packed(tuple[Entity, ...]), nullable=False, server_default="[]"),  #: the protected side of it
    Column("success", Boolean, nullable=False, server_default=false()),  #: a line or its rule says that it succeeded
    *literal("mode", Mode, server_default=Mode.ON.value),
    Column("history", Boolean, nullable=False),
    Column("approximate", Boolean, nullable=False),
    Column("taken_at", UtcTime, nullable=False),  #: when the store took it first
    Column("reason", Words, nullable=False),  #: why it opened, joined, or did neither
    CheckConstraint("first_seen <= last_seen AND events >= 0 AND counted >= 0", name="counts"),
)
Index("ix_finding_incident", finding.c.incident)
Index("ix_finding_key", finding.c.dedup_key)
Index("ix_finding_taken", finding.c.taken_at)
Index("ix_finding_rule", finding.c.rule_id, finding.c.last_seen)

#: What senders said of the alerts of a record last.
claim = Table(
    "claim",
    METADATA,
    Column("incident", BIG, ForeignKey("incident.number"), primary_key=True),
    Column("alert", Words, primary_key=True),
    Column("over_at", UtcTime),  #: event time; null: it fires again
    Column("times", Integer, nullable=False),  #: how often it was said to be over
    Column("how", String, nullable=False),
    Column("changes", Packed(tuple[datetime, ...]), nullable=False),  #: the last ones, see `store.claims`
    Column("calm_at", UtcTime),  #: when it flaps no more if nothing changes; null: it does not flap
    either("how", "resolved", "expired"),
    CheckConstraint("times >= 1", name="counts"),
)

_index_where("ix_claim_calm", "calm_at IS NOT NULL", claim.c.calm_at)

#: How each alert stands of which a sender spoke.
alert = Table(
    "alert",
    METADATA,
    Column("id", BIG, primary_key=True),
    Column("intake", Words, nullable=False),
    Column("key", Words, nullable=False),  #: as entities of findings have it
    *literal("state", AlertState),
    Column("content", String, nullable=False),
    Column("since", UtcTime),
    Column("ended_at", UtcTime),
    Column("until", UtcTime),  #: no word by then: it expires
    Column("has_fired", Boolean, nullable=False),
    Column("first_at", UtcTime, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
    Column("told_at", UtcTime),
    Column("said_at", UtcTime, nullable=False),  #: the last word, whatever it said
    Column("repeats", BigInteger, nullable=False),  #: words that changed nothing
    Column("parcel", BIG, nullable=False),  #: that told the rules last; 0: none yet
    Column("told", Packed(Told), nullable=False),  #: the last word that was news, or newer
    CheckConstraint("until IS NULL OR state = 'firing'", name="awaited_while_firing"),
    CheckConstraint("repeats >= 0 AND parcel >= 0", name="counts"),
    UniqueConstraint("intake", "key"),
)
Index("ix_alert_key", alert.c.key)
_index_where("ix_alert_until", "until IS NOT NULL", alert.c.until)
_index_where("ix_alert_firing", "state = 'firing'", alert.c.intake, alert.c.changed_at)
Index("ix_alert_said", alert.c.said_at)

timeline = Table(
    "timeline",
    METADATA,
    Column("incident", BIG, primary_key=True),  #: no foreign key: 0 is the chain of the installation itself
    Column("seq", Integer, primary_key=True),
    Column("at", UtcTime, nullable=False),
    *literal("kind", EntryKind),
    *literal("actor_kind", ActorKind),
    Column("actor_id", Words, nullable=False),
    Column("via", Words, nullable=False),
    Column("entry", LargeBinary, nullable=False),  #: the canonical bytes that were hashed
    Column("hash", LargeBinary, nullable=False),
    CheckConstraint("incident >= 0 AND seq >= 1 AND length(hash) = 32", name="shape"),
)
Index("ix_timeline_at", timeline.c.at)

#: Values that may have to be redacted: an entry holds only a salted commitment to each.
value = Table(
    "value",
    METADATA,
    Column("incident", BIG, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("name", String, primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("value", Words, nullable=False),
    ForeignKeyConstraint(["incident", "seq"], ["timeline.incident", "timeline.seq"]),
)

seal = Table(
    "seal",
    METADATA,
    Column("number", BIG, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),  #: the canonical bytes that were signed
    Column("signature", LargeBinary, nullable=False),
    CheckConstraint("number >= 1 AND length(signature) = 64", name="shape"),
)

#: What a seal was made over: the newest entry of each chain that grew since the seal before.
seal_head = Table(
    "seal_head",
    METADATA,
    Column("record", BIG, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("hash", LargeBinary, nullable=False),
    Column("seal", BIG, ForeignKey("seal.number"), nullable=False),
)
Index("ix_seal_head_seal", seal_head.c.seal)

# -- when to look at what ----------------------------------------------------------------------------------------------

#: When something of a record may be due next: who reminds people looks at what is due alone, however much there is.
agenda = Table(
    "agenda",
    METADATA,
    Column("incident", BIG, ForeignKey("incident.number"), primary_key=True),
    Column("look_at", UtcTime, nullable=False),
    Column("version", Integer, nullable=False),  #: goes up when something of the record changes
)
Index("ix_agenda_look", agenda.c.look_at)

# -- who is told -------------------------------------------------------------------------------------------------------

notice = Table(
    "notice",
    METADATA,
    Column("id", BIG, primary_key=True),
    Column("incident", BIG, ForeignKey("incident.number")),  #: null: about the installation
    *literal("kind", NoticeKind),
    Column("cycle", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("reason", Words, nullable=False),
    *literal("severity", Severity),
    Column("stale", Boolean, nullable=False),
    Column("breaks_through", Boolean, nullable=False),
    Column("person", Words),  #: told to this person's receivers alone
    Column("matter", Words, nullable=False),  #: a `store.duties.Matter`: told to whoever is asked for it; "" if none
    Column("until", UtcTime),  #: when the time for the matter is over
    Column("due_at", UtcTime, nullable=False),  #: later than `at`: nobody hears of it before
    Column("level", Integer, nullable=False),  #: how often it was told before, see `notifier.escalation`
    Column("planned_at", UtcTime),  #: null: nobody has decided yet who hears of it
    CheckConstraint("(incident IS NULL) = (kind = 'letter')", name="letter_of_the_installation"),
)
Index("ix_notice_incident", notice.c.incident)
_index_where("ix_notice_unplanned", "planned_at IS NULL", notice.c.due_at, notice.c.id)

delivery = Table(
    "delivery",
    METADATA,
    Column("id", BIG, primary_key=True),
    Column("notice", BIG, ForeignKey("notice.id"), nullable=False),
    Column("incident", BIG, ForeignKey("incident.number")),  #: null: about the installation
    *literal("kind", NoticeKind),
    Column("receiver", Words, nullable=False),
    Column("target", Integer, nullable=False),
    Column("channel", Words, nullable=False),
    Column("person", Words),
    Column("reason", Words, nullable=False),
    *literal("state", DeliveryState),
    Column("created_at", UtcTime, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("lease_until", UtcTime),
    Column("attempts", Integer, nullable=False),
    Column("resent", Boolean, nullable=False),
    Column("title", Words, nullable=False),
    Column("body", Words, nullable=False),
    Column("detail", Words, nullable=False),
    Column("withheld", Words, nullable=False),
    Column("finished_at", UtcTime),
    Column("silence", BIG, ForeignKey("silence.number")),  #: that suppressed it
    CheckConstraint("(lease_until IS NULL) = (state <> 'sending')", name="lease_while_sending"),
    CheckConstraint(
        "(finished_at IS NULL) = (state IN ('queued', 'sending', 'uncertain'))", name="finished_when_final"
    ),
    CheckConstraint("attempts >= 0 AND target >= 0", name="counts"),
    CheckConstraint("silence IS NULL OR state = 'suppressed'", name="silence_suppresses"),
    CheckConstraint("(incident IS NULL) = (kind = 'letter')", name="letter_of_the_installation"),
    UniqueConstraint("notice", "receiver", "target"),
)
Index("ix_delivery_incident", delivery.c.incident, delivery.c.receiver, delivery.c.target)
_index_where("ix_delivery_due", "state IN ('queued', 'sending', 'uncertain')", delivery.c.channel, delivery.c.due_at)

_index_where("ix_delivery_silence", "silence IS NOT NULL", delivery.c.silence)

#: What people are told of the installation itself, as it was written: once per person and day, or per silence.
letter = Table(
    "letter",
    METADATA,
    Column("notice", BIG, ForeignKey("notice.id"), primary_key=True, autoincrement=False),
    Column("person", Words, nullable=False),
    Column("occasion", Words, nullable=False),  #: of which there is one per person, e.g. "day 2026-03-01"
    Column("title", Words, nullable=False),
    Column("body", Words, nullable=False),
    UniqueConstraint("person", "occasion"),
)

# -- acts --------------------------------------------------------------------------------------------------------------

#: Dismissals that wait, or waited, for a second person.
proposal = Table(
    "proposal",
    METADATA,
    Column("id", BIG, primary_key=True),
    Column("incident", BIG, ForeignKey("incident.number"), nullable=False),
    *literal("reason_code", DismissReason),
    Column("proposed_by", Words, nullable=False),
    Column("proposed_at", UtcTime, nullable=False),
    Column("lapses_at", UtcTime, nullable=False),
    Column("state", String, nullable=False),
    Column("settled_by", Words),  #: null while pending and when it lapsed
    Column("settled_at", UtcTime),
    either("state", "pending", "agreed", "declined", "lapsed"),
    CheckConstraint("(settled_at IS NULL) = (state = 'pending')", name="settled_at_when_settled"),
)
_index_where("uq_proposal_pending", "state = 'pending'", proposal.c.incident, unique=True)

#: Which findings a merged record brought along, so that it can take them back.
merged_finding = Table(
    "merged_finding",
    METADATA,
    Column("incident", BIG, ForeignKey("incident.number"), primary_key=True),
    Column("finding", String, primary_key=True),
)

#: Answers to requests that bore an Idempotency-Key.
idempotency = Table(
    "idempotency",
    METADATA,
    Column("caller", Words, primary_key=True),
    Column("key", Words, primary_key=True),
    Column("route", Words, nullable=False),
    Column("body_hash", String, nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", Packed(dict[str, str]), nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("at", UtcTime, nullable=False),
)
Index("ix_idempotency_at", idempotency.c.at)

# -- people ------------------------------------------------------------------------------------------------------------

person = Table(
    "person",
    METADATA,
    Column("id", Words, primary_key=True),
    Column("name", Words, nullable=False),
    Column("email", Words),
    Column("timezone", Words, nullable=False),
    Column("accounts", Packed(tuple[str, ...]), nullable=False),
    Column("from_config", Boolean, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("changed_by", Words, nullable=False),  #: "" for the configuration
    Column("disabled_at", UtcTime),
)

person_role = Table(
    "person_role",
    METADATA,
    Column("person", Words, ForeignKey("person.id"), primary_key=True),
    Column("role", String, primary_key=True),
    either("role", *Role),
)

token = Table(
    "token",
    METADATA,
    Column("id", BIG, primary_key=True),
    Column("person", Words, ForeignKey("person.id"), nullable=False),
    Column("label", Words, nullable=False),
    Column("hash", String, nullable=False, unique=True),
    Column("created_at", UtcTime, nullable=False),
    Column("changed_by", Words, nullable=False),
    Column("revoked_at", UtcTime),
)

session = Table(
    "session",
    METADATA,
    Column("id", BIG, primary_key=True),
    Column("hash", String, nullable=False, unique=True),
    Column("person", Words, ForeignKey("person.id"), nullable=False),
    Column("incident", BIG, ForeignKey("incident.number")),  #: opened by a link, for this record alone
    Column("how", String, nullable=False),
    Column("agent", Words, nullable=False),  #: what the browser calls itself
    Column("address", String, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("used_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    either("how", *SignedInBy),
)

password = Table(
    "password",
    METADATA,
    Column("person", Words, ForeignKey("person.id"), primary_key=True),
    Column("hash", String, nullable=False),  #: Argon2id, with its parameters and salt
    Column("changed_at", UtcTime, nullable=False),
    Column("changed_by", Words, nullable=False),
)

#: Who must wait before the next password is looked at.
sign_in_failure = Table(
    "sign_in_failure",
    METADATA,
    Column("subject", String, primary_key=True),  #: hash of a person's id or of an address
    Column("failures", Integer, nullable=False),
    Column("last_at", UtcTime, nullable=False, index=True),
    Column("blocked_until", UtcTime, nullable=False),
    CheckConstraint("failures >= 0", name="counts"),
)

#: The newest sign-ins and refusals; see `store.repository.people.sign_in_log`.
sign_in_log = Table(
    "sign_in_log",
    METADATA,
    Column("id", BIG, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("person", Words, ForeignKey("person.id")),  #: None: nobody is called so
    Column("address", String, nullable=False),
    Column("how", String, nullable=False),
    Column("outcome", String, nullable=False),
    either("how", *SignedInBy),
    either("outcome", *SignInOutcome),
)

sign_in_code = Table(
    "sign_in_code",
    METADATA,
    Column("hash", String, primary_key=True),
    Column("person", Words, ForeignKey("person.id"), nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("spent_at", UtcTime),
)

link_nonce = Table(
    "link_nonce",
    METADATA,
    Column("nonce", String, primary_key=True),
    Column("incident", BIG, ForeignKey("incident.number"), nullable=False),
    Column("act", String, nullable=False),
    Column("person", Words, nullable=False),
    Column("spent_at", UtcTime, nullable=False),
)

# -- what people write -------------------------------------------------------------------------------------------------

form = Table(
    "form",
    METADATA,
    Column("incident", BIG, ForeignKey("incident.number"), primary_key=True),
    *literal("form", FormName, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("cycle", Integer, nullable=False),
    *literal("author_kind", ActorKind),
    Column("author_id", Words, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("content", LargeBinary, nullable=False),  #: the canonical bytes that were hashed
    Column("hash", String, nullable=False),
    CheckConstraint("version >= 1 AND cycle >= 1 AND length(hash) = 64", name="shape"),
)

#: Answers may have to be redacted: a version holds only a salted commitment to each.
form_answer = Table(
    "form_answer",
    METADATA,
    Column("incident", BIG, ForeignKey("incident.number"), primary_key=True),
    *literal("form", FormName, primary_key=True),
    Column("commitment", String, primary_key=True),
    Column("field", Words, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("answer", Words, nullable=False),
)

# -- follow-up ---------------------------------------------------------------------------------------------------------

#: The rules that were in force together; their digest is the version of the set.
rule_set = Table(
    "rule_set",
    METADATA,
    Column("digest", String, primary_key=True),
    Column("rule", Words, primary_key=True),
    Column("version", String, nullable=False),
    CheckConstraint("length(digest) = 64", name="digest"),
)
Index("ix_rule_set_rule", rule_set.c.rule, rule_set.c.version)

#: When a source was read, and when a set of rules was applied. After a crash a row ends where it was extended last.
coverage = Table(
    "coverage",
    METADATA,
    Column("id", BIG, primary_key=True),
    Column("kind", String, nullable=False),
    Column("name", Words, nullable=False),  #: of the source, or digest of the set of rules
    Column("start", UtcTime, nullable=False),
    Column("until", UtcTime, nullable=False),
    Column("ended", Words),  #: why it ended; null while it goes on
    either("kind", "source", "rules"),
    CheckConstraint("start <= until", name="in_order"),
)
_index_where("uq_coverage_alive", "ended IS NULL", coverage.c.kind, coverage.c.name, unique=True)
Index("ix_coverage_name", coverage.c.kind, coverage.c.name, coverage.c.until)

watch = Table(
    "watch",
    METADATA,
    Column("incident", BIG, ForeignKey("incident.number"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("cycle", Integer, nullable=False),
    Column("action", Integer),  #: number of the action that it tests; null: the record as a whole
    Column("criterion", Words, nullable=False),  #: what is promised, in words
    Column("rules", Packed(tuple[str, ...]), nullable=False),
    Column("scope", Packed(tuple[Entity, ...]), nullable=False),  #: on the protected side; empty: everywhere
    Column("sources", Packed(tuple[str, ...]), nullable=False),  #: that must be alive for silence to count
    Column("at_most", BigInteger, nullable=False),  #: how many matches are still as promised
    Column("hours", Float, nullable=False),
    Column("planned_by", Words, nullable=False),
    Column("planned_at", UtcTime, nullable=False),
    Column("versions", Packed(dict[str, str])),  #: of the rules when it began
    Column("start", UtcTime),
    Column("until", UtcTime),
    Column("extended", Boolean, nullable=False),
    Column("tried_by", Words),
    Column("tried_how", Words),
    Column("tried_evidence", Words),
    Column("verdict", String),
    Column("sentence", Words),
    Column("before_matches", BigInteger),
    Column("before_hours", Float),
    Column("after_matches", BigInteger),
    Column("after_hours", Float),
    Column("expected", Float),
    Column("p", Float),
    Column("ended_at", UtcTime),
    Column("accepted_by", Words),
    Column("accepted_reason", Words),
    Column("accepted_at", UtcTime),
    Column("retired_at", UtcTime),  #: of an earlier cycle, reworked, or taken back: it decides nothing any more
    either("verdict", *Verdict),
    CheckConstraint("number >= 1 AND cycle >= 1 AND at_most >= 0 AND hours > 0", name="shape"),
    CheckConstraint("(start IS NULL) = (until IS NULL) AND (start IS NULL OR start < until)", name="in_order"),
    CheckConstraint("(verdict IS NULL) = (ended_at IS NULL)", name="verdict_at_end"),
    CheckConstraint("(accepted_by IS NULL) = (accepted_at IS NULL)", name="accepted_by_someone"),
)
_index_where("ix_watch_running", "ended_at IS NULL AND retired_at IS NULL", watch.c.until)

#: What is to be made better, apart from the actions; lives on after the incident is closed.
improvement = Table(
    "improvement",
    METADATA,
    Column("incident", BIG, ForeignKey("incident.number"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("item", Words, nullable=False),
    Column("owner", Words, nullable=False),
    Column("due", String, nullable=False),  #: a date, e.g. 2026-03-02
    Column("written_by", Words, nullable=False),
    Column("written_at", UtcTime, nullable=False),
    Column("state", String, nullable=False),
    Column("outcome", Words, nullable=False),  #: what came of it, or why it was dropped; "" while open
    Column("ended_at", UtcTime),
    either("state", "open", "done", "dropped"),
    CheckConstraint("(ended_at IS NULL) = (state = 'open')", name="ended_when_over"),
    CheckConstraint("number >= 1", name="number"),
)
_index_where("ix_improvement_open", "state = 'open'", improvement.c.due)

# -- who is asked ------------------------------------------------------------------------------------------------------

#: People and organisations outside: they have no access, and are asked by a signed link.
contact = Table(
    "contact",
    METADATA,
    Column("id", Words, primary_key=True),
    Column("name", Words, nullable=False),
    *literal("kind", ContactKind),
    Column("address", Words, nullable=False),
    Column("language", Words, nullable=False),
    Column("assets", Packed(tuple[str, ...]), nullable=False),
    *literal("max_tlp", Tlp),
    Column("from_config", Boolean, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("changed_by", Words, nullable=False),  #: "" for the configuration
    Column("disabled_at", UtcTime),
)

#: Who asks what and what the answer is stands in the timeline alone: redacted there, it is gone here too.
request = Table(
    "request",
    METADATA,
    Column("incident", BIG, ForeignKey("incident.number"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("entry", Integer, nullable=False),
    Column("person", Words, ForeignKey("person.id")),
    Column("contact", Words, ForeignKey("contact.id")),
    Column("due_at", UtcTime),
    Column("notice", BIG, ForeignKey("notice.id")),  #: by which the person hears of it
    *literal("state", RequestState),
    Column("settled_entry", Integer),
    ForeignKeyConstraint(["incident", "entry"], ["timeline.incident", "timeline.seq"]),
    ForeignKeyConstraint(["incident", "settled_entry"], ["timeline.incident", "timeline.seq"]),
    CheckConstraint("(person IS NULL) <> (contact IS NULL)", name="asks_one"),
    CheckConstraint("(settled_entry IS NULL) = (state = 'open')", name="settled_entry_when_settled"),
    CheckConstraint("number >= 1", name="counts"),
)
Index("ix_request_notice", request.c.notice)

# -- approval ----------------------------------------------------------------------------------------------------------

#: Each freeze of what is to be approved.
dossier = Table(
    "dossier",
    METADATA,
    Column("incident", BIG, ForeignKey("incident.number"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("cycle", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("entry", Integer, nullable=False),  #: of the timeline, that tells of it; what follows is the annex
    Column("events", BigInteger, nullable=False),  #: how many there were
    Column("procedure_version", String, nullable=False),  #: hash of forms, clocks, roles and tracks in force
    Column("content", LargeBinary, nullable=False),  #: the canonical bytes that were hashed
    Column("hash", String, nullable=False),
    ForeignKeyConstraint(["incident", "entry"], ["timeline.incident", "timeline.seq"]),
    CheckConstraint("number >= 1 AND cycle >= 1 AND length(hash) = 64", name="shape"),
)

#: Approvals. What was said with one stands in its timeline entry, and can be redacted there.
signature = Table(
    "signature",
    METADATA,
    Column("incident", BIG, ForeignKey("incident.number"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("dossier", Integer, nullable=False),
    Column("hash", String, nullable=False),  #: of that dossier
    *literal("signature", Signature),
    Column("person", Words, ForeignKey("person.id"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("meaning", Words, nullable=False),
    Column("place", Integer, nullable=False),  #: printed as "1 of 2"
    Column("places", Integer, nullable=False),
    Column("leaves", Packed(tuple[str, ...]), nullable=False),  #: of a pair: parts that the other one must sign
    Column("waived", Boolean, nullable=False),  #: it would have clashed, had four eyes not been waived
    Column("entry", Integer, nullable=False),  #: of the timeline, with printed name, checklist and note
    ForeignKeyConstraint(["incident", "dossier"], ["dossier.incident", "dossier.number"]),
    ForeignKeyConstraint(["incident", "entry"], ["timeline.incident", "timeline.seq"]),
    CheckConstraint("number >= 1 AND place >= 1 AND length(hash) = 64", name="shape"),
)

#: What does not fit in a dossier. What was said stands in the timeline entries, and can be redacted there.
discrepancy = Table(
    "discrepancy",
    METADATA,
    Column("incident", BIG, ForeignKey("incident.number"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("entry", Integer, nullable=False),
    Column("cause", String, nullable=False),  #: what broke through; "" if a person raised it
    Column("answer_entry", Integer),
    Column("answered_by", Words),
    Column("closed_by", Words),
    Column("closed_at", UtcTime),
    ForeignKeyConstraint(["incident", "entry"], ["timeline.incident", "timeline.seq"]),
    ForeignKeyConstraint(["incident", "answer_entry"], ["timeline.incident", "timeline.seq"]),
    CheckConstraint("number >= 1 AND (closed_by IS NULL) = (closed_at IS NULL)", name="shape"),
    CheckConstraint("(answered_by IS NULL) = (answer_entry IS NULL)", name="answered_by_someone"),
)

#: What signs once: who has one has shown just now that it is them.
fresh_token = Table(
    "fresh_token",
    METADATA,
    Column("hash", String, primary_key=True),
    Column("person", Words, ForeignKey("person.id"), nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("spent_at", UtcTime),
)

# -- actions -----------------------------------------------------------------------------------------------------------

#: Every version of every action; the newest is how it stands.
action = Table(
    "action",
    METADATA,
    Column("incident", BIG, ForeignKey("incident.number"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("version", Integer, primary_key=True),
    *literal("state", ActionState),
    *literal("kind", ActionKind),
    Column("owner", Words, nullable=False),  #: person id; "": nobody yet
    Column("due", String),  #: a date, e.g. 2026-03-02
    Column("content", LargeBinary, nullable=False),  #: the canonical bytes that were hashed
    Column("hash", String, nullable=False),
    CheckConstraint("number >= 1 AND version >= 1 AND length(hash) = 64", name="shape"),
)

#: Texts may have to be redacted: a version holds only a salted commitment to each.
action_text = Table(
    "action_text",
    METADATA,
    Column("incident", BIG, ForeignKey("incident.number"), primary_key=True),
    Column("action", Integer, primary_key=True),
    Column("commitment", String, primary_key=True),
    Column("field", String, nullable=False),
    Column("salt", LargeBinary, nullable=False),
    Column("text", Words, nullable=False),
)

# -- who sees it, and for how long -------------------------------------------------------------------------------------

#: Who read what only its participants may read.
reading = Table(
    "reading",
    METADATA,
    Column("id", BIG, primary_key=True),
    Column("incident", BIG, ForeignKey("incident.number"), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("person", Words, ForeignKey("person.id"), nullable=False),
    Column("via", Words, nullable=False),
    Column("route", Words, nullable=False),  #: as a pattern, which holds no secret
)
Index("ix_reading_incident", reading.c.incident, reading.c.id)

#: While one is not released, nothing of the record is redacted or disposed of.
hold = Table(
    "hold",
    METADATA,
    Column("incident", BIG, ForeignKey("incident.number"), primary_key=True),
    Column("entry", Integer, primary_key=True),  #: of the timeline, that says who placed it and why
    Column("released_entry", Integer),
    ForeignKeyConstraint(["incident", "entry"], ["timeline.incident", "timeline.seq"]),
    ForeignKeyConstraint(["incident", "released_entry"], ["timeline.incident", "timeline.seq"]),
)

#: Disposals that wait, or waited, for a second person.
disposal = Table(
    "disposal",
    METADATA,
    Column("incident", BIG, ForeignKey("incident.number"), primary_key=True),
    Column("entry", Integer, primary_key=True),  #: of the timeline, that says who proposed it and why
    Column("settled_entry", Integer),
    ForeignKeyConstraint(["incident", "entry"], ["timeline.incident", "timeline.seq"]),
    ForeignKeyConstraint(["incident", "settled_entry"], ["timeline.incident", "timeline.seq"]),
)
_index_where("uq_disposal_pending", "settled_entry IS NULL", disposal.c.incident, unique=True)

# -- what is handed in -------------------------------------------------------------------------------------------------

#: Bodies of requests, as they came: answered after this commit, read by the source of the same name.
inbox = Table(
    "inbox",
    METADATA,
    Column("id", BIG, primary_key=True),
    _partition(),
    Column("source", Words, nullable=False),
    Column("key", String),  #: by which the sender tells a repetition; null: it tells none
    Column("kind", String, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("partition", "source", "key"),
    sqlite_autoincrement=True,  # a number is a position: never given again, though old rows are removed
)
Index("ix_inbox_source", inbox.c.source, inbox.c.id)
Index("ix_inbox_received", inbox.c.received_at)

# -- exceptions --------------------------------------------------------------------------------------------------------

#: Sigma filters that people proposed out of incidents, with what each would have hidden.
exception = Table(
    "exception",
    METADATA,
    Column("number", BIG, primary_key=True),
    Column("incident", BIG, ForeignKey("incident.number")),  #: null: proposed out of none
    Column("text", Words, nullable=False),
    Column("title", Words, nullable=False),
    Column("rules", Packed(tuple[str, ...]), nullable=False),
    *literal("state", ExceptionState),
    Column("reason", Words, nullable=False),
    *literal("highest", Severity),
    Column("preview", Packed(Preview), nullable=False),
    Column("proposed_by", Words, nullable=False),
    Column("proposed_at", UtcTime, nullable=False),
    Column("lapses_at", UtcTime),  #: null: nobody has to agree
    Column("until", UtcTime, nullable=False),
    Column("settled_by", Words),  #: null: nobody agreed or declined
    Column("settled_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("ended_by", Words),  #: null: it ended by itself, or has not
    Column("version", BigInteger, nullable=False),
    CheckConstraint("(ended_at IS NULL) = (state IN ('proposed', 'in_force', 'agreed'))", name="ended_when_over"),
    CheckConstraint("(settled_by IS NULL) = (settled_at IS NULL)", name="settled_by_somebody"),
)
Index("ix_exception_state", exception.c.state)

# -- silences ----------------------------------------------------------------------------------------------------------

#: What is recorded and told to nobody; a mute is one whose matchers name rules only.
silence = Table(
    "silence",
    METADATA,
    Column("number", BIG, primary_key=True),
    Column("matchers", Packed(dict[str, tuple[str, ...]]), nullable=False),
    *literal("state", SilenceState),
    Column("reason", Words, nullable=False),
    *literal("highest", Severity),
    Column("preview", Packed(Hidden), nullable=False),
    Column("created_by", Words, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("starts_at", UtcTime, nullable=False),
    Column("ends_at", UtcTime, nullable=False),
    Column("until_resolved", BIG, ForeignKey("incident.number")),  #: whose end ends it too
    Column("window", Packed(Window)),  #: null: all the time
    Column("lapses_at", UtcTime),  #: null: nobody has to agree
    Column("longer_until", UtcTime),  #: end that waits for a second person
    Column("longer_by", Words),
    Column("settled_by", Words),  #: null: nobody agreed or declined
    Column("settled_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("ended_by", Words),  #: null: it ended by itself, or has not
    Column("told_until", UtcTime),  #: what it hid before, people were told of afterwards
    Column("version", BigInteger, nullable=False),
    CheckConstraint("(ended_at IS NULL) = (state IN ('proposed', 'in_force', 'agreed'))", name="ended_when_over"),
    CheckConstraint("(settled_by IS NULL) = (settled_at IS NULL)", name="settled_by_somebody"),
    CheckConstraint("(longer_until IS NULL) = (longer_by IS NULL)", name="longer_by_somebody"),
    CheckConstraint("starts_at < ends_at", name="ends_after_start"),
)
Index("ix_silence_state", silence.c.state)

# -- reading -----------------------------------------------------------------------------------------------------------

position = Table(
    "position",
    METADATA,
    _partition(key=True),
    Column("source", Words, primary_key=True),
    Column("stream", Words, primary_key=True),
    Column("origin", Words, nullable=False),
    Column("position", LargeBinary, nullable=False),
    Column("format", String, nullable=False),
    Column("saved_at", UtcTime, nullable=False),
)

rule_state = Table(
    "rule_state",
    METADATA,
    _partition(key=True),
    Column("seq", BIG, primary_key=True, autoincrement=False),
    Column("kind", String, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("saved_at", UtcTime, nullable=False),
    either("kind", "snapshot", "delta"),
)

source_count = Table(
    "source_count",
    METADATA,
    _partition(key=True),
    Column("source", Words, primary_key=True),
    Column("stream", Words, primary_key=True),
    *(
        Column(name, BigInteger, nullable=False)
        for name in ("lines", "parsed", "unparsed", "matched", "late", "suspect", "poisoned")
    ),
    Column("format", String, nullable=False),
    Column("last_time", UtcTime),  #: of the newest event
    Column("last_line_at", UtcTime, nullable=False),  #: when we last read a line of it
    Column("sample_unparsed", Words, nullable=False),
)

poisoned_line = Table(
    "poisoned_line",
    METADATA,
    Column("id", BIG, primary_key=True),
    _partition(),
    Column("source", Words, nullable=False),
    Column("stream", Words, nullable=False),
    Column("origin", Words, nullable=False),
    Column("line", BigInteger, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("reason", Words, nullable=False),
    Column("at", UtcTime, nullable=False),
    UniqueConstraint("partition", "source", "stream", "line", "offset"),
)
