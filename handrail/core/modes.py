"""The operating modes in order of caution."""

from __future__ import annotations

from collections.abc import Iterable

from handrail.core.conversation import Mode
from handrail.core.verdict import Finding

_CAUTION: dict[Mode, int] = {"autonomous": 0, "supervised": 1, "collaborative": 2, "shadow": 3}


def tighter(first: Mode, second: Mode) -> Mode:
    """Return the more cautious of two modes: a turn may tighten its mode, never loosen it."""
    return first if _CAUTION[first] >= _CAUTION[second] else second


def trusted_less(mode: Mode, screened: Iterable[Finding]) -> Mode:
    """Return the mode of a turn whose input the checks have looked at.

    A high or critical finding on what came in means that a person sees the reply before it leaves.
    """
    grave = any(finding.severity in ("high", "critical") for finding in screened)
    return tighter(mode, "supervised") if grave else mode
