"""What a database refuses, told in our own errors: away, busy, read-only, full, damaged, old."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from handrail.core.errors import (
    DatabaseDamagedError,
    DatabaseFullError,
    DatabaseReadOnlyError,
    DatabaseUnavailableError,
    DatabaseVersionError,
    HandrailError,
    InvalidMessageError,
)

RETRY_AFTER = 5
"""Seconds after which a caller may ask again."""

_AWAY = (
    "cannot be worked with now: {reason}. See that the server runs, and that host, user, password "
    "and name in HANDRAIL_DATABASE are right; what was refused is to be sent again"
)
_BUSY = "is held by another program for too long: {reason}. Find that program; then send it again"
_NO_FILE = (
    "cannot be opened: {reason}. See that it is a file, and that this user may write in its "
    "folder; HANDRAIL_HOME or HANDRAIL_DATABASE names another"
)
_READ_ONLY = (
    "takes no changes: {reason}. Make the file and its folder writable, or on PostgreSQL end "
    "default_transaction_read_only or connect to the primary"
)
_FULL = "has no room left: {reason}. Free space on its disk; what was refused was not stored"
_DAMAGED = (
    "is damaged or no database: {reason}. Keep the file as it is and put the newest backup in its "
    "place with `handrail db restore FILE`"
)
_OLD = "has other tables than this version of Handrail needs: {reason}. Run: handrail db upgrade"

Told = tuple[type[HandrailError], str]

_SQLITE: dict[int, Told] = {
    sqlite3.SQLITE_BUSY: (DatabaseUnavailableError, _BUSY),
    sqlite3.SQLITE_LOCKED: (DatabaseUnavailableError, _BUSY),
    sqlite3.SQLITE_CANTOPEN: (DatabaseUnavailableError, _NO_FILE),
    sqlite3.SQLITE_PERM: (DatabaseUnavailableError, _NO_FILE),
    sqlite3.SQLITE_IOERR: (DatabaseUnavailableError, _NO_FILE),
    sqlite3.SQLITE_READONLY: (DatabaseReadOnlyError, _READ_ONLY),
    sqlite3.SQLITE_FULL: (DatabaseFullError, _FULL),
    sqlite3.SQLITE_CORRUPT: (DatabaseDamagedError, _DAMAGED),
    sqlite3.SQLITE_NOTADB: (DatabaseDamagedError, _DAMAGED),
}
"""By SQLite's primary result code."""

_POSTGRES: dict[str, Told] = {
    "25006": (DatabaseReadOnlyError, _READ_ONLY),
    "53100": (DatabaseFullError, _FULL),
    "42P01": (DatabaseVersionError, _OLD),
    "42703": (DatabaseVersionError, _OLD),
    "XX001": (DatabaseDamagedError, _DAMAGED),
    "XX002": (DatabaseDamagedError, _DAMAGED),
    **dict.fromkeys(("08", "28", "3D", "53", "57"), (DatabaseUnavailableError, _AWAY)),
    **dict.fromkeys(("40", "55"), (DatabaseUnavailableError, _BUSY)),
}
"""By SQLSTATE, or by its class, the first two characters."""


def told(error: Exception, name: str) -> HandrailError | None:
    """Return our error for a failure of the database; ``None`` for an error of another kind.

    Args:
        error: What SQLAlchemy or the driver raised.
        name: The database as an operator knows it, without its password.
    """
    if isinstance(error, UnicodeEncodeError):
        return InvalidMessageError(
            "a name or an id holds half a character (a lone surrogate), which cannot be stored; "
            "send it as proper Unicode"
        )
    cause = error.orig if isinstance(error, DBAPIError) else error
    found = _sqlite(cause) if isinstance(cause, sqlite3.Error) else _postgres(cause)
    if found is None:
        return None
    kind, text = found
    reason = (str(cause).strip() or type(cause).__name__).splitlines()[0]
    details = {"retry_after": RETRY_AFTER} if issubclass(kind, DatabaseUnavailableError) else {}
    return kind(f"the database {name} {text.format(reason=reason)}", **details)


def passing(error: Exception) -> bool:
    """Whether the same transaction may succeed at once, and surely left nothing.

    A pooled connection died with a server that is back, or two transactions were in each other's
    way. A connection that is lost at its commit is left out: what was written may be stored.
    """
    if not isinstance(error, DBAPIError) or error.statement is None:
        return False
    state = str(getattr(error.orig, "sqlstate", None) or "")
    return error.connection_invalidated or state.startswith("40")


@contextmanager
def telling(name: str) -> Generator[None]:
    """Raise our errors for what the database refuses inside the block."""
    try:
        yield
    except Exception as error:
        ours = told(error, name)
        if ours is None:
            raise
        raise ours from error


def _sqlite(error: sqlite3.Error) -> Told | None:
    code = getattr(error, "sqlite_errorcode", 0)
    if str(error).startswith(("no such table", "no such column")):
        return DatabaseVersionError, _OLD
    return _SQLITE.get(code & 0xFF)


def _postgres(error: BaseException | None) -> Told | None:
    state = getattr(error, "sqlstate", "")
    if state is None:  # the server was not reached, or went away
        away = type(error).__name__ in {"OperationalError", "InterfaceError", "ConnectionTimeout"}
        return (DatabaseUnavailableError, _AWAY) if away else None
    return _POSTGRES.get(state) or _POSTGRES.get(state[:2])
