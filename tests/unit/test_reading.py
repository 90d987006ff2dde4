"""Traces are found by what they did, and read as one tree with their audit rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from opentelemetry.trace import Span, Tracer, set_span_in_context
from opentelemetry.trace.status import StatusCode
from opentelemetry.util.types import AttributeValue
from sqlalchemy import Connection, insert

from handrail.core import attributes as names
from handrail.core.errors import NotFoundError
from handrail.store.audit import EMPTY, AuditRow, append
from handrail.store.database import Database
from handrail.store.tables import conversations, customers, spans, turns
from handrail.traces.reading import find_traces, read_trace
from handrail.traces.spans import Tracing, start_tracing
from handrail.traces.tree import NS

T0 = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)


def _ns(seconds: float) -> int:
    return int((T0.timestamp() + seconds) * NS)


def _span(
    tracer: Tracer,
    name: str,
    start: float,
    end: float,
    parent: Span | None = None,
    *,
    attributes: dict[str, AttributeValue] | None = None,
) -> Span:
    context = set_span_in_context(parent) if parent else None
    span = tracer.start_span(name, context, start_time=_ns(start), attributes=attributes)
    if "failed" in (attributes or {}):
        span.set_status(StatusCode.ERROR)
    span.end(_ns(end))
    return span


def _answered(tracer: Tracer, conversation: str, start: float, *, decided: bool) -> str:
    """One turn that asked a person, and went on after five hours if ``decided``."""
    root = _span(
        tracer,
        "invoke_workflow support",
        start,
        start + 0.5,
        attributes={names.CONVERSATION: conversation},
    )
    _span(tracer, "node draft_reply", start + 0.1, start + 0.2, root)
    ask = _span(tracer, "node ask_human", start + 0.4, start + 0.5, root)
    request = _span(tracer, "human.request approval", start + 0.5, start + 0.5, ask)
    if decided:
        _span(tracer, "human.wait approval", start + 0.5, start + 18_000, request)
        again = _span(tracer, "invoke_workflow support", start + 18_000, start + 18_001, request)
        _span(tracer, "node send_reply", start + 18_000.1, start + 18_000.2, again)
    return f"{root.get_span_context().trace_id:032x}"


@pytest.fixture
def tracing(database: Database) -> Iterator[Tracing]:
    """Tracing into the test's database."""
    started = start_tracing(database)
    yield started
    started.close()


@pytest.fixture
def traces(tracing: Tracing) -> dict[str, str]:
    """Ids of four traces by how they went."""
    tracer = tracing.tracer
    failed = _span(
        tracer, "invoke_workflow assist", 30, 33, attributes={names.CONVERSATION: "cnv_3"}
    )
    _span(tracer, "node detect_intent", 31, 32, failed, attributes={"failed": True})
    quick = _span(
        tracer, "invoke_workflow support", 40, 40.1, attributes={names.CONVERSATION: "cnv_1"}
    )
    ids = {
        "decided": _answered(tracer, "cnv_1", 10, decided=True),
        "waiting": _answered(tracer, "cnv_2", 20, decided=False),
        "failed": f"{failed.get_span_context().trace_id:032x}",
        "quick": f"{quick.get_span_context().trace_id:032x}",
    }
    tracing.flush()
    return ids


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["quick", "failed", "waiting", "decided"]),
        ({"limit": 1}, ["quick"]),
        ({"since": T0 + timedelta(seconds=20)}, ["quick", "failed", "waiting"]),
        ({"status": "ok"}, ["quick", "decided"]),
        ({"status": "waiting"}, ["waiting"]),
        ({"status": "error"}, ["failed"]),
        ({"node": "draft_reply"}, ["waiting", "decided"]),
        ({"node": "draft"}, []),
        ({"slower_than": 1.2}, ["failed", "decided"]),
        ({"conversation_id": "cnv_1"}, ["quick", "decided"]),
        ({"conversation_id": "cnv_1", "status": "ok", "node": "send_reply"}, ["decided"]),
    ],
)
def test_traces_are_found(
    database: Database, traces: dict[str, str], query: dict[str, Any], expected: list[str]
) -> None:
    found = database.read_now(lambda c: find_traces(c, **query))

    assert [summary.trace_id for summary in found] == [traces[name] for name in expected]


def test_a_summary_tells_ai_time_from_human_time(
    database: Database, traces: dict[str, str]
) -> None:
    (summary,) = database.read_now(lambda c: find_traces(c, node="send_reply"))

    assert round(summary.ai_ns / NS, 3) == 1.5
    assert round(summary.human_ns / NS, 3) == 17_999.5
    assert (summary.spans, summary.errors, summary.status) == (7, 0, "ok")
    assert summary.started_at == T0 + timedelta(seconds=10)


