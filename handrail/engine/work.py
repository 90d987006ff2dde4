"""The working side of the engine: runs turns, delivers replies, fires timers, misses nothing."""

from __future__ import annotations

import asyncio
import logging
from abc import abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from opentelemetry.trace import Tracer
from sqlalchemy import Connection, update

from handrail.core.clock import Clock
from handrail.core.errors import DatabaseUnavailableError
from handrail.core.events import Accepted, Event
from handrail.core.ids import new_id
from handrail.core.ports import Channel, Dispatcher, Wake
from handrail.core.tracing import traced_by
from handrail.engine import gate
from handrail.engine.clocks import Clocks
from handrail.engine.kit import Kits
from handrail.engine.relay import Relay
from handrail.engine.runner import Runner
from handrail.engine.versions import Graphs
from handrail.engine.views import Views
from handrail.engine.writing import DraftsInWriting
from handrail.store import outbox
from handrail.store import tables as t
from handrail.store.database import Database

log = logging.getLogger("handrail.engine")

SWEEP_SECONDS = 1.0
"""How often work is looked for that no wake-up told of, in seconds."""
OVERLOOKED = timedelta(seconds=1)
"""How long a conversation with pending events must have been left alone to count as overlooked."""
MOST_SWEPT = 25
"""Conversations that one sweep takes up; the oldest move on however many newer ones there are."""
ALL = 10_000_000
"""More conversations than one process can have."""


class Work(Views):
    """Does what events, due replies and timers ask for, with a wake-up or without."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        graphs: Graphs,
        kits: Kits,
        channels: Mapping[str, Channel],
        dispatcher: Dispatcher,
        tracer: Tracer | None = None,
        writing: DraftsInWriting | None = None,
    ) -> None:
        super().__init__(database)
        self.clock = clock
        self.graphs = graphs
        self.kits = kits
        self.channels = channels
        self.owner = new_id("wrk")
        self._dispatcher = dispatcher
        self._tracer = tracer
        self.writing = writing or DraftsInWriting()
        self.runner = Runner(
            database=database,
            clock=clock,
            graphs=graphs,
            kits=kits,
            dispatcher=dispatcher,
            owner=self.owner,
        )
        self.clocks = Clocks(database=database, clock=clock, kits=kits, dispatcher=dispatcher)
        self.relay = Relay(
            database=database,
            clock=clock,
            channels=channels,
            dispatcher=dispatcher,
            ingest=self.ingest,
        )

    @abstractmethod
    async def ingest(self, event: Event) -> Accepted:
        """Accept an event; receipts of deliveries come in by the one door too."""

    async def run(self) -> None:
        """Work until cancelled: run turns, deliver replies, fire timers."""
        while not await self._recovered():  # noqa: ASYNC110 - asks the database
            await asyncio.sleep(SWEEP_SECONDS)
        sweeping = asyncio.create_task(self._sweep_for_ever())
        try:
            await self._dispatcher.run(self.handle)
        finally:
            sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await sweeping

    async def _recovered(self) -> bool:
        try:
            await self.recover()
        except DatabaseUnavailableError as error:
            log.warning("waiting for the database: %s", error.message)
            return False
        return True

    async def recover(self) -> None:
        """Take up what a process that is gone has left.

        On the embedded database one process works at a time, so whatever is leased is free, and
        nobody else knows of what waits.
        """
        if not self.database.is_sqlite:
            await self.sweep()
            return
        await self.database.write(
            lambda c: c.execute(
                update(t.conversations)
                .where(t.conversations.c.lease_until.is_not(None))
                .values(lease_until=None, fence=t.conversations.c.fence + 1)
            )
        )
        await self.sweep(left_alone=timedelta(0), most=ALL)

    async def handle(self, kind: Wake, subject: str) -> None:
        """Do what a wake-up hints at; nothing where there is nothing to do."""
        with traced_by(self._tracer):
            match kind:
                case "conversation":
                    await self.runner.advance(subject)
                case "outbox":
                    await self.relay.deliver(subject)
                case "timers":
                    await self.clocks.fire()

    async def sweep(self, *, left_alone: timedelta = OVERLOOKED, most: int = MOST_SWEPT) -> None:
        """Find work that no wake-up told of, and do it in this process.

        Args:
            left_alone: How long nothing must have happened to a conversation.
            most: How many conversations to take up, the longest waiting first.
        """
        now = self.clock.now()

        def look(connection: Connection) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
            return (
                gate.waiting(connection, now, unchanged_since=now - left_alone, most=most),
                outbox.waiting(connection, now),
                self.clocks.any_due(connection, now),
            )

        runs, replies, due = await self.database.read(look)
        for conversation_id in runs:
            self._dispatcher.wake("conversation", conversation_id, here=True)
        for conversation_id in replies:
            self._dispatcher.wake("outbox", conversation_id, here=True)
        if due:
            self._dispatcher.wake("timers", "", here=True)

    async def _sweep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await self.sweep()
            except Exception:
                log.exception("the sweep failed; it is tried again")

    async def settle(self, *, seconds: float = 30.0) -> None:
        """Do all work that is due now and return; for tests, replays and short commands.

        Raises:
            TimeoutError: work is left after so many seconds.
        """
        async with asyncio.timeout(seconds):
            while await self._due_work():
                pass

    async def _due_work(self) -> bool:
        now: datetime = self.clock.now()

        def look(connection: Connection) -> tuple[tuple[str, ...], tuple[str, ...]]:
            return gate.waiting(connection, now), outbox.waiting(connection, now)

        runs, replies = await self.database.read(look)
        for conversation_id in runs:
            await self.handle("conversation", conversation_id)
        for conversation_id in replies:
            await self.handle("outbox", conversation_id)
        return await self.clocks.fire() or bool(runs or replies)
