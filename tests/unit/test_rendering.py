"""Traces as people see them: the wait short but true, trouble marked, no text that does harm."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType

from handrail.core import attributes as names
from handrail.core.verdict import ClaimVerdict, EvidenceSpan
from handrail.store.judgements import Step
from handrail.traces.drawing import draw_waterfall
from handrail.traces.rendering import render_list, render_trace
from handrail.traces.timeline import Timeline, duration
from handrail.traces.tree import NS, AuditEntry, SpanNode, Trace, TraceSummary

T0 = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
ORIGIN = int(T0.timestamp()) * NS


def _span(name: str, start: float, end: float, *children: SpanNode, **more: Any) -> SpanNode:
    return SpanNode(
        span_id=f"{abs(hash((name, start))):016x}"[:16],
        parent_id=more.get("parent_id"),
        name=name,
        kind="internal",
        start_ns=ORIGIN + int(start * NS),
        end_ns=ORIGIN + int(end * NS),
        status=more.get("status", "unset"),
        attributes=more.get("attributes", {}),
        events=[],
        links=[],
        children=list(children),
    )


def _trace(*roots: SpanNode, audit: tuple[AuditEntry, ...] = ()) -> Trace:
    return Trace("a" * 32, "cnv_1", roots, audit)


HOURS = 5.2 * 3600


@pytest.fixture
def trace() -> Trace:
    """A turn with a finding, a failed model call, and a person's decision after hours."""
    request = _span(
        "human.request approval",
        0.9,
        0.9,
        _span("human.wait approval", 0.9, HOURS, attributes={names.DECISION: "edit"}),
        _span(
            "invoke_workflow support", HOURS, HOURS + 1, _span("node send_reply", HOURS, HOURS + 1)
        ),
    )
    check = _span(
        "apply_guardrail fact.value",
        0.5,
        0.6,
        attributes={names.FINDINGS: 2, names.WORST: "critical"},
    )
    root = _span(
        "invoke_workflow support",
        0,
        1,
        _span("node draft_reply", 0, 0.4, _span("chat m", 0.1, 0.3, status="error")),
        _span("node verify_reply", 0.4, 0.7, check),
        _span("node ask_human", 0.8, 1, request),
        attributes={names.WORKFLOW: "support", names.GRAPH_VERSION: "3"},
    )
    audit = AuditEntry("cnv_1", 7, "decided", "Ana", {"kind": "edit"}, T0)
    return _trace(root, audit=(audit,))


def _printed(renderable: RenderableType, *, color: bool = False) -> str:
    out = io.StringIO()
    system = "standard" if color else None
    Console(file=out, width=160, force_terminal=color, color_system=system).print(renderable)
    return out.getvalue()


def _line(text: str, word: str) -> str:
    return next(line for line in text.splitlines() if word in line)


def test_the_tree_says_what_happened(trace: Trace) -> None:
    text = _printed(render_trace(trace, zone=UTC))

    assert _line(text, "trace aaa").split(" · ")[1:] == [
        "cnv_1",
        "support@3",
        "graph 2.0 s",
        "people 5.2 h",
        "error",
    ]
    assert "2 findings, worst critical" in _line(text, "fact.value")
    assert _line(text, "human.wait").count("╌") > 1
    assert "5.2 h" in _line(text, "human.wait")
    assert "edit" in _line(text, "human.wait")
    assert "█" not in _line(text, "human.wait")
    assert "│  └─ chat m" in text
    assert _line(text, "decided").split() == ["10:00:00", "#7", "decided", "Ana", "kind=edit"]


def test_trouble_is_red_and_a_wait_is_not(trace: Trace) -> None:
    text = _printed(render_trace(trace), color=True)

    red, yellow = "31m", "33m"
    assert red in _line(text, "fact.value")
    assert red in _line(text, "chat m")
    assert red not in _line(text, "human.wait")
    assert yellow in _line(text, "human.wait")


def test_a_tree_can_be_cut(trace: Trace) -> None:
    shallow = _printed(render_trace(trace, depth=2))
    assert "node draft_reply" in shallow
    assert "chat m" not in shallow

    flagged = _printed(render_trace(trace, only_flagged=True))
    assert "fact.value" in flagged
    assert "chat m" in flagged
    assert "human.wait" not in flagged


