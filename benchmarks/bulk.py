"""Many stored conversations at once, as a busy year leaves them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert

from handrail.core.events import CustomerMessage
from handrail.store import tables as t
from handrail.store.database import Database

TEXT = "Where is my order?"
_CHUNK = 2000


def store_conversations(url: str, count: int, *, waiting: bool = False) -> None:
    """Store conversations of one message; ``waiting``: nobody has dealt with it yet.

    Args:
        url: A database with all tables.
        count: How many.
        waiting: Leave their event to the workers; otherwise each was answered.
    """
    database = Database(url)
    for first in range(0, count, _CHUNK):
        numbers = range(first, min(first + _CHUNK, count))
        database.write_now(lambda c, numbers=numbers: _store(c, numbers, waiting=waiting))
    database.close()


def _store(connection: Connection, numbers: range, *, waiting: bool) -> None:
    at = datetime.now(UTC) - timedelta(minutes=5)
    names = [f"old_{number}" for number in numbers]

    def rows(**values: Any) -> list[dict[str, Any]]:
        return [
            {key: value(name) if callable(value) else value for key, value in values.items()}
            for name in names
        ]

    def conversation(name: str) -> str:
        return f"cnv_{name}"

    body = CustomerMessage(text=TEXT, address="", verified=True).model_dump(mode="json")
    connection.execute(insert(t.customers), rows(id=str))
    connection.execute(
        insert(t.identities), rows(channel="web", address=str, customer_id=str, verified=True)
    )
    connection.execute(
        insert(t.conversations),
        rows(
            id=conversation,
            customer_id=str,
            channel="web",
            address=str,
            status="open",
            holder="ai",
            seq=1,
            message_seq=1 if waiting else 2,
            pending=int(waiting),
            created_at=at,
            updated_at=at,
        ),
    )
    message = {"conversation_id": conversation, "channel": "web", "at": at, "delivered_at": at}
    connection.execute(
        insert(t.messages),
        rows(id=lambda name: f"msg_{name}", seq=1, role="customer", text=TEXT, **message),
    )
    if not waiting:
        connection.execute(
            insert(t.messages),
            rows(id=lambda name: f"ans_{name}", seq=2, role="ai", text="On its way.", **message),
        )
    connection.execute(
        insert(t.events),
        rows(
            id=lambda name: f"evt_{name}",
            channel="web",
            external_id=lambda name: f"bulk-{name}",
            conversation_id=conversation,
            seq=1,
            kind="message",
            body=body,
            message_id=lambda name: f"msg_{name}",
            received_at=at,
            processed_at=None if waiting else at,
        ),
    )
