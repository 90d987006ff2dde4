"""What is worth saying of a span in a few words, the same in the terminal and at the desk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from handrail.core import attributes as names
from handrail.traces.tree import SpanNode

Look = Literal["error", "flagged", "wait", "person", "check", "model", "run", "node"]

_LOOKS: tuple[tuple[str, Look], ...] = (
    ("human.wait ", "wait"),
    ("human.", "person"),
    ("apply_guardrail ", "check"),
    ("chat ", "model"),
    ("invoke_workflow ", "run"),
)
_SAID = (
    names.OUTCOME,
    names.ROUTE,
    names.INTENT,
    names.SOURCE,
    names.GUARDRAIL_RESULT,
    names.DECISION,
    names.ERROR_TYPE,
)


def findings(span: SpanNode) -> int:
    """How many guardrail findings a span reports."""
    count = span.attributes.get(names.FINDINGS, 0)
    return count if isinstance(count, int) else 0


def look(span: SpanNode) -> Look:
    """What kind of thing a span is for the eye; trouble comes first."""
    if span.status == "error":
        return "error"
    if findings(span):
        return "flagged"
    for prefix, kind in _LOOKS:
        if span.name.startswith(prefix):
            return kind
    return "node"


def note(span: SpanNode) -> str:
    """Findings, route, outcome and the like in one line."""
    said = [printable(str(span.attributes[key])) for key in _SAID if key in span.attributes]
    if count := findings(span):
        worst = span.attributes.get(names.WORST)
        said.insert(0, f"{count} finding{'s' * (count > 1)}{f', worst {worst}' if worst else ''}")
    if span.status == "error" and names.ERROR_TYPE not in span.attributes:
        said.insert(0, next(_exceptions(span), "error"))
    return printable(" · ".join(said))


def _exceptions(span: SpanNode) -> Iterator[str]:
    for event in span.events:
        if kind := event.get("attributes", {}).get("exception.type"):
            yield str(kind)


def printable(text: str) -> str:
    """Replace characters that would steer a terminal or break a picture."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
