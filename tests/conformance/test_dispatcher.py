"""What every dispatcher keeps: wake-ups reach the handler, and no job runs beside itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from handrail.core.clock import SystemClock
from handrail.core.ports import Dispatcher, Wake
from handrail.engine.preparing import open_dispatcher
from handrail.store.database import Database

Handler = Callable[[Wake, str], Awaitable[None]]


@pytest.fixture
async def dispatcher(database: Database) -> AsyncIterator[Dispatcher]:
    """A new dispatcher: embedded on SQLite, Procrastinate's queue on PostgreSQL."""
    opened = open_dispatcher(database, SystemClock(), concurrency=16, drain=0.2)
    yield opened
    await opened.close()


async def run_while(dispatcher: Dispatcher, handler: Handler, done: Callable[[], bool]) -> None:
    """Run the dispatcher until something has happened."""
    running = asyncio.create_task(dispatcher.run(handler))
    async with asyncio.timeout(20):
        while not done():  # noqa: ASYNC110 - any condition of a test
            await asyncio.sleep(0.005)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_every_wake_up_arrives(dispatcher: Dispatcher) -> None:
    seen: set[str] = set()

    async def handler(kind: Wake, subject: str) -> None:
        assert kind == "conversation"
        seen.add(subject)

    for number in range(500):
        dispatcher.wake("conversation", str(number))
    await run_while(dispatcher, handler, lambda: len(seen) == 500)


async def test_what_waits_already_holds_up_nothing_else(dispatcher: Dispatcher) -> None:
    seen: list[str] = []

    async def handler(kind: Wake, subject: str) -> None:
        assert kind == "conversation"
        seen.append(subject)

    dispatcher.wake("conversation", "first")
    await asyncio.sleep(0.3)  # it is queued; nobody takes it yet
    for subject in ("first", "second", "third"):
        dispatcher.wake("conversation", subject)
    await asyncio.sleep(0.3)
    await run_while(dispatcher, handler, lambda: {"first", "second", "third"} <= set(seen))


async def test_a_job_never_runs_beside_itself(dispatcher: Dispatcher) -> None:
    running, calls = 0, 0

    async def handler(kind: Wake, subject: str) -> None:
        nonlocal running, calls
        del kind, subject
        running += 1
        assert running == 1, "two runs of one conversation at once"
        calls += 1
        if calls < 5:
            dispatcher.wake("conversation", "same")
        await asyncio.sleep(0.01)
        running -= 1

    dispatcher.wake("conversation", "same")
    dispatcher.wake("conversation", "same")
    await run_while(dispatcher, handler, lambda: calls >= 5 and running == 0)


async def test_a_wake_up_during_the_run_is_not_lost(dispatcher: Dispatcher) -> None:
    calls = 0

    async def handler(kind: Wake, subject: str) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            dispatcher.wake(kind, subject)

    dispatcher.wake("outbox", "one")
    await run_while(dispatcher, handler, lambda: calls == 2)


async def test_a_failing_handler_is_called_again(dispatcher: Dispatcher) -> None:
    calls = 0

    async def handler(kind: Wake, subject: str) -> None:
        nonlocal calls
        del kind, subject
        calls += 1
        if calls == 1:
            raise RuntimeError("the database is away")

    dispatcher.wake("conversation", "one")
    await run_while(dispatcher, handler, lambda: calls == 2)


async def test_what_was_overlooked_is_done_here(dispatcher: Dispatcher) -> None:
    seen: list[str] = []

    async def handler(kind: Wake, subject: str) -> None:
        del kind
        seen.append(subject)

    dispatcher.wake("conversation", "overlooked", here=True)
    await run_while(dispatcher, handler, lambda: seen == ["overlooked"])


async def test_what_runs_may_come_to_an_end(dispatcher: Dispatcher) -> None:
    started, ended = asyncio.Event(), list[str]()

    async def handler(kind: Wake, subject: str) -> None:
        del kind
        started.set()
        try:
            await asyncio.sleep(0.05 if subject == "short" else 60)
            ended.append(subject)
        except asyncio.CancelledError:
            ended.append(f"{subject} cancelled")
            raise

    for subject in ("long", "short"):
        dispatcher.wake("conversation", subject)
    running = asyncio.create_task(dispatcher.run(handler))
    await started.wait()
    await asyncio.sleep(0.03)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert ended == ["short", "long cancelled"]


async def test_timers_fire_in_order_and_not_early(dispatcher: Dispatcher) -> None:
    clock, fired = SystemClock(), list[str]()
    start = clock.now()

    async def handler(kind: Wake, subject: str) -> None:
        del kind
        assert clock.now() >= start + timedelta(milliseconds=int(subject))
        fired.append(subject)

    for delay in (300, 100, 200):
        dispatcher.wake_at(start + timedelta(milliseconds=delay), "timers", str(delay))
    await run_while(dispatcher, handler, lambda: len(fired) == 3)
    assert fired == ["100", "200", "300"]
