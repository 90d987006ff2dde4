"""Tracing of one process: OpenTelemetry spans on their way into the database."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import version
from time import time_ns
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace import Tracer as SdkTracer
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, TraceFlags, Tracer
from opentelemetry.util.types import Attributes

from handrail.core.attributes import VERSION
from handrail.core.errors import ConfigurationError
from handrail.core.tracing import Record, RecordingTracer
from handrail.store.database import Database
from handrail.traces.discretion import Discreet
from handrail.traces.exporting import SpanStore
from handrail.traces.open_span import OpenSpan

QUEUE = 20_000
"""Spans that may wait for the database: at about 25 spans a turn, a burst of 800 turns."""
BATCH = 256
DELAY_MS = 500
"""A span is stored this long after its end; a killed process loses no more than that."""

_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_OTLP_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class Tracing:
    """Makes spans and stores them; one for each open database."""

    def __init__(self, database: Database, *, queue: int = QUEUE) -> None:
        collector = _collector()
        self._store = SpanStore(database)
        self._batches = _CountingProcessor(self._store, queue)
        self.provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=Resource.create(
                {"service.name": "handrail", "service.version": version("handrail")}
            ),
        )
        self.provider.add_span_processor(self._batches)
        if collector is not None:
            self.provider.add_span_processor(BatchSpanProcessor(Discreet(collector)))
        self.tracer: Tracer = _StoringTracer(self.provider.get_tracer("handrail", VERSION))
        """What makes the spans; given to the engine, which knows only OpenTelemetry's interface."""

    @property
    def dropped(self) -> int:
        """Spans that ended and are not stored: the queue was full, or the database refused."""
        return self._batches.dropped + self._store.refused

    def flush(self) -> None:
        """Store every span that has ended by now."""
        self.provider.force_flush()

    def close(self) -> None:
        """Store what has ended and stop; spans that end later are dropped and counted."""
        self.provider.shutdown()


def start_tracing(database: Database) -> Tracing:
    """Begin to store spans in a database.

    Set ``OTEL_EXPORTER_OTLP_ENDPOINT`` to send them to a collector as well. OpenTelemetry's global
    provider stays the application's own.

    Args:
        database: At the newest revision; spans are written by a connection of their own.

    Raises:
        ConfigurationError: a collector is set and the extra ``otlp`` is not installed.
    """
    return Tracing(database)


def _collector() -> SpanExporter | None:
    if not any(map(os.environ.get, _OTLP_ENDPOINTS)):
        return None
    try:
        module = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"{' or '.join(_OTLP_ENDPOINTS)} asks for a collector: install handrail[otlp], or "
            "unset the variable"
        ) from error
    exporter: SpanExporter = module.OTLPSpanExporter()
    return exporter


class _StoringTracer(RecordingTracer):
    """Makes spans as the SDK's tracer does, of a lighter kind: each turn has dozens."""

    def __init__(self, sdk: Tracer) -> None:
        assert isinstance(sdk, SdkTracer)
        self._sdk = sdk
        self._scope = InstrumentationScope("handrail", VERSION)

    def start_span(  # noqa: PLR0917 - OpenTelemetry's signature
        self,
        name: str,
        context: Context | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        start_time: int | None = None,
        record_exception: bool = True,  # noqa: ARG002 - for who makes it the current one
        set_status_on_exception: bool = True,  # noqa: ARG002
    ) -> Span:
        """Start a span under that of the context, or a trace of its own."""
        span = OpenSpan(
            name,
            *self._place(trace.get_current_span(context).get_span_context()),
            resource=self._sdk.resource,
            attributes=dict(attributes or {}),
            events=[],
            links=list(links or ()),
            kind=kind,
            start_time=start_time or time_ns(),
            instrumentation_scope=self._scope,
        )
        span.hand_over = self._sdk.span_processor.on_end
        return span

    def start_as_current_span(
        self,
        *given: Any,
        record_exception: bool = True,
        set_status_on_exception: bool = True,
        end_on_exit: bool = True,
        **options: Any,
    ) -> Any:
        """Start a span that others hang on."""
        return trace.use_span(
            self.start_span(*given, **options),
            end_on_exit,
            record_exception,
            set_status_on_exception,
        )

    def recording(self) -> Record:
        """Return what hands the processors spans under the current one."""
        parent = trace.get_current_span().get_span_context()
        hand_over, resource = self._sdk.span_processor.on_end, self._sdk.resource

        def record(name: str, began: int, attributes: Mapping[str, str | int]) -> None:
            span = ReadableSpan(
                name,
                *self._place(parent),
                resource=resource,
                attributes=attributes,
                start_time=began,
                end_time=time_ns(),
                instrumentation_scope=self._scope,
            )
            hand_over(span)

        return record

    def _place(self, parent: SpanContext) -> tuple[SpanContext, SpanContext | None]:
        """A new place in a trace, and the one that it is under."""
        ids = self._sdk.id_generator
        within = parent if parent.is_valid else None
        place = SpanContext(
            within.trace_id if within else ids.generate_trace_id(),
            ids.generate_span_id(),
            is_remote=False,
            trace_flags=_SAMPLED,
        )
        return place, within


class _CountingProcessor(BatchSpanProcessor):
    """The SDK's batches behind a door that counts: its own queue drops with a log line only."""

    def __init__(self, store: SpanStore, queue: int) -> None:
        super().__init__(
            Discreet(store),
            max_queue_size=queue,
            max_export_batch_size=min(BATCH, queue),
            schedule_delay_millis=DELAY_MS,
        )
        self._store = store
        self._queue = queue
        self._entered = 0
        self._closed = False
        self._lock = threading.Lock()
        self.dropped = 0
        """Spans that found the queue full, or tracing closed."""

    def on_end(self, span: ReadableSpan) -> None:
        """Queue a span that has ended, or count it as dropped."""
        with self._lock:
            if self._closed or self._entered - self._store.taken >= self._queue:
                self.dropped += 1
                return
            self._entered += 1
        super().on_end(span)

    def shutdown(self) -> None:
        """Store what is queued and close the door."""
        self._closed = True
        super().shutdown()
        self.dropped += self._entered - self._store.taken
        self._entered = self._store.taken
