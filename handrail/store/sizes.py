"""How much room a database takes, table by table, and how much that is for each conversation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from handrail.store.database import Database

PARTS = {
    "messages": ("messages", "events"),
    "checkpoints": ("checkpoints", "writes", "checkpoint_blobs", "checkpoint_writes"),
    "spans": ("spans",),
    "audit": ("audit_events", "removals"),
}
"""Tables that are counted together; all others are ``other``."""

_SQLITE_BYTES = """
    SELECT m.tbl_name, SUM(d.pgsize) FROM dbstat AS d JOIN sqlite_master AS m ON m.name = d.name
    WHERE d.aggregate = TRUE GROUP BY m.tbl_name
"""
_SQLITE_TABLES = "SELECT name, NULL FROM sqlite_master WHERE type = 'table'"
_SQLITE_TOTAL = (
    "SELECT page_count * page_size, freelist_count * page_size "
    "FROM pragma_page_count, pragma_page_size, pragma_freelist_count"
)
_POSTGRES_BYTES = """
    SELECT relname, pg_total_relation_size(oid) FROM pg_class
    WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
"""
_POSTGRES_TOTAL = "SELECT pg_database_size(current_database()), 0"


@dataclass(frozen=True)
class TableSize:
    """One table with its indexes."""

    name: str
    part: str
    rows: int
    bytes: int | None
    """``None`` where this SQLite cannot say (it was built without ``dbstat``)."""


@dataclass(frozen=True)
class Share:
    """What one part of the data takes."""

    bytes: int
    per_conversation: float
    per_turn: float


@dataclass(frozen=True)
class Size:
    """What a database takes."""

    bytes: int
    """The whole database, without SQLite's write-ahead log."""
    free: int
    """Bytes that SQLite would give back to the disk by ``handrail db vacuum``."""
    log: int
    """Bytes of SQLite's write-ahead log."""
    conversations: int
    turns: int
    tables: tuple[TableSize, ...]
    parts: Mapping[str, Share]
    """Empty where the bytes of tables are not known."""


def measure(database: Database) -> Size:
    """Count rows and bytes; on SQLite this reads the whole file."""
    return database.read_now(lambda c: _measure(c, database))


def _measure(connection: Connection, database: Database) -> Size:
    sqlite = database.is_sqlite
    total, free = connection.execute(text(_SQLITE_TOTAL if sqlite else _POSTGRES_TOTAL)).one()
    named = {name: part for part, names in PARTS.items() for name in names}
    tables = tuple(
        TableSize(name, named.get(name, "other"), _rows(connection, name), size)
        for name, size in sorted(_bytes(connection, sqlite=sqlite).items())
    )
    rows = {table.name: table.rows for table in tables}
    conversations, turns = rows.get("conversations", 0), rows.get("turns", 0)
    return Size(
        bytes=total,
        free=free,
        log=_log_bytes(database),
        conversations=conversations,
        turns=turns,
        tables=tables,
        parts=_parts(tables, conversations, turns),
    )


def _bytes(connection: Connection, *, sqlite: bool) -> dict[str, int | None]:
    if not sqlite:
        return _pairs(connection, _POSTGRES_BYTES)
    found = _pairs(connection, _SQLITE_TABLES)
    try:
        sizes = _pairs(connection, _SQLITE_BYTES)
    except OperationalError:  # this SQLite was built without dbstat
        sizes = {}
    return {name: sizes.get(name) for name in found if not name.startswith("sqlite_")}


def _pairs(connection: Connection, query: str) -> dict[str, int | None]:
    return {row[0]: row[1] for row in connection.execute(text(query))}


def _rows(connection: Connection, table: str) -> int:
    return connection.execute(text(f'SELECT COUNT(*) FROM "{table}"')).scalar_one()  # noqa: S608


def _parts(tables: tuple[TableSize, ...], conversations: int, turns: int) -> dict[str, Share]:
    if any(table.bytes is None for table in tables):
        return {}
    sums = dict.fromkeys((*PARTS, "other", "all"), 0)
    for table in tables:
        sums[table.part] += table.bytes or 0
        sums["all"] += table.bytes or 0
    return {
        name: Share(size, size / max(conversations, 1), size / max(turns, 1))
        for name, size in sums.items()
    }


def _log_bytes(database: Database) -> int:
    if database.path is None:
        return 0
    log = database.path.with_name(f"{database.path.name}-wal")
    return log.stat().st_size if log.is_file() else 0
