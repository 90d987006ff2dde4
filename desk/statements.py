"""What supports each statement of a draft, the wrong first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from handrail.core.conversation import Passage
from handrail.core.verdict import ClaimVerdict, EvidenceSpan, Finding, Support
from handrail.desk.sources import source_title

Standing = Literal["contradicted", "unsupported", "unverified", "derived", "supported"]
"""As :data:`~handrail.core.verdict.Support`; ``derived`` where an amount in it follows from
others."""

ORDER: dict[Standing, int] = {
    "contradicted": 0, "unsupported": 1, "unverified": 2, "derived": 3, "supported": 4,
}  # fmt: skip
_FINE: frozenset[Standing] = frozenset({"derived", "supported"})
_DERIVED = "fact.value:derived"
_OPEN: frozenset[Support] = frozenset({"unsupported", "unverified"})


@dataclass(frozen=True)
class Ground:
    """A place in a source that speaks for or against a statement."""

    title: str
    quote: str
    against: bool


@dataclass(frozen=True)
class Statement:
    """A statement of a draft and how it stands."""

    text: str
    standing: Standing
    by: str
    """What decided; the name of a judge where one did."""
    grounds: tuple[Ground, ...]
    witness: str = ""
    """How an amount follows from others."""
    numbers: tuple[int, ...] = ()
    """The findings in it that are not merely low, counted from 1."""

    @property
    def fine(self) -> bool:
        """Whether it needs no second look."""
        return self.standing in _FINE


def statements(
    text: str,
    claims: Sequence[ClaimVerdict],
    findings: Sequence[Finding] = (),
    passages: Sequence[Passage] = (),
) -> tuple[Statement, ...]:
    """List the statements of a text that was judged, the wrong first, then in their order.

    Args:
        text: The text.
        claims: What was said of each statement.
        findings: The findings on the text; some say how an amount follows from others.
        passages: Those the draft came with, for the titles of articles.
    """
    derived = [finding for finding in findings if finding.key == _DERIVED]
    found = [_statement(text, claim, derived, passages) for claim in claims]
    found = [_numbered(one, claim, findings) for one, claim in zip(found, claims, strict=True)]
    return tuple(sorted(found, key=lambda one: (ORDER[one.standing], not one.numbers)))


def _numbered(one: Statement, claim: ClaimVerdict, findings: Sequence[Finding]) -> Statement:
    numbers = tuple(
        number
        for number, finding in enumerate(findings, 1)
        if finding.severity != "low" and claim.start <= finding.start < claim.end
    )
    return replace(one, numbers=numbers)


def _statement(
    text: str, claim: ClaimVerdict, derived: Sequence[Finding], passages: Sequence[Passage]
) -> Statement:
    witness = next(
        (one for one in derived if claim.start <= one.start and one.end <= claim.end), None
    )
    follows = witness is not None and claim.support in _OPEN
    evidence = claim.evidence
    if witness is not None and follows:
        evidence = (*evidence, *witness.evidence)
    return Statement(
        text=text[claim.start : claim.end],
        standing="derived" if follows and claim.support == "unverified" else claim.support,
        by=claim.by,
        grounds=tuple(_grounds(evidence, passages)),
        witness=witness.message if witness is not None and follows else "",
    )


def _grounds(evidence: Sequence[EvidenceSpan], passages: Sequence[Passage]) -> Iterator[Ground]:
    for span in dict.fromkeys(evidence):
        if span.quote and span.relation != "absent":
            title = source_title(span.source, passages)
            yield Ground(title, span.quote, span.relation == "contradicts")
