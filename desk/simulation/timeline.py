"""Simulated time: what happens when, one thing after the other.

Work under way sleeps here rather than in the event loop, so an hour passes in the time its work
takes. One thing is done until all work has ended or sleeps; then the next, so that the same seed
gives the same story.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

from handrail.core.clock import ManualClock

Act = Callable[[], Awaitable[None]]


class Timeline:
    """A clock, and what is to happen at which moment."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self._acts: list[tuple[datetime, int, Act]] = []
        self._count = 0
        self._busy = 0
        self._rests = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed: BaseException | None = None

    @property
    def next(self) -> datetime | None:
        """When something happens next."""
        return self._acts[0][0] if self._acts else None

    def after(self, seconds: float, act: Act) -> None:
        """Do something so many seconds from now."""
        moment = self.clock.now() + timedelta(seconds=seconds)
        heapq.heappush(self._acts, (moment, self._count, act))
        self._count += 1

    async def advance(self, moment: datetime) -> None:
        """Move to a moment and do what is due by then."""
        self.clock.set(max(moment, self.clock.now()))
        while self._acts and self._acts[0][0] <= self.clock.now():
            _, _, act = heapq.heappop(self._acts)
            await self.do(act())

    async def do(self, work: Awaitable[None]) -> None:
        """Begin work and return when it has ended or sleeps.

        Raises:
            Exception: what work raised that nobody else waited for.
        """

        async def run() -> None:
            await work

        coroutine: Coroutine[Any, Any, None] = run()
        self._busy += 1
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        await self._quiet()

    async def sleep(self, seconds: float) -> None:
        """Let simulated time pass, inside work that :meth:`do` began."""
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def wake() -> None:
            if not woken.done():
                woken.set_result(None)
                self._busy += 1

        self.after(seconds, wake)
        self._rest()
        try:
            await woken
        except asyncio.CancelledError:
            self._busy += 1
            raise

    def close(self) -> None:
        """Give up what still sleeps."""
        for task in self._tasks:
            task.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._failed = task.exception()
        self._rest()

    def _rest(self) -> None:
        self._busy -= 1
        self._rests.set()

    async def _quiet(self) -> None:
        while self._busy:
            self._rests.clear()
            await self._rests.wait()
        if self._failed is not None:
            error, self._failed = self._failed, None
            raise error
