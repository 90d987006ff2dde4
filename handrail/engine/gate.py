"""The gate: at most one run of a conversation, and a late one writes nothing.

A run holds a lease: owner, end, and a fencing token that grows with every lease and every
take-over. The token is checked again in the transaction that writes the run's effects. The end
only decides when another may try: wrong clocks cost time, never a second effect.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, or_, select, update

from handrail.core.conversation import Snapshot
from handrail.core.errors import LeaseLostError, NotFoundError
from handrail.store import conversations
from handrail.store import tables as t
from handrail.store.conversations import PendingEvent
from handrail.store.prepared import Prepared, Row

LEASE = timedelta(seconds=8)
"""How long a run owns its conversation without renewing; a killed worker is missed so long."""

_FREE = or_(
    t.conversations.c.lease_until.is_(None),
    t.conversations.c.lease_until < bindparam("b_now"),
    # A lease that no clock of now can have given: the clock was set back since.
    t.conversations.c.lease_until > bindparam("b_never"),
)
_CLAIM = Prepared(
    update(t.conversations)
    .where(
        t.conversations.c.id == bindparam("b_id"),
        t.conversations.c.pending > 0,
        _FREE,
    )
    .values(
        lease_owner=bindparam("b_owner"),
        lease_until=bindparam("b_until"),
        fence=t.conversations.c.fence + 1,
        attempts=t.conversations.c.attempts + 1,
    )
    .returning(t.conversations)
)
_RENEW = (
    update(t.conversations)
    .where(
        t.conversations.c.lease_owner == bindparam("b_owner"),
        t.conversations.c.id.in_(bindparam("b_ids", expanding=True)),
    )
    .values(lease_until=bindparam("b_until"))
    .returning(t.conversations.c.id, t.conversations.c.fence)
)
_RELEASE = (
    update(t.conversations)
    .where(
        t.conversations.c.id == bindparam("b_id"), t.conversations.c.fence == bindparam("b_fence")
    )
    .values(lease_owner=None, lease_until=None, attempts=t.conversations.c.attempts - 1)
)
_WAITING = (
    select(t.conversations.c.id)
    .where(
        t.conversations.c.pending > 0,
        or_(
            t.conversations.c.updated_at <= bindparam("b_before"),
            t.conversations.c.updated_at > bindparam("b_never"),
        ),
        _FREE,
    )
    .order_by(t.conversations.c.updated_at)
    .limit(bindparam("b_most"))
)


def _moments(now: datetime) -> dict[str, datetime]:
    return {"b_now": now, "b_never": now + 2 * LEASE}


@dataclass(frozen=True)
class Lease:
    """The right to run one conversation's pending events."""

    conversation_id: str
    fence: int
    row: Row
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
    row = _CLAIM.first(
        connection, b_id=conversation_id, b_owner=owner, b_until=now + LEASE, **_moments(now)
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


def renew(
    connection: Connection, owner: str, conversation_ids: Collection[str], now: datetime
) -> Mapping[str, int]:
    """Prolong the leases that ``owner`` still has on these conversations.

    Returns:
        The fencing token of each; a conversation that is left out has another owner.
    """
    rows = connection.execute(
        _RENEW, {"b_owner": owner, "b_ids": list(conversation_ids), "b_until": now + LEASE}
    )
    return {row.id: row.fence for row in rows}


def locked(connection: Connection, lease: Lease) -> Row:
    """Lock the conversation for the run's last transaction.

    Raises:
        LeaseLostError: the conversation has another owner by now, or was removed; nothing may
            be written.
    """
    try:
        row = conversations.locked(connection, lease.conversation_id)
    except NotFoundError as error:
        raise LeaseLostError("the conversation was removed; nothing of this run is kept") from error
    if row["fence"] != lease.fence:
        raise LeaseLostError("the conversation has another owner; nothing of this run is kept")
    return row


def release(connection: Connection, lease: Lease, *, until: datetime | None = None) -> None:
    """Give a lease back without having done anything; the try does not count.

    Args:
        connection: Of the caller.
        lease: The lease.
        until: Nobody takes the conversation before then.
    """
    connection.execute(
        _RELEASE.values(lease_until=until),
        {"b_id": lease.conversation_id, "b_fence": lease.fence},
    )


def waiting(
    connection: Connection,
    now: datetime,
    *,
    unchanged_since: datetime | None = None,
    most: int = 100,
) -> tuple[str, ...]:
    """List conversations with pending events that nobody runs, the longest waiting first.

    Args:
        connection: Of the caller.
        now: The moment.
        unchanged_since: Leave out those that changed later.
        most: How many to list.
    """
    values = {"b_before": unchanged_since or now + 2 * LEASE, "b_most": most}
    return tuple(connection.execute(_WAITING, {**values, **_moments(now)}).scalars())
