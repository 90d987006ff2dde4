"""Transactions: whole or nothing, one writer after another, readers undisturbed."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from handrail.core.errors import ConfigurationError
from handrail.store.database import Database
from handrail.store.tables import customers, desk_changes, identities, records

NOW = datetime(2026, 1, 5, 10, 0, 0, 123456, tzinfo=UTC)


def _add(connection: Connection, name: str) -> None:
    connection.execute(insert(customers).values(id=name, name="0"))


def _count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(customers)).scalar_one()


def _increment(connection: Connection) -> None:
    """Read, wait and write: loses counts unless writers take turns."""
    row = select(customers.c.name).where(customers.c.id == "one").with_for_update()
    value = int(connection.execute(row).scalar_one() or 0)
    time.sleep(0.001)
    connection.execute(update(customers).values(name=str(value + 1)))


def _counter(connection: Connection) -> str | None:
    return connection.execute(select(customers.c.name)).scalar_one()


def test_an_exception_takes_everything_back(database: Database) -> None:
    def fail(connection: Connection) -> None:
        _add(connection, "one")
        raise LookupError

    with pytest.raises(LookupError):
        database.write_now(fail)

    assert database.read_now(_count) == 0


async def test_write_returns_what_the_function_returns(database: Database) -> None:
    await database.write(lambda connection: _add(connection, "one"))

    assert await database.read(_count) == 1
    assert await database.write(_count) == 1


def test_foreign_keys_are_enforced(database: Database) -> None:
    orphan = insert(identities).values(
        channel="web", address="a", customer_id="nobody", verified=False
    )
    with pytest.raises(IntegrityError):
        database.write_now(lambda connection: connection.execute(orphan))


def test_threads_write_one_after_another(database: Database) -> None:
    database.write_now(lambda connection: _add(connection, "one"))
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: database.write_now(_increment), range(40)))

    assert database.read_now(_counter) == "40"


WRITER = """
import sys
sys.path.insert(0, sys.argv[3])
from sqlalchemy import text
from handrail.store.database import Database
database = Database(sys.argv[1])
def increment(connection):
    lock = "" if database.is_sqlite else " FOR UPDATE"
    value = connection.execute(text("SELECT name FROM customers" + lock)).scalar_one()
    connection.execute(text("UPDATE customers SET name = :n"), {"n": str(int(value) + 1)})
for _ in range(int(sys.argv[2])):
    database.write_now(increment)
database.close()
"""


def test_processes_write_one_after_another(database: Database, pytestconfig: pytest.Config) -> None:
    database.write_now(lambda connection: _add(connection, "one"))
    command = [sys.executable, "-c", WRITER, database.url, "50", str(pytestconfig.rootpath)]
    writers = [subprocess.Popen(command) for _ in range(2)]

    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert database.read_now(_counter) == "100"


def test_a_read_does_not_wait_for_a_writer(database: Database) -> None:
    wrote, read = threading.Event(), threading.Event()

    def slow(connection: Connection) -> bool:
        _add(connection, "one")
        wrote.set()
        return read.wait(10)

    with ThreadPoolExecutor(1) as threads:
        writing = threads.submit(database.write_now, slow)
        assert wrote.wait(10)
        assert database.read_now(_count) == 0
        read.set()
        assert writing.result()

    assert database.read_now(_count) == 1


def test_a_read_sees_one_moment(database: Database) -> None:
    def twice(connection: Connection) -> tuple[int, int]:
        before = _count(connection)
        with ThreadPoolExecutor(1) as threads:
            threads.submit(database.write_now, lambda c: _add(c, "one")).result()
        return before, _count(connection)

    assert database.read_now(twice) == (0, 0)


async def test_conversations_go_on_while_one_writes(database: Database) -> None:
    await asyncio.gather(*(database.write(lambda c, n=n: _add(c, str(n))) for n in range(30)))

    assert await database.read(_count) == 30


def test_moments_and_documents_come_back_as_they_were(database: Database) -> None:
    moment = NOW.astimezone(timezone(timedelta(hours=-3)))
    document = {"text": "ñ 漢 🙂", "amount": "89.90", "list": [1, 2.5, None, True]}

    def store(connection: Connection) -> None:
        connection.execute(insert(customers).values(id="one", since=moment))
        connection.execute(
            insert(records).values(
                kind="order", id="W1", customer_id="one", fields=document, updated_at=moment
            )
        )

    database.write_now(store)
    since, fields = database.read_now(
        lambda c: c.execute(select(customers.c.since, records.c.fields).join(records)).one()
    )
    assert since == NOW
    assert since.tzinfo is not None
    assert fields == document


def test_numbers_of_desk_changes_are_never_used_again(database: Database) -> None:
    change = {"kind": "review", "conversation_id": "one", "at": NOW}

    def add(connection: Connection) -> int:
        return connection.execute(
            insert(desk_changes).values(change).returning(desk_changes.c.id)
        ).scalar_one()

    first = database.write_now(add)
    database.write_now(lambda c: c.execute(desk_changes.delete()))
    assert database.write_now(add) > first


@pytest.mark.parametrize("url", ["nonsense", "mysql://a/b", ""])
def test_a_wrong_address_names_the_right_ones(url: str) -> None:
    with pytest.raises(ConfigurationError, match="postgresql"):
        Database(url)
