"""Customers, the addresses they write from, their records, and whose a personal value is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import TypeAdapter
from sqlalchemy import JSON, Connection, Dialect, bindparam, exists, func, select
from sqlalchemy.dialects import postgresql, sqlite

from handrail.core.conversation import Customer, Record
from handrail.core.ports import address_keys, owner_key
from handrail.store.database import Database
from handrail.store.prepared import Prepared
from handrail.store.tables import actions, customers, identities, owned_values, records

PERSONAL_TYPES = frozenset({"name", "email", "phone", "address", "id"})
"""Field types whose values belong to their customer."""
MIN_OWNED_CHARS = 5
"""Shorter values are shared by chance."""
MAX_RECORDS = 50
"""Records of a customer that a turn looks at, newest first."""

_KNOWN = Prepared(
    select(
        *customers.c,
        identities.c.verified,
        # Most customers have no actions, and for them there is no further statement.
        exists().where(actions.c.customer_id == customers.c.id).label("acted"),
    )
    .select_from(
        customers.outerjoin(
            identities,
            (identities.c.channel == bindparam("channel"))
            & (identities.c.address == bindparam("address")),
        )
    )
    .where(customers.c.id == bindparam("id"))
)
_CUSTOMER = tuple(Customer.model_fields)
_READ = TypeAdapter(tuple[Record, ...])
_RECORDS = Prepared(
    select(records.c.kind, records.c.id, records.c.customer_id, records.c.fields)
    .where(records.c.customer_id == bindparam("customer_id"))
    .order_by(records.c.updated_at.desc(), records.c.id.desc())
    .limit(MAX_RECORDS)
)
_OWNED = select(owned_values.c.value, owned_values.c.customer_id)
_OWNERS = {
    # One statement however many values: SQLite would read one with a list anew for each length.
    "sqlite": Prepared(
        _OWNED.where(
            owned_values.c.value.in_(
                select(
                    func.json_each(bindparam("values", type_=JSON)).table_valued("value").c.value
                )
            )
        )
    ),
    "postgresql": Prepared(
        _OWNED.where(owned_values.c.value.in_(bindparam("values", expanding=True)))
    ),
}


def insert_for(dialect: Dialect) -> Any:
    """Return the ``insert`` with ``ON CONFLICT`` of this database."""
    return postgresql.insert if dialect.name == "postgresql" else sqlite.insert


class Known(NamedTuple):
    """A customer at an address."""

    customer: Customer
    verified: bool
    """Whether the address is known to belong to them."""
    acted: bool
    """Whether anything is known to have been done for them."""


def known(connection: Connection, customer_id: str, channel: str, address: str) -> Known:
    """Load a customer that exists, and what is known of this address."""
    (row,) = _KNOWN.all(connection, id=customer_id, channel=channel, address=address)
    customer = Customer.model_validate({name: row[name] for name in _CUSTOMER})
    return Known(customer, bool(row["verified"]), bool(row["acted"]))


def ids_by_email(connection: Connection, email: str) -> tuple[str, ...]:
    """Find the customers with an e-mail address, whatever its case."""
    query = select(customers.c.id).where(func.lower(customers.c.email) == email.lower())
    return tuple(connection.execute(query).scalars())


def with_records(connection: Connection) -> tuple[Customer, ...]:
    """List the customers that have records, in the order of their ids: for small shops."""
    query = (
        select(customers)
        .where(customers.c.id.in_(select(records.c.customer_id)))
        .order_by(customers.c.id)
    )
    rows = connection.execute(query).mappings()
    return tuple(Customer.model_validate(dict(row)) for row in rows)


def records_of(connection: Connection, customer_id: str) -> tuple[Record, ...]:
    """Load a customer's newest records."""
    return _READ.validate_python(_RECORDS.all(connection, customer_id=customer_id))


def save_customers(connection: Connection, people: Iterable[Customer]) -> int:
    """Insert or update customers and what is personal to them; return how many."""
    rows = [person.model_dump() for person in people]
    if not rows:
        return 0
    upsert(connection, customers, rows, keys=("id",))
    _own(connection, [owned for row in rows for owned in _personal(row)])
    return len(rows)


def save_new(connection: Connection, person: Customer) -> None:
    """Insert a customer unless there is one with that id."""
    row = person.model_dump()
    connection.execute(insert_for(connection.dialect)(customers).on_conflict_do_nothing(), [row])
    _own(connection, _personal(row))


def save_records(connection: Connection, items: Iterable[Record], now: datetime) -> int:
    """Insert or update records and what is personal in them; return how many."""
    found = list(items)
    rows = [
        {
            "kind": item.kind,
            "id": item.id,
            "customer_id": item.customer_id,
            "fields": {name: value.model_dump(mode="json") for name, value in item.fields.items()},
            "updated_at": now,
        }
        for item in found
    ]
    if not rows:
        return 0
    upsert(connection, records, rows, keys=("kind", "id"))
    _own(connection, [owned for item in found for owned in _in_record(item)])
    return len(rows)


def _personal(row: Mapping[str, Any]) -> list[dict[str, str]]:
    values = {row["name"]: "name", row["email"]: "email", row["phone"]: "phone"}
    return _owned(row["id"], values)


def _in_record(item: Record) -> list[dict[str, str]]:
    values: dict[Any, str] = {
        field.value: field.type for field in item.fields.values() if field.type in PERSONAL_TYPES
    }
    return _owned(item.customer_id, {item.id: "id", **values})


def _owned(customer_id: str, values: Mapping[Any, str]) -> list[dict[str, str]]:
    """Rows of ``owned_values``, by what a value is compared as."""
    rows = [
        {"value": key, "customer_id": customer_id, "kind": kind}
        for value, kind in values.items()
        if isinstance(value, str)
        for key in (address_keys(value) if kind == "address" else (owner_key(value),))
        if len(key) >= MIN_OWNED_CHARS
    ]
    return list({row["value"]: row for row in rows}.values())


def _own(connection: Connection, rows: list[dict[str, str]]) -> None:
    if rows:
        statement = insert_for(connection.dialect)(owned_values).on_conflict_do_nothing()
        connection.execute(statement, rows)


def upsert(
    connection: Connection, table: Any, rows: list[dict[str, Any]], keys: tuple[str, ...]
) -> None:
    """Insert rows; where the key exists, every other column takes the new value."""
    statement = insert_for(connection.dialect)(table)
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(
        statement.on_conflict_do_update(index_elements=list(keys), set_=changed), rows
    )


class DatabaseOwners:
    """The :class:`~handrail.core.ports.OwnerIndex` over the ``owned_values`` table."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def owners(self, values: Collection[str]) -> Mapping[str, frozenset[str]]:
        """Map each known value to the customers it belongs to."""
        if not values:
            return {}
        wanted, find = list(values), _OWNERS[self._database.engine.dialect.name]
        rows = await self._database.read(lambda connection: find.all(connection, values=wanted))
        found: dict[str, set[str]] = {}
        for row in rows:
            found.setdefault(row["value"], set()).add(row["customer_id"])
        return {value: frozenset(owners) for value, owners in found.items()}
