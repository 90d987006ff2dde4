"""The only door: everything that happens to a conversation is stored here, once and in order.

One transaction locks the conversation's row, gives the event its number, and applies what must
hold at once: a take-over silences a run that is going on, a new message voids an open review, a
decision is accepted only for the version and the text that the person saw.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, func, insert, literal_column, select, update

from handrail.core.conversation import Customer
from handrail.core.decisions import LeavesOpen
from handrail.core.errors import NotAllowedError, NotFoundError
from handrail.core.events import (
    Accepted,
    CustomerMessage,
    DeliveryReceipt,
    Event,
    EventBody,
    FindingDismissed,
    FollowUp,
    ReviewDecision,
    TimerFired,
)
from handrail.core.ids import new_id
from handrail.engine.change import Change, announce, note, visible
from handrail.engine.effects import apply, supersede
from handrail.playbook.models import Release
from handrail.store import audit, conversations, customers
from handrail.store import tables as t
from handrail.store.prepared import Prepared, Row

_OPEN = Prepared(
    select(
        t.identities.c.customer_id,
        t.identities.c.verified,
        *(column for column in t.conversations.c if column.name != "customer_id"),
    )
    .select_from(
        t.identities.outerjoin(
            t.conversations,
            (t.conversations.c.customer_id == t.identities.c.customer_id)
            # As a word of the statement: SQLite plans one anew for each value that an index names.
            & (t.conversations.c.status == literal_column("'open'")),
        )
    )
    .where(
        t.identities.c.channel == bindparam("channel"),
        t.identities.c.address == bindparam("address"),
    )
)
_DUPLICATE = select(
    t.events.c.id, t.events.c.conversation_id, t.events.c.seq, t.events.c.message_id
).where(
    t.events.c.channel == bindparam("channel"), t.events.c.external_id == bindparam("external_id")
)
_LEAVES_CLOSED = TimerFired | DeliveryReceipt | FindingDismissed
_INSERT_EVENT = Prepared(insert(t.events))
_INSERT_MESSAGE = Prepared(insert(t.messages))


def starts_a_run(body: EventBody) -> bool:
    """Whether an event is more than the door deals with; a timer may say so itself."""
    match body:
        case TimerFired() | FollowUp() | FindingDismissed():
            return False
        case DeliveryReceipt():
            return body.status != "sent"
        case ReviewDecision():
            return not isinstance(body.decision, LeavesOpen)
        case _:
            return True


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


def ingest(connection: Connection, event: Event, now: datetime, release: Release) -> Accepted:
    """Store an event and apply its immediate effects, in the caller's transaction.

    ``release`` is the active one: its teams and times count.

    Raises:
        RequestError: the event cannot be accepted; nothing is stored.
        sqlalchemy.exc.IntegrityError: the same event is stored already; see
            :func:`find_duplicate`.
    """
    body = event.body
    if isinstance(body, CustomerMessage):
        change = _customer_message(connection, event.channel, body, now, release)
    else:
        # What came before may forbid the same again; a message is refused by its key alone.
        known = find_duplicate(connection, event)
        if known is not None:
            return known
        if event.conversation_id is None:
            raise NotAllowedError(f"an event of kind {body.kind!r} needs conversation_id")
        change = Change(conversations.locked(connection, event.conversation_id), release)
        apply(connection, change, body, event.external_id, now)
    if change.row["status"] == "closed" and not isinstance(body, _LEAVES_CLOSED):
        change.values["status"] = "open"
        note(change, "reopened", getattr(body, "actor", "customer"), now)
    return _store(connection, change, event, now)


def _store(connection: Connection, change: Change, event: Event, now: datetime) -> Accepted:
    row, conversation_id = change.row, change.row["id"]
    event_id, seq = new_id("evt"), row["seq"] + 1
    runs = change.runs or starts_a_run(event.body)
    _INSERT_EVENT.run(
        connection,
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
    announce(connection, conversation_id, change.changes, now)
    return Accepted(
        event_id=event_id, conversation_id=conversation_id, seq=seq, message_id=change.message_id
    )


def _customer_message(
    connection: Connection, channel: str, body: CustomerMessage, now: datetime, release: Release
) -> Change:
    text = visible(body.text)
    window = timedelta(days=release.playbook.conversations.reopen_within_days)
    row = _conversation_of(connection, channel, body, now, now - window)
    change = Change(row, release)
    change.message_id = new_id("msg")
    message_seq = row["message_seq"] + 1
    _INSERT_MESSAGE.run(
        connection,
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


def _conversation_of(
    connection: Connection, channel: str, body: CustomerMessage, now: datetime, since: datetime
) -> Row:
    """Find the customer's conversation, one that was closed after ``since``, or begin one."""
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
    if found["id"] is not None and connection.dialect.name == "sqlite":
        return found  # SQLite's writing transaction holds every row; PostgreSQL locks this one
    name = found["id"] or conversations.closed_since(connection, found["customer_id"], since)
    if name is None:
        return _create_conversation(connection, found["customer_id"], channel, body.address, now)
    with suppress(NotFoundError):
        row = conversations.locked(connection, name)
        if row["status"] == "open" or row["updated_at"] > since:
            return row
    # It was closed or erased while this waited for its row.
    return _conversation_of(connection, channel, body, now, since)


def _find_open(connection: Connection, channel: str, address: str) -> Row | None:
    """Whose address it is, with their open conversation, the newest where they have several."""
    found = _OPEN.all(connection, channel=channel, address=address)
    # Sorted here: SQLite would copy every row into a tree of its own, also where there is one.
    return (
        max(found, key=lambda row: row["updated_at"]) if len(found) > 1 else next(iter(found), None)
    )


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


def _adopt(connection: Connection, before: Row | None, customer_id: str) -> None:
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
) -> Row:
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
