"""Brings a database to the newest schema, and says so where that is not possible."""

from __future__ import annotations

from functools import cache

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from handrail.core.errors import DatabaseVersionError
from handrail.store.database import Database

LOCK = 7_205_759_403_792_793
"""PostgreSQL advisory lock: of two processes that start at once, one migrates."""


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's settings; operations run on ``connection``."""
    config = Config()
    config.set_main_option("script_location", "handrail.store:migrations")
    config.attributes["connection"] = connection
    return config


@cache
def head() -> str:
    """Return the revision that this version of Handrail works with."""
    newest = ScriptDirectory.from_config(configuration()).get_current_head()
    return newest or ""


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def revision(database: Database) -> str | None:
    """Return the revision a database is at; ``None`` for an empty one."""
    return database.read_now(_revision)


def known_revision(database: Database) -> str | None:
    """Return the revision a database is at, which may be an older one.

    Raises:
        DatabaseVersionError: it was written by a newer Handrail.
    """
    found = revision(database)
    refuse_newer(database, found)
    return found


def check_revision(database: Database) -> None:
    """Make sure that a database can be worked with as it is.

    Raises:
        DatabaseVersionError: it is older or newer than this version of Handrail; the text says
            which, and what to run.
    """
    found = database.read_now(_revision)
    if found != head():
        refuse_newer(database, found)
        raise DatabaseVersionError(
            f"{_name(database)} is {f'at revision {found}' if found else 'empty'} and this "
            f"version of Handrail needs {head()}; run: handrail db upgrade",
            found=found,
        )


def upgrade(database: Database) -> None:
    """Create or migrate all tables in one transaction; nothing happens where they are current.

    Raises:
        DatabaseVersionError: the database was written by a newer Handrail.
    """
    if revision(database) != head():
        database.write_now(lambda connection: _upgrade(database, connection))


def _upgrade(database: Database, connection: Connection) -> None:
    if not database.is_sqlite:
        connection.execute(text("SET LOCAL lock_timeout = 0"))  # however long the other one takes
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    refuse_newer(database, _revision(connection))
    command.upgrade(configuration(connection), "head")


def refuse_newer(database: Database, found: str | None) -> None:
    """Refuse a revision that this version of Handrail does not know.

    Raises:
        DatabaseVersionError: a newer Handrail wrote it.
    """
    known = ScriptDirectory.from_config(configuration()).walk_revisions()
    if found is not None and found not in {script.revision for script in known}:
        raise DatabaseVersionError(
            f"{_name(database)} is at revision {found}, and this version of Handrail knows none "
            f"after {head()}; run the newer Handrail that wrote it, or open another database",
            found=found,
        )


def _name(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=True)
