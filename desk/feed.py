"""Live changes: one look at the database for all pages that are open, as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from handrail.engine.service import Engine
from handrail.engine.views import Change

MOST_REPLAYED = 500
"""Changes a page is told after a gap; after more it loads itself anew."""
QUEUE = 1_000
"""Changes that wait for a slow page; then it is sent away, and comes back by itself."""
BEAT_SECONDS = 15.0
"""A sign of life this often, so that proxies keep the connection and a lost page is noticed."""

_Queue = asyncio.Queue["Change | Grown | None"]
"""Changes, and that a draft has grown; ``None`` at the end."""


@dataclass
class Grown:
    """A draft that a page looks at has grown; it waits once for the page, however often it did."""

    conversation_id: str
    waits: bool = False


@dataclass(frozen=True)
class BeingWritten:
    """A draft as far as a model has written it; unverified, and stored nowhere."""

    conversation_id: str
    text: str | None
    """``None``: nothing more is written."""


class Feed:
    """Hands each change to every page that listens; looks only while one does."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._listeners: set[_Queue] = set()
        self._task: asyncio.Task[None] | None = None
        self._closed = asyncio.Event()

    async def _follow(self, after: int) -> None:
        async for change in self._engine.changes(after):
            for queue in tuple(self._listeners):
                self._offer(queue, change)

    def _offer(self, queue: _Queue, change: Change | Grown | None) -> None:
        try:
            queue.put_nowait(change)
        except asyncio.QueueFull:
            self._listeners.discard(queue)
            queue.get_nowait()
            queue.put_nowait(None)

    async def listen(
        self, after: int | None, *, drafts_of: str | None = None
    ) -> AsyncGenerator[Change | BeingWritten | str]:
        """Yield changes after one that is known (or from now on), and ``beat`` in between.

        ``reset`` says that too many were missed. Ends when the server stops or the listener is
        too slow. ``drafts_of`` names the conversation that is open, and has its draft told of
        while a model writes it: never for a customer.
        """
        newest = await self._engine.last_change()
        start = newest if after is None or after > newest else after
        queue: _Queue = asyncio.Queue(QUEUE)
        self._listeners.add(queue)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._follow(newest))
        try:
            missed = await self._engine.changes_after(start, limit=MOST_REPLAYED + 1)
            if len(missed) > MOST_REPLAYED:
                yield "reset"
                missed = ()
            last = newest
            for change in missed:
                last = change.id
                yield change
            with self._drafts(queue, drafts_of) if drafts_of else nullcontext():
                async for item in self._live(queue, last):
                    yield item
        finally:
            self._listeners.discard(queue)
            if not self._listeners:
                self._stop()

    def _stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()

    @contextmanager
    def _drafts(self, queue: _Queue, conversation_id: str) -> Generator[None]:
        grown = Grown(conversation_id)

        def note() -> None:
            if not grown.waits:
                grown.waits = True
                self._offer(queue, grown)

        with self._engine.writing.watching(conversation_id, note):
            yield

    async def _live(self, queue: _Queue, last: int) -> AsyncGenerator[Change | BeingWritten | str]:
        yield "beat"
        while not self._closed.is_set():
            try:
                async with asyncio.timeout(BEAT_SECONDS):
                    change = await queue.get()
            except TimeoutError:
                yield "beat"
                continue
            if change is None:
                return
            if isinstance(change, Grown):
                change.waits = False
                known = change.conversation_id
                yield BeingWritten(known, self._engine.writing.text(known))
            elif change.id > last:
                yield change

    async def close(self) -> None:
        """Send all listeners away."""
        self._closed.set()
        for queue in tuple(self._listeners):
            self._offer(queue, None)
        self._stop()
