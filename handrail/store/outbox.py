"""The outbox: replies on their way out, each named once and for ever."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, bindparam, or_, select, update

from handrail.core.drafting import Draft
from handrail.core.errors import NotFoundError, StaleDecisionError
from handrail.store.prepared import Row
from handrail.store.tables import drafts, messages, outbox, turns

DELIVERY = timedelta(seconds=8)
"""How long a try at delivery counts as going on unless it is renewed."""

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
_earlier, _earlier_message = outbox.alias(), messages.alias()
# A reply waits for those before it; it is not work that could be done.
_BEHIND = (
    select(_earlier.c.id)
    .join(_earlier_message, _earlier_message.c.id == _earlier.c.message_id)
    .where(
        _earlier.c.conversation_id == outbox.c.conversation_id,
        _earlier.c.status.in_(("waiting", "sending")),
        _earlier.c.send_after > bindparam("now"),
        _earlier_message.c.seq < messages.c.seq,
    )
    .exists()
)
_WAITING = (
    select(outbox.c.conversation_id)
    .join(messages, messages.c.id == outbox.c.message_id)
    .where(
        outbox.c.status.in_(("waiting", "sending")),
        or_(
            outbox.c.send_after <= bindparam("now"),
            # More than clocks differ: it was set back since.
            outbox.c.created_at > bindparam("never"),
            and_(outbox.c.status == "sending", outbox.c.send_after > bindparam("never")),
        ),
        ~_BEHIND,
    )
    .order_by(outbox.c.send_after)
    .limit(100)
)


def first(connection: Connection, conversation_id: str) -> Row | None:
    """Lock the oldest reply of a conversation that has not left: replies leave in order."""
    return connection.execute(_FIRST, {"conversation_id": conversation_id}).mappings().one_or_none()


def is_due(row: Row, now: datetime) -> bool:
    """Whether a reply may leave, or a try at it was given up; also after the clock was set back."""
    never = now + 2 * DELIVERY
    stranded = row["status"] == "sending" and row["send_after"] > never
    return row["send_after"] <= now or row["created_at"] > never or stranded


def begin(connection: Connection, row: Row, now: datetime) -> None:
    """Mark a reply as being delivered; it is tried again if no receipt comes."""
    connection.execute(
        update(outbox)
        .where(outbox.c.id == row["id"])
        .values(status="sending", attempts=row["attempts"] + 1, send_after=now + DELIVERY)
    )


def keep(connection: Connection, row: Row, now: datetime) -> bool:
    """Prolong the try that :func:`begin` began from ``row``; say whether it is still the one."""
    kept = connection.execute(
        update(outbox)
        .where(
            outbox.c.id == row["id"],
            outbox.c.status == "sending",
            outbox.c.attempts == row["attempts"] + 1,
        )
        .values(send_after=now + DELIVERY)
    )
    return kept.rowcount == 1


def try_again(connection: Connection, outbox_id: str, at: datetime, error: str) -> None:
    """Put a reply back after a failed delivery."""
    connection.execute(
        update(outbox)
        .where(outbox.c.id == outbox_id, outbox.c.status == "sending")
        .values(status="waiting", send_after=at, error=error)
    )


def cancel(connection: Connection, outbox_id: str) -> Row:
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
    found = connection.execute(_WAITING, {"now": now, "never": now + 2 * DELIVERY})
    return tuple(dict.fromkeys(found.scalars()))


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
