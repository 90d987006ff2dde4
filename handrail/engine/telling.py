"""Takes in what a back office says was done for a customer: evidence for what replies say."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select

from handrail.core.conversation import ActionNotice, Frozen
from handrail.engine.judging_again import BACK_OFFICE
from handrail.store import audit, conversations
from handrail.store import tables as t
from handrail.store.actions import note_action


class Told(Frozen):
    """Receipt of an action that was told of: it is stored."""

    id: str
    duplicate: bool = False
    """The same had been told before; nothing happens again."""
    conversations: tuple[str, ...] = ()
    """The customer's open conversations, in whose audit chains it stands."""


def tell_action(connection: Connection, notice: ActionNotice, now: datetime) -> Told:
    """Store an action and note it in the customer's open conversations; nothing is run.

    Raises:
        InvalidRequestError: the record belongs to another customer.
        ConflictingActionError: something else was told under this id before.
    """
    if not note_action(connection, notice):
        return Told(id=notice.id, duplicate=True)
    mine = (
        select(t.conversations.c.id)
        .where(
            t.conversations.c.customer_id == notice.customer_id,
            t.conversations.c.status == "open",
        )
        .order_by(t.conversations.c.id)
    )
    found = tuple(connection.execute(mine).scalars())
    for conversation_id in found:
        _note(connection, conversation_id, notice, now)
    return Told(id=notice.id, conversations=found)


def _note(
    connection: Connection, conversation_id: str, notice: ActionNotice, now: datetime
) -> None:
    row = conversations.locked(connection, conversation_id)
    facts = {
        "action_id": notice.id,
        "action": notice.action,
        "record": notice.record,
        "outcome": notice.outcome,
        "done_by": notice.actor,
    }
    told = audit.AuditRow(kind="action_told", actor=BACK_OFFICE, at=now, payload=facts)
    head = audit.Head(row["audit_no"], row["audit_hash"])
    no, sealed = audit.append(connection, conversation_id, head, (told,))
    conversations.save(connection, row, {"audit_no": no, "audit_hash": sealed})
    connection.execute(
        insert(t.desk_changes).values(
            kind="action", conversation_id=conversation_id, review_id=None, at=now
        )
    )
