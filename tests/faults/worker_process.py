"""A worker of its own process, for tests that stop and kill it: slow to draft, says what it does.

Run as ``python worker_process.py URL HOME SECONDS SENT``: drafting takes so many seconds, and
each delivery becomes a line of the file ``SENT``.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import handrail
from handrail.core.drafting import Draft
from handrail.core.ids import new_id
from handrail.core.ports import DraftRequest, Outgoing
from handrail.desk.settings import Settings
from handrail.desk.testing import use


class SlowDrafter:
    """Says that it drafts, then takes its time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    async def draft(self, request: DraftRequest) -> Draft:
        """Write a reply that the guardrails pass."""
        print("drafting", flush=True)
        await asyncio.sleep(self.seconds)
        said = request.text.split()[-1]
        return Draft(id=new_id("dft"), text=f"Thank you, we read about {said}.", source="template")


class File:
    """A channel that writes into a file; a line is written whole or not at all."""

    name = "test"

    def __init__(self, path: Path) -> None:
        self.path = path

    async def deliver(self, outgoing: Outgoing) -> str | None:
        """Write the reply's id and text."""
        with self.path.open("a") as file:
            file.write(f"{outgoing.id}\t{outgoing.text}\n")
        return None


async def main(url: str, home: str, seconds: str, sent: str) -> None:
    """Work until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    settings = Settings(home=Path(home), drain_seconds=float(os.environ.get("DRAIN", "20")))
    async with handrail.open(database=url, settings=settings, work=True) as engine:
        use(engine, drafter=SlowDrafter(float(seconds)))
        engine.relay.channels = {"test": File(Path(sent))}
        print("ready", flush=True)
        await stop.wait()
    print("ended", flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
