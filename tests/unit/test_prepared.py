"""A prepared statement does what SQLAlchemy would do with it, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from handrail.store.database import Database
from handrail.store.prepared import Prepared, Row
from handrail.store.tables import conversations, customers, identities, records

NOW = datetime(2026, 1, 5, 10, 0, 0, 123456, tzinfo=UTC)
ADD = Prepared(insert(customers))
ADD_RECORD = Prepared(insert(records))
BEGIN = Prepared(insert(conversations))
FIND = Prepared(select(customers).where(customers.c.id == bindparam("id")).limit(1))
RECORDS = select(records).order_by(records.c.id)
CLAIM = Prepared(
    update(conversations)
    .where(conversations.c.id == bindparam("b_id"), conversations.c.pending == 0)
    .values(fence=conversations.c.fence + 1, lease_until=bindparam("b_until"))
    .returning(conversations)
)


def _record(number: int) -> Row:
    fields = {"total": {"type": "money", "value": f"{number}.90"}, "note": "é\u0000"}
    return {
        "kind": "order",
        "id": f"W{number}",
        "customer_id": "one",
        "fields": fields,
        "updated_at": NOW,
    }


def _conversation(connection: Connection) -> None:
    ADD.run(connection, {"id": "one"})
    BEGIN.run(
        connection,
        {
            "id": "cnv",
            "customer_id": "one",
            "channel": "web",
            "address": "a",
            "status": "open",
            "holder": "ai",
            "created_at": NOW,
            "updated_at": NOW,
        },
    )


def test_rows_are_written_and_read_as_sqlalchemy_does(database: Database) -> None:
    def work(connection: Connection) -> tuple[list[Row], list[Row]]:
        ADD.run(connection, {"id": "one", "name": "Ana", "since": NOW})
        ADD_RECORD.run(connection, _record(1))
        ADD_RECORD.run(connection, *map(_record, (2, 3)))
        ADD_RECORD.run(connection)  # nothing to write
        theirs = connection.execute(RECORDS).mappings()
        return Prepared(RECORDS).all(connection), [dict(row) for row in theirs]

    ours, theirs = database.write_now(work)

    assert [dict(row) for row in ours] == theirs
    assert [row["id"] for row in ours] == ["W1", "W2", "W3"]
    assert ours[0]["fields"]["note"] == "é"
    assert ours[0]["updated_at"] == NOW


def test_one_row_or_none(database: Database) -> None:
    database.write_now(lambda connection: ADD.run(connection, {"id": "one", "since": NOW}))

    found = database.read_now(lambda connection: FIND.first(connection, id="one"))
    assert found is not None
    assert (found["id"], found["since"], found["name"]) == ("one", NOW, None)
    assert database.read_now(lambda connection: FIND.first(connection, id="two")) is None


def test_a_change_returns_the_row_as_it_is_now(database: Database) -> None:
    database.write_now(_conversation)

    def claim(connection: Connection) -> Row | None:
        return CLAIM.first(connection, b_id="cnv", b_until=NOW)

    first, second = database.write_now(claim), database.write_now(claim)
    assert first is not None
    assert second is not None
    assert (first["fence"], second["fence"], second["lease_until"]) == (1, 2, NOW)
    assert first["audit_hash"] == ""  # what a new row has by itself


def test_a_refusal_is_told_as_sqlalchemy_tells_it(database: Database) -> None:
    orphan = {"channel": "web", "address": "a", "customer_id": "nobody", "verified": False}
    add = Prepared(insert(identities))
    for rows in ([orphan], [orphan, {**orphan, "address": "b"}]):
        with pytest.raises(IntegrityError):
            database.write_now(lambda connection, rows=rows: add.run(connection, *rows))
    other = Prepared(select(customers).where(customers.c.name.op("nonsense")(bindparam("x"))))
    with pytest.raises(DBAPIError):
        database.read_now(lambda connection: other.all(connection, x="a"))
