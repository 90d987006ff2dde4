"""Timers: what is due when. A timer does nothing by itself, it becomes an event."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from handrail.core.ids import new_id
from handrail.store.prepared import Row
from handrail.store.tables import timers

_DUE = (
    select(timers)
    .where(timers.c.fired_at.is_(None), timers.c.due_at <= bindparam("now"))
    .order_by(timers.c.due_at)
    .limit(100)
)
_INSERT = insert(timers)
_TAKE = (
    update(timers)
    .where(
        timers.c.id == bindparam("b_id"),
        timers.c.fired_at.is_(None),
        timers.c.due_at <= bindparam("b_now"),
    )
    .values(fired_at=bindparam("b_now"))
)


def due(connection: Connection, now: datetime) -> tuple[Row, ...]:
    """List timers that are due and have not fired, the oldest first."""
    return tuple(connection.execute(_DUE, {"now": now}).mappings())


def any_due(connection: Connection, now: datetime) -> bool:
    """Whether a timer is due."""
    return connection.execute(_DUE.limit(1), {"now": now}).first() is not None


def take(connection: Connection, timer_id: str, now: datetime) -> bool:
    """Mark a timer as fired; say whether it was still to fire and due."""
    return connection.execute(_TAKE, {"b_id": timer_id, "b_now": now}).rowcount == 1


def start(
    connection: Connection, conversation_id: str, subject: str, moments: Mapping[str, datetime]
) -> None:
    """Start timers of a subject, by kind."""
    connection.execute(
        _INSERT,
        [
            {
                "id": new_id("tmr"),
                "conversation_id": conversation_id,
                "kind": kind,
                "subject": subject,
                "due_at": moment,
            }
            for kind, moment in moments.items()
        ],
    )


def running(connection: Connection, subject: str, kinds: tuple[str, ...]) -> dict[str, datetime]:
    """Return when the timers of a subject fire that have not yet, by kind."""
    query = select(timers.c.kind, timers.c.due_at).where(
        timers.c.kind.in_(kinds), timers.c.subject == subject, timers.c.fired_at.is_(None)
    )
    return {row.kind: row.due_at for row in connection.execute(query)}


def stop(connection: Connection, subject: str, kinds: tuple[str, ...]) -> None:
    """Forget the timers of a subject, fired or not, so that they can be started anew."""
    connection.execute(delete(timers).where(timers.c.kind.in_(kinds), timers.c.subject == subject))
