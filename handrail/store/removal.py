"""Removes a conversation with everything of it, and leaves a sealed record that it was there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, or_, select

from handrail.store import audit
from handrail.store.prepared import Row
from handrail.store.tables import (
    actions,
    conversations,
    customers,
    identities,
    metadata,
    outbox,
    owned_values,
    records,
    removals,
    reviews,
    spans,
    timers,
)

CLOSED = ("decided", "superseded", "expired")
"""Statuses of reviews that wait for nobody."""
_PARTS = tuple(
    table
    for table in reversed(metadata.sorted_tables)
    if "conversation_id" in table.c and table is not removals
)
"""Every table whose rows belong to a conversation, those first that refer to others."""
_OF_CUSTOMER = (identities, owned_values, actions)


def over(before: datetime) -> ColumnElement[bool]:
    """Whether nothing waits in a conversation and nothing happened in it since ``before``.

    Nothing waits where no event is unprocessed, no review open, no reply on its way and no timer
    set. A person who never handed the conversation back does not keep it.
    """
    mine = conversations.c.id
    return and_(
        conversations.c.updated_at < before,
        conversations.c.pending == 0,
        ~exists().where(reviews.c.conversation_id == mine, reviews.c.status.not_in(CLOSED)),
        ~exists().where(
            outbox.c.conversation_id == mine, outbox.c.status.in_(("waiting", "sending"))
        ),
        ~exists().where(timers.c.conversation_id == mine, timers.c.fired_at.is_(None)),
    )


def remove_over(
    connection: Connection, conversation_id: str, *, age: timedelta, actor: str, now: datetime
) -> bool:
    """Remove a conversation that is over for longer than ``age``, unless something came in.

    The customer goes too, where no conversation and no record is left; so do their addresses.
    """
    row = (
        connection.execute(
            select(conversations)
            .where(conversations.c.id == conversation_id, over(now - age))
            .with_for_update(skip_locked=True)
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        return False
    _remove(connection, row, rule=f"nothing happened for {age.days} days", actor=actor, now=now)
    _remove_stranger(connection, row["customer_id"])
    return True


@dataclass(frozen=True)
class Erased:
    """What was removed of a customer."""

    conversations: tuple[str, ...]
    """Their ids, which stay in the chain of removals."""
    rows: Mapping[str, int]
    """How many rows of each table went."""


def erase_customer(
    connection: Connection, customer_id: str, *, actor: str, now: datetime
) -> Erased | None:
    """Remove a customer with all conversations, whatever waits in them; ``None``: unknown.

    What stays names no customer: for each conversation a row in the chain of removals.
    """
    # Held first: a conversation that begins meanwhile refers to it, so it waits.
    connection.execute(select(customers.c.id).where(_is(customer_id)).with_for_update())
    held = (
        select(conversations)
        .where(conversations.c.customer_id == customer_id)
        .order_by(conversations.c.id)
        .with_for_update()
    )
    found = connection.execute(held).mappings().all()
    rows = Counter[str]()
    for row in found:
        rows.update(_remove(connection, row, rule="the customer was erased", actor=actor, now=now))
    for table in (*_OF_CUSTOMER, records):
        gone = delete(table).where(table.c.customer_id == customer_id)
        rows[table.name] += connection.execute(gone).rowcount
    rows[customers.name] = connection.execute(delete(customers).where(_is(customer_id))).rowcount
    return Erased(tuple(row["id"] for row in found), rows) if rows.total() else None


def _is(customer_id: str) -> ColumnElement[bool]:
    return customers.c.id == customer_id


def _remove(
    connection: Connection, row: Row, *, rule: str, actor: str, now: datetime
) -> Mapping[str, int]:
    """Remove a conversation whose row is locked, and record it; returns rows by table."""
    conversation_id = row["id"]
    parts = _remove_parts(connection, conversation_id)
    facts = {
        "rule": rule,
        "rows": parts,
        "audit_no": row["audit_no"],
        "audit_hash": row["audit_hash"],
    }
    connection.execute(delete(conversations).where(conversations.c.id == conversation_id))
    audit.bury(connection, conversation_id, actor=actor, at=now, facts=facts)
    return {**parts, conversations.name: 1}


def _remove_parts(connection: Connection, conversation_id: str) -> Mapping[str, int]:
    traces = select(spans.c.trace_id).where(spans.c.conversation_id == conversation_id)
    # Spans of checks carry no conversation; a trace from outside may lead into several.
    unnamed = delete(spans).where(spans.c.conversation_id.is_(None), spans.c.trace_id.in_(traces))
    checks = connection.execute(unnamed).rowcount
    removed = {
        table.name: connection.execute(
            delete(table).where(table.c.conversation_id == conversation_id)
        ).rowcount
        for table in _PARTS
    }
    return {**removed, spans.name: removed[spans.name] + checks}


def _remove_stranger(connection: Connection, customer_id: str) -> None:
    """Remove a customer of whom nothing else is known."""
    known = or_(
        exists().where(conversations.c.customer_id == customer_id),
        exists().where(records.c.customer_id == customer_id),
    )
    if connection.execute(select(known)).scalar():
        return
    for table in _OF_CUSTOMER:
        connection.execute(delete(table).where(table.c.customer_id == customer_id))
    connection.execute(delete(customers).where(_is(customer_id)))
