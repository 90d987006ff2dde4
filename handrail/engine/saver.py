"""LangGraph's official savers, made to write in the turn's own transaction.

A run collects its checkpoints here; they reach the database in the transaction that also holds
the turn's effects and checks the lease. So a checkpoint without its effects, or the checkpoint
of a run that lost its conversation, cannot exist.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

import ormsgpack
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    copy_checkpoint,
)
from langgraph.checkpoint.serde.jsonplus import (
    EXT_CONSTRUCTOR_KW_ARGS,
    EXT_PYDANTIC_V1,
    EXT_PYDANTIC_V2,
    JsonPlusSerializer,
)
from langgraph.checkpoint.sqlite import SqliteSaver
from sqlalchemy import Connection

from handrail.core.errors import ConfigurationError
from handrail.store.database import Database
from handrail.store.failures import telling


class _SqliteInTransaction(SqliteSaver):
    """The official SQLite saver without its commits: the transaction is ours."""

    @contextmanager
    def cursor(self, transaction: bool = True) -> Generator[Any]:  # noqa: ARG002
        with closing(self.conn.cursor()) as cursor:
            yield cursor


_STRICT = JsonPlusSerializer(allowed_msgpack_modules=None)
_OBJECTS = frozenset({EXT_CONSTRUCTOR_KW_ARGS, EXT_PYDANTIC_V1, EXT_PYDANTIC_V2})


def _as_stored(code: int, data: bytes) -> Any:
    """Read models and dataclasses as the dictionaries they were stored as."""
    if code in _OBJECTS:
        module, _, fields, *_ = ormsgpack.unpackb(
            data, ext_hook=_as_stored, option=ormsgpack.OPT_NON_STR_KEYS
        )
        if module != "datetime":
            return fields
    return _STRICT.loads_typed(("msgpack", ormsgpack.packb(ormsgpack.Ext(code, data))))


_PLAIN = JsonPlusSerializer(__unpack_ext_hook__=_as_stored)


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
    with telling(database.name), database.engine.connect() as connection:
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
    reducers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Names of the state's reducers, kept with each checkpoint for a later version to compare."""
    newest: CheckpointTuple | None = None
    """Where the run stands, once it was loaded or has written: the database knows no more."""
    converted: Mapping[str, str] = field(default_factory=dict[str, str])
    """Versions of channels whose loaded value is not the stored one."""
    moved: bool = False
    """Whether the run has a checkpoint of its own."""
    calls: list[Callable[[BaseCheckpointSaver[str]], object]] = field(default_factory=list)

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Collect a checkpoint, and go on from it."""
        kept: Any = {**metadata, "reducers": dict(self.reducers)} if self.reducers else metadata
        changed = {
            **new_versions,
            **{
                key: version
                for key, version in self.converted.items()
                if checkpoint["channel_versions"].get(key) == version
            },
        }
        self.calls.append(lambda official: official.put(config, checkpoint, kept, changed))
        stored = _stored(config, checkpoint)
        self.newest, self.moved = CheckpointTuple(stored, checkpoint, kept, config, []), True
        return stored

    def put_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str,
    ) -> None:
        """Collect what a task wrote."""
        self.calls.append(lambda official: official.put_writes(config, writes, task_id, task_path))
        if self.newest is not None:
            again = {channel for channel, _ in writes}
            pending = [
                write
                for write in self.newest.pending_writes or ()
                if write[0] != task_id or write[1] not in again
            ]
            pending += [(task_id, channel, value) for channel, value in writes]
            self.newest = self.newest._replace(pending_writes=pending)


def _stored(config: RunnableConfig, checkpoint: Checkpoint) -> RunnableConfig:
    """Name a checkpoint as the official savers do."""
    given: Any = config.get("configurable")
    return {
        "configurable": {
            "thread_id": given["thread_id"],
            "checkpoint_ns": given.get("checkpoint_ns", ""),
            "checkpoint_id": checkpoint["id"],
        }
    }


_run: ContextVar[RunWrites | None] = ContextVar("handrail_run_writes", default=None)


class TurnSaver(BaseCheckpointSaver[str]):
    """Reads through the official saver; collects writes until the turn's transaction."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    @contextmanager
    def run(self, writes: RunWrites) -> Generator[RunWrites]:
        """Collect what the graph run inside the block writes."""
        token = _run.set(writes)
        try:
            yield writes
        finally:
            _run.reset(token)

    def flush(
        self, connection: Connection, conversation_id: str, writes: RunWrites, *, waiting: bool
    ) -> None:
        """Keep what a paused run goes on with, and nothing else, in the caller's transaction.

        A finished turn needs no checkpoint, and a fresh one none from before it. What one paused
        turn collected stays together: LangGraph may read state from its earlier checkpoints.
        """
        official = _official(connection, self.serde)
        if writes.fresh or not waiting:
            official.delete_thread(conversation_id)
        if waiting:
            for call in writes.calls:
                call(official)

    def erase(self, connection: Connection, conversation_id: str) -> None:
        """Remove every checkpoint of a conversation, in the caller's transaction."""
        _official(connection, self.serde).delete_thread(conversation_id)

    def load(
        self, connection: Connection, config: RunnableConfig
    ) -> tuple[CheckpointTuple, dict[str, Any]] | None:
        """Load the newest stored checkpoint, and its values as they were stored.

        The first half is what LangGraph makes of it: where a class no longer fits, silently an
        object without its fields, or a dictionary. The second has plain dictionaries throughout.
        """
        found = _official(connection, self.serde).get_tuple(config)
        plain = _official(connection, _PLAIN).get_tuple(config)
        if found is None or plain is None:
            return None
        return found, plain.checkpoint["channel_values"]

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Load the newest checkpoint; a fresh turn has none."""
        writes = _run.get()
        if writes is not None and writes.newest is not None:
            newest = writes.newest
            return newest._replace(checkpoint=copy_checkpoint(newest.checkpoint))
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
        run = _run.get()
        if run is not None:
            return run.put(config, checkpoint, metadata, new_versions)
        return await self._database.write(
            lambda c: _official(c, self.serde).put(config, checkpoint, metadata, new_versions)
        )

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Collect the writes of a task."""
        run = _run.get()
        if run is not None:
            run.put_writes(config, writes, task_id, task_path)
            return
        await self._database.write(
            lambda c: _official(c, self.serde).put_writes(config, writes, task_id, task_path)
        )

    # LangGraph asks for this signature in every run, and it takes as long as a statement to find.
    aput_writes.__signature__ = signature(aput_writes)  # pyright: ignore[reportFunctionMemberAccess]

    async def adelete_thread(self, thread_id: str) -> None:
        """Remove every checkpoint of a conversation."""
        await self._database.write(lambda connection: self.erase(connection, thread_id))

    def get_next_version(self, current: str | None, channel: None) -> str:
        """Number versions as the official savers do."""
        return SqliteSaver.get_next_version(self, current, channel)  # pyright: ignore[reportArgumentType]
