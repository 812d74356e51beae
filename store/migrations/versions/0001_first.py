"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create all tables."""
    op.create_table(
        "incident",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("dedup_key", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("rule_title", sa.Text(), nullable=False),
        sa.Column("rule_path", sa.Text(), nullable=False),
        sa.Column("rule_version", sa.String(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("group", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("severity_highest", sa.String(), nullable=False),
        sa.Column("severity_terms", sa.Text(), nullable=False),
        sa.Column("track", sa.String(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.Column("window_seconds", sa.Float(), nullable=False),
        sa.Column("detected_at", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("step_entered_at", sa.BigInteger(), nullable=False),
        sa.Column("rolled_up_at", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("campaign", sa.Boolean(), nullable=False),
        sa.Column("history", sa.Boolean(), nullable=False),
        sa.Column("advised", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("recurrence_of", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("source_kind", sa.String(), nullable=False),
        sa.Column("drill", sa.Boolean(), nullable=False),
        sa.Column("merged_into", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("tlp", sa.String(), nullable=False),
        sa.Column("restricted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("aware_at", sa.BigInteger(), nullable=True),
        sa.Column("classified_at", sa.BigInteger(), nullable=True),
        sa.Column("notified_at", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_at", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_by", sa.Text(), nullable=True),
        sa.Column("acknowledged_events", sa.BigInteger(), nullable=True),
        sa.Column("broke_through", sa.Boolean(), nullable=False),
        sa.Column("quiet_until", sa.BigInteger(), nullable=True),
        sa.Column("observe_until", sa.BigInteger(), nullable=True),
        sa.Column("observe_events", sa.BigInteger(), nullable=True),
        sa.Column("occurred_at", sa.BigInteger(), nullable=True),
        sa.Column("lowering", sa.Text(), nullable=True),
        sa.Column("contained_at", sa.BigInteger(), nullable=True),
        sa.Column("resolved_at", sa.BigInteger(), nullable=True),
        sa.Column("approved_at", sa.BigInteger(), nullable=True),
        sa.Column("approval_void", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("watched_from", sa.BigInteger(), nullable=True),
        sa.Column("watched_until", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(closed_at IS NULL) = (status = 'open')", name=op.f("ck_incident_closed_at_when_closed")),
        sa.CheckConstraint(
            "(merged_into IS NOT NULL) = (outcome = 'merged')", name=op.f("ck_incident_merged_into_one")
        ),
        sa.CheckConstraint("merged_into <> number", name=op.f("ck_incident_merged_into_another")),
        sa.CheckConstraint(
            "source_kind IN ('log', 'alert', 'feedback', 'person')", name=op.f("ck_incident_source_kind_literal")
        ),
        sa.CheckConstraint(
            "(step = 'identification' AND stage = 'none' AND status = 'open' AND outcome = 'none') OR "
            "(step = 'notification' AND stage = 'none' AND status = 'open' AND outcome = 'none') OR "
            "(step = 'reporting' AND stage = 'none' AND status = 'open' AND outcome = 'none') OR "
            "(step = 'investigation' AND stage = 'none' AND status = 'open' AND outcome = 'none') OR "
            "(step = 'corrective_actions' AND stage = 'none' AND status = 'open' AND outcome = 'none') OR "
            "(step = 'approval' AND stage = 'none' AND status = 'open' AND outcome = 'none') OR "
            "(step = 'follow_up' AND stage = 'none' AND status = 'open' AND outcome = 'none') OR "
            "(step = 'reporting' AND stage = 'in_review' AND status = 'open' AND outcome = 'none') OR "
            "(step = 'follow_up' AND stage = 'none' AND status = 'closed' AND outcome = 'resolved') OR "
            "(step = 'identification' AND stage = 'none' AND status = 'closed' AND outcome = 'dismissed') OR "
            "(step = 'notification' AND stage = 'none' AND status = 'closed' AND outcome = 'dismissed') OR "
            "(step = 'reporting' AND stage = 'none' AND status = 'closed' AND outcome = 'dismissed') OR "
            "(step = 'investigation' AND stage = 'none' AND status = 'closed' AND outcome = 'dismissed') OR "
            "(step = 'corrective_actions' AND stage = 'none' AND status = 'closed' AND outcome = 'dismissed') OR "
            "(step = 'identification' AND stage = 'none' AND status = 'closed' AND outcome = 'merged') OR "
            "(step = 'notification' AND stage = 'none' AND status = 'closed' AND outcome = 'merged') OR "
            "(step = 'reporting' AND stage = 'none' AND status = 'closed' AND outcome = 'merged') OR "
            "(step = 'investigation' AND stage = 'none' AND status = 'closed' AND outcome = 'merged') OR "
            "(step = 'corrective_actions' AND stage = 'none' AND status = 'closed' AND outcome = 'merged') OR "
            "(step = 'reporting' AND stage = 'in_review' AND status = 'closed' AND outcome = 'merged')",
            name=op.f("ck_incident_legal_standing"),
        ),
        sa.CheckConstraint("decision <> 'record'", name=op.f("ck_incident_worth_a_record")),
        sa.CheckConstraint(
            "decision IN ('record', 'observe', 'investigate')", name=op.f("ck_incident_decision_literal")
        ),
        sa.CheckConstraint(
            "outcome IN ('none', 'resolved', 'dismissed', 'merged')", name=op.f("ck_incident_outcome_literal")
        ),
        sa.CheckConstraint(
            "severity IN ('informational', 'low', 'medium', 'high', 'critical')",
            name=op.f("ck_incident_severity_literal"),
        ),
        sa.CheckConstraint(
            "severity_highest IN ('informational', 'low', 'medium', 'high', 'critical')",
            name=op.f("ck_incident_severity_highest_literal"),
        ),
        sa.CheckConstraint("stage IN ('none', 'in_review')", name=op.f("ck_incident_stage_literal")),
        sa.CheckConstraint("status IN ('open', 'closed')", name=op.f("ck_incident_status_literal")),
        sa.CheckConstraint(
            "step IN ('identification', 'notification', 'reporting', 'investigation', 'corrective_actions', "
            "'approval', 'follow_up')",
            name=op.f("ck_incident_step_literal"),
        ),
        sa.CheckConstraint(
            "tlp IN ('TLP:RED', 'TLP:AMBER+STRICT', 'TLP:AMBER', 'TLP:GREEN', 'TLP:CLEAR')",
            name=op.f("ck_incident_tlp_literal"),
        ),
        sa.CheckConstraint("track IN ('light', 'standard', 'full')", name=op.f("ck_incident_track_literal")),
        sa.CheckConstraint(
            "(acknowledged_at IS NULL) = (acknowledged_by IS NULL)", name=op.f("ck_incident_acknowledged_by_someone")
        ),
        sa.CheckConstraint(
            "(acknowledged_at IS NULL) OR (owner IS NOT NULL)", name=op.f("ck_incident_acknowledged_is_owned")
        ),
        sa.CheckConstraint("first_seen <= last_seen", name=op.f("ck_incident_seen_in_order")),
        sa.CheckConstraint(
            "number >= 1 AND cycle >= 1 AND version >= 1 AND events >= 0", name=op.f("ck_incident_counts")
        ),
        sa.ForeignKeyConstraint(["recurrence_of"], ["incident.number"], name=op.f("fk_incident_recurrence_of")),
        sa.ForeignKeyConstraint(["merged_into"], ["incident.number"], name=op.f("fk_incident_merged_into")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_incident")),
    )
    op.create_index("ix_incident_key", "incident", ["dedup_key", "number"], unique=False)
    op.create_index(
        "ix_incident_lowering",
        "incident",
        ["number"],
        unique=False,
        sqlite_where=sa.text("lowering IS NOT NULL"),
        postgresql_where=sa.text("lowering IS NOT NULL"),
    )
    op.create_index(
        "ix_incident_merged_into",
        "incident",
        ["merged_into"],
        unique=False,
        sqlite_where=sa.text("merged_into IS NOT NULL"),
        postgresql_where=sa.text("merged_into IS NOT NULL"),
    )
    op.create_index("ix_incident_rule_seen", "incident", ["rule_id", "first_seen"], unique=False)
    op.create_index("ix_incident_status", "incident", ["status", "number"], unique=False)
    op.create_index(
        "uq_incident_open_key",
        "incident",
        ["dedup_key"],
        unique=True,
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_table(
        "owner",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fencing", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_owner_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_owner")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("accounts", sa.Text(), nullable=False),
        sa.Column("from_config", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )
    op.create_table(
        "inbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("partition", sa.String(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("partition", "source", "key", name=op.f("uq_inbox_partition_source_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_inbox_source", "inbox", ["source", "id"], unique=False)
    op.create_index("ix_inbox_received", "inbox", ["received_at"], unique=False)
    op.create_table(
        "poisoned_line",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("partition", sa.String(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_poisoned_line")),
        sa.UniqueConstraint(
            "partition",
            "source",
            "stream",
            "line",
            "offset",
            name=op.f("uq_poisoned_line_partition_source_stream_line_offset"),
        ),
    )
    op.create_table(
        "position",
        sa.Column("partition", sa.String(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("position", sa.LargeBinary(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("saved_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "source", "stream", name=op.f("pk_position")),
    )
    op.create_table(
        "rule_state",
        sa.Column("partition", sa.String(), server_default="", nullable=False),
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('snapshot', 'delta')", name=op.f("ck_rule_state_kind_literal")),
        sa.PrimaryKeyConstraint("partition", "seq", name=op.f("pk_rule_state")),
    )
    op.create_table(
        "source_count",
        sa.Column("partition", sa.String(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("parsed", sa.BigInteger(), nullable=False),
        sa.Column("unparsed", sa.BigInteger(), nullable=False),
        sa.Column("matched", sa.BigInteger(), nullable=False),
        sa.Column("late", sa.BigInteger(), nullable=False),
        sa.Column("suspect", sa.BigInteger(), nullable=False),
        sa.Column("poisoned", sa.BigInteger(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("last_time", sa.BigInteger(), nullable=True),
        sa.Column("last_line_at", sa.BigInteger(), nullable=False),
        sa.Column("sample_unparsed", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "source", "stream", name=op.f("pk_source_count")),
    )
    op.create_table(
        "entity",
        sa.Column("incident", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_entity_incident")),
        sa.PrimaryKeyConstraint("incident", "kind", "value", name=op.f("pk_entity")),
    )
    op.create_index("ix_entity_value", "entity", ["value", "kind"], unique=False)
    op.create_table(
        "evidence",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("incident", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_evidence_sha256")),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_evidence_incident")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
        sa.UniqueConstraint(
            "incident",
            "rule_id",
            "source",
            "origin",
            "line",
            "offset",
            "sha256",
            name=op.f("uq_evidence_incident_rule_id_source_origin_line_offset_sha256"),
        ),
    )
    op.create_table(
        "finding",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("partition", sa.String(), server_default="", nullable=False),
        sa.Column("incident", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("rule_title", sa.Text(), nullable=False),
        sa.Column("rule_path", sa.Text(), nullable=False),
        sa.Column("rule_version", sa.String(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("license", sa.Text(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("dedup_key", sa.Text(), nullable=False),
        sa.Column("group", sa.Text(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("counted", sa.BigInteger(), nullable=False),
        sa.Column("merged_into", sa.String(), nullable=True),
        sa.Column("entities", sa.Text(), server_default="[]", nullable=False),
        sa.Column("success", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("mode", sa.String(), server_default="on", nullable=False),
        sa.Column("history", sa.Boolean(), nullable=False),
        sa.Column("approximate", sa.Boolean(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "decision IN ('record', 'observe', 'investigate')", name=op.f("ck_finding_decision_literal")
        ),
        sa.CheckConstraint(
            "severity IN ('informational', 'low', 'medium', 'high', 'critical')",
            name=op.f("ck_finding_severity_literal"),
        ),
        sa.CheckConstraint("mode IN ('on', 'simulate', 'advise')", name=op.f("ck_finding_mode_literal")),
        sa.CheckConstraint("first_seen <= last_seen AND events >= 0 AND counted >= 0", name=op.f("ck_finding_counts")),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_finding_incident")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding")),
    )
    op.create_index("ix_finding_incident", "finding", ["incident"], unique=False)
    op.create_index("ix_finding_key", "finding", ["dedup_key"], unique=False)
    op.create_index("ix_finding_taken", "finding", ["taken_at"], unique=False)
    op.create_index("ix_finding_rule", "finding", ["rule_id", "last_seen"], unique=False)
    op.create_table(
        "link_nonce",
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("incident", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("spent_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_link_nonce_incident")),
        sa.PrimaryKeyConstraint("nonce", name=op.f("pk_link_nonce")),
    )
    op.create_table(
        "agenda",
        sa.Column("incident", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("look_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_agenda_incident")),
        sa.PrimaryKeyConstraint("incident", name=op.f("pk_agenda")),
    )
    op.create_index("ix_agenda_look", "agenda", ["look_at"], unique=False)
    op.create_table(
        "notice",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("incident", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.Column("breaks_through", sa.Boolean(), nullable=False),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("matter", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("planned_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('opened', 'worse', 'acknowledged', 'reopened', 'lapsed', 'resolved', 'unreported', 'proposed', "
            "'handed_over', 'your_turn', 'handed_on', 'escalated', 'still_yours', 'reminder', 'request', 'link', "
            "'unsilenced', 'letter')",
            name=op.f("ck_notice_kind_literal"),
        ),
        sa.CheckConstraint("(incident IS NULL) = (kind = 'letter')", name=op.f("ck_notice_letter_of_the_installation")),
        sa.CheckConstraint(
            "severity IN ('informational', 'low', 'medium', 'high', 'critical')",
            name=op.f("ck_notice_severity_literal"),
        ),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_notice_incident")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index("ix_notice_incident", "notice", ["incident"], unique=False)
    op.create_index(
        "ix_notice_unplanned",
        "notice",
        ["due_at", "id"],
        unique=False,
        sqlite_where=sa.text("planned_at IS NULL"),
        postgresql_where=sa.text("planned_at IS NULL"),
    )
    op.create_table(
        "person_role",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.CheckConstraint(
            "role IN ('viewer', 'responder', 'reporter', 'reviewer', 'investigator', 'action_owner', "
            "'verifier', 'approver', 'admin', 'source')",
            name=op.f("ck_person_role_role_literal"),
        ),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_person_role_person")),
        sa.PrimaryKeyConstraint("person", "role", name=op.f("pk_person_role")),
    )
    op.create_table(
        "session",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("incident", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("how IN ('password', 'code', 'link', 'token')", name=op.f("ck_session_how_literal")),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_session_incident")),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_session_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("hash", name=op.f("uq_session_hash")),
    )
    op.create_table(
        "password",
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_password_person")),
        sa.PrimaryKeyConstraint("person", name=op.f("pk_password")),
    )
    op.create_table(
        "sign_in_failure",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("blocked_until", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_sign_in_failure_counts")),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_sign_in_failure")),
    )
    op.create_index("ix_sign_in_failure_last_at", "sign_in_failure", ["last_at"], unique=False)
    op.create_table(
        "sign_in_log",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.CheckConstraint("how IN ('password', 'code', 'link', 'token')", name=op.f("ck_sign_in_log_how_literal")),
        sa.CheckConstraint(
            "outcome IN ('signed_in', 'signed_anew', 'refused', 'locked_out')",
            name=op.f("ck_sign_in_log_outcome_literal"),
        ),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_sign_in_log_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_log")),
    )
    op.create_table(
        "sign_in_code",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("spent_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_sign_in_code_person")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_sign_in_code")),
    )
    op.create_table(
        "alert",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("intake", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("has_fired", sa.Boolean(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.BigInteger(), nullable=True),
        sa.Column("said_at", sa.BigInteger(), nullable=False),
        sa.Column("repeats", sa.BigInteger(), nullable=False),
        sa.Column("parcel", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("told", sa.Text(), nullable=False),
        sa.CheckConstraint("repeats >= 0 AND parcel >= 0", name=op.f("ck_alert_counts")),
        sa.CheckConstraint("state IN ('firing', 'resolved', 'expired')", name=op.f("ck_alert_state_literal")),
        sa.CheckConstraint("until IS NULL OR state = 'firing'", name=op.f("ck_alert_awaited_while_firing")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert")),
        sa.UniqueConstraint("intake", "key", name=op.f("uq_alert_intake_key")),
    )
    op.create_index("ix_alert_key", "alert", ["key"], unique=False)
    op.create_index("ix_alert_said", "alert", ["said_at"], unique=False)
    op.create_index(
        "ix_alert_until",
        "alert",
        ["until"],
        unique=False,
        sqlite_where=sa.text("until IS NOT NULL"),
        postgresql_where=sa.text("until IS NOT NULL"),
    )
    op.create_index(
        "ix_alert_firing",
        "alert",
        ["intake", "changed_at"],
        unique=False,
        sqlite_where=sa.text("state = 'firing'"),
        postgresql_where=sa.text("state = 'firing'"),
    )
    op.create_table(
        "claim",
        sa.Column("incident", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("alert", sa.Text(), nullable=False),
        sa.Column("over_at", sa.BigInteger(), nullable=True),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("calm_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("how IN ('resolved', 'expired')", name=op.f("ck_claim_how_literal")),
        sa.CheckConstraint("times >= 1", name=op.f("ck_claim_counts")),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_claim_incident")),
        sa.PrimaryKeyConstraint("incident", "alert", name=op.f("pk_claim")),
    )
    op.create_index(
        "ix_claim_calm",
        "claim",
        ["calm_at"],
        unique=False,
        sqlite_where=sa.text("calm_at IS NOT NULL"),
        postgresql_where=sa.text("calm_at IS NOT NULL"),
    )
    op.create_table(
        "tally",
        sa.Column("incident", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rule_id", sa.Text(), nullable=False),
        sa.Column("rule_title", sa.Text(), nullable=False),
        sa.Column("findings", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("findings >= 0 AND events >= 0", name=op.f("ck_tally_counts")),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_tally_incident")),
        sa.PrimaryKeyConstraint("incident", "rule_id", name=op.f("pk_tally")),
    )
    op.create_table(
        "timeline",
        sa.Column("incident", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("actor_kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("entry", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "actor_kind IN ('person', 'rule', 'daemon', 'os', 'contact')", name=op.f("ck_timeline_actor_kind_literal")
        ),
        sa.CheckConstraint(
            "kind IN ('opened', 'joined', 'raised', 'grew', 'moved', 'reopened', 'acknowledged', 'extended', "
            "'undone', 'note', 'contained', 'resolved', 'owned', 'handed_over', 'concern', 'answer', 'decided', "
            "'proposed', 'settled', "
            "'lapsed', 'merged', 'form_saved', 'reviewed', 'requested', 'replied', 'action', 'frozen', 'discrepancy', "
            "'signed', 'voided', 'watching', 'verdict', 'risk_accepted', 'improvement', 'classified', 'split', "
            "'evidence', 'corrected', 'escalated', 'reminded', 'timer', 'redacted', 'held', 'disposed', 'excepted', "
            "'silenced', 'configured', 'rules_loaded', 'roles_changed', 'token_made', 'token_revoked', "
            "'password_changed', 'key_changed', 'emergency', 'waived')",
            name=op.f("ck_timeline_kind_literal"),
        ),
        sa.CheckConstraint("incident >= 0 AND seq >= 1 AND length(hash) = 32", name=op.f("ck_timeline_shape")),
        sa.PrimaryKeyConstraint("incident", "seq", name=op.f("pk_timeline")),
    )
    op.create_index("ix_timeline_at", "timeline", ["at"], unique=False)
    op.create_table(
        "token",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_token_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
        sa.UniqueConstraint("hash", name=op.f("uq_token_hash")),
    )
    op.create_table(
        "silence",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("matchers", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("highest", sa.String(), nullable=False),
        sa.Column("preview", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("until_resolved", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("window", sa.Text(), nullable=True),
        sa.Column("lapses_at", sa.BigInteger(), nullable=True),
        sa.Column("longer_until", sa.BigInteger(), nullable=True),
        sa.Column("longer_by", sa.Text(), nullable=True),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("told_until", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (state IN ('proposed', 'in_force', 'agreed'))",
            name=op.f("ck_silence_ended_when_over"),
        ),
        sa.CheckConstraint("(longer_until IS NULL) = (longer_by IS NULL)", name=op.f("ck_silence_longer_by_somebody")),
        sa.CheckConstraint("(settled_by IS NULL) = (settled_at IS NULL)", name=op.f("ck_silence_settled_by_somebody")),
        sa.CheckConstraint(
            "highest IN ('informational', 'low', 'medium', 'high', 'critical')",
            name=op.f("ck_silence_highest_literal"),
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_silence_ends_after_start")),
        sa.CheckConstraint(
            "state IN ('proposed', 'in_force', 'agreed', 'over', 'withdrawn')",
            name=op.f("ck_silence_state_literal"),
        ),
        sa.ForeignKeyConstraint(["until_resolved"], ["incident.number"], name=op.f("fk_silence_until_resolved")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_silence")),
    )
    op.create_index("ix_silence_state", "silence", ["state"], unique=False)
    op.create_table(
        "letter",
        sa.Column(
            "notice",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["notice"], ["notice.id"], name=op.f("fk_letter_notice")),
        sa.PrimaryKeyConstraint("notice", name=op.f("pk_letter")),
        sa.UniqueConstraint("person", "occasion", name=op.f("uq_letter_person_occasion")),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("notice", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("incident", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("target", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("resent", sa.Boolean(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("withheld", sa.Text(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("silence", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint(
            "(incident IS NULL) = (kind = 'letter')", name=op.f("ck_delivery_letter_of_the_installation")
        ),
        sa.CheckConstraint(
            "(finished_at IS NULL) = (state IN ('queued', 'sending', 'uncertain'))",
            name=op.f("ck_delivery_finished_when_final"),
        ),
        sa.CheckConstraint(
            "(lease_until IS NULL) = (state <> 'sending')", name=op.f("ck_delivery_lease_while_sending")
        ),
        sa.CheckConstraint(
            "kind IN ('opened', 'worse', 'acknowledged', 'reopened', 'lapsed', 'resolved', 'unreported', 'proposed', "
            "'handed_over', 'your_turn', 'handed_on', 'escalated', 'still_yours', 'reminder', 'request', 'link', "
            "'unsilenced', 'letter')",
            name=op.f("ck_delivery_kind_literal"),
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'accepted', 'failed', 'uncertain', 'dead', 'cancelled', 'suppressed')",
            name=op.f("ck_delivery_state_literal"),
        ),
        sa.CheckConstraint("attempts >= 0 AND target >= 0", name=op.f("ck_delivery_counts")),
        sa.CheckConstraint("silence IS NULL OR state = 'suppressed'", name=op.f("ck_delivery_silence_suppresses")),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_delivery_incident")),
        sa.ForeignKeyConstraint(["notice"], ["notice.id"], name=op.f("fk_delivery_notice")),
        sa.ForeignKeyConstraint(["silence"], ["silence.number"], name=op.f("fk_delivery_silence")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("notice", "receiver", "target", name=op.f("uq_delivery_notice_receiver_target")),
    )
    op.create_index(
        "ix_delivery_silence",
        "delivery",
        ["silence"],
        unique=False,
        sqlite_where=sa.text("silence IS NOT NULL"),
        postgresql_where=sa.text("silence IS NOT NULL"),
    )
    op.create_index(
        "ix_delivery_due",
        "delivery",
        ["channel", "due_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('queued', 'sending', 'uncertain')"),
        postgresql_where=sa.text("state IN ('queued', 'sending', 'uncertain')"),
    )
    op.create_index("ix_delivery_incident", "delivery", ["incident", "receiver", "target"], unique=False)
    op.create_table(
        "value",
        sa.Column("incident", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["incident", "seq"], ["timeline.incident", "timeline.seq"], name=op.f("fk_value_incident_seq")
        ),
        sa.PrimaryKeyConstraint("incident", "seq", "name", name=op.f("pk_value")),
    )
    op.create_table(
        "seal",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("number >= 1 AND length(signature) = 64", name=op.f("ck_seal_shape")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_seal")),
    )
    op.create_table(
        "seal_head",
        sa.Column("record", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("seal", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["seal"], ["seal.number"], name=op.f("fk_seal_head_seal")),
        sa.PrimaryKeyConstraint("record", "seq", name=op.f("pk_seal_head")),
    )
    op.create_index("ix_seal_head_seal", "seal_head", ["seal"], unique=False)
    op.create_table(
        "proposal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("incident", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reason_code", sa.String(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.BigInteger(), nullable=False),
        sa.Column("lapses_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(settled_at IS NULL) = (state = 'pending')", name=op.f("ck_proposal_settled_at_when_settled")
        ),
        sa.CheckConstraint(
            "reason_code IN ('false_positive', 'expected_activity', 'test_or_drill', 'duplicate', 'accepted_risk', "
            "'insufficient_information', 'observed_nothing')",
            name=op.f("ck_proposal_reason_code_literal"),
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'agreed', 'declined', 'lapsed')", name=op.f("ck_proposal_state_literal")
        ),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_proposal_incident")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
    )
    op.create_index(
        "uq_proposal_pending",
        "proposal",
        ["incident"],
        unique=True,
        sqlite_where=sa.text("state = 'pending'"),
        postgresql_where=sa.text("state = 'pending'"),
    )
    op.create_table(
        "exception",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("incident", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("highest", sa.String(), nullable=False),
        sa.Column("preview", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.BigInteger(), nullable=False),
        sa.Column("lapses_at", sa.BigInteger(), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("settled_by", sa.Text(), nullable=True),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (state IN ('proposed', 'in_force', 'agreed'))",
            name=op.f("ck_exception_ended_when_over"),
        ),
        sa.CheckConstraint(
            "(settled_by IS NULL) = (settled_at IS NULL)", name=op.f("ck_exception_settled_by_somebody")
        ),
        sa.CheckConstraint(
            "highest IN ('informational', 'low', 'medium', 'high', 'critical')",
            name=op.f("ck_exception_highest_literal"),
        ),
        sa.CheckConstraint(
            "state IN ('proposed', 'in_force', 'agreed', 'lapsed', 'withdrawn')",
            name=op.f("ck_exception_state_literal"),
        ),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_exception_incident")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_exception")),
    )
    op.create_index("ix_exception_state", "exception", ["state"], unique=False)
    op.create_table(
        "merged_finding",
        sa.Column("incident", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("finding", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_merged_finding_incident")),
        sa.PrimaryKeyConstraint("incident", "finding", name=op.f("pk_merged_finding")),
    )
    op.create_table(
        "idempotency",
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("caller", "key", name=op.f("pk_idempotency")),
    )
    op.create_index("ix_idempotency_at", "idempotency", ["at"], unique=False)
    names = (
        "form IN ('identification', 'notification', 'report', 'investigation', 'corrective_actions', 'approval', "
        "'follow_up')"
    )
    op.create_table(
        "form",
        sa.Column("incident", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("author_kind", sa.String(), nullable=False),
        sa.Column("author_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.CheckConstraint(
            "author_kind IN ('person', 'rule', 'daemon', 'os', 'contact')", name=op.f("ck_form_author_kind_literal")
        ),
        sa.CheckConstraint(names, name=op.f("ck_form_form_literal")),
        sa.CheckConstraint("version >= 1 AND cycle >= 1 AND length(hash) = 64", name=op.f("ck_form_shape")),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_form_incident")),
        sa.PrimaryKeyConstraint("incident", "form", "version", name=op.f("pk_form")),
    )
    op.create_table(
        "form_answer",
        sa.Column("incident", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("commitment", sa.String(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.CheckConstraint(names, name=op.f("ck_form_answer_form_literal")),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_form_answer_incident")),
        sa.PrimaryKeyConstraint("incident", "form", "commitment", name=op.f("pk_form_answer")),
    )
    op.create_table(
        "action",
        sa.Column("incident", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("due", sa.String(), nullable=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.CheckConstraint(
            "state IN ('proposed', 'agreed', 'done', 'verified', 'dropped')", name=op.f("ck_action_state_literal")
        ),
        sa.CheckConstraint(
            "kind IN ('correction', 'procedure', 'training', 'specification', 'quality_control', 'configuration', "
            "'detection_rule', 'other')",
            name=op.f("ck_action_kind_literal"),
        ),
        sa.CheckConstraint("number >= 1 AND version >= 1 AND length(hash) = 64", name=op.f("ck_action_shape")),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_action_incident")),
        sa.PrimaryKeyConstraint("incident", "number", "version", name=op.f("pk_action")),
    )
    op.create_table(
        "action_text",
        sa.Column("incident", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("action", sa.Integer(), nullable=False),
        sa.Column("commitment", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_action_text_incident")),
        sa.PrimaryKeyConstraint("incident", "action", "commitment", name=op.f("pk_action_text")),
    )
    op.create_table(
        "dossier",
        sa.Column("incident", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("procedure_version", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.CheckConstraint("number >= 1 AND cycle >= 1 AND length(hash) = 64", name=op.f("ck_dossier_shape")),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_dossier_incident")),
        sa.ForeignKeyConstraint(
            ["incident", "entry"], ["timeline.incident", "timeline.seq"], name=op.f("fk_dossier_incident_entry")
        ),
        sa.PrimaryKeyConstraint("incident", "number", name=op.f("pk_dossier")),
    )
    op.create_table(
        "signature",
        sa.Column("incident", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("dossier", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("meaning", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("places", sa.Integer(), nullable=False),
        sa.Column("leaves", sa.Text(), nullable=False),
        sa.Column("waived", sa.Boolean(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "signature IN ('report_review', 'verify', 'approve', 'second_approval', 'settle')",
            name=op.f("ck_signature_signature_literal"),
        ),
        sa.CheckConstraint("number >= 1 AND place >= 1 AND length(hash) = 64", name=op.f("ck_signature_shape")),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_signature_incident")),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_signature_person")),
        sa.ForeignKeyConstraint(
            ["incident", "dossier"], ["dossier.incident", "dossier.number"], name=op.f("fk_signature_incident_dossier")
        ),
        sa.ForeignKeyConstraint(
            ["incident", "entry"], ["timeline.incident", "timeline.seq"], name=op.f("fk_signature_incident_entry")
        ),
        sa.PrimaryKeyConstraint("incident", "number", name=op.f("pk_signature")),
    )
    op.create_table(
        "discrepancy",
        sa.Column("incident", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("answer_entry", sa.Integer(), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=True),
        sa.Column("closed_by", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "number >= 1 AND (closed_by IS NULL) = (closed_at IS NULL)", name=op.f("ck_discrepancy_shape")
        ),
        sa.CheckConstraint(
            "(answered_by IS NULL) = (answer_entry IS NULL)", name=op.f("ck_discrepancy_answered_by_someone")
        ),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_discrepancy_incident")),
        sa.ForeignKeyConstraint(
            ["incident", "entry"], ["timeline.incident", "timeline.seq"], name=op.f("fk_discrepancy_incident_entry")
        ),
        sa.ForeignKeyConstraint(
            ["incident", "answer_entry"],
            ["timeline.incident", "timeline.seq"],
            name=op.f("fk_discrepancy_incident_answer_entry"),
        ),
        sa.PrimaryKeyConstraint("incident", "number", name=op.f("pk_discrepancy")),
    )
    op.create_table(
        "reading",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("incident", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_reading_incident")),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_reading_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reading")),
    )
    op.create_index("ix_reading_incident", "reading", ["incident", "id"], unique=False)
    op.create_table(
        "hold",
        sa.Column("incident", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("released_entry", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_hold_incident")),
        sa.ForeignKeyConstraint(
            ["incident", "entry"], ["timeline.incident", "timeline.seq"], name=op.f("fk_hold_incident_entry")
        ),
        sa.ForeignKeyConstraint(
            ["incident", "released_entry"],
            ["timeline.incident", "timeline.seq"],
            name=op.f("fk_hold_incident_released_entry"),
        ),
        sa.PrimaryKeyConstraint("incident", "entry", name=op.f("pk_hold")),
    )
    op.create_table(
        "disposal",
        sa.Column("incident", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("settled_entry", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_disposal_incident")),
        sa.ForeignKeyConstraint(
            ["incident", "entry"], ["timeline.incident", "timeline.seq"], name=op.f("fk_disposal_incident_entry")
        ),
        sa.ForeignKeyConstraint(
            ["incident", "settled_entry"],
            ["timeline.incident", "timeline.seq"],
            name=op.f("fk_disposal_incident_settled_entry"),
        ),
        sa.PrimaryKeyConstraint("incident", "entry", name=op.f("pk_disposal")),
    )
    op.create_index(
        "uq_disposal_pending",
        "disposal",
        ["incident"],
        unique=True,
        sqlite_where=sa.text("settled_entry IS NULL"),
        postgresql_where=sa.text("settled_entry IS NULL"),
    )
    op.create_table(
        "fresh_token",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("spent_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_fresh_token_person")),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_fresh_token")),
    )
    op.create_table(
        "contact",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("assets", sa.Text(), nullable=False),
        sa.Column("max_tlp", sa.String(), nullable=False),
        sa.Column("from_config", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("disabled_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('customer', 'vendor', 'authority', 'other')", name=op.f("ck_contact_kind_literal")
        ),
        sa.CheckConstraint(
            "max_tlp IN ('TLP:RED', 'TLP:AMBER+STRICT', 'TLP:AMBER', 'TLP:GREEN', 'TLP:CLEAR')",
            name=op.f("ck_contact_max_tlp_literal"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
    )
    op.create_table(
        "request",
        sa.Column("incident", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("notice", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("settled_entry", sa.Integer(), nullable=True),
        sa.CheckConstraint("(person IS NULL) <> (contact IS NULL)", name=op.f("ck_request_asks_one")),
        sa.CheckConstraint(
            "(settled_entry IS NULL) = (state = 'open')", name=op.f("ck_request_settled_entry_when_settled")
        ),
        sa.CheckConstraint("number >= 1", name=op.f("ck_request_counts")),
        sa.CheckConstraint("state IN ('open', 'answered', 'withdrawn')", name=op.f("ck_request_state_literal")),
        sa.ForeignKeyConstraint(["contact"], ["contact.id"], name=op.f("fk_request_contact")),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_request_incident")),
        sa.ForeignKeyConstraint(
            ["incident", "entry"], ["timeline.incident", "timeline.seq"], name=op.f("fk_request_incident_entry")
        ),
        sa.ForeignKeyConstraint(
            ["incident", "settled_entry"],
            ["timeline.incident", "timeline.seq"],
            name=op.f("fk_request_incident_settled_entry"),
        ),
        sa.ForeignKeyConstraint(["notice"], ["notice.id"], name=op.f("fk_request_notice")),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name=op.f("fk_request_person")),
        sa.PrimaryKeyConstraint("incident", "number", name=op.f("pk_request")),
    )
    op.create_index("ix_request_notice", "request", ["notice"], unique=False)
    _follow_up()


def _follow_up() -> None:
    """What was watched, and whether the actions held."""
    op.create_table(
        "rule_set",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.CheckConstraint("length(digest) = 64", name=op.f("ck_rule_set_digest")),
        sa.PrimaryKeyConstraint("digest", "rule", name=op.f("pk_rule_set")),
    )
    op.create_index("ix_rule_set_rule", "rule_set", ["rule", "version"], unique=False)
    op.create_table(
        "coverage",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('source', 'rules')", name=op.f("ck_coverage_kind_literal")),
        sa.CheckConstraint("start <= until", name=op.f("ck_coverage_in_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coverage")),
    )
    op.create_index(
        "uq_coverage_alive",
        "coverage",
        ["kind", "name"],
        unique=True,
        sqlite_where=sa.text("ended IS NULL"),
        postgresql_where=sa.text("ended IS NULL"),
    )
    op.create_index("ix_coverage_name", "coverage", ["kind", "name", "until"], unique=False)
    op.create_table(
        "watch",
        sa.Column("incident", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("action", sa.Integer(), nullable=True),
        sa.Column("criterion", sa.Text(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("sources", sa.Text(), nullable=False),
        sa.Column("at_most", sa.BigInteger(), nullable=False),
        sa.Column("hours", sa.Float(), nullable=False),
        sa.Column("planned_by", sa.Text(), nullable=False),
        sa.Column("planned_at", sa.BigInteger(), nullable=False),
        sa.Column("versions", sa.Text(), nullable=True),
        sa.Column("start", sa.BigInteger(), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("extended", sa.Boolean(), nullable=False),
        sa.Column("tried_by", sa.Text(), nullable=True),
        sa.Column("tried_how", sa.Text(), nullable=True),
        sa.Column("tried_evidence", sa.Text(), nullable=True),
        sa.Column("verdict", sa.String(), nullable=True),
        sa.Column("sentence", sa.Text(), nullable=True),
        sa.Column("before_matches", sa.BigInteger(), nullable=True),
        sa.Column("before_hours", sa.Float(), nullable=True),
        sa.Column("after_matches", sa.BigInteger(), nullable=True),
        sa.Column("after_hours", sa.Float(), nullable=True),
        sa.Column("expected", sa.Float(), nullable=True),
        sa.Column("p", sa.Float(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("accepted_by", sa.Text(), nullable=True),
        sa.Column("accepted_reason", sa.Text(), nullable=True),
        sa.Column("accepted_at", sa.BigInteger(), nullable=True),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "verdict IN ('effective', 'effective_tested', 'insufficient_data', 'not_effective')",
            name=op.f("ck_watch_verdict_literal"),
        ),
        sa.CheckConstraint("number >= 1 AND cycle >= 1 AND at_most >= 0 AND hours > 0", name=op.f("ck_watch_shape")),
        sa.CheckConstraint(
            "(start IS NULL) = (until IS NULL) AND (start IS NULL OR start < until)", name=op.f("ck_watch_in_order")
        ),
        sa.CheckConstraint("(verdict IS NULL) = (ended_at IS NULL)", name=op.f("ck_watch_verdict_at_end")),
        sa.CheckConstraint("(accepted_by IS NULL) = (accepted_at IS NULL)", name=op.f("ck_watch_accepted_by_someone")),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_watch_incident")),
        sa.PrimaryKeyConstraint("incident", "number", name=op.f("pk_watch")),
    )
    op.create_index(
        "ix_watch_running",
        "watch",
        ["until"],
        unique=False,
        sqlite_where=sa.text("ended_at IS NULL AND retired_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL AND retired_at IS NULL"),
    )
    op.create_table(
        "improvement",
        sa.Column("incident", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("due", sa.String(), nullable=False),
        sa.Column("written_by", sa.Text(), nullable=False),
        sa.Column("written_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'done', 'dropped')", name=op.f("ck_improvement_state_literal")),
        sa.CheckConstraint("(ended_at IS NULL) = (state = 'open')", name=op.f("ck_improvement_ended_when_over")),
        sa.CheckConstraint("number >= 1", name=op.f("ck_improvement_number")),
        sa.ForeignKeyConstraint(["incident"], ["incident.number"], name=op.f("fk_improvement_incident")),
        sa.PrimaryKeyConstraint("incident", "number", name=op.f("pk_improvement")),
    )
    op.create_index(
        "ix_improvement_open",
        "improvement",
        ["due"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
