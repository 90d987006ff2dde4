"""The only door: everything that happens to a conversation is stored here, once and in order.

One transaction locks the conversation's row, gives the event its number, and applies what must
hold at once: a take-over silences a run that is going on, a new message voids an open review, a
decision is accepted only for the version and the text that the person saw.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, delete, func, insert, select, update

from handrail.core.conversation import Customer
from handrail.core.decisions import HandBack, TakeOver
from handrail.core.errors import (
    ExpiredReviewError,
    InvalidMessageError,
    NotAllowedError,
    StaleDecisionError,
)
from handrail.core.events import (
    MAX_MESSAGE_CHARS,
    Accepted,
    AgentMessage,
    Control,
    CustomerMessage,
    DeliveryReceipt,
    Event,
    EventBody,
    Recall,
    ReviewDecision,
    TimerFired,
)
from handrail.core.ids import new_id
from handrail.store import audit, conversations, customers, outbox, reviews
from handrail.store import tables as t

_OPEN = (
    select(t.identities.c.customer_id, t.identities.c.verified, t.conversations)
    .select_from(
        t.identities.outerjoin(
            t.conversations,
            (t.conversations.c.customer_id == t.identities.c.customer_id)
            & (t.conversations.c.status == "open"),
        )
    )
    .where(
        t.identities.c.channel == bindparam("channel"),
        t.identities.c.address == bindparam("address"),
    )
    .order_by(t.conversations.c.updated_at.desc())
    .limit(1)
)
_DUPLICATE = select(
    t.events.c.id, t.events.c.conversation_id, t.events.c.seq, t.events.c.message_id
).where(
    t.events.c.channel == bindparam("channel"), t.events.c.external_id == bindparam("external_id")
)
_UPDATE = update(t.conversations).where(t.conversations.c.id == bindparam("b_id"))
_INSERT_EVENT = insert(t.events)
_INSERT_MESSAGE = insert(t.messages)
_INSERT_CHANGES = insert(t.desk_changes)


def starts_a_run(body: EventBody) -> bool:
    """Timers and receipts of delivery are dealt with at the door; all else starts a run."""
    return not isinstance(body, TimerFired) and not (
        isinstance(body, DeliveryReceipt) and body.status == "sent"
    )


@dataclass
class _Change:
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


def find_duplicate(connection: Connection, event: Event) -> Accepted | None:
    """Return the receipt of the same event, where it was accepted before."""
    row = connection.execute(
        _DUPLICATE, {"channel": event.channel, "external_id": event.external_id}
    ).one_or_none()
    if row is None:
        return None
    event_id, conversation_id, seq, message_id = row
    return Accepted(
        event_id=event_id,
        conversation_id=conversation_id,
        seq=seq,
        message_id=message_id,
        duplicate=True,
    )


def ingest(connection: Connection, event: Event, now: datetime) -> Accepted:
    """Store an event and apply its immediate effects, in the caller's transaction.

    Raises:
        RequestError: the event cannot be accepted; nothing is stored.
        sqlalchemy.exc.IntegrityError: the same event is being stored at this moment.
    """
    known = find_duplicate(connection, event)
    if known is not None:
        return known
    body = event.body
    if isinstance(body, CustomerMessage):
        change = _customer_message(connection, event.channel, body, now)
    else:
        if event.conversation_id is None:
            raise NotAllowedError(f"an event of kind {body.kind!r} needs conversation_id")
        change = _Change(conversations.locked(connection, event.conversation_id))
        _apply(connection, change, body, now)
    return _store(connection, change, event, now)


def _apply(
    connection: Connection,
    change: _Change,
    body: ReviewDecision | Control | AgentMessage | TimerFired | DeliveryReceipt | Recall,
    now: datetime,
) -> None:
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
            _note(change, "timer", "system", now, timer=body.timer, subject=body.subject)
            change.changes.append(("review", body.subject))
        case DeliveryReceipt():
            _receipt(connection, change, body, now)
        case Recall():
            _recall(connection, change, body, now)


def _store(connection: Connection, change: _Change, event: Event, now: datetime) -> Accepted:
    row, conversation_id = change.row, change.row["id"]
    event_id, seq = new_id("evt"), row["seq"] + 1
    runs = starts_a_run(event.body)
    connection.execute(
        _INSERT_EVENT,
        {
            "id": event_id,
            "channel": event.channel,
            "external_id": event.external_id,
            "conversation_id": conversation_id,
            "seq": seq,
            "kind": event.body.kind,
            "body": event.body.model_dump(mode="json"),
            "message_id": change.message_id,
            "received_at": now,
            "processed_at": None if runs else now,
        },
    )
    no, sealed = audit.append(
        connection, conversation_id, audit.Head(row["audit_no"], row["audit_hash"]), change.entries
    )
    values = {
        **change.values,
        "seq": seq,
        "pending": row["pending"] + (1 if runs else 0),
        "attempts": 0,
        "audit_no": no,
        "audit_hash": sealed,
        "updated_at": now,
    }
    connection.execute(_UPDATE.values(**values), {"b_id": conversation_id})
    _announce(connection, conversation_id, change.changes, now)
    return Accepted(
        event_id=event_id, conversation_id=conversation_id, seq=seq, message_id=change.message_id
    )


def _announce(
    connection: Connection,
    conversation_id: str,
    changes: list[tuple[str, str | None]],
    now: datetime,
) -> None:
    if changes:
        connection.execute(
            _INSERT_CHANGES,
            [
                {"kind": kind, "conversation_id": conversation_id, "review_id": review, "at": now}
                for kind, review in changes
            ],
        )


def _note(change: _Change, kind: str, actor: str, now: datetime, **payload: Any) -> None:
    change.entries.append(audit.AuditRow(kind=kind, actor=actor, at=now, payload=payload))


def _customer_message(
    connection: Connection, channel: str, body: CustomerMessage, now: datetime
) -> _Change:
    text = visible(body.text)
    row = _open_conversation(connection, channel, body, now)
    change = _Change(row)
    change.message_id = new_id("msg")
    message_seq = row["message_seq"] + 1
    connection.execute(
        _INSERT_MESSAGE,
        {
            "id": change.message_id,
            "conversation_id": row["id"],
            "seq": message_seq,
            "role": "customer",
            "channel": channel,
            "text": text,
            "at": now,
            "delivered_at": now,
        },
    )
    change.values |= {"message_seq": message_seq, "channel": channel, "address": body.address}
    change.changes.append(("message", None))
    _note(change, "received", "customer", now, channel=channel, message_id=change.message_id)
    _supersede(connection, change, by="customer", cause="new_message", now=now)
    if row["holder"] == "waiting":
        change.values["holder"] = "ai"
    return change


def _supersede(
    connection: Connection, change: _Change, *, by: str, cause: str, now: datetime
) -> None:
    if change.row["holder"] == "ai":
        return  # a review is open only while a person is waited for or holds the conversation
    for review_id in reviews.supersede(connection, change.row["id"], by=by, cause=cause, at=now):
        change.changes.append(("review", review_id))
        _note(change, "superseded", by, now, review_id=review_id, cause=cause)


def _open_conversation(
    connection: Connection, channel: str, body: CustomerMessage, now: datetime
) -> RowMapping:
    found = (
        connection.execute(_OPEN, {"channel": channel, "address": body.address})
        .mappings()
        .one_or_none()
    )
    known = body.customer.id if body.customer and body.verified else None
    if found is None or (known is not None and found["customer_id"] != known):
        customer_id = _identify(connection, channel, body)
        _adopt(connection, found, customer_id)
        found = (
            connection.execute(_OPEN, {"channel": channel, "address": body.address})
            .mappings()
            .one()
        )
    elif body.verified and not found["verified"]:
        _identify(connection, channel, body)
    if found["id"] is not None:
        return conversations.locked(connection, found["id"])
    return _create_conversation(connection, found["customer_id"], channel, body.address, now)


def _identify(connection: Connection, channel: str, body: CustomerMessage) -> str:
    """Tie an address to a customer; an unverified claim to be somebody makes a new customer."""
    customer = body.customer if body.customer and body.verified else None
    if customer is None:
        customer = Customer(id=new_id("cus"))
    customers.save_new(connection, customer)
    row = {
        "channel": channel,
        "address": body.address,
        "customer_id": customer.id,
        "verified": body.verified and body.customer is not None,
    }
    customers.upsert(connection, t.identities, [row], keys=("channel", "address"))
    return customer.id


def _adopt(connection: Connection, before: RowMapping | None, customer_id: str) -> None:
    """Move the open conversation of an address to the customer who turned out to be there.

    Only from an unverified visitor: what a verified customer wrote stays with that customer.
    """
    if before is None or before["id"] is None or before["verified"]:
        return
    connection.execute(
        update(t.conversations)
        .where(t.conversations.c.id == before["id"])
        .values(customer_id=customer_id)
    )


def _create_conversation(
    connection: Connection, customer_id: str, channel: str, address: str, now: datetime
) -> RowMapping:
    conversation_id = new_id("cnv")
    connection.execute(
        insert(t.conversations).values(
            id=conversation_id,
            customer_id=customer_id,
            channel=channel,
            address=address,
            status="open",
            holder="ai",
            created_at=now,
            updated_at=now,
        )
    )
    return conversations.locked(connection, conversation_id)


def _review_decision(
    connection: Connection, change: _Change, body: ReviewDecision, now: datetime
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
        _team_note(connection, change, decision.text, body.actor, now)
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
    _note(
        change,
        "decided",
        body.actor,
        now,
        review_id=body.review_id,
        version=body.version,
        digest=body.digest,
        decision=decision.model_dump(mode="json"),
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


def _team_note(
    connection: Connection, change: _Change, text: str, actor: str, now: datetime
) -> None:
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
    _note(change, "noted", actor, now, message_id=change.message_id)


def _control(connection: Connection, change: _Change, body: Control, now: datetime) -> None:
    if isinstance(body.action, HandBack) and change.row["holder"] != "human":
        raise NotAllowedError("nobody holds this conversation, so it cannot be handed back")
    _supersede(connection, change, by=body.actor, cause=body.action.kind, now=now)
    _hold(change, body.action, body.actor, now)


def _hold(change: _Change, action: TakeOver | HandBack, actor: str, now: datetime) -> None:
    """Change the holder at once. A run that is going on loses its lease, and so its effects."""
    taken = isinstance(action, TakeOver)
    change.values |= {
        "holder": "human" if taken else "ai",
        "holder_agent": actor if taken else None,
        "fence": change.row["fence"] + 1,
        "lease_owner": None,
        "lease_until": None,
    }
    _note(change, "taken_over" if taken else "handed_back", actor, now)
    change.changes.append(("holder", None))


def _receipt(connection: Connection, change: _Change, body: DeliveryReceipt, now: datetime) -> None:
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
    _note(
        change,
        body.status if sent else "delivery_failed",
        "system",
        now,
        outbox_id=body.outbox_id,
        digest=row["digest"],
        error=body.error,
    )


def _recall(connection: Connection, change: _Change, body: Recall, now: datetime) -> None:
    row = outbox.cancel(connection, body.outbox_id)
    connection.execute(delete(t.messages).where(t.messages.c.id == row["message_id"]))
    _note(change, "recalled", body.actor, now, outbox_id=body.outbox_id, digest=row["digest"])
    change.changes.append(("message", None))