def test_a_trace_is_one_tree_across_the_pause(database: Database, traces: dict[str, str]) -> None:
    trace = database.read_now(lambda c: read_trace(c, traces["decided"]))

    assert [span.name for span in trace.walk()] == [
        "invoke_workflow support",
        "node draft_reply",
        "node ask_human",
        "human.request approval",
        "human.wait approval",
        "invoke_workflow support",
        "node send_reply",
    ]
    assert len(trace.roots) == 1
    assert (trace.status, trace.spans_lost) == ("ok", False)
    assert round(trace.ai_ns / NS, 3) == 1.5
    assert database.read_now(lambda c: read_trace(c, traces["waiting"])).status == "waiting"
    assert database.read_now(lambda c: read_trace(c, traces["failed"])).status == "error"


def _turn(connection: Connection, trace_id: str) -> None:
    connection.execute(insert(customers).values(id="cus"))
    connection.execute(
        insert(conversations).values(
            id="cnv_1",
            customer_id="cus",
            channel="web",
            address="a",
            status="open",
            holder="ai",
            created_at=T0,
            updated_at=T0,
        )
    )
    connection.execute(
        insert(turns).values(
            id="trn_1",
            conversation_id="cnv_1",
            no=1,
            graph="support",
            graph_version="1",
            release_id="r",
            status="done",
            trace_id=trace_id,
            facts={},
            started_at=T0,
        )
    )
    rows = [
        AuditRow(kind="received", actor="customer", at=T0, trace_id=trace_id),
        AuditRow(kind="other", actor="ai", at=T0),
        AuditRow(kind="decided", actor="Ana", at=T0, turn_id="trn_1", payload={"kind": "edit"}),
    ]
    append(connection, "cnv_1", EMPTY, rows)


def test_audit_rows_of_the_turn_stand_beside_the_spans(
    database: Database, traces: dict[str, str]
) -> None:
    database.write_now(lambda c: _turn(c, traces["decided"]))

    for reference in (traces["decided"], traces["decided"][:12], "trn_1", "cnv_1"):
        trace = database.read_now(lambda c, name=reference: read_trace(c, name))
        assert trace.trace_id == traces["decided"]
        assert [(entry.kind, entry.actor) for entry in trace.audit] == [
            ("received", "customer"),
            ("decided", "Ana"),
        ]


def test_a_trace_whose_spans_were_lost_is_still_read(database: Database) -> None:
    trace_id = "a" * 32
    database.write_now(lambda c: _turn(c, trace_id))

    trace = database.read_now(lambda c: read_trace(c, trace_id[:8]))
    assert trace.spans_lost
    assert trace.conversation_id == "cnv_1"
    assert len(trace.audit) == 2


def test_a_lost_parent_is_said(database: Database, traces: dict[str, str]) -> None:
    lost = spans.delete().where(spans.c.name == "node ask_human")
    database.write_now(lambda c: c.execute(lost))

    trace = database.read_now(lambda c: read_trace(c, traces["decided"]))
    assert trace.spans_lost
    assert [root.name for root in trace.roots] == [
        "invoke_workflow support",
        "human.request approval",
    ]


def test_a_conversation_without_turn_rows_names_its_newest_trace(
    database: Database, traces: dict[str, str]
) -> None:
    assert database.read_now(lambda c: read_trace(c, "cnv_1")).trace_id == traces["quick"]


@pytest.mark.parametrize("reference", ["", "nothing", "%", "0" * 32])
def test_an_unknown_name_says_where_to_look(
    database: Database, traces: dict[str, str], reference: str
) -> None:
    with pytest.raises(NotFoundError, match="handrail trace ls"):
        database.read_now(lambda c: read_trace(c, reference))


def test_a_beginning_of_several_asks_for_more(tracing: Tracing, database: Database) -> None:
    for _ in range(40):
        _span(tracing.tracer, "node a", 1, 2)
    tracing.flush()
    first = database.read_now(find_traces)[0].trace_id

    def ambiguous(connection: Connection) -> None:
        for summary in find_traces(connection):
            read_trace(connection, summary.trace_id[0])

    with pytest.raises(NotFoundError, match="more characters"):
        database.read_now(ambiguous)
    assert database.read_now(lambda c: read_trace(c, first)).trace_id == first
