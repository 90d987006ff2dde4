"""Gives room that a database does not use back to the disk, and erases customers for good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from handrail.core.errors import DatabaseBusyError
from handrail.desk.lock import worker_lock
from handrail.engine import erasing
from handrail.store import sizes
from handrail.store.database import Database
from handrail.store.failures import telling
from handrail.store.removal import Erased


@dataclass(frozen=True)
class Vacuumed:
    """Bytes of a database, its log included, before and after."""

    before: int
    after: int
    problem: str | None = None
    """What was left undone, and how to do it."""


def vacuum(database: Database) -> Vacuumed:
    """Rewrite the tables without their gaps, and empty SQLite's write-ahead log.

    SQLite rewrites the whole file and lets nobody write meanwhile; so where a server works, only
    the log is emptied. PostgreSQL lets others work.
    """
    before, problem = _bytes(database), None
    if database.path is None:
        _run(database, *(f'VACUUM (ANALYZE) "{item.name}"' for item in _tables(database)))
        return Vacuumed(before, _bytes(database))
    try:
        with worker_lock(database.path):
            _run(database, "VACUUM", "ANALYZE")
    except DatabaseBusyError:
        problem = "a server works on this database; stop it to give back more than the log"
    _run(database, "PRAGMA wal_checkpoint(TRUNCATE)")
    return Vacuumed(before, _bytes(database), problem)


def erase(database: Database, customer_id: str, *, models: Path, now: datetime) -> Erased:
    """Erase a customer, with what was learned from their words and the log of the change.

    Args:
        database: The database; a server may work on it.
        customer_id: Whom.
        models: Folder of trained classifiers, which hold examples; they are trained anew.
        now: The moment.

    Raises:
        NotFoundError: there is no such customer.
    """
    erased = erasing.erase(database, customer_id, actor="handrail db erase", now=now)
    for file in models.glob("*.intents"):
        file.unlink(missing_ok=True)
    if database.path is not None:
        _run(database, "PRAGMA wal_checkpoint(TRUNCATE)")
    return erased


def _tables(database: Database) -> tuple[sizes.TableSize, ...]:
    return sizes.measure(database).tables


def _bytes(database: Database) -> int:
    measured = sizes.measure(database)
    return measured.bytes + measured.log


def _run(database: Database, *statements: str) -> None:
    """Run statements that no transaction may hold."""
    with telling(database.name), database.engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        if not database.is_sqlite:
            raw.autocommit = True
        try:
            for statement in statements:
                raw.execute(statement).close()
        finally:
            if not database.is_sqlite:
                raw.autocommit = False
