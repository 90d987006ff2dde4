"""An event that breaks every run of it is given to a person after a few tries."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

import handrail
from handrail.core.decisions import Respond
from handrail.core.events import CustomerMessage, Event
from handrail.desk.settings import Settings
from handrail.desk.testing import Fails, World, open_world
from handrail.engine.runner import MOST_ATTEMPTS
from handrail.engine.service import Engine
from handrail.store import audit
from handrail.store import tables as t

POISON = "What is your return policy?"
HARMLESS = "How much is shipping?"

# A server whose graph dies, process and all, on one customer's message.
WORKER = """
import asyncio, os, sys
import handrail
from handrail.desk.settings import Settings
from handrail.language.template_drafter import TemplateDrafter

draft = TemplateDrafter.draft

async def deadly(self, request):
    if "return policy" in request.text:
        os._exit(9)
    return await draft(self, request)

TemplateDrafter.draft = deadly

async def main():
    async with handrail.open() as engine:
        await asyncio.sleep(0.2)
        async with asyncio.timeout(60):
            while await engine.database.read(lambda c: c.exec_driver_sql(
                "SELECT SUM(pending) FROM conversations").scalar()):
                await asyncio.sleep(0.02)

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that keeps the trained classifier."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
async def world(database_url: str, home: Path) -> AsyncGenerator[World]:
    async with open_world(database_url, home) as opened:
        yield opened


async def test_an_exception_each_time(world: World) -> None:
    world.use(drafter=Fails(RuntimeError("broken")))
    await world.ask(POISON)
    review = await world.only_review()
    assert (review.kind, review.reason) == ("failure", "failure:RuntimeError")
    (turn,) = await world.rows(t.turns)
    assert turn["status"] == "failed"
    (row,) = await world.rows(t.conversations)
    assert (row["pending"], row["attempts"]) == (0, 0)
    # The next message fails as well, and still a person answers.
    await world.ask(f"{POISON} Please!")
    review = await world.only_review()
    await world.decide(review, Respond(text="You can return everything within 30 days."))
    await world.work()
    assert world.postbox.delivered == ["You can return everything within 30 days."]
    assert await world.engine.database.read(audit.verify) == []


async def say(engine: Engine, words: str, address: str) -> str:
    body = CustomerMessage(text=words, address=address)
    accepted = await engine.ingest(Event(channel="web", external_id=f"{address}:1", body=body))
    return accepted.conversation_id


async def test_a_process_that_dies_each_time(tmp_path: Path) -> None:
    """Another conversation runs beside it each time, and is answered nevertheless."""
    async with handrail.open(settings=Settings(home=tmp_path), work=False) as engine:
        poisoned = await say(engine, POISON, "ada")
        harmless = await say(engine, HARMLESS, "bea")
    ends = [run_worker(tmp_path)]
    while ends[-1] and len(ends) < 10:
        ends.append(run_worker(tmp_path))
    assert ends == [9] * MOST_ATTEMPTS + [0]  # no more tries than that: nothing spins
    async with handrail.open(settings=Settings(home=tmp_path), work=False) as engine:
        (review,) = await engine.reviews()
        assert (review.conversation_id, review.kind) == (poisoned, "failure")
        assert f"{MOST_ATTEMPTS} tries" in review.explanation
        other = await engine.conversation(harmless)
        assert [message.role for message in other.messages] == ["customer", "ai"]
        words = "You can return everything within 30 days."
        await engine.decide(
            review.id, version=1, digest=None, decision=Respond(text=words), actor="kim"
        )
        await engine.settle()
        mine = await engine.conversation(poisoned)
        assert [message.text for message in mine.messages] == [POISON, words]
        assert await engine.database.read(audit.verify) == []


def run_worker(home: Path) -> int:
    """Run until the process dies, or nothing waits any more."""
    environment = {**os.environ, "HANDRAIL_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", WORKER], env=environment, capture_output=True, check=False
    )
    assert done.returncode in {0, 9}, done.stderr.decode()
    return done.returncode
