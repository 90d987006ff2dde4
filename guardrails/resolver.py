"""Turns findings into an outcome and into a repaired text: tables decide, checks do not."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from handrail.core.conversation import Mode
from handrail.core.verdict import (
    SEVERITY_ORDER,
    Edit,
    Finding,
    Outcome,
    RepairStep,
    Report,
    Severity,
)
from handrail.guardrails.contract import CheckContext
from handrail.guardrails.edits import permitted

FOUND: Mapping[Severity, Outcome] = MappingProxyType(
    {"low": "clean", "medium": "flagged", "high": "flagged", "critical": "critical"}
)
"""Outcome of a finding by its severity."""

FAILED: Mapping[Severity, Outcome] = MappingProxyType(
    {"low": "clean", "medium": "flagged", "high": "flagged", "critical": "flagged"}
)
"""Outcome of a check that could not judge, by its severity, where a person looks anyway."""

FAILED_IN: Mapping[Mode, Mapping[Severity, Outcome]] = MappingProxyType(
    {
        "autonomous": MappingProxyType({**FAILED, "critical": "critical"}),
        "supervised": FAILED,
        "collaborative": FAILED,
        "shadow": FAILED,
    }
)
"""The same by mode: where nobody looks, a critical check that could not judge closes the way."""

_GRAVEST_FIRST: tuple[Outcome, ...] = ("critical", "flagged")


def outcome(report: Report, mode: Mode, severities: Mapping[str, Severity]) -> Outcome:
    """Resolve a report in a mode.

    Args:
        report: Findings and failures of one run.
        mode: Who answers.
        severities: Severity by check id; a check not named is taken as critical.
    """
    table = FAILED_IN[mode]
    found = {FOUND[finding.severity] for finding in report.findings}
    found |= {table[severities.get(error.check, "critical")] for error in report.errored}
    for one in _GRAVEST_FIRST:
        if one in found:
            return one
    return "clean"


def _overlap(first: Edit, second: Edit) -> bool:
    if first.start == second.start:
        return True
    return first.start < second.end and second.start < first.end


def chosen(findings: Iterable[Finding]) -> list[Finding]:
    """The findings whose proposals can be applied together, in the order of their places.

    Where two proposals overlap, the gravest wins.
    """
    taken: list[tuple[Edit, Finding]] = []  # in the order of their places, none over another
    for finding in sorted(findings, key=lambda f: (-SEVERITY_ORDER[f.severity], f.start, f.end)):
        if edit := finding.proposal:
            place = bisect_left(taken, edit.start, key=lambda pair: pair[0].start)
            beside = taken[max(place - 1, 0) : place + 1]
            if not any(_overlap(edit, other) for other, _ in beside):
                taken.insert(place, (edit, finding))
    return [finding for _, finding in taken]


def repaired(text: str, findings: Iterable[Finding]) -> str:
    """Apply the chosen proposals right to left; a text without any comes back as it is."""
    edits = [finding.proposal for finding in chosen(findings) if finding.proposal]
    for edit in reversed(edits):
        text = text[: edit.start] + edit.replacement + text[edit.end :]
    return text


def repair(ctx: CheckContext, findings: Iterable[Finding]) -> RepairStep | None:
    """Repair the context's text by the proposals that may be applied.

    Returns:
        What was done; ``None`` where nothing could be.
    """
    sound = [one for one in findings if one.proposal and permitted(one.proposal, ctx)]
    applied = chosen(sound)
    after = repaired(ctx.text, applied)
    if after == ctx.text:
        return None
    return RepairStep(before=ctx.text, after=after, findings=tuple(applied))
