"""A worker for chaos: its model is slow and away at times, its provider fails before and after.

Run as ``python chaos_worker.py URL HOME PROVIDER SEED``; what the provider takes becomes a line of
the file ``PROVIDER``.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import handrail
from handrail.core.drafting import Draft
from handrail.core.ports import Drafter, DraftRequest, Outgoing
from handrail.desk.settings import Settings


class Model:
    """Takes up to a second; one draft in twenty fails."""

    def __init__(self, drafter: Drafter, chance: Random) -> None:
        self.drafter, self.chance = drafter, chance

    async def draft(self, request: DraftRequest) -> Draft:
        """Draft, late or not at all."""
        await asyncio.sleep(self.chance.uniform(0, 1))
        if self.chance.random() < 0.05:
            raise ConnectionError("the model is away")
        return await self.drafter.draft(request)


class Provider:
    """Takes a reply as one line of a file; one call in ten fails, before or after that."""

    name = "test"

    def __init__(self, path: Path, chance: Random) -> None:
        self.path, self.chance = path, chance

    async def deliver(self, outgoing: Outgoing) -> str | None:
        """Take a reply, slowly."""
        await asyncio.sleep(self.chance.uniform(0, 0.2))
        if self.chance.random() < 0.05:
            raise ConnectionError("the provider is away")
        with self.path.open("ab", buffering=0) as file:
            file.write(outgoing.model_dump_json().encode() + b"\n")
        if self.chance.random() < 0.05:
            raise ConnectionError("the provider's answer was lost")
        return None


async def main(url: str, home: str, provider: str, seed: str) -> None:
    """Work until killed."""
    logging.disable(logging.CRITICAL)  # failures are wanted here
    chance = Random(seed)
    settings = Settings(home=Path(home), trace=False)
    async with handrail.open(database=url, settings=settings, work=True) as engine:
        kits: Any = engine.kits
        kits.change(lambda made: replace(made, drafter=Model(made.drafter, chance)))
        engine.relay.channels = {"test": Provider(Path(provider), chance)}
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
