"""Takes jobs from Procrastinate's queue as a worker can begin them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, cast

import psycopg
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Notification, Status
from procrastinate.manager import JobManager
from psycopg_pool import PoolClosed, PoolTimeout

from handrail.core.clock import Clock
from handrail.engine.embedded import EmbeddedDispatcher

log = logging.getLogger("handrail.engine")

QUEUE = "handrail"
FRESH = 1.0
"""Seconds within which a wake-up is of a customer who still looks at the page: it goes first."""
LOOK_AHEAD = 2
"""Jobs a worker takes before it can begin them; the rest waits where a newer one goes first."""
MOST_HELD = 8
"""The same where newer ones were told of meanwhile."""
POLL = 5.0
"""Seconds after which a worker looks for jobs that it was not told of."""
HEARTBEAT = 2.0
"""Seconds between two signs of life of a worker."""
STALLED = 8.0
"""Seconds without a sign of life after which a worker's jobs go to others."""
PATIENCE = 3.0
"""Seconds after which a task that did not end is cancelled again."""
_GONE = (ConnectorException, psycopg.Error, PoolTimeout, PoolClosed, OSError)


class JobIntake:
    """Takes jobs from the queue as a worker begins them.

    Procrastinate's own worker takes a job when it has a free place, and keeps it there. This one
    takes no more than it can soon begin, and where it is told of a newer job it takes that at
    once, whatever waits here already: else the newest would wait behind the places of the oldest.
    """

    def __init__(self, jobs: JobManager, local: EmbeddedDispatcher, clock: Clock) -> None:
        self._jobs = jobs
        self._local = local
        self._clock = clock
        self._held: dict[asyncio.Task[None], Job] = {}
        self._changed = asyncio.Event()
        self._told = False

    async def run(self) -> None:
        """Take jobs until cancelled; those that did not begin go back.

        Raises:
            ConnectorException: the connection broke.
        """
        await self._jobs.prune_stalled_workers(STALLED)
        worker = await self._jobs.register_worker()
        sides = {
            asyncio.create_task(self._show_life(worker)),
            asyncio.create_task(
                self._jobs.listen_for_jobs(on_notification=self._hear, queues=[QUEUE])
            ),
        }
        taking = asyncio.create_task(self._take(worker))
        try:
            await asyncio.wait({*sides, taking}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await cancelled({*sides, taking, *self._held})
            await self._give_back(worker)
        for task in {*sides, taking}:
            if not task.cancelled():
                task.result()

    async def _show_life(self, worker: int) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT)
            await self._jobs.update_heartbeat(worker)

    async def _hear(self, *, channel: str, notification: Notification) -> None:
        del channel
        if notification["type"] == "job_inserted":
            self._told = True
            self._changed.set()

    async def _take(self, worker: int) -> None:
        while True:
            self._told = False
            job = await self._jobs.fetch_job([QUEUE], worker)
            if job is None:
                await self._until(lambda: self._told, seconds=POLL)
                continue
            task = asyncio.create_task(self._begin(job))
            self._held[task] = job
            task.add_done_callback(self._let_go)
            await self._until(lambda: len(self._held) < (MOST_HELD if self._told else LOOK_AHEAD))

    async def _until(self, ready: Callable[[], bool], *, seconds: float | None = None) -> None:
        """Wait until something is so, or for so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not ready():
                    self._changed.clear()
                    await self._changed.wait()

    async def _begin(self, job: Job) -> None:
        given = cast("Mapping[str, Any]", job.task_kwargs)
        fresh = self._clock.now().timestamp() - given.get("at", 0) <= FRESH
        await self._local.begin("conversation", given["conversation_id"], first=fresh)
        await self._jobs.finish_job(job, Status.SUCCEEDED, delete_job=True)

    def _let_go(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            return
        del self._held[task]
        self._changed.set()
        if error := task.exception():
            log.warning("a job was not done: %s", type(error).__name__)

    async def _give_back(self, worker: int) -> None:
        """Let other workers have what did not begin here; where they cannot, the sweep finds it."""
        with lost_without_harm("jobs were not given back"):
            for job in self._held.values():
                with suppress(ConnectorException):  # a newer one waits already
                    await self._jobs.retry_job(job)
            await self._jobs.unregister_worker(worker)


@contextmanager
def lost_without_harm(what: str) -> Generator[None]:
    """Log a broken connection and go on: wake-ups are hints."""
    try:
        yield
    except _GONE as error:
        log.warning("%s: %s", what, type(error).__name__)


async def cancelled(tasks: Collection[asyncio.Task[None]]) -> None:
    """Cancel until all have ended: before Python 3.12 ``wait_for`` can lose a cancellation."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=PATIENCE)
