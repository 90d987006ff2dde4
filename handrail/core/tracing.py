"""The tracer of the engine at work, so that two engines in one process keep their spans apart."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from opentelemetry import trace
from opentelemetry.trace import Tracer

_current: ContextVar[Tracer | None] = ContextVar("handrail_tracer", default=None)
_global = trace.get_tracer("handrail")


def tracer() -> Tracer:
    """Return the tracer of the engine whose work this is; the process's own elsewhere."""
    return _current.get() or _global


@contextmanager
def traced_by(chosen: Tracer | None) -> Generator[None]:
    """Let everything in the block, and the tasks it starts, be traced by ``chosen``."""
    token = _current.set(chosen)
    try:
        yield
    finally:
        _current.reset(token)
