"""Fires what is due: timers, and the end of conversations that have gone quiet.

Any number of workers may fire the same timer at once. Each locks the conversation first; the one
that still finds the timer running marks it and ingests its event, in one transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection

from handrail.core.clock import Clock
from handrail.core.events import Event, TimerFired
from handrail.core.ports import Dispatcher
from handrail.engine.deadlines import DUE, REMINDER, SNOOZE_OVER
from handrail.engine.ingest import ingest
from handrail.engine.kit import Kits
from handrail.engine.timeouts import IDLE
from handrail.store import conversations, reviews, timers
from handrail.store.database import Database
from handrail.store.prepared import Row

log = logging.getLogger("handrail.engine")

_OF_REVIEWS = (DUE, REMINDER, SNOOZE_OVER)


class Clocks:
    """The clocks of all conversations; they are rows, so nothing is remembered here."""

    def __init__(
        self, *, database: Database, clock: Clock, kits: Kits, dispatcher: Dispatcher
    ) -> None:
        self._database = database
        self._clock = clock
        self._kits = kits
        self._dispatcher = dispatcher

    def any_due(self, connection: Connection, now: datetime) -> bool:
        """Whether there is something to fire."""
        return timers.any_due(connection, now) or bool(self._quiet(connection, now))

    async def fire(self) -> bool:
        """Fire what is due; say whether anything was fired here."""
        now = self._clock.now()
        due, quiet = await self._database.read(lambda c: (timers.due(c, now), self._quiet(c, now)))
        done = [await self._try(self.fire_timer(timer), timer["id"]) for timer in due]
        done += [await self._try(self.close_quiet(name), name) for name in quiet]
        return any(done)

    async def _try(self, work: Awaitable[bool], name: str) -> bool:
        """What fails is tried again with the next sweep, and stands in nobody's way."""
        try:
            return await work
        except Exception:
            log.exception("the timer of %s failed; it is tried again", name)
            return False

    async def fire_timer(self, timer: Row) -> bool:
        """Fire a timer, unless that was done or it was put off since it was seen."""
        now, release = self._clock.now(), self._kits.active.release
        conversation_id, kind, subject = (
            timer["conversation_id"],
            timer["kind"],
            timer["subject"],
        )

        def work(connection: Connection) -> bool:
            # The conversation before the timer, as everybody locks them: no deadlock.
            conversations.locked(connection, conversation_id)
            if not timers.take(connection, timer["id"], now):
                return False
            if kind not in _OF_REVIEWS or reviews.is_open(connection, subject):
                event = _event(timer["id"], conversation_id, kind, subject)
                ingest(connection, event, now, release)
            return True

        return await self._write(conversation_id, work)

    async def close_quiet(self, conversation_id: str) -> bool:
        """Close a conversation, unless it is not quiet any more."""
        now, release = self._clock.now(), self._kits.active.release
        before = self._before(now)

        def work(connection: Connection) -> bool:
            row = conversations.locked(connection, conversation_id)
            if before is None or not conversations.is_quiet(connection, conversation_id, before):
                return False
            # Any event makes the number grow, so each silence has a name of its own.
            name = f"{IDLE}:{conversation_id}:{row['seq']}"
            ingest(connection, _event(name, conversation_id, IDLE, conversation_id), now, release)
            return True

        return await self._write(conversation_id, work)

    async def _write(self, conversation_id: str, work: Callable[[Connection], bool]) -> bool:
        fired = await self._database.write(work)
        if fired:
            self._dispatcher.wake("conversation", conversation_id)
        return fired

    def _quiet(self, connection: Connection, now: datetime) -> tuple[str, ...]:
        before = self._before(now)
        return () if before is None else conversations.quiet(connection, before)

    def _before(self, now: datetime) -> datetime | None:
        hours = self._kits.active.release.playbook.conversations.close_after_hours
        return None if hours is None else now - timedelta(hours=hours)


def _event(name: str, conversation_id: str, kind: str, subject: str) -> Event:
    return Event(
        channel="timer",
        external_id=name,
        conversation_id=conversation_id,
        body=TimerFired.model_validate({"timer": kind, "subject": subject}),
    )
