"""Removes a conversation with everything of it, and leaves a sealed record that it was there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, or_, select

from handrail.store import audit
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
    row = connection.execute(
        select(conversations)
        .where(conversations.c.id == conversation_id, over(now - age))
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if row is None:
        return False
    facts = {
        "rule": f"nothing happened for {age.days} days",
        "rows": _remove_parts(connection, conversation_id),
        "audit_no": row.audit_no,
        "audit_hash": row.audit_hash,
    }
    connection.execute(delete(conversations).where(conversations.c.id == conversation_id))
    _remove_stranger(connection, row.customer_id)
    audit.bury(connection, conversation_id, actor=actor, at=now, facts=facts)
    return True


def _remove_parts(connection: Connection, conversation_id: str) -> Mapping[str, int]:
    return {
        table.name: connection.execute(
            delete(table).where(table.c.conversation_id == conversation_id)
        ).rowcount
        for table in _PARTS
    }


def _remove_stranger(connection: Connection, customer_id: str) -> None:
    """Remove a customer of whom nothing else is known."""
    known = or_(
        exists().where(conversations.c.customer_id == customer_id),
        exists().where(records.c.customer_id == customer_id),
    )
    if connection.execute(select(known)).scalar():
        return
    for table in (identities, owned_values, actions):
        connection.execute(delete(table).where(table.c.customer_id == customer_id))
    connection.execute(delete(customers).where(customers.c.id == customer_id))
