"""All tables, one schema for SQLite and PostgreSQL. Moments are UTC; ids are text."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """A timezone-aware UTC moment on both databases.

    SQLite keeps no zone: there it is UTC, in the form of SQLAlchemy's own type, which would take
    three times as long to write and read it.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Any:
        """Write ``2026-11-26 09:39:28.000000``."""
        return _written if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """Give every moment its zone back."""
        if dialect.name != "sqlite":
            return super().result_processor(dialect, coltype)
        return lambda stored: stored and datetime.fromisoformat(stored).replace(tzinfo=UTC)


@lru_cache(maxsize=64)  # all rows of a transaction have one moment
def _written(moment: datetime | None) -> str | None:
    return moment and moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


Document = JSON().with_variant(JSONB(), "postgresql")
RowId = BigInteger().with_variant(Integer(), "sqlite")


def _id(name: str = "id") -> Column[Any]:
    return Column(name, Text, primary_key=True)


def _text(name: str) -> Column[Any]:
    return Column(name, Text, nullable=False)


def _maybe(name: str) -> Column[Any]:
    return Column(name, Text)


def _of_conversation() -> Column[Any]:
    return Column("conversation_id", Text, ForeignKey("conversations.id"), nullable=False)


customers = Table(
    "customers",
    metadata,
    _id(),
    _maybe("name"),
    _maybe("email"),
    _maybe("phone"),
    _maybe("language"),
    _maybe("time_zone"),
    _maybe("tier"),
    Column("since", Moment),
)

identities = Table(
    "identities",
    metadata,
    _id("channel"),
    _id("address"),
    Column("customer_id", Text, ForeignKey("customers.id"), nullable=False),
    Column("verified", Boolean, nullable=False, default=False),
    Index("ix_identities_customer_id", "customer_id"),
)

owned_values = Table(
    "owned_values",
    metadata,
    _id("value"),
    Column("customer_id", Text, ForeignKey("customers.id"), primary_key=True),
    Column("kind", Text, nullable=False),
    Index("ix_owned_values_customer_id", "customer_id"),
)
"""Whose personal data a value is; ``value`` as :func:`handrail.core.ports.owner_key` writes it."""

conversations = Table(
    "conversations",
    metadata,
    _id(),
    Column("customer_id", Text, ForeignKey("customers.id"), nullable=False),
    _text("channel"),
    _text("address"),
    _text("status"),
    _text("holder"),
    _maybe("holder_agent"),
    _maybe("summary"),
    Column("clarifications", Integer, nullable=False, default=0),
    Column("tokens", Integer, nullable=False, default=0, server_default="0"),
    Column("seq", Integer, nullable=False, default=0),
    Column("message_seq", Integer, nullable=False, default=0),
    Column("turn_no", Integer, nullable=False, default=0),
    Column("pending", Integer, nullable=False, default=0),
    Column("attempts", Integer, nullable=False, default=0),
    _maybe("lease_owner"),
    Column("lease_until", Moment),
    Column("fence", Integer, nullable=False, default=0),
    Column("audit_no", Integer, nullable=False, default=0),
    Column("audit_hash", Text, nullable=False, default=""),
    _maybe("last_trace"),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Index("ix_conversations_customer_id_status", "customer_id", "status"),
    Index("ix_conversations_pending", "pending"),
    Index("ix_conversations_updated_at", "updated_at"),
    Index(
        "ix_conversations_quiet",
        "updated_at",
        sqlite_where=text("status = 'open' AND holder = 'ai'"),
        postgresql_where=text("status = 'open' AND holder = 'ai'"),
    ),
)

messages = Table(
    "messages",
    metadata,
    _id(),
    _of_conversation(),
    Column("seq", Integer, nullable=False),
    _text("role"),
    _maybe("author"),
    _text("channel"),
    _text("text"),
    _maybe("turn_id"),
    _maybe("intent"),
    Column("answers", Boolean, nullable=False, default=True),
    Column("at", Moment, nullable=False),
    Column("delivered_at", Moment),
    UniqueConstraint("conversation_id", "seq"),
)

