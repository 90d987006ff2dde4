"""The gate: at most one run of a conversation, and a late one writes nothing.

A run holds a lease: owner, end, and a fencing token that grows with every lease and every
take-over. The token is checked again in the transaction that writes the run's effects.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, bindparam, or_, select, update

from handrail.core.conversation import Snapshot
from handrail.core.errors import LeaseLostError
from handrail.store import conversations
from handrail.store import tables as t
from handrail.store.conversations import PendingEvent

LEASE = timedelta(seconds=30)
"""How long a run owns its conversation without renewing."""

_CLAIM = (
    update(t.conversations)
    .where(
        t.conversations.c.id == bindparam("b_id"),
        t.conversations.c.pending > 0,
        or_(
            t.conversations.c.lease_until.is_(None),
            t.conversations.c.lease_until < bindparam("b_now"),
        ),
    )
    .values(
        lease_owner=bindparam("b_owner"),
        lease_until=bindparam("b_until"),
        fence=t.conversations.c.fence + 1,
        attempts=t.conversations.c.attempts + 1,
    )
    .returning(t.conversations)
)
_RENEW = update(t.conversations).where(
    t.conversations.c.id == bindparam("b_id"), t.conversations.c.fence == bindparam("b_fence")
)
_WAITING = select(t.conversations.c.id).where(
    t.conversations.c.pending > 0,
    or_(t.conversations.c.lease_until.is_(None), t.conversations.c.lease_until < bindparam("now")),
)


@dataclass(frozen=True)
class Lease:
    """The right to run one conversation's pending events."""

    conversation_id: str
    fence: int
    row: RowMapping
    """The conversation when the lease was taken."""
    events: tuple[PendingEvent, ...]
    snapshot: Snapshot

    @property
    def attempts(self) -> int:
        """How often these events were tried, this time included."""
        return int(self.row["attempts"])


def claim(
    connection: Connection, conversation_id: str, *, owner: str, release: str, now: datetime
) -> Lease | None:
    """Take the lease of a conversation with pending events, unless another run has it."""
    row = (
        connection.execute(
            _CLAIM,
            {"b_id": conversation_id, "b_owner": owner, "b_now": now, "b_until": now + LEASE},
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        return None
    return Lease(
        conversation_id=conversation_id,
        fence=row["fence"],
        row=row,
        events=conversations.pending(connection, conversation_id),
        snapshot=conversations.snapshot(connection, row, release, now),
    )


def renew(connection: Connection, lease: Lease, now: datetime) -> None:
    """Prolong a lease.

    Raises:
        LeaseLostError: the conversation has another owner by now.
    """
    changed = connection.execute(
        _RENEW.values(lease_until=now + LEASE),
        {"b_id": lease.conversation_id, "b_fence": lease.fence},
    )
    if changed.rowcount != 1:
        raise LeaseLostError("the conversation has another owner; this run stops")


def locked(connection: Connection, lease: Lease) -> RowMapping:
    """Lock the conversation for the run's last transaction.

    Raises:
        LeaseLostError: the conversation has another owner by now; nothing may be written.
    """
    row = conversations.locked(connection, lease.conversation_id)
    if row["fence"] != lease.fence:
        raise LeaseLostError("the conversation has another owner; nothing of this run is kept")
    return row


def release(connection: Connection, lease: Lease) -> None:
    """Give a lease back without having done anything."""
    connection.execute(
        _RENEW.values(lease_owner=None, lease_until=None),
        {"b_id": lease.conversation_id, "b_fence": lease.fence},
    )


def waiting(connection: Connection, now: datetime) -> tuple[str, ...]:
    """List conversations with pending events that nobody runs."""
    return tuple(connection.execute(_WAITING, {"now": now}).scalars())
