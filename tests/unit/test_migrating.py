"""Migrations: they lead to the tables as written, once, and refuse what they do not know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from handrail.core.errors import DatabaseVersionError
from handrail.store.database import Database
from handrail.store.migrating import check_revision, head, revision, upgrade
from handrail.store.tables import metadata


@pytest.fixture
def database(empty_url: str) -> Iterator[Database]:
    """A database with what the migrations make, and no library's tables."""
    opened = Database(empty_url)
    upgrade(opened)
    yield opened
    opened.close()


def _differences(connection: Connection) -> list[object]:
    return compare_metadata(MigrationContext.configure(connection), metadata)


def test_migrations_lead_to_the_tables(database: Database) -> None:
    assert database.read_now(_differences) == []
    assert revision(database) == head()


def test_a_column_that_no_migration_adds_is_seen(database: Database) -> None:
    database.write_now(lambda c: c.execute(text("ALTER TABLE customers DROP COLUMN tier")))

    assert len(database.read_now(_differences)) == 1


def test_upgrade_repeats_without_harm(empty_url: str) -> None:
    database = Database(empty_url)
    assert revision(database) is None

    upgrade(database)
    upgrade(database)

    check_revision(database)
    database.close()


def test_two_processes_that_start_at_once_migrate_once(empty_url: str) -> None:
    databases = [Database(empty_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(upgrade, databases))

    assert {revision(database) for database in databases} == {head()}
    for database in databases:
        database.close()


def test_an_empty_database_names_the_command(empty_url: str) -> None:
    database = Database(empty_url)

    with pytest.raises(DatabaseVersionError, match=r"empty.*handrail db upgrade"):
        check_revision(database)
    database.close()


@pytest.mark.parametrize("call", [upgrade, check_revision])
def test_a_newer_database_is_left_alone(
    database: Database, call: Callable[[Database], None]
) -> None:
    database.write_now(lambda c: c.execute(text("UPDATE alembic_version SET version_num='9999'")))

    with pytest.raises(DatabaseVersionError, match=r"9999.*newer Handrail"):
        call(database)
    assert revision(database) == "9999"


def test_a_migration_that_fails_leaves_nothing(empty_url: str) -> None:
    database = Database(empty_url)
    # The last table of the migration is in the way.
    database.write_now(lambda c: c.execute(text("CREATE TABLE verdicts (id INTEGER)")))

    with pytest.raises(Exception, match="verdicts"):
        upgrade(database)

    assert database.read_now(lambda c: inspect(c).get_table_names()) == ["verdicts"]
    database.close()
