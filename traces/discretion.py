"""Keeps customers' words out of spans, and waits for people out of the errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Status, StatusCode
from opentelemetry.util.types import Attributes, AttributeValue

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
"""Attributes of spans and events that hold what people wrote; other packages set them too."""

_PAUSES = (".GraphInterrupt", ".GraphBubbleUp", ".NodeInterrupt", ".ParentCommand")
_TYPE = "exception.type"


class Discreet(SpanExporter):
    """Passes spans on without content; a text that is not stored cannot leak."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Pass the spans on."""
        return self._exporter.export([discreet(span) for span in spans])

    def shutdown(self) -> None:
        """Shut the exporter behind down."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Flush the exporter behind."""
        return self._exporter.force_flush(timeout_millis)


def discreet(span: ReadableSpan) -> ReadableSpan:
    """Leave content out of a span; LangGraph's exception for a pause is not an error."""
    if not span.events and CONTENT.isdisjoint(span.attributes or ()):
        return span
    events = [event for event in span.events if not _is_pause(event)]
    paused = len(events) < len(span.events)
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_without_content(span.attributes),
        events=[
            Event(event.name, _without_content(event.attributes), event.timestamp)
            for event in events
        ],
        links=span.links,
        kind=span.kind,
        status=Status(StatusCode.UNSET if paused else span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _is_pause(event: Event) -> bool:
    kind = (event.attributes or {}).get(_TYPE)
    return isinstance(kind, str) and f".{kind}".endswith(_PAUSES)


def _without_content(attributes: Attributes) -> Mapping[str, AttributeValue]:
    return {key: value for key, value in (attributes or {}).items() if key not in CONTENT}
