"""The embedded dispatcher stops when it is told to, even if a wake-up comes at that moment."""

from __future__ import annotations

import asyncio

from handrail.core.clock import SystemClock
from handrail.engine.embedded import EmbeddedDispatcher


async def test_a_wake_up_does_not_swallow_the_cancellation() -> None:
    dispatcher = EmbeddedDispatcher(SystemClock())

    async def handle(kind: str, subject: str) -> None:
        """Nothing is to be done."""

    running = asyncio.create_task(dispatcher.run(handle))
    await asyncio.sleep(0.01)
    dispatcher.wake("conversation", "cnv_x")
    running.cancel()
    done, _ = await asyncio.wait({running}, timeout=2)
    assert running in done
