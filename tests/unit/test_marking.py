"""Marked texts: the pieces are the text again, whatever the findings."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from handrail.core.verdict import Finding, Severity
from handrail.desk.marking import mark

SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")


def finding(start: int, end: int, severity: Severity = "high") -> Finding:
    return Finding(check="c.x", rule="r", severity=severity, start=start, end=end, message="m")


@given(
    st.text(max_size=40),
    st.lists(st.tuples(st.integers(-5, 50), st.integers(-5, 50), st.sampled_from(SEVERITIES))),
)
def test_pieces_joined_are_the_text(text: str, spans: list[tuple[int, int, Severity]]) -> None:
    pieces = mark(text, tuple(finding(*span) for span in spans))
    assert "".join(piece.text for piece in pieces) == text


def test_overlapping_findings_are_numbered_and_the_gravest_colours() -> None:
    pieces = mark("abcdef", (finding(1, 4, "low"), finding(3, 5, "critical")))
    assert [(p.text, p.numbers, p.severity) for p in pieces] == [
        ("a", (), None),
        ("bc", (1,), "low"),
        ("d", (1, 2), "critical"),
        ("e", (2,), "critical"),
        ("f", (), None),
    ]
