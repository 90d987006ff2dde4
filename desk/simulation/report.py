"""What a simulation came to."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from handrail.desk.invariants import Invariant, broken
from handrail.store import tables as t


@dataclass(frozen=True)
class SimulationReport:
    """Figures of one simulation, the same for the same seed, playbook and day."""

    scenario: str
    seed: int
    minutes: float
    """Simulated time until all work was done."""
    conversations: int
    messages: int
    """Accepted from customers."""
    duplicates: int
    """Messages that came again and counted once."""
    turns: dict[str, int]
    """By status."""
    replies: dict[str, int]
    """By what became of them."""
    reviews: dict[str, int]
    """By kind."""
    decisions: dict[str, int]
    """Accepted, by kind."""
    repeated: int
    """Decisions that came again and counted once."""
    refused: dict[str, int]
    """Attempts of customers and agents, by error."""
    injected: dict[str, int]
    """Faults by name."""
    errors: dict[str, int]
    """Wake-ups that the engine failed at and that were tried again, by error."""
    invariants: tuple[Invariant, ...]
    story: str
    """Digest of every message, review and reply: equal where a run was replayed."""

    @property
    def breaches(self) -> list[str]:
        """One line for each broken invariant."""
        return broken(self.invariants)

    def as_dict(self) -> dict[str, Any]:
        """Return the report for programs."""
        plain = {name: value for name, value in self.__dict__.items() if name != "invariants"}
        return {
            **plain,
            "invariants": [
                {
                    "promise": one.promise,
                    "says": one.says,
                    "looked_at": one.looked_at,
                    "breaches": [breach.__dict__ for breach in one.breaches],
                }
                for one in self.invariants
            ],
            "ok": not self.breaches,
        }


def counted(connection: Connection, table: Any, name: str) -> dict[str, int]:
    """Count rows by the value of a column."""
    column = table.c[name]
    query = select(column, func.count()).group_by(column).order_by(column)
    return {str(value): count for value, count in connection.execute(query)}


def ordered(counter: Counter[str]) -> dict[str, int]:
    """Counts above 0, by name."""
    return {name: count for name, count in sorted(counter.items()) if count}


def story_of(connection: Connection, order: dict[str, int]) -> str:
    """Digest of what happened, without ids: conversations by the order they began in."""
    told: list[list[Any]] = []
    for table, names in (
        (t.messages, ("seq", "role", "author", "text", "at", "delivered_at")),
        (t.reviews, ("opened_at", "kind", "status", "version", "reason", "decided_by")),
        (t.outbox, ("created_at", "status", "attempts", "digest", "decided_by")),
        (t.audit_events, ("no", "kind", "actor", "at")),
    ):
        columns = [table.c[name] for name in names]
        rows = connection.execute(select(table.c.conversation_id, *columns))
        told += sorted([table.name, order[row[0]], *map(str, row[1:])] for row in rows)
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]
