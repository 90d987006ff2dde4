"""Makes a database safe that was restored from a backup: the world went on after it was made.

What the backup calls unfinished may have been finished since, and nobody knows. So no reply leaves
and no message is answered by itself: each such conversation waits for a person, who is told why.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from handrail.core.events import DeliveryReceipt, Event
from handrail.engine import gate
from handrail.engine.deadlines import DUE
from handrail.engine.ending import RunResult
from handrail.engine.finish import finish
from handrail.engine.ingest import ingest
from handrail.engine.journal import ReviewRequest, TurnJournal
from handrail.engine.plan import Plan
from handrail.engine.runner import FAILURE
from handrail.playbook.models import Release
from handrail.store import audit, conversations, releases
from handrail.store import tables as t
from handrail.store.prepared import Row

JUMP = 1_000_000
"""Added to every fencing token: more than a conversation's runs between backup and restore."""
UNSENT = "it waited in a backup that was restored, and may have been delivered since"
_ANSWER = (
    "This conversation was restored from a backup in which it was not finished: it may have been "
    "answered since. See what the customer got before you answer or let the AI try again (reject)"
)
_DECIDE = "Restored from a backup: this may have been decided and delivered since. "


@dataclass(frozen=True)
class Held:
    """What waits for a person after a restore."""

    replies: int
    """Replies that had not left."""
    conversations: int
    """Conversations with something that no turn had dealt with, those replies included."""
    reviews: int
    """Reviews that were open."""


def hold_back(connection: Connection, now: datetime) -> Held:
    """Let nothing go on by itself that may have happened since, in the caller's transaction.

    Args:
        connection: To a database that nobody works on.
        now: The moment.
    """
    release = releases.active(connection)
    if release is None:
        return Held(0, 0, 0)  # no engine ever worked on it
    connection.execute(
        update(t.conversations).values(
            fence=t.conversations.c.fence + JUMP, lease_owner=None, lease_until=None
        )
    )
    # A clock that ran out may have sent a holding reply then; its review waits for people anyway.
    connection.execute(
        update(t.timers)
        .where(t.timers.c.kind == DUE, t.timers.c.fired_at.is_(None), t.timers.c.due_at <= now)
        .values(fired_at=now)
    )
    reviews = _warn(connection, now)
    replies = _stop_replies(connection, release, now)
    waiting = connection.execute(select(t.conversations.c.id).where(t.conversations.c.pending > 0))
    parked = [_park(connection, name, release, now) for name in waiting.scalars().all()]
    return Held(replies, len(parked), reviews)


def _stop_replies(connection: Connection, release: Release, now: datetime) -> int:
    unsent = select(t.outbox).where(t.outbox.c.status.in_(("waiting", "sending")))
    rows = connection.execute(unsent).mappings().all()
    for row in rows:
        receipt = DeliveryReceipt(outbox_id=row["id"], status="failed", error=UNSENT)
        event = Event(
            channel="outbox",
            external_id=f"{row['id']}:restored",
            conversation_id=row["conversation_id"],
            body=receipt,
        )
        ingest(connection, event, now, release)
    return len(rows)


def _park(connection: Connection, conversation_id: str, release: Release, now: datetime) -> None:
    """Give the events that wait in a conversation to a person."""
    lease = gate.claim(connection, conversation_id, owner="restore", release=release.id, now=now)
    assert lease is not None
    request = ReviewRequest(
        kind="failure",
        reason="failure:restored",
        explanation=_ANSWER,
        draft=None,
        verdict=None,
        allowed=FAILURE,
    )
    plan = Plan(events=lease.events, graph=None)
    result = RunResult(plan, TurnJournal(), status="failed", review=request)
    finish(connection, lease, result, release.playbook, now)


def _warn(connection: Connection, now: datetime) -> int:
    """Say on every open review that it is an old one; a page that shows it must load it anew."""
    rows = (
        connection.execute(
            update(t.reviews)
            .where(t.reviews.c.status == "open")
            .values(
                version=t.reviews.c.version + JUMP,
                claimed_by=None,
                claim_until=None,
                explanation=_DECIDE + t.reviews.c.explanation,
            )
            .returning(t.reviews.c.id, t.reviews.c.conversation_id)
        )
        .mappings()
        .all()
    )
    for row in rows:
        _note(connection, row, now)
    return len(rows)


def _note(connection: Connection, review: Row, now: datetime) -> None:
    row = conversations.locked(connection, review["conversation_id"])
    entry = audit.AuditRow(
        kind="restored", actor="operator", at=now, payload={"review_id": review["id"]}
    )
    head = audit.Head(row["audit_no"], row["audit_hash"])
    no, sealed = audit.append(connection, row["id"], head, [entry])
    conversations.save(connection, row, {"audit_no": no, "audit_hash": sealed, "updated_at": now})
