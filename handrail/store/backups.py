"""Copies of a SQLite database: made while it is worked on, and proved to be whole."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from handrail.core.errors import ConfigurationError, DatabaseDamagedError
from handrail.store import audit, migrating
from handrail.store.database import Database
from handrail.store.failures import telling

PAGES = 500
"""Pages that are copied between two signs of progress."""
_FILES = ("", "-wal", "-shm")

Progress = Callable[[int, int], None]
"""Called with the pages copied, and with all of them."""


def back_up(source: Path, target: Path, progress: Progress) -> list[audit.Break]:
    """Copy a database to a new file that is complete and verified when it gets its name.

    Others may read and write meanwhile; the copy is of the moment at which it began.

    Returns:
        Breaks in the audit chain, which the copy shares with its original.

    Raises:
        ConfigurationError: there is such a file already, or it cannot be written.
        DatabaseDamagedError: the copy is not whole, and was removed.
    """
    if target.exists():
        raise ConfigurationError(f"{target} is there already; name another file, or move it away")
    partial = target.with_name(f"{target.name}.partial")
    remove(partial)
    try:
        copy(source, partial, progress)
        breaks = verify(partial)
        settle(partial)
        partial.rename(target)
    finally:
        remove(partial)
    return breaks


def copy(source: Path, target: Path, progress: Progress) -> None:
    """Copy a database as it is at this moment to a file that only its owner may read."""
    with telling(f"{source}, copied to {target},"):
        try:
            os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError as error:
            raise ConfigurationError(
                f"cannot write {target}: {error.strerror}; name a file in a folder that this user "
                "may write in"
            ) from error
        with closing(sqlite3.connect(target)) as copied, closing(_reading(source)) as original:
            original.backup(
                copied,
                pages=PAGES,
                progress=lambda _, left, pages: progress(pages - left, pages),
            )


def settle(file: Path) -> None:
    """Bring all of a database into its one file."""
    with telling(str(file)), closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")


def remove(file: Path) -> None:
    """Remove a database where there is one, with the files that SQLite keeps beside it."""
    for suffix in _FILES:
        file.with_name(file.name + suffix).unlink(missing_ok=True)


def replace(target: Path, successor: Path, aside: Path) -> None:
    """Put a database in another's place, which is kept under the name ``aside``."""
    if target.exists():
        shutil.copymode(target, successor)
        with suppress(PermissionError):  # only root may give a file away, and only root must
            os.chown(successor, target.stat().st_uid, target.stat().st_gid)
    for suffix in _FILES:
        old = target.with_name(target.name + suffix)
        if old.exists():
            old.rename(aside.with_name(aside.name + suffix))
    successor.rename(target)


def _reading(source: Path) -> sqlite3.Connection:
    """Open a database on the view of this moment."""
    connection = sqlite3.connect(source, isolation_level=None)
    # Without a view of its own the copy would begin anew whenever somebody writes.
    connection.execute("BEGIN")
    connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
    return connection


def verify(file: Path) -> list[audit.Break]:
    """Make sure that a file is a whole database of ours, and check its audit chain.

    Raises:
        DatabaseDamagedError: it is not.
        DatabaseVersionError: another version of Handrail wrote it.
    """
    check_file(file)
    database = Database(f"sqlite:///{file}")
    try:
        migrating.check_revision(database)
        return database.read_now(audit.verify)
    finally:
        database.close()


def check_file(file: Path) -> None:
    """Make sure that a file is a whole SQLite database.

    Raises:
        DatabaseDamagedError: it is not.
    """
    with telling(str(file)), closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as opened:
        (answer,) = opened.execute("PRAGMA integrity_check(1)").fetchone()
    if answer != "ok":
        raise DatabaseDamagedError(f"{file} is not whole: {answer}; take another backup")
