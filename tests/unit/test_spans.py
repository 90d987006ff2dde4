"""Spans reach the table whole, once, without content, and none is lost without being counted."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from langgraph.errors import GraphInterrupt
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from sqlalchemy import func, select, text

from handrail.core import attributes as names
from handrail.core.errors import ConfigurationError
from handrail.store.database import Database
from handrail.store.tables import spans
from handrail.traces.reading import read_trace
from handrail.traces.spans import Tracing, start_tracing


@pytest.fixture
def tracing(database: Database) -> Iterator[Tracing]:
    """Tracing into the test's database."""
    started = start_tracing(database)
    yield started
    started.close()


def _stored(database: Database) -> list[Any]:
    return list(
        database.read_now(lambda c: c.execute(select(spans).order_by(spans.c.start_ns)).all())
    )


def test_a_span_is_stored_as_it_was(tracing: Tracing, database: Database) -> None:
    with tracing.tracer.start_as_current_span(
        "invoke_workflow support", attributes={names.CONVERSATION: "cnv_1", names.ROUND: 2}
    ) as root:
        with tracing.tracer.start_as_current_span("node draft_reply", kind=SpanKind.CLIENT) as node:
            node.add_event("gen_ai.agent.paused", {"gen_ai.agent.pause.reason": "human_input"})
        root.add_link(node.get_span_context(), {"handrail.link": "node"})
    tracing.flush()

    parent, child = _stored(database)
    assert parent.conversation_id == "cnv_1"
    assert parent.attributes == {names.CONVERSATION: "cnv_1", names.ROUND: 2}
    assert parent.links[0]["span_id"] == child.span_id
    assert (child.parent_id, child.trace_id) == (parent.span_id, parent.trace_id)
    assert (child.kind, child.status) == ("client", "unset")
    assert child.events[0]["name"] == "gen_ai.agent.paused"
    assert parent.start_ns <= child.start_ns <= child.end_ns <= parent.end_ns


def test_closing_stores_what_is_left_and_counts_what_comes_late(
    tracing: Tracing, database: Database
) -> None:
    late = tracing.tracer.start_span("late")
    tracing.tracer.start_span("early").end()
    tracing.close()
    late.end()

    assert [row.name for row in _stored(database)] == ["early"]
    assert tracing.dropped == 1


def test_a_pause_is_no_error(tracing: Tracing, database: Database) -> None:
    with (
        pytest.raises(GraphInterrupt),
        tracing.tracer.start_as_current_span("invoke_workflow support"),
        tracing.tracer.start_as_current_span("node ask_human"),
    ):
        raise GraphInterrupt
    tracing.flush()

    assert [(row.status, row.events) for row in _stored(database)] == [("unset", [])] * 2


def test_an_error_is_one_and_does_not_tell_what_the_customer_wrote(
    tracing: Tracing, database: Database
) -> None:
    with (
        pytest.raises(ValueError, match="secret words"),
        tracing.tracer.start_as_current_span("chat m", attributes={"input.value": "secret words"}),
    ):
        raise ValueError("secret words")
    tracing.flush()

    (row,) = _stored(database)
    assert row.status == "error"
    assert row.events[0]["attributes"]["exception.type"] == "ValueError"
    assert "secret" not in str(tuple(row))


def test_a_span_that_is_there_already_stays(tracing: Tracing, database: Database) -> None:
    class Twice(RandomIdGenerator):
        def generate_span_id(self) -> int:
            return 7

    tracing.provider.id_generator = Twice()
    tracer = tracing.provider.get_tracer("twice")
    for name in ("first", "second"):
        tracer.start_span(name).end()
        tracing.flush()
    with tracer.start_as_current_span("third"):
        tracer.start_span("fourth").end()
    tracing.provider.get_tracer("once").start_span("fifth").end()
    tracing.flush()

    assert [row.name for row in _stored(database)] == ["first"]
    assert tracing.dropped == 0


def test_a_burst_is_stored_or_counted(tracing: Tracing, database: Database) -> None:
    burst = 20_500
    for _ in range(burst):
        tracing.tracer.start_span("node").end()
    tracing.flush()

    stored = database.read_now(lambda c: c.execute(select(func.count(spans.c.span_id))).scalar())
    assert stored is not None
    assert stored + tracing.dropped == burst
    assert tracing.dropped <= 500


def test_a_full_queue_is_counted(sqlite_template: Any, tmp_path: Any) -> None:
    path = tmp_path / "handrail.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}")
    tracing = Tracing(database, queue=10)
    with database.engine.connect() as connection:
        connection.execute(text("UPDATE customers SET name = ''"))  # holds the lock
        for _ in range(100):
            tracing.tracer.start_span("node").end()
        connection.rollback()
    tracing.flush()

    assert tracing.dropped == 100 - len(_stored(database))
    assert tracing.dropped >= 80
    tracing.close()
    database.close()


def test_a_database_that_refuses_is_counted(tracing: Tracing, database: Database) -> None:
    database.write_now(lambda c: c.execute(text("DROP TABLE spans")))
    tracing.tracer.start_span("node").end()
    tracing.flush()

    assert tracing.dropped == 1


SECOND_PROCESS = """
import sys
sys.path.insert(0, sys.argv[3])
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from handrail.store.database import Database
from handrail.traces.spans import start_tracing
database = Database(sys.argv[1])
tracing = start_tracing(database)
context = TraceContextTextMapPropagator().extract({"traceparent": sys.argv[2]})
with tracing.tracer.start_as_current_span("invoke_workflow support", context=context):
    tracing.tracer.start_span("node send_reply").end()
tracing.close()
database.close()
"""


def test_two_processes_make_one_tree(
    tracing: Tracing, database: Database, pytestconfig: pytest.Config
) -> None:
    carrier: dict[str, str] = {}
    start = tracing.tracer.start_as_current_span
    with start("invoke_workflow support"), start("node ask_human"), start("human.request approval"):
        TraceContextTextMapPropagator().inject(carrier)
    tracing.flush()
    root = str(pytestconfig.rootpath)
    arguments = [sys.executable, "-c", SECOND_PROCESS, database.url, carrier["traceparent"], root]
    subprocess.run(arguments, check=True, timeout=60)

    trace_id = carrier["traceparent"].split("-")[1]
    trace = database.read_now(lambda c: read_trace(c, trace_id))
    (first,) = trace.roots
    assert [node.name for node in first.walk()] == [
        "invoke_workflow support",
        "node ask_human",
        "human.request approval",
        "invoke_workflow support",
        "node send_reply",
    ]


def test_a_collector_without_its_package_names_the_extra(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)

    with pytest.raises(ConfigurationError, match="handrail\\[otlp\\]"):
        start_tracing(database)
