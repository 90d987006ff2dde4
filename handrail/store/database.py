"""One database behind two calls: ``read`` and ``write``, each a plain function in a transaction."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pydantic_core
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from handrail.core.errors import ConfigurationError, DatabaseUnavailableError
from handrail.core.storable import storable
from handrail.store import failures

T = TypeVar("T")

BUSY_SECONDS = 10
"""How long a writer waits for another one: for an SQLite database, or a row of PostgreSQL."""
POOL = 8
"""Connections to PostgreSQL per process."""
CONNECT_SECONDS = 10
"""Longest wait for a new connection to PostgreSQL, in seconds."""

_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def dump(value: Any) -> str:
    """Write a document as JSON that both databases take."""
    try:
        text = pydantic_core.to_json(value).decode()
    except pydantic_core.PydanticSerializationError:
        plain = json.dumps(pydantic_core.to_jsonable_python(value), ensure_ascii=False)
        text = storable(plain)
    # PostgreSQL stores no NUL; so neither database does (see core/storable.py).
    return _NUL.sub(r"\1", text) if "\\u0000" in text else text


def _connect_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _connect_postgres(connection: Any, _: Any) -> None:
    connection.execute(f"SET lock_timeout = '{BUSY_SECONDS}s'")
    connection.commit()


class Database:
    """A SQLite file or a PostgreSQL server, with functions as transactions.

    A function given to :meth:`write` runs in one transaction: all of it is stored, or none. On
    SQLite it runs right where it is called, for it takes less time than a change of thread; on
    PostgreSQL it runs in a thread, so that other conversations go on.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        try:
            parsed = make_url(url)
        except ArgumentError as error:
            raise ConfigurationError(
                f"{url!r} is no database address; write sqlite:///PATH or "
                "postgresql+psycopg://USER@HOST/NAME"
            ) from error
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.path = Path(parsed.database) if self.is_sqlite and parsed.database else None
        self.engine = self._create_engine(url)
        # One view for all statements of a read; PostgreSQL's default is one for each statement.
        self._reading = (
            self.engine
            if self.is_sqlite
            else self.engine.execution_options(isolation_level="REPEATABLE READ")
        )
        self._kept: list[Connection] = []
        self.calls = 0
        """Transactions that threads have in hand, or that wait for a thread."""
        self._threads = (
            None
            if self.is_sqlite
            else ThreadPoolExecutor(max_workers=POOL, thread_name_prefix="handrail-db")
        )

    def _create_engine(self, url: str) -> Engine:
        common: dict[str, Any] = {
            "json_serializer": dump,
            "json_deserializer": pydantic_core.from_json,
        }
        if self.is_sqlite:
            if self.path is not None:
                self._make_folder(self.path.parent)
            engine = create_engine(
                url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}, **common
            )
            event.listen(engine, "connect", _connect_sqlite)
            dialect: Any = engine.dialect
            dialect.do_begin = _begin_immediate  # an event would slow every statement down
            return engine
        try:
            engine = create_engine(
                url,
                pool_size=POOL,
                max_overflow=0,
                connect_args={"connect_timeout": CONNECT_SECONDS},
                **common,
            )
        except (NoSuchModuleError, ModuleNotFoundError) as error:
            raise ConfigurationError(
                f"cannot open {url!r}: {error}; for PostgreSQL install handrail[postgres] and "
                "write postgresql+psycopg://USER@HOST/NAME"
            ) from error
        event.listen(engine, "connect", _connect_postgres)
        driver: Any = engine.dialect
        driver.do_execute = _without_nul(driver.do_execute)  # no event, as above
        driver.do_executemany = _without_nul(driver.do_executemany)
        return engine

    def _make_folder(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DatabaseUnavailableError(
                f"the folder {folder} of the database cannot be made: {error.strerror}; name "
                "another one in HANDRAIL_HOME or HANDRAIL_DATABASE"
            ) from error

    @property
    def name(self) -> str:
        """The address without its password."""
        return self.engine.url.render_as_string(hide_password=True)

    def write_now(self, work: Callable[[Connection], T], *, synced: bool = True) -> T:
        """Run ``work`` in a writing transaction, in this thread.

        Args:
            work: All of it is stored, or none.
            synced: Whether it outlasts a power failure. ``False`` does not wait for SQLite's disk:
                for leases and spans, which may be lost with the machine, not with the process.

        Raises:
            DatabaseUnavailableError: it cannot be reached, is busy, read-only or full.
            DatabaseDamagedError: its file is damaged.
        """
        return self._run(partial(self._write, work, synced))

    def read_now(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on one consistent view, in this thread; it must not write.

        Raises:
            DatabaseUnavailableError: it cannot be reached.
            DatabaseDamagedError: its file is damaged.
        """
        return self._run(partial(self._read, work))

    def _write(self, work: Callable[[Connection], T], synced: bool) -> T:
        with self._connection(self.engine) as connection:
            self._prepare(connection, f"PRAGMA synchronous={'FULL' if synced else 'NORMAL'}")
            with connection.begin():
                return work(connection)

    def _read(self, work: Callable[[Connection], T]) -> T:
        with self._connection(self._reading) as connection:
            self._prepare(connection, "BEGIN")
            transaction = connection.begin()
            try:
                return work(connection)
            finally:
                transaction.rollback()

    @contextmanager
    def _connection(self, engine: Engine) -> Generator[Connection]:
        """A connection of the pool; SQLite's stay out of it from one transaction to the next."""
        if not self.is_sqlite:
            with engine.connect() as connection:
                yield connection
            return
        connection = self._kept.pop() if self._kept else engine.connect()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._kept.append(connection)

    def _run(self, transaction: Callable[[], T], *, again: bool = True) -> T:
        try:
            return transaction()
        except Exception as error:
            if again and failures.passing(error):
                return self._run(transaction, again=False)
            ours = failures.told(error, self.name)
            if ours is None:
                raise
            raise ours from error

    def _prepare(self, connection: Connection, statement: str) -> None:
        if self.is_sqlite:
            raw: Any = connection.connection.driver_connection
            raw.execute(statement)

    async def write(self, work: Callable[[Connection], T], *, synced: bool = True) -> T:
        """Run ``work`` as :meth:`write_now` does, and return what it returns."""
        return await self._call(partial(self.write_now, synced=synced), work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on one consistent view and return what it returns."""
        return await self._call(self.read_now, work)

    async def _call(
        self, run: Callable[[Callable[[Connection], T]], T], work: Callable[[Connection], T]
    ) -> T:
        if self._threads is None:
            return run(work)
        self.calls += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, run, work)
        finally:
            self.calls -= 1

    def disconnect(self) -> None:
        """Close the connections that no transaction has; the next one opens its own."""
        while self._kept:
            self._kept.pop().close()
        self.engine.dispose()

    def close(self) -> None:
        """Close all connections."""
        if self._threads is not None:
            self._threads.shutdown()
        self.disconnect()


def _begin_immediate(connection: Any) -> None:
    """Begin to write, unless a read has begun by itself.

    A plain BEGIN would let two writers start and one of them fail at its first write.
    """
    if not connection.driver_connection.in_transaction:
        connection.execute("BEGIN IMMEDIATE")


def _without_nul(execute: Callable[..., None]) -> Callable[..., None]:
    """Take NUL, which PostgreSQL refuses, out of the texts that a statement is given."""

    def stored(row: Any) -> Any:
        if type(row) is not dict or not any(
            type(value) is str and "\x00" in value for value in row.values()
        ):
            return row
        return {
            name: value.replace("\x00", "") if isinstance(value, str) else value
            for name, value in row.items()
        }

    def clean(cursor: Any, statement: str, given: Any, context: Any = None) -> None:
        rows = [*map(stored, given)] if isinstance(given, list) else stored(given)
        execute(cursor, statement, rows, context)

    return clean
