"""Several worker processes on one database, stopped and killed in the middle of a step."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

import handrail
from handrail.core.conversation import Customer
from handrail.core.drafting import Draft
from handrail.core.events import CustomerMessage, Event
from handrail.core.ids import new_id
from handrail.core.ports import DraftRequest
from handrail.desk.settings import Settings
from handrail.desk.testing import Postbox, use
from handrail.engine.service import Engine
from handrail.store import audit

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("backend", ["postgres"])]

QUESTION = "How do I reset my password for the"


class Crew:
    """Worker processes, and a door of the test's own to the same database."""

    def __init__(self, url: str, home: Path, engine: Engine) -> None:
        self.url, self.home, self.engine = url, home, engine
        self.sent = home / "sent.txt"
        self.sent.touch()
        self.workers: list[Process] = []

    async def hire(self, seconds: float, *, drain: float = 20) -> Process:
        """Start a worker whose drafts take so long."""
        script = Path(__file__).with_name("worker_process.py")
        worker = await asyncio.create_subprocess_exec(
            sys.executable,
            script,
            self.url,
            self.home,
            str(seconds),
            self.sent,
            stdout=PIPE,
            env={**os.environ, "DRAIN": str(drain)},
        )
        self.workers.append(worker)
        await self.says(worker, "ready")
        return worker

    async def says(self, worker: Process, word: str) -> None:
        """Wait until a worker says this."""
        assert worker.stdout is not None
        async with asyncio.timeout(40):
            while (line := await worker.stdout.readline()).decode().strip() != word:
                assert line, f"the worker ended before it said {word!r}"

    async def write(self, about: str, *, name: str | None = None) -> None:
        """Let a customer write about a thing."""
        body = CustomerMessage(
            text=f"{QUESTION} {about}",
            address=about,
            customer=Customer(id=f"cust_{about}"),
            verified=True,
        )
        await self.engine.ingest(Event(channel="test", external_id=name or about, body=body))

    async def delivered(self, *things: str, seconds: float = 30) -> float:
        """Wait until replies about these things were delivered; return how long that took."""
        start = time.monotonic()
        await _until(
            lambda: all(f"about {thing}." in self.sent.read_text() for thing in things), seconds
        )
        return time.monotonic() - start

    def replies(self) -> list[str]:
        """Texts of all deliveries, repeated ones too."""
        return [line.partition("\t")[2] for line in self.sent.read_text().splitlines()]

    async def assert_chain(self) -> None:
        """The audit chain holds."""
        assert await self.engine.database.read(audit.verify) == []


@pytest.fixture
async def crew(database_url: str, tmp_path: Path) -> AsyncIterator[Crew]:
    """A crew without workers."""
    async with AsyncExitStack() as stack:
        opening = handrail.open(
            database=database_url, work=False, settings=Settings(home=tmp_path, trace=False)
        )
        made = Crew(database_url, tmp_path, await stack.enter_async_context(opening))
        yield made
        for worker in made.workers:
            if worker.returncode is None:
                worker.send_signal(signal.SIGCONT)
                worker.kill()
                await worker.wait()


async def test_what_a_killed_and_a_stopped_worker_left_is_done_once(crew: Crew) -> None:
    stopped = await crew.hire(2)
    await crew.write("alpha")
    await crew.says(stopped, "drafting")
    stopped.send_signal(signal.SIGSTOP)
    killed = await crew.hire(2)
    await crew.write("beta")
    await crew.says(killed, "drafting")
    killed.kill()
    await crew.hire(0)

    recovery = await crew.delivered("alpha", "beta")

    assert recovery < 20, "a killed worker's conversation waits too long"
    stopped.send_signal(signal.SIGCONT)
    await crew.write("gamma")
    await crew.write("delta")
    await crew.delivered("gamma", "delta")
    await asyncio.sleep(3)  # the stopped worker's draft is long ready
    assert sorted(crew.replies()) == [
        f"Thank you, we read about {thing}." for thing in ("alpha", "beta", "delta", "gamma")
    ]
    assert stopped.returncode is None, "the worker that came back goes on working"
    await crew.assert_chain()


async def test_a_worker_that_is_told_to_stop_ends_its_turn(crew: Crew) -> None:
    leaving = await crew.hire(1)
    await crew.write("alpha")
    await crew.says(leaving, "drafting")
    leaving.terminate()
    await crew.says(leaving, "ended")
    await crew.hire(0)
    await crew.delivered("alpha")

    (turn,) = await crew.engine.database.read(
        lambda c: c.exec_driver_sql("SELECT attempts FROM conversations").scalars().all()
    )
    assert turn == 0
    assert await leaving.wait() == 0
    assert crew.replies() == ["Thank you, we read about alpha."]


async def test_a_turn_that_takes_too_long_goes_to_another_worker_at_once(crew: Crew) -> None:
    leaving = await crew.hire(60, drain=0.1)
    await crew.write("alpha")
    await crew.says(leaving, "drafting")
    await crew.hire(0)
    leaving.terminate()

    assert await crew.delivered("alpha") < 5, "the lease was not given back"
    assert await leaving.wait() == 0
    assert crew.replies() == ["Thank you, we read about alpha."]


async def test_a_rolling_restart_loses_and_repeats_nothing(crew: Crew) -> None:
    names = [f"thing{number}" for number in range(30)]
    working = [await crew.hire(0.05), await crew.hire(0.05)]

    async def customers() -> None:
        for name in names:
            await crew.write(name)
            await crew.write(name)  # the provider sends every message twice
            await asyncio.sleep(0.1)

    writing = asyncio.create_task(customers())
    for old in working:
        await crew.hire(0.05)
        old.terminate()
        assert await old.wait() == 0
    await writing
    await crew.delivered(*names)

    assert sorted(crew.replies()) == sorted(f"Thank you, we read about {name}." for name in names)
    await crew.assert_chain()


class Together:
    """A drafter that answers nobody before a hundred ask."""

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.asked = 0
        self.all = asyncio.Event()

    async def draft(self, request: DraftRequest) -> Draft:
        """Wait for the others."""
        del request
        self.asked += 1
        if self.asked == self.wanted:
            self.all.set()
        await self.all.wait()
        return Draft(id=new_id("dft"), text="Thank you for waiting.", source="template")


async def test_one_worker_has_a_hundred_turns_in_flight(database_url: str, tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, trace=False)
    async with handrail.open(database=database_url, settings=settings, work=True) as engine:
        drafter, postbox = Together(100), Postbox()
        use(engine, drafter=drafter)
        engine.relay.channels = {"test": postbox}
        for number in range(100):
            customer = Customer(id=f"cust_{number}")
            body = CustomerMessage(
                text=f"{QUESTION} shop", address=customer.id, customer=customer, verified=True
            )
            await engine.ingest(Event(channel="test", external_id=customer.id, body=body))
        await _until(lambda: len(postbox.delivered) == 100)

    assert drafter.asked == 100


async def _until(done: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not done():  # noqa: ASYNC110 - any condition of a test
            await asyncio.sleep(0.02)
