"""A process that is killed loses nothing and says nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import handrail
from handrail.core.decisions import Approve
from handrail.core.events import CustomerMessage, Event
from handrail.desk.settings import Settings
from handrail.store import audit
from handrail.store import tables as t

# Works until a review is open, says so, and waits to be killed.
WORKER = """
import asyncio, sys
import handrail
from handrail.core.conversation import Customer
from handrail.core.events import CustomerMessage, Event

async def main():
    async with handrail.open() as engine:
        body = CustomerMessage(
            text="Please cancel my order LF1004",
            address="cust_004",
            customer=Customer(id="cust_004"),
            verified=True,
        )
        await engine.ingest(Event(channel="web", external_id="first", body=body))
        while not await engine.reviews():
            await asyncio.sleep(0.02)
        if sys.argv[1] == "approve":
            (review,) = await engine.reviews()
            from handrail.core.decisions import Approve
            await engine.decide(
                review.id, version=1, digest=review.draft.digest, decision=Approve(), actor="kim"
            )
        print("ready", flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


def run_and_kill(home: Path, until: str) -> None:
    """Run a worker until it says that it is ready, then kill it without a warning."""
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, until],
        env={**os.environ, "HANDRAIL_HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    line = worker.stdout.readline()
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    worker.stdout.close()
    assert line.strip() == "ready"


async def test_review_survives_the_kill_and_is_answered_once(tmp_path: Path) -> None:
    run_and_kill(tmp_path, "review")
    async with handrail.open(settings=Settings(home=tmp_path), work=False) as engine:
        await engine.recover()
        (review,) = await engine.reviews()
        assert review.draft is not None
        await engine.decide(
            review.id, version=1, digest=review.draft.digest, decision=Approve(), actor="kim"
        )
        await engine.settle()
        queued = await engine.database.read(lambda c: c.execute(t.outbox.select()).mappings().all())
        assert [row["digest"] for row in queued] == [review.draft.digest]
        assert await engine.database.read(audit.verify) == []


async def test_decision_survives_the_kill_and_counts_once(tmp_path: Path) -> None:
    run_and_kill(tmp_path, "approve")
    async with handrail.open(settings=Settings(home=tmp_path), work=False) as engine:
        await engine.recover()
        await engine.settle()
        assert await engine.reviews() == ()
        queued = await engine.database.read(lambda c: c.execute(t.outbox.select()).all())
        assert len(queued) == 1
        # The same message again, as a sender repeats it who never saw the answer.
        body = CustomerMessage(text="Please cancel my order LF1004", address="cust_004")
        again = await engine.ingest(Event(channel="web", external_id="first", body=body))
        assert again.duplicate
        assert await engine.database.read(audit.verify) == []
