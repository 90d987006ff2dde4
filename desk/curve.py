"""Draws how accuracy and transfers depend on the accept threshold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from handrail.language.tuning import Point

_WIDTH: Final = 640
_HEIGHT: Final = 360
_MARGIN: Final = 48


def curve_svg(points: Sequence[Point], chosen: Point) -> str:
    """Draw transfers against accuracy, with the chosen point; one SVG document."""
    low = min((point.accuracy for point in points), default=0.0)
    floor = max(0.0, int(low * 20) / 20)

    def place(point: Point) -> tuple[float, float]:
        across = _MARGIN + point.transfer * (_WIDTH - 2 * _MARGIN)
        height = (point.accuracy - floor) / max(1 - floor, 1e-9)
        return round(across, 1), round(_HEIGHT - _MARGIN - height * (_HEIGHT - 2 * _MARGIN), 1)

    line = " ".join(f"{x},{y}" for x, y in map(place, points))
    at_x, at_y = place(chosen)
    right, bottom = _WIDTH - _MARGIN, _HEIGHT - _MARGIN
    return "\n".join((
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">',
        '<g font-family="sans-serif" font-size="13">',
        "<title>Accuracy of accepted intents by share of messages not accepted</title>",
        f'<path d="M{_MARGIN} {_MARGIN}V{bottom}H{right}" fill="none" stroke="currentColor"/>',
        f'<polyline points="{line}" fill="none" stroke="#2563eb" stroke-width="2"/>',
        f'<circle cx="{at_x}" cy="{at_y}" r="5" fill="#2563eb"/>',
        f'<text x="{at_x + 8}" y="{at_y + 18}">accept {chosen.threshold:.3f}</text>',
        f'<text x="{_MARGIN}" y="{_MARGIN - 12}">accuracy 100 %</text>',
        f'<text x="{_MARGIN - 40}" y="{bottom}">{floor:.0%}</text>',
        f'<text x="{_MARGIN}" y="{bottom + 20}">0 % not accepted</text>',
        f'<text x="{right}" y="{bottom + 20}" text-anchor="end">100 %</text>',
        "</g></svg>",
    ))  # fmt: skip


def curve_rows(points: Sequence[Point], count: int = 11) -> list[Point]:
    """Pick points at even shares of transfers, for a table."""
    targets = [step / (count - 1) for step in range(count)]
    return list(
        dict.fromkeys(min(points, key=lambda p: abs(p.transfer - share)) for share in targets)
    )
