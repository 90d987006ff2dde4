"""Writes spans into the table ``spans``."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanContext, format_span_id, format_trace_id
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from handrail.core.attributes import CONVERSATION
from handrail.core.errors import HandrailError
from handrail.store.database import Database
from handrail.store.prepared import Prepared
from handrail.store.tables import spans

_log = logging.getLogger(__name__)


class SpanStore(SpanExporter):
    """Stores batches of spans by a connection of its own; a span that is there already stays."""

    def __init__(self, database: Database) -> None:
        self._database = Database(database.url)
        dialect = sqlite if self._database.is_sqlite else postgresql
        self._insert = Prepared(
            dialect.insert(spans).on_conflict_do_nothing(index_elements=[spans.c.span_id])
        )
        self.taken = 0
        """Spans that were handed over, stored or not."""
        self.refused = 0
        """Spans that the database did not take."""

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Store a batch in one transaction; a failure is logged and counted, never raised."""
        self.taken += len(spans)
        rows = [row for span in spans if (row := _row(span))]
        try:
            # Not synced: the lock that a turn waits for is held the shorter.
            self._database.write_now(lambda c: self._insert.run(c, *rows), synced=False)
        except (SQLAlchemyError, HandrailError) as error:
            self.refused += len(spans)
            _log.warning("%d spans were not stored: %s", len(spans), error)
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Close the connection."""
        self._database.close()


def _row(span: ReadableSpan) -> dict[str, Any] | None:
    context = span.context
    if context is None:
        return None
    attributes = dict(span.attributes or {})
    return {
        **_ids(context),
        "parent_id": format_span_id(span.parent.span_id) if span.parent else None,
        "name": span.name,
        "kind": span.kind.name.lower(),
        "start_ns": span.start_time or 0,
        "end_ns": span.end_time or 0,
        "status": span.status.status_code.name.lower(),
        "conversation_id": attributes.get(CONVERSATION),
        "attributes": attributes,
        "events": [
            {
                "name": event.name,
                "at_ns": event.timestamp,
                "attributes": dict(event.attributes or {}),
            }
            for event in span.events
        ],
        "links": [
            {**_ids(link.context), "attributes": dict(link.attributes or {})} for link in span.links
        ],
    }


def _ids(context: SpanContext) -> dict[str, str]:
    return {
        "trace_id": format_trace_id(context.trace_id),
        "span_id": format_span_id(context.span_id),
    }
