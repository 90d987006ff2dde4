"""Erases a customer: every message, draft, checkpoint, trace and record of theirs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, or_, select

from handrail.core.errors import InvalidRequestError, NotFoundError
from handrail.engine.saver import TurnSaver
from handrail.store import removal
from handrail.store import tables as t
from handrail.store.database import Database
from handrail.store.removal import Erased


class _OnlyCountedError(Exception):
    """Takes the transaction of a rehearsal back."""

    def __init__(self, erased: Erased) -> None:
        super().__init__()
        self.erased = erased


def find_customer(connection: Connection, name: str) -> str:
    """Return the id of whom an operator means: by id, e-mail address or an address of a channel.

    Raises:
        InvalidRequestError: several customers have that address.
    """
    query = (
        select(t.customers.c.id)
        .outerjoin(t.identities, t.identities.c.customer_id == t.customers.c.id)
        .where(or_(t.identities.c.address == name, t.customers.c.email == name))
        .distinct()
        .order_by(t.customers.c.id)
    )
    if connection.execute(select(t.customers.c.id).where(t.customers.c.id == name)).first():
        return name
    found = connection.execute(query).scalars().all()
    if len(found) > 1:
        raise InvalidRequestError(
            f"{name!r} is an address of several customers; name one of them by id: "
            f"{', '.join(found)}"
        )
    return found[0] if found else name


def erase(
    database: Database, customer_id: str, *, actor: str, now: datetime, rehearsed: bool = False
) -> Erased:
    """Erase a customer in one transaction, whatever is under way for them.

    A run that is under way writes nothing any more; a reply that a channel is delivering right
    now may still arrive. What the customer writes later is a new customer's.

    Args:
        database: The database; a server may work on it.
        customer_id: Whom.
        actor: Who has it done, for the chain of removals.
        now: The moment.
        rehearsed: Only count, and change nothing.

    Raises:
        NotFoundError: there is no such customer.
    """
    saver = TurnSaver(database)

    def work(connection: Connection) -> Erased:
        if database.is_sqlite:  # else the words stay readable in the file until it is rewritten
            connection.exec_driver_sql("PRAGMA secure_delete = ON")
        erased = removal.erase_customer(connection, customer_id, actor=actor, now=now)
        if erased is None:
            raise NotFoundError(
                f"there is no customer {customer_id!r}; name the id that the desk shows, or an "
                "address they write from"
            )
        for conversation_id in erased.conversations:
            saver.erase(connection, conversation_id)
        if rehearsed:
            raise _OnlyCountedError(erased)
        return erased

    try:
        return database.write_now(work)
    except _OnlyCountedError as counted:
        return counted.erased
