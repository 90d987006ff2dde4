"""What takes long is read in a thread; what is quick is not, for a thread costs more than it."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

import pytest

from handrail.nodes import aside as threads
from handrail.nodes.aside import aside


async def _beats(work: Callable[[], object], *, blocks: bool) -> int:
    """How often another task ran while this work went on."""
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            beats += 1
            await asyncio.sleep(0.005)

    other = asyncio.create_task(beat())
    await asyncio.sleep(0)
    before = beats
    await aside(work, blocks=blocks)
    other.cancel()
    return beats - before


async def test_others_go_on_while_a_slow_model_reads() -> None:
    assert await _beats(lambda: time.sleep(0.2), blocks=True) > 5


async def test_a_quick_model_reads_at_once() -> None:
    assert await _beats(threading.get_ident, blocks=False) == 0
    assert await aside(threading.get_ident, blocks=False) == threading.get_ident()


async def test_few_read_at_a_time() -> None:
    at_work: list[int] = []
    most: list[int] = []

    def work() -> None:
        at_work.append(1)
        most.append(len(at_work))
        time.sleep(0.02)
        at_work.pop()

    await asyncio.gather(*(aside(work) for _ in range(8)))
    assert len(most) == 8
    assert 1 <= max(most) <= threads.THREADS


async def test_what_goes_wrong_in_the_thread_is_raised_here() -> None:
    with pytest.raises(ZeroDivisionError):
        await aside(lambda: 1 // 0)
