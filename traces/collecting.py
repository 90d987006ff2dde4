"""Sends spans to an OpenTelemetry collector as well; needs the extra ``otlp``."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Status

from handrail.core.attributes import VERSION
from handrail.core.errors import ConfigurationError
from handrail.traces.recording import RecordedSpan


class Collector:
    """The SDK's batches and exporter, fed with spans of ours.

    Raises:
        ConfigurationError: the extra ``otlp`` is not installed.
    """

    def __init__(self) -> None:
        try:
            module = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        except ModuleNotFoundError as error:
            raise ConfigurationError(
                "OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT asks for a "
                "collector: install handrail[otlp], or unset the variable"
            ) from error
        self._batches = BatchSpanProcessor(module.OTLPSpanExporter())
        self._resource = Resource.create(
            {"service.name": "handrail", "service.version": version("handrail")}
        )
        self._scope = InstrumentationScope("handrail", VERSION)

    def add(self, span: RecordedSpan) -> None:
        """Queue a span that has ended."""
        self._batches.on_end(
            ReadableSpan(
                name=span.name,
                context=span.context,
                parent=span.parent,
                resource=self._resource,
                attributes=span.attributes,
                events=[Event(one.name, one.attributes, one.at_ns) for one in span.events],
                links=span.links,
                kind=span.kind,
                status=Status(span.status),
                start_time=span.start_ns,
                end_time=span.end_ns,
                instrumentation_scope=self._scope,
            )
        )

    def flush(self) -> None:
        """Send every span that has ended by now."""
        self._batches.force_flush()

    def close(self) -> None:
        """Send what is queued and stop."""
        self._batches.shutdown()
