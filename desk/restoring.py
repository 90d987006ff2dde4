"""Backups and restores, whole: files for SQLite, PostgreSQL's own programs for PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep

from sqlalchemy import text

from handrail.core.errors import DatabaseBusyError, DatabaseDamagedError
from handrail.desk import postgres_programs
from handrail.desk.lock import worker_lock
from handrail.engine.holding_back import Held, hold_back
from handrail.engine.preparing import prepare
from handrail.store import audit, backups, migrating
from handrail.store.backups import Progress
from handrail.store.database import Database

LEAVING = 2.0
"""Seconds within which the connections of a process that has just stopped are gone."""
_OTHERS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
      AND backend_type = 'client backend'
"""


@dataclass(frozen=True)
class Restored:
    """What a restore did."""

    held: Held
    kept: Path
    """Where the database from before is, as a file or as a dump; nothing where there was none."""
    breaks: tuple[audit.Break, ...]
    """Breaks in the audit chain, which the backup had."""


def back_up(database: Database, file: Path, progress: Progress) -> list[audit.Break]:
    """Write a verified backup; see :func:`handrail.store.backups.back_up`."""
    if database.path is not None:
        return backups.back_up(database.path, file, progress)
    breaks = database.read_now(audit.verify)
    postgres_programs.dump(database, file)
    return breaks


def restore(database: Database, file: Path, now: datetime, progress: Progress) -> Restored:
    """Put a backup in a database's place, with everything unfinished in it held for people.

    Args:
        database: The database to replace; nobody may work on it.
        file: A backup.
        now: The moment.
        progress: Called while pages are copied.

    Raises:
        DatabaseBusyError: a process works on the database.
        DatabaseDamagedError: the file is no whole backup.
        DatabaseVersionError: a newer Handrail wrote it.
    """
    mark = f"before-restore-{now:%Y%m%dT%H%M%S}"
    if database.path is None:
        return _restore_postgres(database, file, now, Path(f"handrail.{mark}.dump"))
    database.close()
    with worker_lock(database.path):
        return _restore_file(database.path, file, now, mark, progress)


def _restore_file(
    target: Path, file: Path, now: datetime, mark: str, progress: Progress
) -> Restored:
    backups.check_file(file)
    kept, fresh = (target.with_name(f"{target.name}.{end}") for end in (mark, "restoring"))
    backups.remove(fresh)
    try:
        backups.copy(file, fresh, progress)
        copied = Database(f"sqlite:///{fresh}")
        try:
            held, breaks = _make_safe(copied, now)
        finally:
            copied.close()
        backups.settle(fresh)
        backups.replace(target, fresh, kept)
    finally:
        backups.remove(fresh)
    return Restored(held, kept, breaks)


def _restore_postgres(database: Database, file: Path, now: datetime, kept: Path) -> Restored:
    _refuse_beside_others(database)
    migrating.refuse_newer(database, postgres_programs.revision_in(file))
    postgres_programs.dump(database, kept)
    postgres_programs.load(database, file)
    held, breaks = _make_safe(database, now)
    return Restored(held, kept, breaks)


def _refuse_beside_others(database: Database) -> None:
    until = monotonic() + LEAVING
    while others := database.read_now(lambda c: c.execute(text(_OTHERS)).scalar_one()):
        if monotonic() >= until:
            raise DatabaseBusyError(
                f"{others} other connection(s) to {database.name}; stop every process that works "
                "on it"
            )
        sleep(LEAVING / 20)


def _make_safe(database: Database, now: datetime) -> tuple[Held, tuple[audit.Break, ...]]:
    if migrating.known_revision(database) is None:
        raise DatabaseDamagedError(
            f"{database.name} holds nothing of Handrail; name a backup that `handrail db backup` "
            "made"
        )
    prepare(database)
    held = database.write_now(lambda c: hold_back(c, now))
    return held, tuple(database.read_now(audit.verify))
