"""Conversations and their messages: read for a turn, for the desk, for a chat page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, bindparam, exists, select, text, update

from handrail.core.conversation import ConversationFacts, Message, Snapshot
from handrail.core.errors import NotFoundError
from handrail.store import customers as people
from handrail.store.actions import actions_of
from handrail.store.prepared import Prepared, Row
from handrail.store.tables import (
    conversations,
    customers,
    events,
    messages,
    outbox,
    reviews,
    timers,
)

CONTEXT_MESSAGES = 20
"""Newest messages that a turn looks at."""

_OF_ID = select(conversations).where(conversations.c.id == bindparam("id"))
_ROW = Prepared(_OF_ID)
_LOCKED = Prepared(_OF_ID.with_for_update())
_MESSAGES = select(*(messages.c[name] for name in Message.model_fields))
_NEWEST = Prepared(
    _MESSAGES.where(messages.c.conversation_id == bindparam("id"))
    .order_by(messages.c.seq.desc())
    .limit(CONTEXT_MESSAGES)
)
_PENDING = Prepared(
    select(
        events.c.id,
        events.c.seq,
        events.c.kind,
        events.c.body,
        events.c.message_id,
        events.c.received_at,
    )
    .where(events.c.conversation_id == bindparam("id"), events.c.processed_at.is_(None))
    .order_by(events.c.seq)
)
_MUTABLE = (
    "channel",
    "address",
    "status",
    "holder",
    "holder_agent",
    "summary",
    "clarifications",
    "tokens",
    "seq",
    "message_seq",
    "turn_no",
    "pending",
    "attempts",
    "lease_owner",
    "lease_until",
    "fence",
    "audit_no",
    "audit_hash",
    "last_trace",
    "updated_at",
)
# One statement for every change: building one a time costs more than running it.
_SAVE = Prepared(
    update(conversations)
    .where(conversations.c.id == bindparam("b_id"))
    .values({name: bindparam(f"b_{name}") for name in _MUTABLE})
)
_FACTS = tuple(ConversationFacts.model_fields)
_READ = TypeAdapter(tuple[Message, ...])


@dataclass(frozen=True)
class PendingEvent:
    """A stored event that no turn has dealt with."""

    id: str
    seq: int
    kind: str
    body: dict[str, Any]
    message_id: str | None
    received_at: datetime


def locked(connection: Connection, conversation_id: str) -> Row:
    """Lock a conversation's row for this transaction and return it.

    Raises:
        NotFoundError: there is no such conversation.
    """
    return _existing(connection, _LOCKED, conversation_id)


def save(connection: Connection, row: Row, values: Mapping[str, Any]) -> None:
    """Store what changed in a conversation whose row this transaction has locked."""
    changed = {f"b_{name}": values.get(name, row[name]) for name in _MUTABLE}
    _SAVE.run(connection, {"b_id": row["id"], **changed})


def spend(connection: Connection, conversation_id: str, tokens: int) -> None:
    """Count tokens that something outside a turn cost."""
    connection.execute(
        update(conversations)
        .where(conversations.c.id == conversation_id)
        .values(tokens=conversations.c.tokens + tokens)
    )


def facts(row: Row) -> ConversationFacts:
    """Make the public facts of a conversation's row."""
    return ConversationFacts.model_validate({name: row[name] for name in _FACTS})


def row_of(connection: Connection, conversation_id: str) -> Row:
    """Load a conversation's row without a lock.

    Raises:
        NotFoundError: there is no such conversation.
    """
    return _existing(connection, _ROW, conversation_id)


def _existing(connection: Connection, query: Prepared, conversation_id: str) -> Row:
    row = query.first(connection, id=conversation_id)
    if row is None:
        raise NotFoundError(f"no conversation {conversation_id!r}; list them with `handrail inbox`")
    return row


def pending(connection: Connection, conversation_id: str) -> tuple[PendingEvent, ...]:
    """Load the events nobody has dealt with, in the order they arrived."""
    return tuple(PendingEvent(**row) for row in _PENDING.all(connection, id=conversation_id))


def newest_messages(connection: Connection, conversation_id: str) -> tuple[Message, ...]:
    """Load the newest messages, oldest first."""
    return _READ.validate_python(_NEWEST.all(connection, id=conversation_id)[::-1])


