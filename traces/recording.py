"""Makes spans: OpenTelemetry's interface over just what a trace shows.

The SDK's own spans copy, check and lock for every kind of exporter. A turn has more than twenty,
and they cost more than its checks; these are a name, two times and a dictionary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import getrandbits
from time import time_ns
from typing import Any, Final

from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    NoOpTracer,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    get_current_span,
)

CONTENT: Final = frozenset(
    {
        "exception.message",
        "exception.stacktrace",
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "gen_ai.system_instructions",
        "gen_ai.tool.call.arguments",
        "gen_ai.tool.call.result",
        "input.value",
        "output.value",
        "url.query",
    }
)
"""Attributes of spans and events that hold what people wrote: a text not kept cannot leak."""

_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
Attributes = Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class SpanEvent:
    """Something that happened within a span."""

    name: str
    at_ns: int
    attributes: Mapping[str, Any]


class RecordedSpan(Span):
    """A span while it is written; at its end it is handed on, once."""

    def __init__(
        self,
        ended: Callable[[RecordedSpan], None],
        name: str,
        *,
        context: SpanContext,
        parent: SpanContext | None,
        kind: SpanKind,
        attributes: Attributes,
        links: Sequence[Link] | None,
        start_ns: int,
    ) -> None:
        self._ended = ended
        self.name = name
        self.context = context
        self.parent = parent
        self.kind = kind
        self.attributes = _without_content(attributes)
        self.links = list(links or ())
        self.events: list[SpanEvent] = []
        self.start_ns = start_ns
        self.end_ns: int | None = None
        self.status = StatusCode.UNSET
        self._paused = False

    def end(self, end_time: int | None = None) -> None:
        """End the span and hand it on."""
        if self.end_ns is None:
            self.end_ns = end_time or time_ns()
            self._ended(self)

    def get_span_context(self) -> SpanContext:
        """Trace id and span id."""
        return self.context

    def is_recording(self) -> bool:
        """Whether the span has not ended."""
        return self.end_ns is None

    def set_attribute(self, key: str, value: Any) -> None:
        """Set one attribute, unless it holds content."""
        if key not in CONTENT and self.end_ns is None:
            self.attributes[key] = value

    def set_attributes(self, attributes: Mapping[str, Any]) -> None:
        """Set attributes, except those that hold content."""
        for key, value in attributes.items():
            self.set_attribute(key, value)

    def add_event(
        self, name: str, attributes: Attributes = None, timestamp: int | None = None
    ) -> None:
        """Add what happened, without content."""
        self.events.append(SpanEvent(name, timestamp or time_ns(), _without_content(attributes)))

    def add_link(self, context: SpanContext, attributes: Attributes = None) -> None:
        """Point to another span."""
        self.links.append(Link(context, attributes))

    def update_name(self, name: str) -> None:
        """Change the name."""
        self.name = name

    def set_status(self, status: Status | StatusCode, description: str | None = None) -> None:  # noqa: ARG002
        """Keep the code; a description may quote a customer. A pause stays without one."""
        code = status.status_code if isinstance(status, Status) else status
        if not self._paused and self.status is not StatusCode.OK:
            self.status = code

    def record_exception(
        self,
        exception: BaseException,
        attributes: Attributes = None,
        timestamp: int | None = None,
        escaped: bool = False,  # noqa: ARG002
    ) -> None:
        """Keep the kind of an error; LangGraph's exception for a pause is none."""
        kinds = [f"{kind.__module__}.{kind.__qualname__}" for kind in type(exception).__mro__]
        if "langgraph.errors.GraphBubbleUp" in kinds:
            self._paused = True
            return
        kind = kinds[0].removeprefix("builtins.")
        self.add_event("exception", {**(attributes or {}), "exception.type": kind}, timestamp)


class Recorder(NoOpTracer):
    """A tracer whose spans are handed to ``ended``; making one current is the interface's own."""

    def __init__(self, ended: Callable[[RecordedSpan], None]) -> None:
        self._ended = ended

    def start_span(  # noqa: PLR0917 - the interface's
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,  # noqa: ARG002
        set_status_on_exception: bool = True,  # noqa: ARG002
    ) -> RecordedSpan:
        """Begin a span below the current one, or below that of ``context``."""
        parent = get_current_span(context).get_span_context()
        known = parent.is_valid
        trace_id = parent.trace_id if known else getrandbits(128)
        return RecordedSpan(
            self._ended,
            name,
            context=SpanContext(trace_id, getrandbits(64), is_remote=False, trace_flags=_SAMPLED),
            parent=parent if known else None,
            kind=kind,
            attributes=attributes,
            links=links,
            start_ns=start_time or time_ns(),
        )


def _without_content(attributes: Attributes) -> dict[str, Any]:
    return {key: value for key, value in (attributes or {}).items() if key not in CONTENT}
