"""What a part of the benchmark yields: a figure with what was got wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.report import Row


@dataclass(frozen=True)
class Measured:
    """One row."""

    row: Row
    misses: Sequence[str] = ()
    """What was got wrong, the worst first: the text, and what was said of it."""
    notes: Sequence[str] = ()
    """What a reader must know of how it was measured."""
