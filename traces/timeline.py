"""Lays a trace out on a line on which long pauses are short, so that the work between is seen."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from handrail.traces.tree import NS, SpanNode, Trace

LONG = 0.2
"""A pause longer than this share of all work is shortened."""
SHORT = 0.12
"""Its length then, as a share of all work."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of the line: a time span and the place it takes."""

    start_ns: int
    end_ns: int
    left: float
    """0 to 1, as ``right``."""
    right: float
    shortened: bool


class Timeline:
    """Maps moments to places from 0 to 1."""

    def __init__(self, trace: Trace) -> None:
        self.stretches = tuple(_place(_busy(trace.walk())))
        self._starts = [stretch.start_ns for stretch in self.stretches]

    def at(self, moment_ns: int) -> float:
        """The place of a moment."""
        if not self.stretches:
            return 0.0
        stretch = self.stretches[max(0, bisect_right(self._starts, moment_ns) - 1)]
        length = stretch.end_ns - stretch.start_ns
        share = (moment_ns - stretch.start_ns) / length if length else 0.0
        return stretch.left + min(max(share, 0.0), 1.0) * (stretch.right - stretch.left)


def _busy(spans: Iterable[SpanNode]) -> list[tuple[int, int]]:
    """Times in which anything but a wait went on, in order and without overlap."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(
        (s.start_ns, max(s.start_ns, s.end_ns)) for s in spans if not s.is_wait
    ):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _place(busy: list[tuple[int, int]]) -> list[Stretch]:
    work = sum(end - start for start, end in busy) or 1
    lengths: list[tuple[int, int, float, bool]] = []
    for number, (start, end) in enumerate(busy):
        if number:
            pause = start - busy[number - 1][1]
            long = pause > LONG * work
            lengths.append((busy[number - 1][1], start, SHORT * work if long else pause, long))
        lengths.append((start, end, end - start, False))
    total = sum(length for _, _, length, _ in lengths) or 1
    edges = [0.0]
    for _, _, length, _ in lengths:
        edges.append(edges[-1] + length / total)
    return [
        Stretch(start, end, left, min(right, 1.0), short)
        for (start, end, _, short), (left, right) in zip(lengths, pairwise(edges), strict=True)
    ]


_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def duration(nanoseconds: int) -> str:
    """A length of time as people say it: ``3 ms``, ``1.5 s``, ``5.2 h``."""
    seconds = nanoseconds / NS
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.001 else f"{nanoseconds / 1000:.0f} µs"