events = Table(
    "events",
    metadata,
    _id(),
    _text("channel"),
    _text("external_id"),
    _of_conversation(),
    Column("seq", Integer, nullable=False),
    _text("kind"),
    Column("body", Document, nullable=False),
    _maybe("message_id"),
    _maybe("turn_id"),
    Column("received_at", Moment, nullable=False),
    Column("processed_at", Moment),
    UniqueConstraint("channel", "external_id"),
    UniqueConstraint("conversation_id", "seq"),
    Index(
        "ix_events_waiting",
        "conversation_id",
        "seq",
        sqlite_where=text("processed_at IS NULL"),
        postgresql_where=text("processed_at IS NULL"),
    ),
)
"""The partial index keeps the look for unprocessed events as short in an old conversation."""

turns = Table(
    "turns",
    metadata,
    _id(),
    _of_conversation(),
    Column("no", Integer, nullable=False),
    _text("graph"),
    _text("graph_version"),
    _text("release_id"),
    _text("status"),
    _maybe("mode"),
    _maybe("intent"),
    Column("confidence", Float),
    _maybe("route"),
    _maybe("trace_id"),
    _maybe("traceparent"),
    Column("facts", Document, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("ended_at", Moment),
    UniqueConstraint("conversation_id", "no"),
    Index("ix_turns_trace_id", "trace_id"),
    Index("ix_turns_started_at", "started_at"),
)

drafts = Table(
    "drafts",
    metadata,
    _id(),
    _of_conversation(),
    _text("turn_id"),
    _text("digest"),
    _text("source"),
    Column("round", Integer, nullable=False),
    Column("body", Document, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_drafts_conversation_id", "conversation_id"),
)

verdicts = Table(
    "verdicts",
    metadata,
    _id(),
    _of_conversation(),
    _text("turn_id"),
    _text("draft_id"),
    _text("digest"),
    _text("mode"),
    _text("outcome"),
    _text("release_id"),
    Column("body", Document, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_verdicts_conversation_id_digest", "conversation_id", "digest"),
)

reviews = Table(
    "reviews",
    metadata,
    _id(),
    _of_conversation(),
    _text("turn_id"),
    _text("kind"),
    _text("status"),
    Column("version", Integer, nullable=False),
    _maybe("interrupt_id"),
    _maybe("node"),
    _text("graph"),
    _text("graph_version"),
    _text("release_id"),
    _text("reason"),
    _text("explanation"),
    _maybe("digest"),
    Column("draft", Document),
    Column("verdict", Document),
    Column("allowed", Document, nullable=False),
    _maybe("intent"),
    _text("team"),
    _maybe("claimed_by"),
    Column("claim_until", Moment),
    Column("opened_at", Moment, nullable=False),
    Column("due_at", Moment),
    Column("reminded_at", Moment),
    Column("snoozed_until", Moment),
    _maybe("lapsed_by"),
    _maybe("change"),
    _maybe("changed_by"),
    Column("changed_at", Moment),
    Column("decided_at", Moment),
    _maybe("decided_by"),
    _maybe("decision"),
    _maybe("traceparent"),
    UniqueConstraint("conversation_id", "interrupt_id", "opened_at"),
    Index("ix_reviews_status_due_at", "status", "due_at"),
    Index("ix_reviews_conversation_id_status", "conversation_id", "status"),
)

decisions = Table(
    "decisions",
    metadata,
    _id(),
    _of_conversation(),
    _text("review_id"),
    Column("version", Integer, nullable=False),
    _maybe("digest"),
    _text("kind"),
    _text("actor"),
    Column("body", Document, nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("review_id", "version"),
)

finding_feedback = Table(
    "finding_feedback",
    metadata,
    _id(),
    _of_conversation(),
    _text("turn_id"),
    _text("review_id"),
    _text("release_id"),
    _text("digest"),
    _text("check_id"),
    _text("rule"),
    Column("start", Integer, nullable=False),
    _text("severity"),
    _text("reason"),
    _text("actor"),
    Column("at", Moment, nullable=False),
    Index("ix_finding_feedback_review_id", "review_id"),
    Index("ix_finding_feedback_release_id_check_id", "release_id", "check_id"),
)
"""What people said of findings that were not right."""

outbox = Table(
    "outbox",
    metadata,
    _id(),
    _of_conversation(),
    _text("turn_id"),
    _text("message_id"),
    _text("channel"),
    _text("address"),
    _text("digest"),
    _text("verdict_id"),
    _text("status"),
    Column("attempts", Integer, nullable=False, default=0),
    Column("send_after", Moment, nullable=False),
    _maybe("decided_by"),
    _maybe("provider_id"),
    _maybe("error"),
    Column("created_at", Moment, nullable=False),
    Column("sent_at", Moment),
    UniqueConstraint("conversation_id", "turn_id", "digest"),
    Index("ix_outbox_status_send_after", "status", "send_after"),
    Index("ix_outbox_conversation_id_status", "conversation_id", "status"),
)
"""``status``: ``waiting``, ``sending``, ``sent``, ``cancelled`` or ``failed``."""

records = Table(
    "records",
    metadata,
    _id("kind"),
    _id("id"),
    Column("customer_id", Text, ForeignKey("customers.id"), nullable=False),
    Column("fields", Document, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Index("ix_records_customer_id", "customer_id"),
)

actions = Table(
    "actions",
    metadata,
    _id(),
    # No foreign key: a back office tells of customers who have not written yet, too.
    _text("customer_id"),
    _text("action"),
    _maybe("record_kind"),
    _maybe("record"),
    _text("outcome"),
    _maybe("amount"),
    _maybe("currency"),
    _maybe("actor"),
    Column("details", Document, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_actions_customer_id_at", "customer_id", "at"),
)
"""What was done for customers, under the ids of whoever told of it."""

releases = Table(
    "releases",
    metadata,
    _id(),
    _text("name"),
    Column("body", Document, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("active", Boolean, nullable=False, default=False),
)

articles = Table(
    "articles",
    metadata,
    Column("release_id", Text, ForeignKey("releases.id"), primary_key=True),
    _id(),
    _text("title"),
    _text("language"),
    Column("internal", Boolean, nullable=False),
    _text("body"),
)

timers = Table(
    "timers",
    metadata,
    _id(),
    _of_conversation(),
    _text("kind"),
    _text("subject"),
    Column("due_at", Moment, nullable=False),
    Column("fired_at", Moment),
    UniqueConstraint("kind", "subject"),
    Index("ix_timers_fired_at_due_at", "fired_at", "due_at"),
    Index(
        "ix_timers_running",
        "conversation_id",
        sqlite_where=text("fired_at IS NULL"),
        postgresql_where=text("fired_at IS NULL"),
    ),
)

audit_events = Table(
    "audit_events",
    metadata,
    Column("conversation_id", Text, ForeignKey("conversations.id"), primary_key=True),
    Column("no", Integer, primary_key=True),
    _text("kind"),
    _text("actor"),
    _maybe("turn_id"),
    _maybe("trace_id"),
    Column("payload", Document, nullable=False),
    Column("at", Moment, nullable=False),
    _text("previous_hash"),
    _text("hash"),
    Index("ix_audit_events_turn_id", "turn_id"),
)

removals = Table(
    "removals",
    metadata,
    Column("no", RowId, primary_key=True, autoincrement=False),
    _text("conversation_id"),
    _text("kind"),
    _text("actor"),
    Column("payload", Document, nullable=False),
    Column("at", Moment, nullable=False),
    _text("previous_hash"),
    _text("hash"),
    UniqueConstraint("conversation_id"),
)
"""What is left of conversations that were removed: by which rule, how much, the chain's end."""

desk_changes = Table(
    "desk_changes",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    _text("kind"),
    _text("conversation_id"),
    _maybe("review_id"),
    Column("at", Moment, nullable=False),
    sqlite_autoincrement=True,
)
"""What the desk and the chat pages are told about; ids only."""

spans = Table(
    "spans",
    metadata,
    _id("span_id"),
    _text("trace_id"),
    _maybe("parent_id"),
    _text("name"),
    _text("kind"),
    Column("start_ns", BigInteger, nullable=False),
    Column("end_ns", BigInteger, nullable=False),
    _text("status"),
    _maybe("conversation_id"),
    Column("attributes", Document, nullable=False),
    Column("events", Document, nullable=False),
    Column("links", Document, nullable=False),
    Index("ix_spans_trace_id_start_ns", "trace_id", "start_ns"),
    Index("ix_spans_conversation_id_start_ns", "conversation_id", "start_ns"),
)
