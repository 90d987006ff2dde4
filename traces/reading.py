"""Finds traces and reads one as a tree, joined with the audit rows of the same turn.

Spans are best effort and audit rows are not: a trace whose spans were lost is still found by its
audit rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    func,
    or_,
    select,
    union,
)

from handrail.core.errors import NotFoundError
from handrail.store.judgements import judgements, ladder
from handrail.store.tables import audit_events, spans, turns, verdicts
from handrail.traces.tree import (
    ASKED,
    NS,
    RUN,
    WAITED,
    AuditEntry,
    SpanNode,
    Status,
    Trace,
    TraceSummary,
    moment,
)


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _time(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, spans.c.end_ns - spans.c.start_ns), else_=0))


_STARTED = func.min(spans.c.start_ns)
_ERRORS = _count(spans.c.status == "error")
_OPEN = _count(spans.c.name.startswith(ASKED)) - _count(spans.c.name.startswith(WAITED))
_AI = _time(spans.c.name.startswith(RUN))
_HAVING: dict[Status, ColumnElement[bool]] = {
    "error": _ERRORS > 0,
    "waiting": and_(_ERRORS == 0, _OPEN > 0),
    "ok": and_(_ERRORS == 0, _OPEN <= 0),
}


def find_traces(
    connection: Connection,
    *,
    since: datetime | None = None,
    status: Status | None = None,
    node: str | None = None,
    slower_than: float | None = None,
    conversation_id: str | None = None,
    limit: int = 50,
) -> list[TraceSummary]:
    """List traces, newest first.

    Args:
        connection: For reading.
        since: Only those that began then or later.
        status: Only those that stand so.
        node: Only those that ran this node.
        slower_than: Only those in which the graph ran for longer than this many seconds.
        conversation_id: Only those of one conversation.
        limit: At most this many.
    """
    query = select(
        spans.c.trace_id,
        func.max(spans.c.conversation_id),
        _STARTED,
        _AI,
        _time(spans.c.name.startswith(WAITED)),
        func.count(),
        _ERRORS,
        _OPEN,
    ).group_by(spans.c.trace_id)
    query = _narrow(query, since, status, slower_than)
    for condition in (
        spans.c.name == f"node {node}" if node else None,
        spans.c.conversation_id == conversation_id if conversation_id else None,
    ):
        if condition is not None:
            query = query.where(spans.c.trace_id.in_(select(spans.c.trace_id).where(condition)))
    rows = connection.execute(query.order_by(_STARTED.desc()).limit(limit))
    return [_summary(row) for row in rows]


def _narrow(
    query: Select[*tuple[Any, ...]],
    since: datetime | None,
    status: Status | None,
    slower_than: float | None,
) -> Select[*tuple[Any, ...]]:
    if since is not None:
        query = query.having(int(since.timestamp() * NS) <= _STARTED)
    if status is not None:
        query = query.having(_HAVING[status])
    if slower_than is not None:
        query = query.having(int(slower_than * NS) < _AI)
    return query


def _summary(row: Sequence[Any]) -> TraceSummary:
    trace_id, conversation_id, started, ai, human, count, errors, still_open = row
    return TraceSummary(
        trace_id=trace_id,
        conversation_id=conversation_id,
        started_at=moment(started),
        ai_ns=int(ai),
        human_ns=int(human),
        spans=count,
        errors=int(errors),
        status="error" if errors else "waiting" if still_open > 0 else "ok",
    )


def read_trace(connection: Connection, reference: str) -> Trace:
    """Read one trace.

    Args:
        connection: For reading.
        reference: A trace id or its unique beginning, a turn id, or a conversation id, which
            names its newest trace.

    Raises:
        NotFoundError: nothing has that name, or more than one thing has.
    """
    trace_id = _resolve(connection, reference)
    rows = connection.execute(
        select(spans).where(spans.c.trace_id == trace_id).order_by(spans.c.start_ns, spans.c.end_ns)
    ).all()
    conversation_id = next(
        filter(None, (row.conversation_id for row in rows)), None
    ) or connection.scalar(select(turns.c.conversation_id).where(turns.c.trace_id == trace_id))
    audit = tuple(_audit(connection, trace_id, conversation_id)) if conversation_id else ()
    of_trace = verdicts.c.turn_id.in_(select(turns.c.id).where(turns.c.trace_id == trace_id))
    steps = ladder(
        judgements(connection, of_trace & (verdicts.c.conversation_id == conversation_id))
    )
    return Trace(trace_id, conversation_id, _tree(rows), audit, steps)


def _audit(connection: Connection, trace_id: str, conversation_id: str) -> Iterator[AuditEntry]:
    of_turn = audit_events.c.turn_id.in_(select(turns.c.id).where(turns.c.trace_id == trace_id))
    query = (
        select(audit_events)
        .where(audit_events.c.conversation_id == conversation_id)
        .where(or_(audit_events.c.trace_id == trace_id, of_turn))
        .order_by(audit_events.c.no)
    )
    for row in connection.execute(query):
        yield AuditEntry(row.conversation_id, row.no, row.kind, row.actor, row.payload, row.at)


def _resolve(connection: Connection, reference: str) -> str:
    of_turn = select(turns.c.trace_id).where(turns.c.id == reference)
    of_conversation = (
        select(turns.c.trace_id)
        .where(turns.c.conversation_id == reference, turns.c.trace_id.is_not(None))
        .order_by(turns.c.no.desc())
        .limit(1)
    )
    newest_span = (
        select(spans.c.trace_id)
        .where(spans.c.conversation_id == reference)
        .order_by(spans.c.start_ns.desc())
        .limit(1)
    )
    for query in (of_turn, of_conversation, newest_span):
        if found := connection.execute(query).scalar():
            return found
    return _resolve_prefix(connection, reference)


def _resolve_prefix(connection: Connection, reference: str) -> str:
    # Letters of a trace id end at f, so this is every id that begins so, by the index.
    queries = (
        select(column).where(column.between(reference, f"{reference}z"))
        for column in (spans.c.trace_id, turns.c.trace_id)
    )
    is_hex = bool(reference) and set(reference) <= set("0123456789abcdef")
    ids = connection.execute(union(*queries).limit(2)).scalars().all() if is_hex else []
    if not ids:
        raise NotFoundError(
            f"there is no trace, turn or conversation {reference!r}; handrail trace ls lists them"
        )
    if len(ids) > 1:
        raise NotFoundError(
            f"more than one trace begins with {reference!r}; give more characters of its id"
        )
    return ids[0]


def _tree(rows: Sequence[Row[Any]]) -> tuple[SpanNode, ...]:
    nodes = {
        row.span_id: SpanNode(
            row.span_id,
            row.parent_id,
            row.name,
            row.kind,
            row.start_ns,
            row.end_ns,
            row.status,
            row.attributes,
            row.events,
            row.links,
        )
        for row in rows
    }
    for node in nodes.values():
        if node.parent_id in nodes:
            nodes[node.parent_id].children.append(node)
    return tuple(node for node in nodes.values() if node.parent_id not in nodes)
