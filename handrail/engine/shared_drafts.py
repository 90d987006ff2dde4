"""Drafts in writing between the processes on one PostgreSQL database, by LISTEN and NOTIFY.

A desk says every few seconds which conversations are open there, and at once when that changes;
who writes for one of them answers with the text so far, and tells of it while it grows. So a
message that is lost, or a connection, costs a moment of the picture; a desk or a writer that died
is forgotten. Where no conversation is open at a desk, nothing is sent at all.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from handrail.core.errors import HandrailError
from handrail.core.ids import new_id
from handrail.core.storable import storable
from handrail.engine.writing import DraftsInWriting, Watcher
from handrail.store.database import CONNECT_SECONDS, Database

log = logging.getLogger("handrail.engine")

LOOKING = "handrail_looking"
"""Channel on which desks say what is open: the process, then the conversations."""
WRITING = "handrail_writing"
"""Channel of the drafts: the process, the conversation, and the text unless it is over."""
PACE = 0.25
"""Least seconds between two messages about one conversation."""
BEAT = 5.0
"""Seconds after which a desk says again what is open."""
FORGOTTEN = 3 * BEAT
"""Seconds after which what was not said again holds no longer."""
MOST_BYTES = 7_900
"""Bytes of a message; PostgreSQL takes fewer than 8,000."""
MOST_OPEN = 100
"""Conversations, those opened last, of which one desk process sees what others write."""
PAUSE = 1.0
"""Seconds before a lost connection is tried again."""
_KEEPALIVE: dict[str, Any] = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
}

# The lock that PostgreSQL holds for NOTIFY until a commit is over is not held for the disk.
_UNSYNCED = text("SET LOCAL synchronous_commit = off")
_NOTIFY = text("SELECT pg_notify(:channel, :payload)")


class SharedDrafts(DraftsInWriting):
    """Drafts in writing of all processes on a PostgreSQL database.

    What it sends goes through the database's own connections, at most four times a second; for
    listening it has one of its own, from :meth:`start` or from the first watcher on.
    """

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        self._name = new_id("wrt")
        self._heard: dict[str, tuple[str, float]] = {}
        """Texts that other processes write, and until when that holds."""
        self._looking: dict[str, tuple[frozenset[str], float]] = {}
        """What is open in other processes, and until when that holds."""
        self._due: set[str] = set()
        self._look_due = False
        self._news = asyncio.Event()
        self._tasks: tuple[asyncio.Task[None], ...] = ()

    def start(self) -> None:
        """Begin to listen, unless it was begun."""
        if not self._tasks:
            self._tasks = (
                asyncio.create_task(self._listen(), name="handrail-drafts-listen"),
                asyncio.create_task(self._speak(), name="handrail-drafts-speak"),
            )

    async def close(self) -> None:
        """Stop listening."""
        tasks, self._tasks = self._tasks, ()
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    def watched(self, conversation_id: str) -> bool:
        """Say whether anybody has the conversation open, here or at another desk."""
        return super().watched(conversation_id) or self._watched_elsewhere(conversation_id)

    def _watched_elsewhere(self, conversation_id: str) -> bool:
        return any(conversation_id in opened for opened, _ in self._looking.values())

    def text(self, conversation_id: str) -> str | None:
        """Return what is written so far, here or elsewhere; long ones lack their beginning."""
        here = super().text(conversation_id)
        return here if here is not None else self._heard.get(conversation_id, (None,))[0]

    @contextmanager
    def watching(self, conversation_id: str, watcher: Watcher) -> Generator[None]:
        """Watch as within one process, and let the other processes know."""
        self.start()
        try:
            with super().watching(conversation_id, watcher):
                self._look()
                yield
        finally:
            if not super().watched(conversation_id):
                self._heard.pop(conversation_id, None)
            self._look()

    def _look(self) -> None:
        self._look_due = True
        self._news.set()

    def _changed(self, conversation_id: str) -> None:
        super()._changed(conversation_id)
        self._due.add(conversation_id)
        self._news.set()

    # What others say

    async def _listen(self) -> None:
        address = make_url(self._database.url).set(drivername="postgresql")
        conninfo = address.render_as_string(hide_password=False)
        told = False  # once for each time that it is lost
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(
                    conninfo, autocommit=True, connect_timeout=CONNECT_SECONDS, **_KEEPALIVE
                ) as connection:
                    await connection.execute(f"LISTEN {LOOKING}")
                    await connection.execute(f"LISTEN {WRITING}")
                    told = False
                    if self._watchers:  # what was said meanwhile is said again
                        self._look()
                    async for notice in connection.notifies():
                        self._hear(notice.channel, notice.payload)
            except (psycopg.Error, OSError) as error:
                if not told:
                    told = True
                    log.warning(
                        "drafts that other processes write cannot be seen; trying again: %s",
                        type(error).__name__,
                    )
            await asyncio.sleep(PAUSE)

    def _hear(self, channel: str, payload: str) -> None:
        process, _, said = payload.partition(" ")
        if process == self._name:
            return
        until = time.monotonic() + FORGOTTEN
        if channel == WRITING:
            conversation_id, more, draft = said.partition(" ")
            self._hear_draft(conversation_id, (draft, until) if more else None)
        elif opened := frozenset(said.split()):
            self._looking[process] = (opened, until)
            self._due |= opened & self.texts.keys()
            self._news.set()
        else:
            self._looking.pop(process, None)

    def _hear_draft(self, conversation_id: str, draft: tuple[str, float] | None) -> None:
        before = self.text(conversation_id)
        if draft is None:
            self._heard.pop(conversation_id, None)
        elif super().watched(conversation_id):
            self._heard[conversation_id] = draft
        if self.text(conversation_id) != before:
            self._tell(conversation_id)

    def _forget(self, now: float) -> None:
        """Let go of what processes said that are gone."""
        for process, (_, until) in tuple(self._looking.items()):
            if until < now:
                del self._looking[process]
        for conversation_id, (_, until) in tuple(self._heard.items()):
            if until < now:
                self._hear_draft(conversation_id, None)

    # What this process says

    async def _speak(self) -> None:
        beat = time.monotonic() + BEAT
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, beat - time.monotonic())):
                    await self._news.wait()
            self._news.clear()
            if (now := time.monotonic()) >= beat:
                beat = now + BEAT
                self._forget(now)
                self._look_due = self._look_due or bool(self._watchers)
            if messages := self._messages():
                await self._notify(messages)
                await asyncio.sleep(PACE)

    def _messages(self) -> list[dict[str, str]]:
        due, self._due = self._due, set()
        said = [
            {"channel": WRITING, "payload": self._picture(conversation_id)}
            for conversation_id in due
            if self._watched_elsewhere(conversation_id)
        ]
        if self._look_due:
            self._look_due = False
            opened = [self._name, *tuple(self._watchers)[-MOST_OPEN:]]
            said.append({"channel": LOOKING, "payload": " ".join(opened)})
        return said

    def _picture(self, conversation_id: str) -> str:
        """Put what is written so far in a message; of a long text, the newest part."""
        head, draft = f"{self._name} {conversation_id}", self.texts.get(conversation_id)
        return head if draft is None else f"{head} {newest_part(draft, MOST_BYTES - len(head))}"

    async def _notify(self, messages: list[dict[str, str]]) -> None:
        def notify(connection: Connection) -> None:
            connection.execute(_UNSYNCED)
            connection.execute(_NOTIFY, messages)

        try:
            await self._database.write(notify)
        except (HandrailError, SQLAlchemyError) as error:
            # Its kind only: what a driver says of a statement may quote the draft.
            log.warning("drafts in writing were not told of: %s", type(error).__name__)


def newest_part(draft: str, most: int) -> str:
    """Shorten a text from its beginning to so many bytes of UTF-8, with ``…`` in their place."""
    raw = storable(draft).encode()
    if len(raw) < most:
        return raw.decode()
    return "…" + raw[4 - most :].decode(errors="ignore")