def snapshot(connection: Connection, row: Row, release: str, now: datetime) -> Snapshot:
    """Load all that a turn may know; records only for a verified identity."""
    customer, verified, acted = people.known(
        connection, row["customer_id"], row["channel"], row["address"]
    )
    return Snapshot(
        conversation=facts(row),
        customer=customer,
        verified=verified,
        messages=newest_messages(connection, row["id"]),
        records=people.records_of(connection, row["customer_id"]) if verified else (),
        actions=actions_of(connection, row["customer_id"]) if verified and acted else (),
        now=now,
        release=release,
    )


def closed_since(connection: Connection, customer_id: str, since: datetime) -> str | None:
    """Find the customer's conversation that was closed last, if that was after ``since``."""
    return connection.execute(
        select(conversations.c.id)
        .where(
            conversations.c.customer_id == customer_id,
            conversations.c.status == "closed",
            conversations.c.updated_at > since,
        )
        .order_by(conversations.c.updated_at.desc())
        .limit(1)
    ).scalar()


_QUIET = (
    # The partial index is found by these very words.
    select(conversations.c.id)
    .where(text("conversations.status = 'open' AND conversations.holder = 'ai'"))
    .where(
        conversations.c.updated_at <= bindparam("before"),
        conversations.c.pending == 0,
        ~exists().where(
            outbox.c.conversation_id == conversations.c.id,
            outbox.c.status.in_(("waiting", "sending")),
        ),
        ~exists().where(
            timers.c.conversation_id == conversations.c.id,
            timers.c.kind == "look_again",
            timers.c.fired_at.is_(None),
        ),
    )
    .order_by(conversations.c.updated_at)
    .limit(100)
)


def quiet(connection: Connection, before: datetime) -> tuple[str, ...]:
    """List the AI's open conversations in which nothing has happened since, or is to happen."""
    return tuple(connection.execute(_QUIET, {"before": before}).scalars())


def is_quiet(connection: Connection, conversation_id: str, before: datetime) -> bool:
    """Whether :func:`quiet` would list this conversation."""
    query = _QUIET.where(conversations.c.id == conversation_id)
    return connection.execute(query, {"before": before}).first() is not None


def unanswered(history: tuple[Message, ...]) -> tuple[Message, ...]:
    """Return the customer's messages since the last reply that answers, oldest first."""
    found: list[Message] = []
    for item in reversed(history):
        if item.role in ("ai", "agent") and item.answers:
            break
        if item.role == "customer":
            found.append(item)
    return tuple(reversed(found))


def awaits_reply(history: tuple[Message, ...]) -> bool:
    """Whether the customer waits for the team, and not the team for an answer to its question.

    A person's words that no channel took were not said.
    """
    people = [
        item.role
        for item in history
        if item.role == "customer"
        or (item.role == "agent" and (item.answers or item.delivered_at is not None))
    ]
    return people[-1:] == ["customer"] and bool(unanswered(history))


def messages_after(
    connection: Connection, conversation_id: str, after_seq: int = 0, *, customer_view: bool
) -> tuple[Message, ...]:
    """Load messages in order; ``customer_view`` leaves out notes and what has not left yet."""
    query = _MESSAGES.where(
        messages.c.conversation_id == conversation_id, messages.c.seq > after_seq
    ).order_by(messages.c.seq)
    if customer_view:
        query = query.where(messages.c.role != "note", messages.c.delivered_at.is_not(None))
    rows = connection.execute(query).mappings()
    return tuple(Message.model_validate(dict(row)) for row in rows)


@dataclass(frozen=True)
class ConversationLine:
    """A conversation as a list shows it."""

    id: str
    customer_id: str
    customer: str
    channel: str
    status: str
    holder: str
    holder_agent: str | None
    open_review: str | None
    updated_at: datetime


def latest(connection: Connection, limit: int = 50) -> tuple[ConversationLine, ...]:
    """List conversations, the last changed first."""
    query = (
        select(
            conversations.c.id,
            conversations.c.customer_id,
            customers.c.name,
            customers.c.email,
            conversations.c.channel,
            conversations.c.status,
            conversations.c.holder,
            conversations.c.holder_agent,
            reviews.c.id,
            conversations.c.updated_at,
        )
        .join(customers, customers.c.id == conversations.c.customer_id)
        .outerjoin(
            reviews,
            (reviews.c.conversation_id == conversations.c.id) & (reviews.c.status == "open"),
        )
        .order_by(conversations.c.updated_at.desc())
        .limit(limit)
    )
    return tuple(
        ConversationLine(cid, owner, name or email or owner, *rest)
        for cid, owner, name, email, *rest in connection.execute(query)
    )
