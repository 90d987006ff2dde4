"""Wake-ups between many processes, over PostgreSQL: Procrastinate's queue with LISTEN/NOTIFY.

A job says "look at this conversation" and nothing else, so one that is lost, repeated or late
does no harm: the tables hold the truth, and each worker's sweep finds what no job told of. It is
done when a worker begins; a run that dies is found by its lease, not by its job. Jobs have no
Procrastinate ``lock``: the gate lets one run at a time pass, and a lock would keep a conversation
of a killed worker waiting for the recovery of its job.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from datetime import datetime
from typing import Any

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url

from handrail.core.clock import Clock
from handrail.core.ports import Wake
from handrail.engine.embedded import DRAIN, EmbeddedDispatcher, Handler
from handrail.engine.job_intake import QUEUE, STALLED, JobIntake, cancelled, lost_without_harm
from handrail.store.database import Database
from handrail.store.migrating import LOCK

log = logging.getLogger("handrail.engine")

TASK = "advance"
CONCURRENCY = 100
"""Conversations one worker may run at once."""
CONNECTIONS = 4
"""Connections to PostgreSQL for wake-ups, per process, and one that listens."""
BUSY_CALLS = 1
"""Transactions under way at once that keep PostgreSQL and this process busy."""
PAUSE = 1.0
"""Seconds before a worker whose connection broke tries again."""
_EPOCH = 1_700_000_000


def create_tables(database: Database) -> None:
    """Create Procrastinate's own tables, as its package defines them."""

    def create(connection: Connection) -> None:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        if connection.scalar(text("SELECT to_regclass('procrastinate_jobs')")) is None:
            raw: Any = connection.connection.driver_connection
            raw.execute(SchemaManager.get_schema())  # many statements: SQLAlchemy takes one

    database.write_now(create)


class ProcrastinateDispatcher:
    """A :class:`~handrail.core.ports.Dispatcher` for any number of processes.

    Conversations are woken through the queue, so that any worker may take them, the newest wake-up
    first. What belongs to a reply or a timer is done by the process that was told; another one
    finds it in the tables, should this process go.

    Args:
        database: Whose conversations are run; the queue has connections of its own.
        clock: Tells when a later wake-up is due.
        concurrency: Conversations to run at once.
        drain: Seconds that runs may go on after a cancellation.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        concurrency: int = CONCURRENCY,
        drain: float = DRAIN,
    ) -> None:
        conninfo = (
            make_url(database.url)
            .set(drivername="postgresql")
            .render_as_string(hide_password=False)
        )
        self._clock = clock
        self._local = EmbeddedDispatcher(
            clock, most=concurrency, drain=drain, busy=lambda: database.calls >= BUSY_CALLS
        )
        self._app = App(
            connector=PsycopgConnector(conninfo=conninfo, min_size=1, max_size=CONNECTIONS)
        )
        self._opening = asyncio.Lock()
        self._is_open = False
        self._waking: dict[str, None] = {}
        self._telling: asyncio.Task[None] | None = None

    def wake(self, kind: Wake, subject: str, *, here: bool = False) -> None:
        """Tell the workers of a conversation; deal with anything else in this process."""
        if here or kind != "conversation":
            self._local.wake(kind, subject)
            return
        self._waking[subject] = None
        if self._telling is None:
            self._telling = asyncio.get_running_loop().create_task(self._tell())

    def wake_at(self, moment: datetime, kind: Wake, subject: str) -> None:
        """Call the handler at ``moment``, in this process."""
        self._local.wake_at(moment, kind, subject)

    async def run(self, handler: Handler) -> None:
        """Call the handler for every wake-up until cancelled; then let what runs come to an end."""
        tasks = {
            asyncio.create_task(self._take_jobs()),
            asyncio.create_task(self._take_over_stalled_jobs()),
        }
        local = asyncio.create_task(self._local.run(handler))
        try:
            await asyncio.wait({*tasks, local}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await cancelled(tasks)
            local.cancel()
            await asyncio.wait({local})
        for task in {*tasks, local}:
            if not task.cancelled():
                task.result()  # it ended by itself, which none should: say why

    async def close(self) -> None:
        """Pass on the wake-ups asked for so far, and close the connections."""
        if self._telling is not None:
            await self._telling
        await self._app.close_async()

    async def _open(self) -> None:
        async with self._opening:
            if not self._is_open:
                await self._app.open_async()
                self._is_open = True

    async def _tell(self) -> None:
        """Queue the wake-ups; the newest has the highest priority."""
        try:
            with lost_without_harm("wake-ups were not queued; the sweep finds them"):
                await self._open()
                while self._waking:
                    jobs = [self._job(subject) for subject in reversed(self._waking)]
                    self._waking.clear()
                    await self._queue(jobs)
        finally:
            self._waking.clear()
            self._telling = None

    def _job(self, subject: str) -> Job:
        now = self._clock.now().timestamp()
        deferrer = self._app.configure_task(
            TASK, queue=QUEUE, queueing_lock=subject, priority=int(now) - _EPOCH
        )
        return deferrer.make_new_job(conversation_id=subject, at=now)

    async def _queue(self, jobs: list[Job]) -> None:
        """Queue jobs together; one by one where one of them waits already."""
        try:
            await self._app.job_manager.batch_defer_jobs_async(jobs)
        except AlreadyEnqueued:
            for job in jobs if len(jobs) > 1 else ():
                with suppress(AlreadyEnqueued):
                    await self._app.job_manager.batch_defer_jobs_async([job])

    async def _take_jobs(self) -> None:
        while True:
            with lost_without_harm("the queue cannot be reached; trying again"):
                await self._open()
                await JobIntake(self._app.job_manager, self._local, self._clock).run()
            await asyncio.sleep(PAUSE)

    async def _take_over_stalled_jobs(self) -> None:
        while True:
            await asyncio.sleep(STALLED / 2)
            with lost_without_harm("jobs of stopped workers were not looked for"):
                await self._open()
                manager = self._app.job_manager
                for job in await manager.get_stalled_jobs(
                    queue=QUEUE, seconds_since_heartbeat=STALLED
                ):
                    try:
                        await manager.retry_job(job)
                    except ConnectorException:  # a newer one waits already, or it is done
                        with suppress(ConnectorException):
                            await manager.finish_job(job, Status.FAILED, delete_job=True)
