"""A span under way: what OpenTelemetry asks of one, without the locks and limits of the SDK's.

A turn opens about ten of them, in one task, with a few attributes each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import time_ns

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Link, Span, SpanContext, Status, StatusCode
from opentelemetry.util.types import Attributes, AttributeValue


class OpenSpan(ReadableSpan, Span):
    """Collects what is said of a piece of work, and hands itself over when that ends.

    What is said after its end is ignored. Of an exception only the type is kept: its text may hold
    a customer's words.
    """

    _attributes: dict[str, AttributeValue]
    _context: SpanContext
    _events: list[Event]
    _links: list[Link]
    _end_time: int | None

    hand_over: Callable[[ReadableSpan], object]
    """Takes the span when it has ended."""

    def get_span_context(self) -> SpanContext:
        """Where it stands in its trace."""
        return self._context

    def is_recording(self) -> bool:
        """Whether the work is still going on."""
        return self._end_time is None

    def set_attributes(self, attributes: Mapping[str, AttributeValue]) -> None:
        """Say several things of it."""
        if self.is_recording():
            self._attributes.update(attributes)

    def set_attribute(self, key: str, value: AttributeValue) -> None:
        """Say one thing of it."""
        self.set_attributes({key: value})

    def add_event(
        self, name: str, attributes: Attributes = None, timestamp: int | None = None
    ) -> None:
        """Tell of something that happened meanwhile."""
        if self.is_recording():
            self._events.append(Event(name, attributes, timestamp))

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        """Point at another span."""
        if self.is_recording():
            self._links.append(Link(context, attributes))

    def update_name(self, name: str) -> None:
        """Call it something else."""
        if self.is_recording():
            self._name = name

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:
        """Say how it went."""
        if self.is_recording():
            whole = status if isinstance(status, Status) else Status(status, description)
            self._status = whole

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,  # noqa: ARG002
    ) -> None:
        """Tell of an exception by its type."""
        kind = type(exception)
        name = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
        self.add_event("exception", {"exception.type": name, **(attributes or {})}, timestamp)

    def end(self, end_time: int | None = None) -> None:
        """Hand it over; a second end is ignored."""
        if self.is_recording():
            self._end_time = end_time or time_ns()
            self.hand_over(self)
