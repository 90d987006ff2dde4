"""One worker process on an embedded database; a second one is told so."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from handrail.core.errors import DatabaseBusyError


@contextmanager
def worker_lock(database: Path) -> Generator[None]:
    """Hold the right to work on a database file; the system frees it if the process dies.

    The lock is an exclusive transaction on a small SQLite file beside the database: SQLite's
    locks work on every system and vanish with their process.

    Raises:
        DatabaseBusyError: another process works on it.
    """
    file = database.with_name(f"{database.name}.worker")
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise DatabaseBusyError(
                f"another process works on {database}; use that one, stop it, or give this one "
                "its own HANDRAIL_HOME"
            ) from error
        yield
