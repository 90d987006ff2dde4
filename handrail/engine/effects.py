"""What an event changes at the door, in the transaction that stores it.

These effects cannot wait for a run: a take-over silences the AI, a decision closes its review.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, update

from handrail.core.decisions import Escalate, HandBack, Note, Snooze, TakeOver
from handrail.core.errors import (
    ExpiredReviewError,
    NotAllowedError,
    StaleDecisionError,
)
from handrail.core.events import (
    AgentMessage,
    Control,
    DeliveryReceipt,
    FindingDismissed,
    FollowUp,
    Recall,
    ReviewDecision,
    TimerFired,
)
from handrail.core.ids import new_id
from handrail.engine.change import Change, note, visible, write_teamnote
from handrail.engine.deadlines import change_review, escalate, snooze
from handrail.engine.feedback import dismiss
from handrail.engine.timeouts import apply_timer, schedule
from handrail.store import audit, outbox, reviews
from handrail.store import tables as t
from handrail.store.prepared import Row


def supersede(
    connection: Connection, change: Change, *, by: str, cause: str, now: datetime
) -> None:
    """Close open reviews that something newer made void."""
    if change.row["holder"] == "ai":
        return  # a review is open only while a person is waited for or holds the conversation
    for review_id in reviews.supersede(connection, change.row["id"], by=by, cause=cause, at=now):
        change.changes.append(("review", review_id))
        note(change, "superseded", by, now, review_id=review_id, cause=cause)


def apply(
    connection: Connection,
    change: Change,
    body: ReviewDecision
    | Control
    | AgentMessage
    | FollowUp
    | TimerFired
    | DeliveryReceipt
    | Recall
    | FindingDismissed,
    name: str,
    now: datetime,
) -> None:
    """Apply the event of that name to the conversation whose row ``change`` holds."""
    match body:
        case ReviewDecision():
            _review_decision(connection, change, body, now)
        case Control():
            _control(connection, change, body, now)
        case AgentMessage():
            if change.row["holder"] != "human":
                raise NotAllowedError("take the conversation over before you write in it")
            visible(body.text)
        case TimerFired():
            apply_timer(connection, change, body, now)
        case FollowUp():
            schedule(connection, change, body, name, now)
        case DeliveryReceipt():
            _receipt(connection, change, body, now)
        case Recall():
            _recall(connection, change, body, now)
        case FindingDismissed():
            dismiss(connection, change, body, now)


def _review_decision(
    connection: Connection, change: Change, body: ReviewDecision, now: datetime
) -> None:
    row = reviews.row_of(connection, body.review_id)
    decision = body.decision
    check_open(row, body.version, body.digest, now)
    if decision.kind not in row["allowed"]:
        raise NotAllowedError(
            f"{decision.kind!r} is not possible here; possible are {', '.join(row['allowed'])}",
            allowed=list(row["allowed"]),
        )
    if isinstance(decision, Note):
        write_teamnote(connection, change, decision.text, body.actor, now)
        return
    if not _carry_out(connection, change, body, row, now):
        check_open(reviews.row_of(connection, body.review_id), body.version, body.digest, now)
    connection.execute(
        insert(t.decisions).values(
            id=new_id("dec"),
            conversation_id=row["conversation_id"],
            review_id=body.review_id,
            version=body.version,
            digest=body.digest,
            kind=decision.kind,
            actor=body.actor,
            body=decision.model_dump(mode="json"),
            at=now,
        )
    )
    facts = {
        "review_id": body.review_id,
        "version": body.version,
        "digest": body.digest,
        "decision": decision.model_dump(mode="json"),
    }
    change.entries.append(
        audit.AuditRow(
            kind="decided", actor=body.actor, at=now, payload=facts, turn_id=row["turn_id"]
        )
    )
    change.changes.append(("review", body.review_id))
    if isinstance(decision, TakeOver | HandBack):
        _hold(change, decision, body.actor, now)
    elif change.row["holder"] == "waiting" and not isinstance(decision, Snooze | Escalate):
        change.values["holder"] = "ai"


def _carry_out(
    connection: Connection, change: Change, body: ReviewDecision, row: Row, now: datetime
) -> bool:
    """Close the review, put it off or pass it on; say whether it was as the person saw it."""
    decision = body.decision
    if isinstance(decision, Snooze):
        values = snooze(connection, change, row, decision, now)
    elif isinstance(decision, Escalate):
        values = escalate(connection, change, row, decision.team, now)
        if decision.note.strip():
            write_teamnote(connection, change, decision.note, body.actor, now)
    else:
        return reviews.close(
            connection,
            body.review_id,
            body.version,
            status="decided",
            by=body.actor,
            decision=decision.kind,
            at=now,
        )
    values["change"] = decision.kind
    return change_review(connection, row, values, by=body.actor, now=now)


def check_open(row: Row, version: int, digest: str | None, now: datetime) -> None:
    """Refuse a decision on anything but the open review that the person saw.

    Raises:
        ExpiredReviewError: its time is over.
        StaleDecisionError: it was decided, superseded or changed; ``details`` names the winner.
    """
    if row["status"] == "expired":
        raise ExpiredReviewError(
            f"the review expired at {row['decided_at']:%H:%M:%S} UTC; look at the conversation"
        )
    details = {
        "status": row["status"],
        "version": row["version"],
        "decided_by": row["decided_by"],
        "decision": row["decision"],
        "decided_at": row["decided_at"].isoformat() if row["decided_at"] else None,
        "change": row["change"],
        "changed_by": row["changed_by"],
    }
    if row["status"] != "open":
        raise StaleDecisionError(
            f"the review was {row['status']} by {row['decided_by']} ({row['decision']}) at "
            f"{row['decided_at'] or now:%H:%M:%S} UTC; look at the conversation as it is now",
            **details,
        )
    if row["version"] != version or row["digest"] != digest:
        raise StaleDecisionError(
            f"the review changed since you saw it (version {version}, now {row['version']}"
            f"{_last_change(row)}); read it again and decide",
            **details,
        )


def _last_change(row: Row) -> str:
    """What changed an open review last, for the person who is too late."""
    if row["change"] is None:
        return ""
    what = {
        "judge": "its draft was judged again by what was done for the customer",
        "lapse": "it was due and nobody had decided it",
        "wake": "its snooze ended",
        "snooze": f"{row['changed_by']} snoozed it",
        "escalate": f"{row['changed_by']} gave it to {row['team']}",
    }[row["change"]]
    return f": {what}, {row['changed_at']:%H:%M:%S} UTC"


def _control(connection: Connection, change: Change, body: Control, now: datetime) -> None:
    if isinstance(body.action, HandBack) and change.row["holder"] != "human":
        raise NotAllowedError("nobody holds this conversation, so it cannot be handed back")
    supersede(connection, change, by=body.actor, cause=body.action.kind, now=now)
    _hold(change, body.action, body.actor, now)


def _hold(change: Change, action: TakeOver | HandBack, actor: str, now: datetime) -> None:
    """Change the holder at once. A run that is going on loses its lease, and so its effects."""
    taken = isinstance(action, TakeOver)
    change.values |= {
        "holder": "human" if taken else "ai",
        "holder_agent": actor if taken else None,
        "fence": change.row["fence"] + 1,
        "lease_owner": None,
        "lease_until": None,
    }
    facts = {} if isinstance(action, TakeOver) else {"note": action.note}
    note(change, "taken_over" if taken else "handed_back", actor, now, **facts)
    change.changes.append(("holder", None))


def _receipt(connection: Connection, change: Change, body: DeliveryReceipt, now: datetime) -> None:
    sent = body.status == "sent"
    row = (
        connection.execute(
            update(t.outbox)
            .where(t.outbox.c.id == body.outbox_id, t.outbox.c.status != "cancelled")
            .values(
                status=body.status,
                provider_id=body.provider_id,
                error=body.error,
                sent_at=func.coalesce(t.outbox.c.sent_at, now if sent else None),
            )
            .returning(t.outbox.c.message_id, t.outbox.c.digest)
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        return
    # What no channel took has answered nothing.
    reached = {"delivered_at": now} if sent else {"answers": False}
    connection.execute(
        update(t.messages).where(t.messages.c.id == row["message_id"]).values(**reached)
    )
    if sent:
        change.changes.append(("message", None))
    note(
        change,
        body.status if sent else "delivery_failed",
        "system",
        now,
        outbox_id=body.outbox_id,
        digest=row["digest"],
        error=body.error,
    )


def _recall(connection: Connection, change: Change, body: Recall, now: datetime) -> None:
    row = outbox.cancel(connection, body.outbox_id)
    connection.execute(delete(t.messages).where(t.messages.c.id == row["message_id"]))
    note(change, "recalled", body.actor, now, outbox_id=body.outbox_id, digest=row["digest"])
    change.changes.append(("message", None))
