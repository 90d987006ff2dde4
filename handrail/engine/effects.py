"""What an event changes at the door, in the transaction that stores it.

These effects cannot wait for a run: a take-over silences the AI, a decision closes its review.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, insert, update

from handrail.core.decisions import HandBack, TakeOver
from handrail.core.errors import (
    ExpiredReviewError,
    InvalidMessageError,
    NotAllowedError,
    StaleDecisionError,
)
from handrail.core.events import (
    MAX_MESSAGE_CHARS,
    AgentMessage,
    Control,
    DeliveryReceipt,
    Recall,
    ReviewDecision,
    TimerFired,
)
from handrail.core.ids import new_id
from handrail.store import audit, outbox, reviews
from handrail.store import tables as t

_INSERT_MESSAGE = insert(t.messages)


@dataclass
class Change:
    """What one event changes, gathered before it is written."""

    row: RowMapping
    values: dict[str, Any] = field(default_factory=dict)
    entries: list[audit.AuditRow] = field(default_factory=list)
    changes: list[tuple[str, str | None]] = field(default_factory=list)
    message_id: str | None = None


def visible(text: str) -> str:
    """Strip a message of surrounding space; what is left must hold a visible character.

    Raises:
        InvalidMessageError: nothing visible is left, or it is too long.
    """
    if len(text) > MAX_MESSAGE_CHARS:
        raise InvalidMessageError(
            f"the message has {len(text):,} characters; the most is {MAX_MESSAGE_CHARS:,}. "
            "Send it in parts"
        )
    clean = text.replace("\x00", "").strip()
    if not any(unicodedata.category(char)[0] in "LNPS" for char in clean):
        raise InvalidMessageError("the message has no visible text; write something")
    return clean


def note(change: Change, kind: str, actor: str, now: datetime, /, **payload: Any) -> None:
    """Add a row for the audit chain."""
    change.entries.append(audit.AuditRow(kind=kind, actor=actor, at=now, payload=payload))


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
    body: ReviewDecision | Control | AgentMessage | TimerFired | DeliveryReceipt | Recall,
    now: datetime,
) -> None:
    """Apply an event to the conversation whose row ``change`` holds."""
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
            note(change, "timer", "system", now, timer=body.timer, subject=body.subject)
            change.changes.append(("review", body.subject))
        case DeliveryReceipt():
            _receipt(connection, change, body, now)
        case Recall():
            _recall(connection, change, body, now)


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
    if decision.kind == "note":
        _teamnote(connection, change, decision.text, body.actor, now)
        return
    if not reviews.close(
        connection,
        body.review_id,
        body.version,
        status="decided",
        by=body.actor,
        decision=decision.kind,
        at=now,
    ):
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
    elif change.row["holder"] == "waiting":
        change.values["holder"] = "ai"


def check_open(row: RowMapping, version: int, digest: str | None, now: datetime) -> None:
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
    }
    if row["status"] != "open":
        raise StaleDecisionError(
            f"the review was {row['status']} by {row['decided_by']} ({row['decision']}) at "
            f"{row['decided_at'] or now:%H:%M:%S} UTC; look at the conversation as it is now",
            **details,
        )
    if row["version"] != version or row["digest"] != digest:
        raise StaleDecisionError(
            f"the review changed since you saw it (version {version}, now {row['version']}); "
            "read it again and decide",
            **details,
        )


def _teamnote(connection: Connection, change: Change, text: str, actor: str, now: datetime) -> None:
    message_seq = change.row["message_seq"] + 1
    change.message_id = new_id("msg")
    connection.execute(
        _INSERT_MESSAGE,
        {
            "id": change.message_id,
            "conversation_id": change.row["id"],
            "seq": message_seq,
            "role": "note",
            "author": actor,
            "channel": "desk",
            "text": visible(text),
            "at": now,
        },
    )
    change.values["message_seq"] = message_seq
    change.changes.append(("message", None))
    note(change, "noted", actor, now, message_id=change.message_id)


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
    if sent:
        connection.execute(
            update(t.messages).where(t.messages.c.id == row["message_id"]).values(delivered_at=now)
        )
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
