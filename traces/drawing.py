"""Traces for the desk: the waterfall as SVG drawn on the server, no script, no inline style."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from handrail.traces.notes import Look, look, note, printable
from handrail.traces.timeline import Timeline, duration
from handrail.traces.tree import SpanNode, Trace

WIDTH = 960
LABELS = 330
TIMES = 80
ROW = 22
INDENT = 14

_FILLS: dict[Look, str] = {
    "error": "#b3261e",
    "flagged": "#d1495b",
    "wait": "none",
    "person": "#b7791f",
    "check": "#2a7f8e",
    "model": "#7a4fa3",
    "run": "#33415c",
    "node": "#3b6ea5",
}
"""Colours for a page without a style sheet; the classes ``look-error`` and so on override them."""


def draw_waterfall(trace: Trace) -> str:
    """Draw a trace as an ``<svg>`` element that can stand in a page as it is.

    Every text is escaped. Each span is a ``<g id="span-ID" class="look-...">`` with a title that a
    screen reader reads; pauses that are drawn short carry their true length.
    """
    timeline = Timeline(trace)
    rows = [line for root in trace.roots for line in _levels(root, 0)]
    height = (len(rows) + 1) * ROW
    people = f", people took {duration(trace.human_ns)}" if trace.human_ns else ""
    label = f"Waterfall of {len(rows)} spans; the graph ran {duration(trace.ai_ns)}{people}"
    body = "".join(
        (
            *_pauses(timeline, height),
            *(_row(span, level, n + 1, timeline) for n, (level, span) in enumerate(rows)),
        )
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="waterfall" role="img" '
        f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" font-size="12" '
        f'font-family="system-ui, sans-serif" fill="currentColor" aria-label="{_text(label)}">'
        f"{body}</svg>"
    )


def _levels(span: SpanNode, level: int) -> Iterator[tuple[int, SpanNode]]:
    yield level, span
    for child in span.children:
        yield from _levels(child, level + 1)


def _x(place: float) -> float:
    return round(LABELS + place * (WIDTH - LABELS - TIMES), 1)


def _pauses(timeline: Timeline, height: int) -> Iterator[str]:
    for stretch in timeline.stretches:
        if stretch.shortened:
            left, right = _x(stretch.left), _x(stretch.right)
            yield (
                f'<g class="pause"><rect x="{left}" y="0" width="{right - left:.1f}" '
                f'height="{height}" fill="currentColor" fill-opacity="0.06"/>'
                f'<text x="{(left + right) / 2:.1f}" y="{ROW - 8}" text-anchor="middle" '
                f'font-size="10">{duration(stretch.end_ns - stretch.start_ns)}</text></g>'
            )


def _row(span: SpanNode, level: int, number: int, timeline: Timeline) -> str:
    kind = look(span)
    left, right = _x(timeline.at(span.start_ns)), _x(timeline.at(span.end_ns))
    top = number * ROW
    said, length = note(span), duration(span.duration_ns)
    title = f"{span.name}, {length}{f', {said}' if said else ''}"
    dashes = ' stroke="#b7791f" stroke-dasharray="4 3"' if span.is_wait else ""
    return (
        f'<g id="span-{_text(span.span_id)}" class="look-{kind}"><title>{_text(title)}</title>'
        f'<text x="{8 + level * INDENT}" y="{top + 15}">{_text(_shorten(span.name, level))}</text>'
        f'<rect x="{left}" y="{top + 4}" width="{max(right - left, 2):.1f}" height="{ROW - 8}" '
        f'rx="2" fill="{_FILLS[kind]}"{dashes}/>'
        f'<text x="{WIDTH - 6}" y="{top + 15}" text-anchor="end">{length}</text>'
        "</g>"
    )


def _shorten(name: str, level: int) -> str:
    room = max(8, (LABELS - level * INDENT) // 7)
    return name if len(name) <= room else f"{name[: room - 1]}…"


def _text(value: str) -> str:
    return escape(printable(value))