def test_lost_spans_are_said() -> None:
    assert "spans lost" in _printed(render_trace(_trace()))
    assert "spans lost" in _printed(render_trace(_trace(_span("node a", 0, 1, parent_id="b"))))
    assert "spans lost" not in _printed(render_trace(_trace(_span("node a", 0, 1))))


def test_a_list_shows_one_line_for_each() -> None:
    summary = TraceSummary("f" * 32, "cnv_1", T0, 2 * NS, 0, 12, 0, "waiting")
    text = _printed(render_list([summary, summary], zone=UTC))

    assert text.count("ffffffffffff") == 2
    assert "2026-01-05 10:00:00" in text
    assert "No trace fits" in _printed(render_list([]))


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [(0, "0 µs"), (1500, "2 µs"), (3 * 10**6, "3 ms"), (15 * 10**8, "1.5 s"), (90 * NS, "1.5 min"),
     (int(HOURS * NS), "5.2 h"), (36 * 3600 * NS, "1.5 d")],
)  # fmt: skip
def test_lengths_of_time_read_well(nanoseconds: int, text: str) -> None:
    assert duration(nanoseconds) == text


def test_the_picture_is_xml_with_true_times(trace: Trace) -> None:
    root = ET.fromstring(draw_waterfall(trace))
    namespace = "{http://www.w3.org/2000/svg}"
    texts = [element.text for element in root.iter(f"{namespace}text")]

    assert len(root.findall(f"{namespace}g[@id]")) == 10
    assert texts.count("5.2 h") == 2  # the pause, and the wait's own length
    assert "people took 5.2 h" in root.attrib["aria-label"]
    assert (
        root.find(f"{namespace}g[@class='look-wait']/{namespace}rect[@stroke-dasharray]")
        is not None
    )
    assert root.find(f"{namespace}g[@class='look-flagged']") is not None
    assert "style=" not in draw_waterfall(trace)


@given(text=st.text(max_size=40))
def test_no_text_escapes_from_the_picture_or_steers_the_terminal(text: str) -> None:
    nasty = f'</text><script>alert("1")</script>\x1b[2J{text}'
    trace = _trace(
        _span(nasty, 0, 1, _span("n", 0, 1, attributes={names.ROUTE: nasty, names.FINDINGS: 1}))
    )
    picture = draw_waterfall(trace)

    assert "<script" not in picture
    assert {e.tag.rpartition("}")[2] for e in ET.fromstring(picture).iter()} == {
        "svg", "g", "title", "text", "rect",
    }  # fmt: skip
    assert "\x1b" not in _printed(render_trace(trace))


@given(
    st.lists(
        st.tuples(st.integers(0, 10**7), st.integers(0, 10**5), st.booleans()),
        min_size=1,
        max_size=12,
    )
)
def test_a_timeline_keeps_order_and_bounds(pieces: list[tuple[int, int, bool]]) -> None:
    spans = [
        _span("human.wait x" if wait else "node x", start, start + length)
        for start, length, wait in pieces
    ]
    timeline = Timeline(_trace(*spans))
    moments = sorted(moment for span in spans for moment in (span.start_ns, span.end_ns))
    places = [timeline.at(moment) for moment in moments]

    assert places == sorted(places)
    assert all(0 <= place <= 1 for place in places)
    assert all(len(line) <= 160 for line in _printed(render_trace(_trace(*spans))).splitlines())


def test_the_statements_of_the_last_text_are_told_the_wrong_first() -> None:
    text = "Gifts are free. Returns cost 9 EUR.\x1b[31m"
    quote = EvidenceSpan(source="article:gifts#1", quote="Gifts are free.", relation="supports")
    step = Step(
        kind="drafted",
        source="model",
        round=0,
        before=None,
        text=text,
        findings=(),
        outcome="clean",
        claims=(
            ClaimVerdict(start=0, end=15, support="supported", by="quote", evidence=(quote,)),
            ClaimVerdict(start=16, end=len(text), support="contradicted", by="rule"),
        ),
    )
    console = Console(width=100, file=io.StringIO())
    console.print(render_trace(Trace("a" * 32, "cnv_1", (), (), (step,))))
    told = console.file.getvalue()  # pyright: ignore[reportAttributeAccessIssue] - a StringIO
    assert told.index("contradicted Returns cost 9 EUR.") < told.index("supported    Gifts")
    assert "article:gifts#1: Gifts are free." in told
    assert "\x1b" not in told
