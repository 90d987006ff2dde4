"""Runs what would hold up the event loop in a few threads of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Final, TypeVar

_T = TypeVar("_T")
THREADS: Final = 2
"""More would only share the cores; what waits for one does not hold up the loop."""
_POOL: Final = ThreadPoolExecutor(THREADS, thread_name_prefix="handrail-aside")


async def aside(work: Callable[[], _T], *, blocks: bool = True) -> _T:
    """Return what ``work`` returns, done in a thread where it ``blocks``, else at once."""
    if not blocks:
        return work()
    return await asyncio.get_running_loop().run_in_executor(_POOL, copy_context().run, work)
