"""The audit chain: every state change of a conversation, each row sealed with the one before.

A row's hash is ``sha256(previous hash + canonical row)``. The newest number and hash also stand in
the conversation row (``audit_no``, ``audit_hash``), so that rows cut off at the end are missed.
The chain shows changes to anyone who does not rewrite all of it; keep the hash of a conversation
elsewhere to rule that out too.

Of a conversation that was removed a row stays in ``removals``; those rows are one chain as well.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, NamedTuple

import pydantic_core
from sqlalchemy import Connection, insert, select

from handrail.core.storable import storable
from handrail.store.prepared import Prepared, Row
from handrail.store.tables import audit_events, conversations, removals

_BATCH = 1000
_INSERT = Prepared(insert(audit_events))
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


class Head(NamedTuple):
    """The end of a chain: ``audit_no`` and ``audit_hash`` of the conversation row."""

    no: int
    hash: str


EMPTY = Head(0, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """One thing that happened."""

    kind: str
    """``received``, ``verified``, ``decided``, ``sent`` and so on."""
    actor: str
    """Who did it: a person's name, ``ai``, ``customer`` or ``engine``."""
    at: datetime
    """With a time zone."""
    payload: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Facts of that kind; ids and numbers rather than text."""
    turn_id: str | None = None
    trace_id: str | None = None


@dataclass(frozen=True, slots=True)
class Break:
    """A place where a chain does not hold."""

    conversation_id: str
    no: int
    """The row that shows it; after the last row, the number that should have been."""
    problem: str


def append(
    connection: Connection, conversation_id: str, head: Head, rows: Sequence[AuditRow]
) -> Head:
    """Add rows to a chain and return its new end, which the caller stores in its transaction.

    Args:
        connection: In a transaction that holds the conversation's row.
        conversation_id: Whose chain.
        head: The end that the conversation row names now.
        rows: In the order in which things happened.
    """
    values: list[dict[str, Any]] = []
    for row in rows:
        value: dict[str, Any] = {
            "conversation_id": conversation_id,
            "no": head.no + 1,
            "kind": row.kind,
            "actor": row.actor,
            "turn_id": row.turn_id,
            "trace_id": row.trace_id,
            "payload": _plain(pydantic_core.to_jsonable_python(row.payload)),
            "at": row.at,
            "previous_hash": head.hash,
        }
        value["hash"] = _seal(value, head.hash)
        head = Head(head.no + 1, value["hash"])
        values.append(value)
    _INSERT.run(connection, *values)
    return head


def verify(connection: Connection, conversation_id: str | None = None) -> list[Break]:
    """Check one chain, or all of them, and return every place where one does not hold.

    A row that was changed, removed, added or moved is found, and so is a conversation row that
    names another end than its chain has. With all chains the one of the removals is checked too.
    """
    events = select(audit_events).order_by(audit_events.c.conversation_id, audit_events.c.no)
    ends = select(conversations.c.id, conversations.c.audit_no, conversations.c.audit_hash)
    if conversation_id is not None:
        events = events.where(audit_events.c.conversation_id == conversation_id)
        ends = ends.where(conversations.c.id == conversation_id)
    found: list[Break] = [] if conversation_id else _verify_removals(connection)
    heads = {id_: Head(no, hash_) for id_, no, hash_ in connection.execute(ends)}
    stream = connection.execute(events, execution_options={"yield_per": _BATCH}).mappings()
    for id_, rows in groupby(stream, key=lambda row: row["conversation_id"]):
        found += _follow(id_, rows, heads.pop(id_, EMPTY))
    for id_, head in heads.items():
        found += _follow(id_, (), head)
    return found


def bury(
    connection: Connection, conversation_id: str, *, actor: str, at: datetime, facts: dict[str, Any]
) -> None:
    """Record that a conversation was removed, as the next row of the removals' chain.

    Args:
        connection: In the transaction that removes it.
        conversation_id: Which one.
        actor: Who had it removed.
        at: When.
        facts: The rule, how many rows of each table, and the end of its audit chain.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("LOCK TABLE removals IN SHARE ROW EXCLUSIVE MODE")
    last = connection.execute(
        select(removals.c.no, removals.c.hash).order_by(removals.c.no.desc()).limit(1)
    ).one_or_none()
    no, previous = (last.no + 1, last.hash) if last else (1, "")
    value: dict[str, Any] = {
        "no": no,
        "conversation_id": conversation_id,
        "kind": "removed",
        "actor": actor,
        "payload": _plain(facts),
        "at": at,
        "previous_hash": previous,
    }
    connection.execute(insert(removals), {**value, "hash": _seal(_buried(value), previous)})


def removal_of(connection: Connection, conversation_id: str) -> Row | None:
    """Return what is recorded of a conversation that was removed."""
    query = select(removals).where(removals.c.conversation_id == conversation_id)
    return connection.execute(query).mappings().one_or_none()


def _verify_removals(connection: Connection) -> list[Break]:
    rows = connection.execute(select(removals).order_by(removals.c.no)).mappings().all()
    end = Head(rows[-1]["no"], rows[-1]["hash"]) if rows else EMPTY
    return list(_follow("removals", map(_buried, rows), end))


def _buried(row: Row | dict[str, Any]) -> dict[str, Any]:
    """A removal in the shape of an audit row."""
    return {**row, "turn_id": None, "trace_id": None}


def _follow(
    conversation_id: str, rows: Iterable[Mapping[Any, Any]], expected: Head
) -> Iterator[Break]:
    head = EMPTY
    for row in rows:
        no = row["no"]
        if no != head.no + 1:
            yield Break(conversation_id, no, f"rows {head.no + 1} to {no - 1} are missing")
        elif row["previous_hash"] != head.hash:
            yield Break(conversation_id, no, "it does not follow the row before it")
        read = {**row, "payload": _plain(row["payload"])}
        if row["hash"] != _seal(read, row["previous_hash"]):
            yield Break(conversation_id, no, "the row was changed")
        head = Head(no, row["hash"])
    if head != expected:
        yield Break(
            conversation_id,
            max(head.no, expected.no),
            f"the conversation ends at row {expected.no} and the chain at row {head.no}"
            if head.no != expected.no
            else "the conversation names another hash for the last row",
        )


def _seal(row: Mapping[Any, Any], previous: str) -> str:
    """Hash a row whose payload is plain with the hash before it."""
    at: datetime = row["at"]
    facts = [
        row["conversation_id"],
        row["no"],
        row["kind"],
        row["actor"],
        row["turn_id"],
        row["trace_id"],
        row["payload"],
        at.astimezone(UTC).isoformat(timespec="microseconds"),
    ]
    return hashlib.sha256(f"{previous}{_canonical(facts)}".encode()).hexdigest()


def _plain(value: Any) -> Any:
    """Reduce JSON to what both databases give back alike: one spelling for each number."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() else value
    return value
