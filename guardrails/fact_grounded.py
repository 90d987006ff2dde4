"""Check ``fact.grounded``: what a reply states is said by a record, an article or the playbook.

Fires: "Gift cards never expire and work in every partner shop." where no passage speaks of it.
Does not fire: the passage's own sentence, a close paraphrase, a greeting, a question, an offer.

Rules: ``unsupported`` (medium): hardly any content word of a statement occurs in the evidence.
A published sentence that was turned into its opposite is for ``fact.policy``.
A free paraphrase is never called supported: it is left alone, for a judge or a person to say.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from handrail.core.verdict import EvidenceSpan, Finding
from handrail.guardrails.contract import CheckContext, CheckSettings, check
from handrail.guardrails.reading import stems


class GroundedSettings(CheckSettings):
    """How little support is too little."""

    min_words: int = Field(default=3, ge=1)
    """Statements with fewer content words are not judged."""
    coverage: float = Field(default=0.3, ge=0, le=1)
    """Least share of content words that must occur in the evidence."""


@check("fact.grounded", severity="high", settings=GroundedSettings)
def fact_grounded(ctx: CheckContext, settings: GroundedSettings) -> Iterator[Finding]:
    """Flag statements that the evidence knows nothing about."""
    evidence = ctx.evidence
    asked = stems(ctx.said)
    for claim in ctx.claims:
        if claim.kind != "statement":
            continue
        words = stems(claim.text)
        if len(words) < settings.min_words or evidence.quote(claim.text):
            continue
        if len(words & (evidence.stems | asked)) < settings.coverage * len(words):
            yield fact_grounded.finding(
                "unsupported",
                claim.start,
                claim.end,
                "No record, article or template speaks of this.",
                severity="medium",
                evidence=(EvidenceSpan(source="rule:evidence", quote="", relation="absent"),),
                confidence=0.6,
            )
