"""Statements that every turn runs: compiled once, and handed to SQLite's driver as they are.

SQLAlchemy looks a statement up, lays out a context and wraps a result each time that it runs: on
SQLite several times what a short statement takes itself. On PostgreSQL, where the way to the
server counts, it runs them as any other.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import pydantic_core
from sqlalchemy import Connection, Insert, Select
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.types import TypeEngine

from handrail.store.database import dump

Row = Mapping[Any, Any]
"""Values by name: what a statement is given, or a row that it returns."""

Process = Callable[[Any], Any]

_DIALECT = SQLiteDialect(
    paramstyle="qmark", json_serializer=dump, json_deserializer=pydantic_core.from_json
)


class _Form(NamedTuple):
    """A statement in SQLite's own words, for values with one set of names."""

    sql: str
    constants: Row
    """Values of the statement itself."""
    places: Callable[[Row], Sequence[Any]]
    """Takes the values that the statement is given, in the order of their places."""
    written: Sequence[tuple[int, Process]]
    """The places whose value is stored in another form."""
    names: Sequence[str]
    """What the columns of a row are called."""
    read: Sequence[tuple[str, Process]]
    """The columns that are stored in another form."""

    def bound(self, values: Row) -> Sequence[Any]:
        """The values in the order of their places, as the driver takes them."""
        bound = [*self.places({**self.constants, **values})]
        for place, write in self.written:
            bound[place] = write(bound[place])
        return bound

    def row(self, stored: Sequence[Any]) -> dict[str, Any]:
        """A row as the driver gives it, with its names."""
        row = dict(zip(self.names, stored, strict=True))
        for name, read in self.read:
            row[name] = read(row[name])
        return row


class Prepared:
    """One statement that runs many times; it takes no list for an ``IN``."""

    def __init__(self, statement: Select[*tuple[Any, ...]] | UpdateBase) -> None:
        self._statement = statement
        self._forms: dict[tuple[str, ...], _Form] = {}

    def run(self, connection: Connection, *rows: Row) -> None:
        """Write rows, all with the same names.

        Raises:
            sqlalchemy.exc.DBAPIError: the database refuses them.
        """
        if not rows:
            return
        if connection.dialect.name != "sqlite":
            connection.execute(self._statement, [*rows])
        elif len(rows) == 1:
            self._execute(connection, rows[0])
        else:
            form = self._form(rows[0])
            _told(form.sql, connection, "executemany", [form.bound(row) for row in rows])

    def all(self, connection: Connection, **values: Any) -> list[Row]:
        """Return every row.

        Raises:
            sqlalchemy.exc.DBAPIError: the database refuses it.
        """
        if connection.dialect.name != "sqlite":
            return [dict(row) for row in connection.execute(self._statement, values).mappings()]
        found = self._execute(connection, values).fetchall()
        form = self._form(values)
        return [form.row(row) for row in found]

    def first(self, connection: Connection, **values: Any) -> Row | None:
        """Return the first row, if there is one.

        Raises:
            sqlalchemy.exc.DBAPIError: the database refuses it.
        """
        return next(iter(self.all(connection, **values)), None)

    def _execute(self, connection: Connection, values: Row) -> Any:
        form = self._form(values)
        return _told(form.sql, connection, "execute", form.bound(values))

    def _form(self, values: Row) -> _Form:
        names = tuple(values)
        form = self._forms.get(names)
        if form is None:
            form = self._forms[names] = _form(self._statement, names)
        return form


def _told(sql: str, connection: Connection, call: str, values: Sequence[Any]) -> Any:
    """Let the driver run it, and raise what SQLAlchemy would."""
    driver: Any = connection.connection.driver_connection
    try:
        return getattr(driver, call)(sql, values)
    except sqlite3.Error as error:
        raise DBAPIError.instance(sql, None, error, sqlite3.Error) from error


def _form(statement: Select[*tuple[Any, ...]] | UpdateBase, names: Sequence[str]) -> _Form:
    constants = _defaults(statement) if isinstance(statement, Insert) else {}
    keys = dict.fromkeys((*names, *constants))
    compiled: Any = statement.compile(
        dialect=_DIALECT, column_keys=list(keys) if isinstance(statement, UpdateBase) else None
    )
    given: Sequence[str] = compiled.positiontup
    writers = ((n, _writer(compiled.binds[name].type)) for n, name in enumerate(given))
    returned = {str(name): _reader(c.type) for name, c in statement.exported_columns.items()}
    return _Form(
        compiled.string,
        {**compiled.params, **constants},
        _several(given),
        [(place, write) for place, write in writers if write],
        tuple(returned),
        [(name, read) for name, read in returned.items() if read],
    )


def _several(names: Sequence[str]) -> Callable[[Row], Sequence[Any]]:
    """Take several values at once; ``itemgetter`` takes one out of its tuple."""
    return itemgetter(*names) if len(names) > 1 else lambda values: [values[n] for n in names]


def _defaults(statement: Insert) -> Row:
    """What the columns of a new row hold that it does not name."""
    columns: Any = statement.table.columns
    return {column.name: column.default.arg for column in columns if column.default is not None}


def _writer(kind: TypeEngine[Any]) -> Process | None:
    return kind.dialect_impl(_DIALECT).bind_processor(_DIALECT)


def _reader(kind: TypeEngine[Any]) -> Process | None:
    return kind.dialect_impl(_DIALECT).result_processor(_DIALECT, None)
