"""Brings a database to what this version of Handrail works with, libraries' own tables included."""

from __future__ import annotations

from collections.abc import Callable

from handrail.core.clock import Clock
from handrail.core.errors import ConfigurationError
from handrail.core.ports import Dispatcher
from handrail.engine import saver
from handrail.engine.embedded import EmbeddedDispatcher
from handrail.engine.writing import DraftsInWriting
from handrail.store import migrating
from handrail.store.database import Database


def prepare(database: Database) -> None:
    """Create or migrate all tables; nothing happens where they are current.

    Raises:
        DatabaseVersionError: the database was written by a newer Handrail.
    """
    migrating.upgrade(database)
    saver.create_tables(database)
    if not database.is_sqlite:
        _for_many_processes()[0](database)


def open_dispatcher(
    database: Database, clock: Clock, *, concurrency: int, drain: float
) -> Dispatcher:
    """Make the dispatcher for a database: one process on SQLite, any number on PostgreSQL.

    Args:
        database: Whose conversations are to be run.
        clock: Tells when a later wake-up is due.
        concurrency: Conversations to run at once.
        drain: Seconds that runs may go on when the process is to stop.
    """
    if database.is_sqlite:
        return EmbeddedDispatcher(clock, most=concurrency, drain=drain)
    make = _for_many_processes()[1]
    return make(database, clock, concurrency=concurrency, drain=drain)


def open_writing(database: Database) -> DraftsInWriting:
    """Make the place where drafts are seen while they are written: in all of its processes."""
    if database.is_sqlite:
        return DraftsInWriting()
    from handrail.engine.shared_drafts import SharedDrafts  # noqa: PLC0415 - of an extra

    return SharedDrafts(database)


def _for_many_processes() -> tuple[Callable[[Database], None], Callable[..., Dispatcher]]:
    try:
        from handrail.engine import procrastinate_dispatcher as many  # noqa: PLC0415
    except ImportError as error:
        raise ConfigurationError(
            "PostgreSQL needs its packages: pip install 'handrail[postgres]'"
        ) from error
    return many.create_tables, many.ProcrastinateDispatcher
