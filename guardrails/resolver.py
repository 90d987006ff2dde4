"""Turns findings into an outcome and into a repaired text: tables decide, checks do not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from handrail.core.conversation import Mode
from handrail.core.verdict import SEVERITY_ORDER, Edit, Finding, Outcome, Report, Severity

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


def chosen_edits(findings: Iterable[Finding]) -> list[Edit]:
    """The proposals that can be applied together; where two overlap, the gravest wins."""
    chosen: list[Edit] = []
    for finding in sorted(findings, key=lambda f: (-SEVERITY_ORDER[f.severity], f.start, f.end)):
        edit = finding.proposal
        if edit and not any(_overlap(edit, other) for other in chosen):
            chosen.append(edit)
    return chosen


def repaired(text: str, findings: Iterable[Finding]) -> str:
    """Apply the proposals right to left; a text without any comes back as it is."""
    for edit in sorted(chosen_edits(findings), key=lambda edit: edit.start, reverse=True):
        text = text[: edit.start] + edit.replacement + text[edit.end :]
    return text
