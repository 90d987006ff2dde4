"""Timers: what is due when. A timer does nothing by itself, it becomes an event."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, RowMapping, bindparam, select, update

from handrail.store.tables import timers

_DUE = (
    select(timers)
    .where(timers.c.fired_at.is_(None), timers.c.due_at <= bindparam("now"))
    .order_by(timers.c.due_at)
    .limit(100)
)


def due(connection: Connection, now: datetime) -> tuple[RowMapping, ...]:
    """List timers that are due and have not fired, the oldest first."""
    return tuple(connection.execute(_DUE, {"now": now}).mappings())


def any_due(connection: Connection, now: datetime) -> bool:
    """Whether a timer is due."""
    return connection.execute(_DUE.limit(1), {"now": now}).first() is not None


def fired(connection: Connection, timer_id: str, now: datetime) -> None:
    """Mark a timer as fired."""
    connection.execute(update(timers).where(timers.c.id == timer_id).values(fired_at=now))
