"""Spans of the engine: a turn, the wait for a person, and the turn's continuation in one trace."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from handrail.core import attributes as a
from handrail.core.tracing import tracer
from handrail.engine.gate import Lease
from handrail.engine.plan import Plan
from handrail.store.prepared import Row

_propagator = TraceContextTextMapPropagator()


def traceparent_of(span: Span) -> str | None:
    """Write a span's context as a W3C ``traceparent``; ``None`` while tracing is off."""
    place = span.get_span_context()
    if not place.is_valid:
        return None
    trace_id, span_id = trace.format_trace_id(place.trace_id), trace.format_span_id(place.span_id)
    return f"00-{trace_id}-{span_id}-{place.trace_flags:02x}"


def trace_id_of(span: Span) -> str | None:
    """Return a span's trace id in hexadecimal; ``None`` while tracing is off."""
    context = span.get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None


def context_of(traceparent: str | None) -> Context:
    """Return the place in a trace that a ``traceparent`` names; none for ``None``."""
    return _propagator.extract({"traceparent": traceparent} if traceparent else {})


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1000


@contextmanager
def turn_span(lease: Lease, plan: Plan, graph_version: str) -> Generator[Span]:
    """Open the span of a run: a new trace, or the continuation of the one that paused."""
    parent, links = Context(), ()
    if plan.resume is not None and plan.review is not None:
        parent = context_of(plan.review["traceparent"])
        waited = _wait_span(parent, plan.review, lease)
        links = (Link(waited.get_span_context()),)
    elif previous := lease.row["last_trace"]:
        before = trace.get_current_span(context_of(previous)).get_span_context()
        links = (Link(before, {"handrail.link": "previous_turn"}),)
    with tracer().start_as_current_span(
        a.TURN_SPAN.format(graph=plan.graph),
        context=parent,
        links=links,
        attributes=_turn_attributes(lease, plan, graph_version),
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        yield span


def _turn_attributes(lease: Lease, plan: Plan, graph_version: str) -> dict[str, Any]:
    return {
        a.OPERATION: "invoke_workflow",
        a.WORKFLOW: plan.graph or "",
        a.SPAN_KIND: "CHAIN",
        a.CONVERSATION: lease.conversation_id,
        a.SESSION: lease.conversation_id,
        a.TURN: plan.turn_id,
        a.GRAPH_VERSION: graph_version,
        a.RELEASE: lease.snapshot.release,
        a.CHANNEL: lease.row["channel"],
        a.RESUMED: plan.resume is not None,
    }


def _wait_span(parent: Context, review: Row, lease: Lease) -> Span:
    """Write the time a person took as one span, now that it is over."""
    decided_at: datetime = review["decided_at"]
    span = tracer().start_span(
        a.WAIT_SPAN.format(kind=review["kind"]),
        context=parent,
        start_time=_nanoseconds(review["opened_at"]),
        attributes={
            a.CONVERSATION: lease.conversation_id,
            a.REVIEW: review["id"],
            a.DECISION: review["decision"] or "",
            a.WAIT_SECONDS: (decided_at - review["opened_at"]).total_seconds(),
        },
    )
    span.end(end_time=_nanoseconds(decided_at))
    return span


def request_span(lease: Lease, kind: str, reason: str) -> str | None:
    """Mark that a person is asked, and return where the trace goes on."""
    span = tracer().start_span(
        a.REQUEST_SPAN.format(kind=kind),
        kind=SpanKind.PRODUCER,
        attributes={a.CONVERSATION: lease.conversation_id, a.OUTCOME: reason},
    )
    span.end()
    return traceparent_of(span)


def failed(span: Span, error: BaseException) -> None:
    """Mark a span as failed by the kind of error; its text may hold a customer's words."""
    span.set_attribute(a.ERROR_TYPE, type(error).__qualname__)
    span.set_status(Status(StatusCode.ERROR, type(error).__qualname__))
