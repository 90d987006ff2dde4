"""The tracer of the engine at work, so that two engines in one process keep their spans apart."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from opentelemetry import trace
from opentelemetry.trace import Tracer

Record = Callable[[str, int, Mapping[str, str | int]], None]
"""Records a span by its name, its begin in nanoseconds and its attributes; it ends now."""


class RecordingTracer(Tracer):
    """A tracer that also takes spans whole, when they are over and nothing hangs on them."""

    @abstractmethod
    def recording(self) -> Record:
        """Return what records spans under the current one."""
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


def recording() -> Record | None:
    """Return what records spans under the current one; ``None`` where nobody wants them."""
    if not trace.get_current_span().is_recording():
        return None
    chosen = tracer()
    if isinstance(chosen, RecordingTracer):
        return chosen.recording()
    return lambda name, began, attributes: chosen.start_span(
        name, start_time=began, attributes=attributes
    ).end()
