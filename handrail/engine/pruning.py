"""Removes what nothing needs any more, in short transactions beside a working engine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, Select, column, delete, exists, func, select, table

from handrail.engine.saver import TurnSaver
from handrail.store import removal
from handrail.store import tables as t
from handrail.store.database import Database

ROUND = 10_000
"""Keys that are looked up at once, outside any transaction that writes."""
BATCH = 200
"""Rows that one transaction removes."""
KEPT_CHANGES = 1_000
"""Newest changes that stay: a page that missed more than half of them loads itself anew."""
KEPT_TIMERS = timedelta(days=7)
"""How long a timer that fired stays to be looked at."""
LEAST_PAUSE = 0.002
"""Seconds between two transactions; longer ones are followed by as long a pause."""

_checkpoints = table("checkpoints", column("thread_id"))
_REMOVED = select(t.removals.c.conversation_id)


@dataclass(frozen=True, kw_only=True)
class Retention:
    """How long the operator keeps what the engine does not need; ``None`` for ever."""

    spans: timedelta | None
    conversations: timedelta | None
    """Time since the last change of a conversation in which nothing waits, and since an action
    for a customer with whom no conversation is kept."""


@dataclass(frozen=True)
class Rule:
    """One kind of thing that may be removed."""

    name: str
    find: Select[Any]
    """Keys of what may go."""
    remove: Callable[[Connection, Sequence[Any]], int]
    """Removes those of the keys that still may go, and says how many."""
    batch: int = BATCH


def rules(database: Database, retention: Retention, *, actor: str, now: datetime) -> list[Rule]:
    """List what may be removed, in the order in which that is done.

    Args:
        database: The database.
        retention: What the operator decided.
        actor: Who has it removed, for the record.
        now: The moment.
    """
    saver = TurnSaver(database)
    newest = select(func.max(t.desk_changes.c.id)).scalar_subquery()
    found = [
        Rule("checkpoints", _unneeded(), lambda c, ids: _forget(c, saver, ids), batch=20),
        _rows("timers", t.timers.c.id, t.timers.c.fired_at < now - KEPT_TIMERS),
        _rows("desk_changes", t.desk_changes.c.id, t.desk_changes.c.id <= newest - KEPT_CHANGES),
        # A run that was under way when its conversation was erased still ended its spans.
        _rows("spans_of_erased", t.spans.c.span_id, t.spans.c.conversation_id.in_(_REMOVED)),
    ]
    if retention.spans is not None:
        cutoff = int((now - retention.spans).timestamp()) * 1_000_000_000
        found.append(_rows("spans", t.spans.c.span_id, t.spans.c.end_ns < cutoff))
    if retention.conversations is not None:
        found.insert(0, _old_conversations(saver, retention.conversations, actor, now))
        found.append(_old_actions(now - retention.conversations))
    return found


def count(database: Database, rule: Rule) -> int:
    """Return how much a rule would remove now."""
    query = select(func.count()).select_from(rule.find.subquery())
    return database.read_now(lambda c: c.execute(query).scalar_one())


def carry_out(database: Database, rule: Rule) -> Iterator[int]:
    """Remove what a rule names; yields how much each transaction removed."""
    while True:
        keys = database.read_now(lambda c: c.execute(rule.find.limit(ROUND)).scalars().all())
        removed = 0
        for start in range(0, len(keys), rule.batch):
            batch = keys[start : start + rule.batch]
            began = time.monotonic()
            done = database.write_now(lambda c, batch=batch: rule.remove(c, batch))
            removed += done
            yield done
            # SQLite lets waiting writers in only while the lock is free.
            time.sleep(max(LEAST_PAUSE, time.monotonic() - began))
        if len(keys) < ROUND or not removed:
            return


def _rows(name: str, key: Column[Any], condition: Any) -> Rule:
    statement = delete(key.table)  # pyright: ignore[reportArgumentType]
    return Rule(
        name,
        select(key).where(condition),
        lambda c, keys: c.execute(statement.where(key.in_(keys), condition)).rowcount,
    )


def _old_actions(before: datetime) -> Rule:
    """Actions for customers with whom no conversation is kept."""
    mine = exists().where(t.conversations.c.customer_id == t.actions.c.customer_id)
    return _rows("actions", t.actions.c.id, (t.actions.c.at < before) & ~mine)


def _unneeded() -> Select[Any]:
    """Conversations with checkpoints that no run will go on from."""
    mine = t.conversations.c.id
    return select(mine).where(
        t.conversations.c.pending == 0,
        exists().where(_checkpoints.c.thread_id == mine),
        ~exists().where(
            t.reviews.c.conversation_id == mine,
            t.reviews.c.interrupt_id.is_not(None),
            t.reviews.c.status.not_in(removal.CLOSED),
        ),
    )


def _forget(connection: Connection, saver: TurnSaver, ids: Sequence[str]) -> int:
    """Drop the checkpoints of conversations that no run has in hand."""
    still = _unneeded().where(t.conversations.c.id.in_(ids)).with_for_update(skip_locked=True)
    found = connection.execute(still).scalars().all()
    for conversation_id in found:
        saver.erase(connection, conversation_id)
    return len(found)


def _old_conversations(saver: TurnSaver, age: timedelta, actor: str, now: datetime) -> Rule:
    def remove(connection: Connection, ids: Sequence[str]) -> int:
        (conversation_id,) = ids
        gone = removal.remove_over(connection, conversation_id, age=age, actor=actor, now=now)
        if gone:
            saver.erase(connection, conversation_id)
        return int(gone)

    find = select(t.conversations.c.id).where(removal.over(now - age))
    return Rule("conversations", find, remove, batch=1)
