"""Review rows: opened once, changed under a version, closed once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from handrail.core.conversation import Mode
from handrail.core.decisions import Review
from handrail.core.drafting import Draft
from handrail.core.errors import NotFoundError
from handrail.core.verdict import Verdict
from handrail.store.prepared import Row
from handrail.store.tables import (
    conversations,
    customers,
    desk_changes,
    messages,
    reviews,
    turns,
)

_ROW = select(reviews).where(reviews.c.id == bindparam("id"))
_PLAIN = tuple(set(Review.model_fields) - {"draft", "verdict", "allowed"})


def review(row: Row) -> Review:
    """Make a review of its row."""
    draft, verdict = row["draft"], row["verdict"]
    return Review.model_construct(
        **{name: row[name] for name in _PLAIN},
        draft=Draft.model_validate(draft) if draft else None,
        verdict=Verdict.model_validate(verdict) if verdict else None,
        allowed=tuple(row["allowed"]),
    )


def row_of(connection: Connection, review_id: str) -> Row:
    """Load a review's row.

    Raises:
        NotFoundError: there is no such review.
    """
    row = connection.execute(_ROW, {"id": review_id}).mappings().one_or_none()
    if row is None:
        raise NotFoundError(f"no review {review_id!r}; list the open ones with `handrail inbox`")
    return row


def listed(
    connection: Connection, *, status: str | None = "open", conversation_id: str | None = None
) -> tuple[Review, ...]:
    """List reviews, the most urgent first.

    ``open`` are those in the queue; ``snoozed`` the open ones that are out of it for a while.
    """
    query = select(reviews).order_by(reviews.c.due_at, reviews.c.opened_at)
    if status in ("open", "snoozed"):
        out = reviews.c.snoozed_until
        query = query.where(out.is_(None) if status == "open" else out.is_not(None))
    if status is not None:
        query = query.where(reviews.c.status == ("open" if status == "snoozed" else status))
    if conversation_id is not None:
        query = query.where(reviews.c.conversation_id == conversation_id)
    return tuple(review(row) for row in connection.execute(query).mappings())


@dataclass(frozen=True)
class QueueLine:
    """An open review as the queue shows it."""

    review: Review
    customer: str
    """Name or e-mail address; empty where neither is known."""
    channel: str
    holder: str
    holder_agent: str | None
    confidence: float | None
    """Probability of the intent, 0 to 1."""
    mode: str | None
    last_words: str
    """What the customer wrote last."""


def queue(connection: Connection) -> tuple[QueueLine, ...]:
    """List the open reviews with what a person needs to choose one, the most urgent first.

    Snoozed ones are among them; :attr:`Review.snoozed_until` says which.
    """
    newest = (
        select(messages.c.conversation_id, func.max(messages.c.seq).label("seq"))
        .where(messages.c.role == "customer")
        .group_by(messages.c.conversation_id)
        .subquery()
    )
    query = (
        select(
            reviews,
            func.coalesce(customers.c.name, customers.c.email, "").label("customer"),
            conversations.c.channel,
            conversations.c.holder,
            conversations.c.holder_agent,
            turns.c.confidence,
            turns.c.mode,
            messages.c.text.label("last_words"),
        )
        .join(conversations, conversations.c.id == reviews.c.conversation_id)
        .join(customers, customers.c.id == conversations.c.customer_id)
        .outerjoin(turns, turns.c.id == reviews.c.turn_id)
        .outerjoin(newest, newest.c.conversation_id == reviews.c.conversation_id)
        .outerjoin(
            messages,
            (messages.c.conversation_id == newest.c.conversation_id)
            & (messages.c.seq == newest.c.seq),
        )
        .where(reviews.c.status == "open")
        .order_by(reviews.c.due_at, reviews.c.opened_at)
    )
    return tuple(
        QueueLine(
            review=review(row),
            customer=row["customer"],
            channel=row["channel"],
            holder=row["holder"],
            holder_agent=row["holder_agent"],
            confidence=row["confidence"],
            mode=row["mode"],
            last_words=row["last_words"] or "",
        )
        for row in connection.execute(query).mappings()
    )


def voided(connection: Connection, conversation_id: str) -> Row | None:
    """Return the conversation's last review, if nobody decided it."""
    query = (
        select(reviews)
        .where(reviews.c.conversation_id == conversation_id)
        .order_by(reviews.c.opened_at.desc(), reviews.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).mappings().one_or_none()
    return row if row is not None and row["status"] == "superseded" else None


def mode_of(connection: Connection, conversation_id: str) -> Mode | None:
    """The mode of the turn that an open review is about, where there is one."""
    query = (
        select(turns.c.mode)
        .join(reviews, reviews.c.turn_id == turns.c.id)
        .where(reviews.c.conversation_id == conversation_id, reviews.c.status == "open")
    )
    return connection.execute(query).scalars().first()


def open_ids(connection: Connection, conversation_id: str) -> tuple[str, ...]:
    """Ids of the conversation's open reviews."""
    query = select(reviews.c.id).where(
        reviews.c.conversation_id == conversation_id, reviews.c.status == "open"
    )
    return tuple(connection.execute(query).scalars())


def open_of(connection: Connection, customer_id: str) -> tuple[str, ...]:
    """Ids of the open reviews in a customer's conversations, oldest first."""
    query = (
        select(reviews.c.id)
        .join(conversations, conversations.c.id == reviews.c.conversation_id)
        .where(conversations.c.customer_id == customer_id, reviews.c.status == "open")
        .order_by(reviews.c.opened_at, reviews.c.id)
    )
    return tuple(connection.execute(query).scalars())


def is_open(connection: Connection, review_id: str) -> bool:
    """Whether a review is still to be decided."""
    query = select(reviews.c.status).where(reviews.c.id == review_id)
    return connection.execute(query).scalar() == "open"


def close(
    connection: Connection,
    review_id: str,
    version: int,
    *,
    status: str,
    by: str,
    decision: str,
    at: datetime,
) -> bool:
    """Close a review if it is still open in this version; say whether it was."""
    changed = connection.execute(
        update(reviews)
        .where(reviews.c.id == review_id, reviews.c.version == version, reviews.c.status == "open")
        .values(status=status, version=version + 1, decided_by=by, decision=decision, decided_at=at)
    )
    return changed.rowcount == 1


def supersede(
    connection: Connection, conversation_id: str, *, by: str, cause: str, at: datetime
) -> tuple[str, ...]:
    """Close the conversation's open reviews because something newer made them void."""
    rows = connection.execute(
        update(reviews)
        .where(reviews.c.conversation_id == conversation_id, reviews.c.status == "open")
        .values(
            status="superseded",
            version=reviews.c.version + 1,
            decided_by=by,
            decision=cause,
            decided_at=at,
        )
        .returning(reviews.c.id)
    )
    return tuple(rows.scalars())


def change(connection: Connection, review_id: str, version: int, values: dict[str, Any]) -> bool:
    """Change an open review under its version; say whether it was still that version."""
    changed = connection.execute(
        update(reviews)
        .where(reviews.c.id == review_id, reviews.c.version == version, reviews.c.status == "open")
        .values(**values)
    )
    return changed.rowcount == 1


def announce(connection: Connection, row: Row, now: datetime) -> None:
    """Tell the desk that a review changed."""
    connection.execute(
        insert(desk_changes).values(
            kind="review", conversation_id=row["conversation_id"], review_id=row["id"], at=now
        )
    )
