"""Wake-ups are hints: lost, repeated, reordered and early ones lose and repeat no message."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import handrail
from handrail.core.clock import SystemClock
from handrail.core.conversation import Customer
from handrail.core.events import CustomerMessage, Event
from handrail.core.ports import Dispatcher, Wake
from handrail.desk.settings import Settings
from handrail.desk.testing import Postbox, Writes, use
from handrail.engine.preparing import open_dispatcher
from handrail.store import audit
from handrail.store.database import Database

Tell = Callable[[Dispatcher, Wake, str], None]


def lost(dispatcher: Dispatcher, kind: Wake, subject: str) -> None:
    """Tell nobody."""


def repeated(dispatcher: Dispatcher, kind: Wake, subject: str) -> None:
    """Tell several times, and several processes."""
    for number in range(5):
        dispatcher.wake(kind, subject, here=number % 2 == 0)


def reordered(dispatcher: Dispatcher, kind: Wake, subject: str) -> None:
    """Tell some time later."""
    late = timedelta(seconds=random.random())
    dispatcher.wake_at(SystemClock().now() + late, kind, subject)


class Unreliable:
    """A dispatcher whose wake-ups arrive in another way than they were sent."""

    def __init__(self, inner: Dispatcher, arrive: Tell) -> None:
        self.inner = inner
        self.arrive = arrive

    def wake(self, kind: Wake, subject: str, *, here: bool = False) -> None:
        """Pass on what the sweep found; change everything else."""
        if here:
            self.inner.wake(kind, subject, here=True)
        else:
            self.arrive(self.inner, kind, subject)

    def wake_at(self, moment: datetime, kind: Wake, subject: str) -> None:
        """Arrive at once, which is mostly too early."""
        del moment
        self.arrive(self.inner, kind, subject)

    async def run(self, handler: Callable[[Wake, str], Awaitable[None]]) -> None:
        """Run."""
        await self.inner.run(handler)

    async def close(self) -> None:
        """Close."""
        await self.inner.close()


@pytest.mark.parametrize("arrive", [lost, repeated, reordered])
async def test_every_message_is_answered_once(
    arrive: Tell, database_url: str, tmp_path: Path
) -> None:
    database = Database(database_url)
    inner = open_dispatcher(database, SystemClock(), concurrency=16, drain=5)
    postbox = Postbox()
    async with handrail.open(
        database=database_url,
        settings=Settings(home=tmp_path, trace=False),
        dispatcher=Unreliable(inner, arrive),
    ) as engine:
        use(engine, drafter=Writes("Thank you for asking."))
        engine.relay.channels = {"test": postbox}
        for number in range(12):
            customer = Customer(id=f"cust_{number}")
            body = CustomerMessage(
                text="How do I reset my password?",
                address=customer.id,
                customer=customer,
                verified=True,
            )
            await engine.ingest(Event(channel="test", external_id=customer.id, body=body))
        async with asyncio.timeout(40):
            while len(postbox.delivered) < 12:  # noqa: ASYNC110 - a fake without events
                await asyncio.sleep(0.02)
        assert await engine.database.read(audit.verify) == []

    assert len({call.conversation_id for call in postbox.calls}) == 12
    assert len(postbox.delivered) == 12
    database.close()
