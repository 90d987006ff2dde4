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
DRAIN = 10.0
"""How long what runs may go on after the dispatcher was told to stop, in seconds."""
BUSY = 0.002
"""Seconds that one round of the event loop takes where the processor is busy."""
FEW = 4
"""Handlers that run at once without making each other slow."""
RETRY = timedelta(seconds=1)
"""Pause before a handler that failed is called again."""
LONGEST_SLEEP = 3600.0
"""Seconds; a sleep is cut short by any wake-up."""

Handler = Callable[[Wake, str], Awaitable[None]]
Job = tuple[Wake, str]


class EmbeddedDispatcher:
    """A :class:`~handrail.core.ports.Dispatcher` for one process; it remembers nothing.

    What is begun is ended first: replies leave and timers fire before another conversation is
    run. Of the conversations the newest wake-up goes first: with more to do than can be done,
    customers who are still there are answered, and the sweep brings up those who wait longest.

    Args:
        clock: Tells when a later wake-up is due.
        most: How many handlers may run at once.
        drain: Seconds that handlers may go on after a cancellation; then they are cancelled too.
        busy: Whether what runs keeps something busy that this process's loop does not show.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        most: int = MOST_AT_ONCE,
        drain: float = DRAIN,
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        self._busy = busy
        self._clock = clock
        self._most = most
        self._drain = drain
        self._first: dict[Job, None] = {}
        self._ready: dict[Job, None] = {}
        self._later: list[tuple[datetime, Wake, str]] = []
        self._running: dict[Job, asyncio.Task[None]] = {}
        self._again: set[Job] = set()
        self._begun: dict[Job, asyncio.Future[None]] = {}
        self._changed = asyncio.Event()

    def wake(self, kind: Wake, subject: str, *, here: bool = False) -> None:
        """Call the handler soon; a job that runs now is called once more afterwards."""
        del here
        job = (kind, subject)
        if job in self._running:
            self._again.add(job)
            return
        self._forget(job)
        (self._ready if kind == "conversation" else self._first)[job] = None
        self._changed.set()

    def wake_at(self, moment: datetime, kind: Wake, subject: str) -> None:
        """Call the handler at ``moment``."""
        heapq.heappush(self._later, (moment, kind, subject))
        self._changed.set()

    async def begin(self, kind: Wake, subject: str, *, first: bool = False) -> None:
        """Wake, and return when the handler is called; at once where it runs and will be again.

        ``first``: it goes before what waits for the processor, unless much runs already.
        """
        job = (kind, subject)
        self.wake(kind, subject)
        if job not in self._running:
            if first and len(self._running) < FEW:
                self._first[job] = self._ready.pop(job, None)
            begun = self._begun.setdefault(job, asyncio.get_running_loop().create_future())
            await asyncio.shield(begun)

    @property
    def idle(self) -> bool:
        """Whether nothing runs or is due."""
        self._move_due()
        return not self._first and not self._ready and not self._running

    async def run(self, handler: Handler) -> None:
        """Call the handler for every wake-up until cancelled; then let what runs come to an end."""
        try:
            while True:
                self._changed.clear()
                await self._start_ready(handler)
                # Not wait_for: before Python 3.12 it loses a cancellation that meets a wake-up.
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._seconds_to_next()):
                        await self._changed.wait()
        finally:
            await self._stop_running()

    async def close(self) -> None:
        """Nothing is open."""

    async def _stop_running(self) -> None:
        running = set(self._running.values())
        if running:
            _, late = await asyncio.wait(running, timeout=self._drain)
            for task in late:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    def _move_due(self) -> None:
        now = self._clock.now()
        while self._later and self._later[0][0] <= now:
            _, kind, subject = heapq.heappop(self._later)
            self.wake(kind, subject)

    async def _start_ready(self, handler: Handler) -> None:
        self._move_due()
        while (self._first or self._ready) and len(self._running) < self._most:
            if not self._first:
                await self._calm()
            job = next(iter(self._first or reversed(self._ready)))
            self._forget(job)
            self._running[job] = asyncio.create_task(self._call(handler, job))
            if begun := self._begun.pop(job, None):
                begun.set_result(None)

    def _forget(self, job: Job) -> None:
        self._first.pop(job, None)
        self._ready.pop(job, None)

    async def _calm(self) -> None:
        """Wait until what runs leaves the processor and the database some time.

        Runs that wait on a model cost none, so many may wait at once; of those that compute, more
        than a few would only make each other slow, and a newer wake-up could not go before them.
        """
        loop = asyncio.get_running_loop()
        calm = False
        while not calm and not self._first:
            begin = loop.time()
            await asyncio.sleep(BUSY / 2 if self._busy() else 0)
            calm = loop.time() - begin <= BUSY and not self._busy()

    async def _call(self, handler: Handler, job: Job) -> None:
        try:
            await handler(*job)
        except Exception:
            log.exception("%s %s failed; trying again in %s", *job, RETRY)
            self.wake_at(self._clock.now() + RETRY, *job)
        finally:
            del self._running[job]
            if job in self._again:
                self._again.discard(job)
                self.wake(*job)
            self._changed.set()

    def _seconds_to_next(self) -> float:
        if not self._later:
            return LONGEST_SLEEP
        wait = (self._later[0][0] - self._clock.now()).total_seconds()
        return min(max(wait, 0.001), LONGEST_SLEEP)
