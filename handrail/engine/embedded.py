"""The embedded dispatcher: wake-ups inside one process, sleeping until the next one is due."""

from __future__ import annotations

import asyncio
import heapq
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta

from handrail.core.clock import Clock
from handrail.core.ports import Wake

log = logging.getLogger("handrail.engine")

MOST_AT_ONCE = 128
"""Runs that may wait on models and channels at the same time."""
RETRY = timedelta(seconds=1)
"""Pause before a handler that failed is called again."""
LONGEST_SLEEP = 3600.0
"""Seconds; a sleep is cut short by any wake-up."""

Job = tuple[Wake, str]


class EmbeddedDispatcher:
    """A :class:`~handrail.core.ports.Dispatcher` for one process; it remembers nothing."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ready: dict[Job, None] = {}
        self._later: list[tuple[datetime, Wake, str]] = []
        self._running: dict[Job, asyncio.Task[None]] = {}
        self._again: set[Job] = set()
        self._changed = asyncio.Event()

    def wake(self, kind: Wake, subject: str) -> None:
        """Call the handler soon; a job that runs now is called once more afterwards."""
        self._ready[(kind, subject)] = None
        self._changed.set()

    def wake_at(self, moment: datetime, kind: Wake, subject: str) -> None:
        """Call the handler at ``moment``."""
        heapq.heappush(self._later, (moment, kind, subject))
        self._changed.set()

    @property
    def idle(self) -> bool:
        """Whether nothing runs or is due."""
        self._move_due()
        return not self._ready and not self._running

    async def run(self, handler: Callable[[Wake, str], Awaitable[None]]) -> None:
        """Call the handler for every wake-up until cancelled; then stop the calls under way."""
        try:
            while True:
                self._changed.clear()
                self._start_ready(handler)
                # Not wait_for: before Python 3.12 it loses a cancellation that meets a wake-up.
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._seconds_to_next()):
                        await self._changed.wait()
        finally:
            running = list(self._running.values())
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    def _move_due(self) -> None:
        now = self._clock.now()
        while self._later and self._later[0][0] <= now:
            _, kind, subject = heapq.heappop(self._later)
            self._ready[(kind, subject)] = None

    def _start_ready(self, handler: Callable[[Wake, str], Awaitable[None]]) -> None:
        self._move_due()
        for job in list(self._ready):
            if job in self._running:
                del self._ready[job]
                self._again.add(job)
            elif len(self._running) < MOST_AT_ONCE:
                del self._ready[job]
                self._running[job] = asyncio.create_task(self._call(handler, job))

    async def _call(self, handler: Callable[[Wake, str], Awaitable[None]], job: Job) -> None:
        try:
            await handler(*job)
        except Exception:
            log.exception("%s %s failed; trying again in %s", *job, RETRY)
            self.wake_at(self._clock.now() + RETRY, *job)
        finally:
            del self._running[job]
            if job in self._again:
                self._again.discard(job)
                self._ready[job] = None
            self._changed.set()

    def _seconds_to_next(self) -> float:
        if not self._later:
            return LONGEST_SLEEP
        wait = (self._later[0][0] - self._clock.now()).total_seconds()
        return min(max(wait, 0.001), LONGEST_SLEEP)
