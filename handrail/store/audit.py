"""The audit chain: every change of a conversation, each row sealed with the hash of the one before.

A row is written in the transaction of the change it tells of. Changing, removing or inserting a
row breaks the chain from there on; the head is kept on the conversation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pydantic_core
from sqlalchemy import Connection, insert

from handrail.store.tables import audit_events


@dataclass(frozen=True)
class AuditEntry:
    """One change, as it is handed to :func:`append`."""

    kind: str
    actor: str
    at: datetime
    payload: dict[str, Any] = field(default_factory=dict)
    turn_id: str | None = None
    trace_id: str | None = None


def append(
    connection: Connection,
    conversation_id: str,
    head: tuple[int, str],
    entries: Sequence[AuditEntry],
) -> tuple[int, str]:
    """Write entries behind ``head`` (number and hash of the last row) and return the new head.

    The caller holds the conversation's row and stores the new head there.
    """
    no, previous = head
    rows: list[dict[str, Any]] = []
    for entry in entries:
        no += 1
        row: dict[str, Any] = {
            "conversation_id": conversation_id,
            "no": no,
            "kind": entry.kind,
            "actor": entry.actor,
            "turn_id": entry.turn_id,
            "trace_id": entry.trace_id,
            "payload": entry.payload,
            "at": entry.at,
        }
        row["hash"] = seal(previous, row)
        row["previous_hash"] = previous
        previous = row["hash"]
        rows.append(row)
    if rows:
        connection.execute(insert(audit_events), rows)
    return no, previous


def seal(previous_hash: str, row: dict[str, Any]) -> str:
    """Hash a row together with the hash of the row before it."""
    moment: datetime = row["at"]
    body = [
        row["conversation_id"],
        row["no"],
        row["kind"],
        row["actor"],
        row["turn_id"],
        row["trace_id"],
        row["payload"],
        moment.astimezone(UTC).isoformat(timespec="microseconds"),
    ]
    return hashlib.sha256(previous_hash.encode() + pydantic_core.to_json(body)).hexdigest()
