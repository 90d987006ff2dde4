"""Tracing of one process: spans on their way into the database, and to a collector if asked."""

from __future__ import annotations

import os

from opentelemetry.trace import Tracer

from handrail.store.database import Database
from handrail.traces.exporting import SpanStore
from handrail.traces.recording import RecordedSpan, Recorder

QUEUE = 20_000
"""Spans that may wait for the database: at about 25 spans a turn, a burst of 800 turns."""

_OTLP_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class Tracing:
    """Makes spans and stores them; one for each open database."""

    def __init__(self, database: Database, *, queue: int = QUEUE) -> None:
        self._collector = None
        if any(map(os.environ.get, _OTLP_ENDPOINTS)):
            from handrail.traces.collecting import Collector  # noqa: PLC0415 - slow to import

            self._collector = Collector()
        self._store = SpanStore(database, queue=queue)
        self.tracer: Tracer = Recorder(self._ended)
        """What makes the spans; given to the engine, which knows only OpenTelemetry's interface."""

    def _ended(self, span: RecordedSpan) -> None:
        self._store.add(span)
        if self._collector is not None:
            self._collector.add(span)

    @property
    def dropped(self) -> int:
        """Spans that ended and are not stored: the queue was full, or the database refused."""
        return self._store.dropped

    def flush(self) -> None:
        """Store every span that has ended by now."""
        self._store.flush()
        if self._collector is not None:
            self._collector.flush()

    def close(self) -> None:
        """Store what has ended and stop; spans that end later are dropped and counted."""
        self._store.close()
        if self._collector is not None:
            self._collector.close()


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
