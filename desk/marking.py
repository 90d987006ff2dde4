"""Cuts a text into pieces at the borders of its findings, so that a template marks them safely."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from handrail.core.verdict import SEVERITY_ORDER, Finding, Severity


@dataclass(frozen=True)
class Piece:
    """A stretch of text under the same findings."""

    text: str
    numbers: tuple[int, ...] = ()
    """The findings on it, counted from 1."""
    severity: Severity | None = None
    """The gravest of them."""


def mark(text: str, findings: tuple[Finding, ...], *, whole: bool = False) -> tuple[Piece, ...]:
    """Cut ``text`` so that the pieces joined are the text again; findings may overlap.

    A finding without a stretch of its own (something missing, or about the whole text where that
    is not wanted) marks nothing.
    """
    size = len(text)
    spans: list[tuple[int, int, int, Severity]] = [
        (number, max(finding.start, 0), min(finding.end, size), finding.severity)
        for number, finding in enumerate(findings, 1)
    ]
    spans = [span for span in spans if span[1] < span[2] and (whole or span[2] - span[1] < size)]
    borders = sorted({0, size, *(span[1] for span in spans), *(span[2] for span in spans)})
    pieces: list[Piece] = []
    for start, end in pairwise(borders):
        over = [span for span in spans if span[1] <= start and end <= span[2]]
        gravest = max(over, key=lambda span: SEVERITY_ORDER[span[3]])[3] if over else None
        pieces.append(Piece(text[start:end], tuple(span[0] for span in over), gravest))
    return tuple(pieces)
