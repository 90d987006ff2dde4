"""The outbox: replies on their way out, each named once and for ever."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, bindparam, select, update

from handrail.core.drafting import Draft
from handrail.core.errors import NotFoundError, StaleDecisionError
from handrail.store.tables import drafts, messages, outbox, turns

DELIVERY = timedelta(seconds=60)
"""How long one try may take before another may begin."""

_FIRST = (
    select(outbox, messages.c.text, turns.c.traceparent)
    .join(messages, messages.c.id == outbox.c.message_id)
    .outerjoin(turns, turns.c.id == outbox.c.turn_id)
    .where(
        outbox.c.conversation_id == bindparam("conversation_id"),
        outbox.c.status.in_(("waiting", "sending")),
    )
    .order_by(messages.c.seq)
    .limit(1)
    .with_for_update(of=outbox)
)
_WAITING = (
    select(outbox.c.conversation_id)
    .where(outbox.c.status.in_(("waiting", "sending")), outbox.c.send_after <= bindparam("now"))
    .distinct()
)


def first(connection: Connection, conversation_id: str) -> RowMapping | None:
    """Lock the oldest reply of a conversation that has not left: replies leave in order."""
    return connection.execute(_FIRST, {"conversation_id": conversation_id}).mappings().one_or_none()


def begin(connection: Connection, row: RowMapping, now: datetime) -> None:
    """Mark a reply as being delivered; it is tried again if no receipt comes."""
    connection.execute(
        update(outbox)
        .where(outbox.c.id == row["id"])
        .values(status="sending", attempts=row["attempts"] + 1, send_after=now + DELIVERY)
    )


def try_again(connection: Connection, outbox_id: str, at: datetime, error: str) -> None:
    """Put a reply back after a failed delivery."""
    connection.execute(
        update(outbox)
        .where(outbox.c.id == outbox_id, outbox.c.status == "sending")
        .values(status="waiting", send_after=at, error=error)
    )


def cancel(connection: Connection, outbox_id: str) -> RowMapping:
    """Call a reply back.

    Raises:
        NotFoundError: there is no such reply.
        StaleDecisionError: it has left, or is leaving right now.
    """
    row = (
        connection.execute(
            update(outbox)
            .where(outbox.c.id == outbox_id, outbox.c.status == "waiting", outbox.c.attempts == 0)
            .values(status="cancelled")
            .returning(outbox)
        )
        .mappings()
        .one_or_none()
    )
    if row is not None:
        return row
    status = connection.execute(select(outbox.c.status).where(outbox.c.id == outbox_id)).scalar()
    if status is None:
        raise NotFoundError(f"no reply {outbox_id!r} in the outbox")
    raise StaleDecisionError(f"the reply cannot be called back: it is {status}", status=status)


def draft_of(connection: Connection, outbox_id: str) -> Draft:
    """Load the draft a reply was made of."""
    body = connection.execute(
        select(drafts.c.body)
        .join(
            outbox,
            (outbox.c.digest == drafts.c.digest)
            & (outbox.c.conversation_id == drafts.c.conversation_id),
        )
        .where(outbox.c.id == outbox_id)
        .order_by(drafts.c.at.desc())
        .limit(1)
    ).scalar_one()
    return Draft.model_validate(body)


def waiting(connection: Connection, now: datetime) -> tuple[str, ...]:
    """List conversations with a reply that may leave now."""
    return tuple(connection.execute(_WAITING, {"now": now}).scalars())


def conversation_of(connection: Connection, outbox_id: str) -> str:
    """Find the conversation of a reply.

    Raises:
        NotFoundError: there is no such reply.
    """
    found = connection.execute(
        select(outbox.c.conversation_id).where(outbox.c.id == outbox_id)
    ).scalar()
    if found is None:
        raise NotFoundError(f"no reply {outbox_id!r} in the outbox")
    return str(found)
