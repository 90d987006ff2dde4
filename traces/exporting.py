"""Writes spans into the table ``spans``, in batches and from a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections import deque
from typing import Any

from opentelemetry.trace import SpanContext, StatusCode, format_span_id, format_trace_id
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from handrail.core.attributes import CONVERSATION
from handrail.store.database import Database
from handrail.store.tables import spans
from handrail.traces.recording import RecordedSpan

_log = logging.getLogger(__name__)

BATCH = 256
"""Spans stored in one transaction: a turn that wants to write waits no longer than for these."""
DELAY = 0.5
"""A span is stored this many seconds after its end; a killed process loses no more than that."""


class SpanStore:
    """Stores spans by a connection of its own; a span that is there already stays."""

    def __init__(self, database: Database, *, queue: int) -> None:
        self._database = Database(database.url)
        dialect = sqlite if self._database.is_sqlite else postgresql
        self._insert = dialect.insert(spans).on_conflict_do_nothing(
            index_elements=[spans.c.span_id]
        )
        self.dropped = 0
        """Spans that found the queue full, or tracing closed, or that the database refused."""
        self._queue = queue
        self._waiting: deque[RecordedSpan] = deque()
        self._entering = threading.Lock()
        self._writing = threading.Lock()
        self._some = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="handrail-spans", daemon=True)
        self._thread.start()

    def add(self, span: RecordedSpan) -> None:
        """Queue a span that has ended, or count it as dropped."""
        with self._entering:
            if self._closed.is_set() or len(self._waiting) >= self._queue:
                self.dropped += 1
                return
            self._waiting.append(span)
        if not self._some.is_set():
            self._some.set()

    def flush(self) -> None:
        """Store every span that has ended by now."""
        with self._writing:
            for _ in range(0, len(self._waiting), BATCH):
                size = min(BATCH, len(self._waiting))
                self._store([self._waiting.popleft() for _ in range(size)])

    def close(self) -> None:
        """Store what is queued and close the connection; what ends later is counted."""
        with self._entering:
            self._closed.set()
        self._some.set()
        self._thread.join()
        self.flush()
        self._database.close()

    def _run(self) -> None:
        while not self._closed.is_set():
            self._some.wait()
            self._closed.wait(DELAY)
            self._some.clear()
            self.flush()

    def _store(self, batch: list[RecordedSpan]) -> None:
        """Store a batch in one transaction; a failure is logged and counted, never raised."""
        rows = [_row(span) for span in batch]
        try:
            # Not synced: the lock that a turn waits for is held the shorter.
            self._database.write_now(lambda c: c.execute(self._insert, rows), synced=False)
        except (SQLAlchemyError, ValueError) as error:  # ValueError: an attribute is no JSON
            with self._entering:
                self.dropped += len(batch)
            _log.warning("%d spans were not stored: %s", len(batch), error)


_STATUS = {code: code.name.lower() for code in StatusCode}


def _row(span: RecordedSpan) -> dict[str, Any]:
    return {
        **_ids(span.context),
        "parent_id": format_span_id(span.parent.span_id) if span.parent else None,
        "name": span.name,
        "kind": span.kind.name.lower(),
        "start_ns": span.start_ns,
        "end_ns": span.end_ns,
        "status": _STATUS[span.status],
        "conversation_id": span.attributes.get(CONVERSATION),
        "attributes": span.attributes,
        "events": span.events,
        "links": [
            {**_ids(link.context), "attributes": dict(link.attributes or {})} for link in span.links
        ],
    }


def _ids(context: SpanContext) -> dict[str, str]:
    return {
        "trace_id": format_trace_id(context.trace_id),
        "span_id": format_span_id(context.span_id),
    }
