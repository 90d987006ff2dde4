"""Draws a graph: as text for the terminal, as SVG for pages and files."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from langgraph.graph import END, START

from handrail.graphs.definition import GraphDefinition
from handrail.graphs.shape import Shape

_MARKS = {"step": " ", "draft": "✎", "verify": "✓", "ask": "?", "send": "→"}
_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 150, 40, 48, 46, 24
_COLOURS = {
    "step": ("#eef2f7", "#64748b"),
    "draft": ("#e8eefc", "#3b5bdb"),
    "verify": ("#e6f6ec", "#2b8a3e"),
    "ask": ("#fff4e0", "#d9822b"),
    "send": ("#fdeaea", "#c92a2a"),
}


def draw_text(definition: GraphDefinition) -> str:
    """Draw a graph line by line: each node with its role, and where it leads."""
    shape = definition.shape
    lines = [f"{definition.name} {definition.version}  {definition.description}", ""]
    width = max(len(name) for name in (*shape.specs, "start"))
    lines.append(f"    {'start':<{width}}  {_leads(shape, START)}")
    for name, spec in shape.specs.items():
        lines.append(f"  {_MARKS[spec.role]} {name:<{width}}  {_leads(shape, name)}")
    lines += ["", "  ✎ drafts  ✓ verifies  ? waits for a person  → sends"]
    return "\n".join(lines)


def _leads(shape: Shape, source: str) -> str:
    found: dict[str, list[str]] = {}
    for start, target, label in shape.edges:
        if start == source:
            found.setdefault("end" if target == END else target, []).append(label)
    parts = [
        f"{target} ({', '.join(sorted(labels))})" if any(labels) else target
        for target, labels in found.items()
    ]
    return "─▶ " + " | ".join(parts) if parts else ""


@dataclass(frozen=True)
class _Place:
    x: float
    y: float


def draw_svg(definition: GraphDefinition, *, current: str | None = None) -> str:
    """Draw a graph as a self-contained SVG picture.

    Args:
        definition: The graph.
        current: A node to mark, such as the one a conversation waits in.
    """
    shape = definition.shape
    places, width, height = _layout(shape)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img" '
        f'aria-label="Graph {escape(definition.name, quote=True)}" '
        'font-family="system-ui, sans-serif" font-size="13">',
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" '
        'markerHeight="8" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#64748b"/></marker></defs>',
    ]
    parts += _edges(shape, places)
    parts += [_node(shape, name, place, current == name) for name, place in places.items()]
    return "".join([*parts, "</svg>"])


def _layout(shape: Shape) -> tuple[dict[str, _Place], float, float]:
    """Put every node on the level of its longest way from the start, loops left out."""
    level = {START: 0}
    order = [START, *shape.specs, END]
    forward = [(a, b) for a, b, _ in shape.edges if order.index(a) < order.index(b)]
    for name in order[1:]:
        level[name] = max((level[a] + 1 for a, b in forward if b == name and a in level), default=1)
    rows: dict[int, list[str]] = {}
    for name in order:
        rows.setdefault(level[name], []).append(name)
    widest = max(len(names) for names in rows.values())
    full = widest * _WIDTH + (widest - 1) * _GAP_X
    places: dict[str, _Place] = {}
    for row, names in rows.items():
        left = (full - len(names) * _WIDTH - (len(names) - 1) * _GAP_X) / 2
        for index, name in enumerate(names):
            x = _MARGIN + left + index * (_WIDTH + _GAP_X)
            places[name] = _Place(x + 60, _MARGIN + row * (_HEIGHT + _GAP_Y))
    height = (max(rows) + 1) * (_HEIGHT + _GAP_Y) - _GAP_Y + 2 * _MARGIN
    return places, full + 2 * _MARGIN + 170, height


def _edges(shape: Shape, places: dict[str, _Place]) -> list[str]:
    labels: dict[tuple[str, str], list[str]] = {}
    for source, target, label in shape.edges:
        labels.setdefault((source, target), []).append(label)
    drawn: list[str] = []
    for lane, ((source, target), names) in enumerate(labels.items()):
        drawn += _edge(places[source], places[target], ", ".join(filter(None, names)), lane)
    return drawn


def _edge(source: _Place, target: _Place, label: str, lane: int) -> list[str]:
    middle = source.x + _WIDTH / 2
    if target.y > source.y:
        x1, y1, x2, y2 = middle, source.y + _HEIGHT, target.x + _WIDTH / 2, target.y
        bend = (y1 + y2) / 2
        path = f"M{x1:g} {y1:g} C{x1:g} {bend:g} {x2:g} {bend:g} {x2:g} {y2 - 2:g}"
        at = ((x1 + x2) / 2 + 6, bend + 4)
    else:
        x1, y1 = source.x + _WIDTH, source.y + _HEIGHT / 2
        x2, y2 = target.x + _WIDTH, target.y + _HEIGHT / 2
        side = max(x1, x2) + 40 + 14 * (lane % 6)
        path = f"M{x1:g} {y1:g} C{side:g} {y1:g} {side:g} {y2:g} {x2 + 2:g} {y2:g}"
        at = (side - 12, (y1 + y2) / 2)
    line = f'<path d="{path}" fill="none" stroke="#94a3b8" marker-end="url(#arrow)"/>'
    if not label:
        return [line]
    text = (
        f'<text x="{at[0]:g}" y="{at[1]:g}" font-size="11" fill="#475569" paint-order="stroke" '
        f'stroke="#fff" stroke-width="4">{escape(label)}</text>'
    )
    return [line, text]


def _node(shape: Shape, name: str, place: _Place, current: bool) -> str:
    spec = shape.specs.get(name)
    fill, stroke = _COLOURS[spec.role] if spec else ("#0f172a", "#0f172a")
    text = "#fff" if spec is None else "#0f172a"
    shown = name if spec else name.strip("_")
    radius = 8 if spec else _HEIGHT / 2
    return (
        f"<g><title>{escape(shown)}{f' ({spec.role})' if spec else ''}</title>"
        f'<rect x="{place.x:g}" y="{place.y:g}" width="{_WIDTH}" height="{_HEIGHT}" '
        f'rx="{radius:g}" fill="{fill}" stroke="{stroke}" stroke-width="{3 if current else 1.3}"/>'
        f'<text x="{place.x + _WIDTH / 2:g}" y="{place.y + _HEIGHT / 2 + 4.5:g}" '
        f'text-anchor="middle" fill="{text}">{escape(shown)}</text></g>'
    )
