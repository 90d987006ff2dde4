"""The only door: everything that happens to a conversation is stored here, once and in order.

One transaction locks the conversation's row, gives the event its number, and applies what must
hold at once: a take-over silences a run that is going on, a new message voids an open review, a
decision is accepted only for the version and the text that the person saw.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, RowMapping, bindparam, func, insert, select, update

from handrail.core.conversation import Customer
from handrail.core.errors import (
    NotAllowedError,
)
from handrail.core.events import (
    Accepted,
    CustomerMessage,
    DeliveryReceipt,
    Event,
    EventBody,
    TimerFired,
)
from handrail.core.ids import new_id
from handrail.engine.effects import Change, apply, note, supersede, visible
from handrail.store import audit, conversations, customers
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
_INSERT_EVENT = insert(t.events)
_INSERT_MESSAGE = insert(t.messages)
_INSERT_CHANGES = insert(t.desk_changes)


def starts_a_run(body: EventBody) -> bool:
    """Timers and receipts of delivery are dealt with at the door; all else starts a run."""
    return not isinstance(body, TimerFired) and not (
        isinstance(body, DeliveryReceipt) and body.status == "sent"
    )


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
        change = Change(conversations.locked(connection, event.conversation_id))
        apply(connection, change, body, now)
    return _store(connection, change, event, now)


def _store(connection: Connection, change: Change, event: Event, now: datetime) -> Accepted:
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
            "body": event.body,
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
    conversations.save(connection, row, values)
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


def _customer_message(
    connection: Connection, channel: str, body: CustomerMessage, now: datetime
) -> Change:
    text = visible(body.text)
    row = _open_conversation(connection, channel, body, now)
    change = Change(row)
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
    note(change, "received", "customer", now, channel=channel, message_id=change.message_id)
    supersede(connection, change, by="customer", cause="new_message", now=now)
    if row["holder"] == "waiting":
        change.values["holder"] = "ai"
    return change


def _open_conversation(
    connection: Connection, channel: str, body: CustomerMessage, now: datetime
) -> RowMapping:
    known = body.customer.id if body.customer and body.verified else None
    found = _find_open(connection, channel, body.address)
    if found is None or found["id"] is None:
        owner = known or (found["customer_id"] if found else f"{channel} {body.address}")
        _one_at_a_time(connection, owner)
        found = _find_open(connection, channel, body.address)
    if found is None or (known is not None and found["customer_id"] != known):
        customer_id = _identify(connection, channel, body)
        _adopt(connection, found, customer_id)
        found = _find_open(connection, channel, body.address)
        assert found is not None
    elif body.verified and not found["verified"]:
        _identify(connection, channel, body)
    if found["id"] is not None:
        # SQLite's writing transaction holds every row; PostgreSQL's must lock this one.
        on_sqlite = connection.dialect.name == "sqlite"
        return found if on_sqlite else conversations.locked(connection, found["id"])
    return _create_conversation(connection, found["customer_id"], channel, body.address, now)


def _find_open(connection: Connection, channel: str, address: str) -> RowMapping | None:
    """Whose address it is, with their open conversation, where they have one."""
    values = {"channel": channel, "address": address}
    return connection.execute(_OPEN, values).mappings().one_or_none()


def _one_at_a_time(connection: Connection, owner: str) -> None:
    """Let one transaction at a time make a conversation for a customer; SQLite has one anyway."""
    if connection.dialect.name != "sqlite":
        connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(owner, 0))))


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
