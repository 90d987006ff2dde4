"""The tracer of the engine at work, so that two engines in one process keep their spans apart."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from opentelemetry import trace
from opentelemetry.trace import Tracer


class RecordingTracer(Tracer):
    """A tracer that also takes spans whole, when they are over and nothing hangs on them."""

    @abstractmethod
    def record_span(self, name: str, began: int, attributes: Mapping[str, str | int]) -> None:
        """Record a span under the current one; ``began`` in nanoseconds, it ends now."""
        ...


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


def record_span(name: str, began: int, attributes: Mapping[str, str | int]) -> None:
    """Record a span that is over, under the current one; ``began`` in nanoseconds, it ends now."""
    chosen = tracer()
    if isinstance(chosen, RecordingTracer):
        chosen.record_span(name, began, attributes)
    else:
        chosen.start_span(name, start_time=began, attributes=attributes).end()
