"""The operating modes in order of caution."""

from __future__ import annotations

from handrail.core.conversation import Mode

_CAUTION: dict[Mode, int] = {"autonomous": 0, "supervised": 1, "collaborative": 2, "shadow": 3}


def tighter(first: Mode, second: Mode) -> Mode:
    """Return the more cautious of two modes: a turn may tighten its mode, never loosen it."""
    return first if _CAUTION[first] >= _CAUTION[second] else second
