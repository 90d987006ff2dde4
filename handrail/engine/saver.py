"""LangGraph's official savers, made to write in the turn's own transaction.

A run collects its checkpoints here; they reach the database in the transaction that also holds
the turn's effects and checks the lease. So a checkpoint without its effects, or the checkpoint
of a run that lost its conversation, cannot exist.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator, Sequence
from contextlib import closing, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)
from langgraph.checkpoint.sqlite import SqliteSaver
from sqlalchemy import Connection

from handrail.core.errors import ConfigurationError
from handrail.store.database import Database


class _SqliteInTransaction(SqliteSaver):
    """The official SQLite saver without its commits: the transaction is ours."""

    @contextmanager
    def cursor(self, transaction: bool = True) -> Generator[Any]:  # noqa: ARG002
        with closing(self.conn.cursor()) as cursor:
            yield cursor


def _official(connection: Connection, serde: Any) -> BaseCheckpointSaver[str]:
    raw: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        return _SqliteInTransaction(raw, serde=serde)
    return _postgres_saver()(raw, serde=serde)


def _postgres_saver() -> Callable[..., BaseCheckpointSaver[str]]:
    try:
        from langgraph.checkpoint.postgres import PostgresSaver  # noqa: PLC0415
    except ImportError as error:
        raise ConfigurationError(
            "PostgreSQL needs its packages: pip install 'handrail[postgres]'"
        ) from error
    return PostgresSaver


def create_tables(database: Database) -> None:
    """Create the savers' own tables, as their packages define them."""
    with database.engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        if database.is_sqlite:
            SqliteSaver(raw).setup()
            return
        raw.autocommit = True
        try:
            saver: Any = _postgres_saver()(raw)
            saver.setup()
        finally:
            raw.autocommit = False


@dataclass
class RunWrites:
    """What one run wants to have checkpointed."""

    fresh: bool
    """A new turn starts from an empty state; a resumed one from its checkpoint."""
    calls: list[Callable[[BaseCheckpointSaver[str]], object]] = field(default_factory=list)


_run: ContextVar[RunWrites | None] = ContextVar("handrail_run_writes", default=None)


class TurnSaver(BaseCheckpointSaver[str]):
    """Reads through the official saver; collects writes until the turn's transaction."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    @contextmanager
    def run(self, *, fresh: bool) -> Generator[RunWrites]:
        """Collect what the graph run inside the block writes."""
        writes = RunWrites(fresh)
        token = _run.set(writes)
        try:
            yield writes
        finally:
            _run.reset(token)

    def flush(self, connection: Connection, writes: RunWrites) -> None:
        """Write what a run collected, in the caller's transaction."""
        if writes.calls:
            official = _official(connection, self.serde)
            for call in writes.calls:
                call(official)

    def erase(self, connection: Connection, conversation_id: str) -> None:
        """Remove every checkpoint of a conversation, in the caller's transaction."""
        _official(connection, self.serde).delete_thread(conversation_id)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Load the newest checkpoint; a fresh turn has none."""
        writes = _run.get()
        if writes is not None and writes.fresh:
            return None
        return await self._database.read(
            lambda connection: _official(connection, self.serde).get_tuple(config)
        )

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """List checkpoints, the newest first."""
        found = await self._database.read(
            lambda connection: list(
                _official(connection, self.serde).list(
                    config, filter=filter, before=before, limit=limit
                )
            )
        )
        for item in found:
            yield item

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Collect a checkpoint."""
        await self._collect(
            lambda official: official.put(config, checkpoint, metadata, new_versions)
        )
        given: Any = config.get("configurable")
        return {
            "configurable": {
                "thread_id": given["thread_id"],
                "checkpoint_ns": given.get("checkpoint_ns", ""),
                "checkpoint_id": checkpoint["id"],
            }
        }

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Collect the writes of a task."""
        await self._collect(
            lambda official: official.put_writes(config, writes, task_id, task_path)
        )

    async def adelete_thread(self, thread_id: str) -> None:
        """Remove every checkpoint of a conversation."""
        await self._database.write(lambda connection: self.erase(connection, thread_id))

    async def _collect(self, call: Callable[[BaseCheckpointSaver[str]], object]) -> None:
        run = _run.get()
        if run is not None:
            run.calls.append(call)
            return
        await self._database.write(lambda c: call(_official(c, self.serde)))

    def get_next_version(self, current: str | None, channel: None) -> str:
        """Number versions as the official savers do."""
        return SqliteSaver.get_next_version(self, current, channel)  # pyright: ignore[reportArgumentType]
