"""What was done for customers, as back offices tell of it: each action once, under their id."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Text, bindparam, func, select

from handrail.core.conversation import ActionEvent, ActionNotice
from handrail.core.errors import ConflictingActionError, InvalidRequestError
from handrail.store.customers import insert_for, upsert
from handrail.store.prepared import Row
from handrail.store.tables import actions, records

MAX_ACTIONS = 50
"""Actions for a customer that a turn looks at, the newest."""

_EVENT = tuple(actions.c[name] for name in ActionEvent.model_fields)
_OF_CUSTOMER = (
    select(*_EVENT)
    .where(actions.c.customer_id == bindparam("customer_id"))
    .order_by(actions.c.at.desc(), actions.c.id.desc())
    .limit(MAX_ACTIONS)
)
_OWNERS = select(records.c.customer_id).where(
    records.c.id == bindparam("id"),
    records.c.kind == func.coalesce(bindparam("kind", type_=Text), records.c.kind),
)
_KNOWN = select(actions).where(actions.c.id == bindparam("id"))
_ABOUT = ("customer_id", "action", "record_kind", "record")
"""What stays the same when a pending action is done or has failed."""


def actions_of(connection: Connection, customer_id: str) -> tuple[ActionEvent, ...]:
    """Load what was done for a customer last, oldest first."""
    rows = connection.execute(_OF_CUSTOMER, {"customer_id": customer_id}).mappings().all()
    return tuple(ActionEvent.model_validate(dict(row)) for row in reversed(rows))


def save_actions(connection: Connection, notices: Iterable[ActionNotice]) -> int:
    """Insert or update actions as a file has them; return how many."""
    rows = [_row(notice) for notice in notices]
    if rows:
        upsert(connection, actions, rows, keys=("id",))
    return len(rows)


def note_action(connection: Connection, notice: ActionNotice) -> bool:
    """Store an action that was told of; say whether anything is new.

    What was pending becomes what is told now; what is settled stays.

    Raises:
        InvalidRequestError: the record belongs to another customer.
        ConflictingActionError: something else was told under this id before.
    """
    _refuse_foreign(connection, notice)
    row = _row(notice)
    statement = insert_for(connection.dialect)(actions)
    told = statement.excluded
    stored = connection.execute(
        statement.on_conflict_do_update(
            index_elements=["id"],
            set_={name: told[name] for name in row if name != "id"},
            where=(actions.c.outcome == "pending")
            & (told.outcome != "pending")
            & (actions.c.customer_id == told.customer_id)
            & (actions.c.action == told.action)
            & actions.c.record_kind.is_not_distinct_from(told.record_kind)
            & actions.c.record.is_not_distinct_from(told.record),
        ).returning(actions.c.id),
        row,
    ).scalar()
    if stored is None:
        known = connection.execute(_KNOWN, {"id": notice.id}).mappings().one()
        _refuse_other(known, row)
    return stored is not None


def _refuse_foreign(connection: Connection, notice: ActionNotice) -> None:
    """Evidence for one customer must not be about another's record."""
    if notice.record is None:
        return
    key = {"kind": notice.record_kind, "id": notice.record}
    owners = connection.execute(_OWNERS, key).scalars().all()
    if owners and notice.customer_id not in owners:
        raise InvalidRequestError(
            f"{notice.record_kind or 'the record'} {notice.record} belongs to another customer "
            f"than {notice.customer_id!r}; correct the customer or the record"
        )


def _refuse_other(known: Row, told: dict[str, Any]) -> None:
    late = told["outcome"] == "pending"  # it was settled before its first notice arrived
    names = _ABOUT if late else tuple(told)
    other = [name for name in names if known[name] != told[name]]
    if other:
        raise ConflictingActionError(
            f"under the id {told['id']!r} something else was told before "
            f"({', '.join(other)}); tell of a correction as an action of its own",
            differs=other,
        )


def _row(notice: ActionNotice) -> dict[str, Any]:
    return notice.model_dump()
