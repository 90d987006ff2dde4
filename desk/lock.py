"""One worker process on an embedded database; a second one is told so."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from handrail.core.errors import DatabaseBusyError
from handrail.store.failures import telling


@contextmanager
def worker_lock(database: Path) -> Generator[None]:
    """Hold the right to work on a database file; the system frees it if the process dies.

    The lock is an exclusive transaction on a small SQLite file beside the database: SQLite's
    locks work on every system and vanish with their process.

    Raises:
        DatabaseBusyError: another process works on it.
        DatabaseUnavailableError: its folder cannot be written in.
    """
    file = database.with_name(f"{database.name}.worker")
    with closing(_hold(file, database)):
        yield


def _hold(file: Path, database: Path) -> sqlite3.Connection:
    with telling(str(file)):
        connection = sqlite3.connect(file, timeout=0, isolation_level=None)
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            connection.close()
            if getattr(error, "sqlite_errorcode", 0) != sqlite3.SQLITE_BUSY:
                raise
            raise DatabaseBusyError(
                f"another process works on {database}; use that one, stop it, or give this one "
                "its own HANDRAIL_HOME"
            ) from error
    return connection
