"""Check ``fact.grounded``: what a reply states is said by a record, an article or the playbook.

Fires: "Gift cards never expire and work in every partner shop." where no passage speaks of it.
Does not fire: the passage's own sentence, a close paraphrase, a greeting, a question, an offer.

Rules: ``unsupported`` (medium): hardly any content word of a statement occurs in the evidence.
``polarity`` (high): the statement is an evidence sentence with a negation added or taken out.
A free paraphrase is never called supported: it is left alone, for a judge or a person to say.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from handrail.core.verdict import EvidenceSpan, Finding
from handrail.guardrails.claims import Claim
from handrail.guardrails.contract import CheckContext, CheckSettings, check
from handrail.guardrails.evidence import quoted
from handrail.guardrails.reading import Source, stems


class GroundedSettings(CheckSettings):
    """How little support is too little."""

    min_words: int = Field(default=3, ge=1)
    """Statements with fewer content words are not judged."""
    coverage: float = Field(default=0.3, ge=0, le=1)
    """Least share of content words that must occur in the evidence."""
    same: float = Field(default=0.9, ge=0, le=1)
    """Share of common content words from which two sentences say the same thing."""


def _contradicted(
    claim: Claim, words: frozenset[str], sources: tuple[Source, ...], same: float
) -> EvidenceSpan | None:
    """The evidence sentence that says the opposite, unless another one says the same."""
    opposite: EvidenceSpan | None = None
    for source in sources:
        if len(words & source.reading.stems) < same * len(words):
            continue
        for sentence, others in source.reading.sentences:
            alike = len(words & others) >= same * max(len(words), len(others))
            if not alike or sentence.kind == "question":
                continue
            if sentence.negated == claim.negated:
                return None
            found = quoted(source, sentence.start, sentence.end)
            opposite = found.model_copy(update={"relation": "contradicts"})
    return opposite


@check("fact.grounded", severity="high", settings=GroundedSettings)
def fact_grounded(ctx: CheckContext, settings: GroundedSettings) -> Iterator[Finding]:
    """Flag statements that the evidence contradicts word for word, or knows nothing about."""
    evidence = ctx.evidence
    asked = stems(ctx.said)
    for claim in ctx.claims:
        if claim.kind != "statement":
            continue
        words = stems(claim.text)
        if len(words) < settings.min_words or evidence.quote(claim.text):
            continue
        opposite = _contradicted(claim, words, evidence.sources, settings.same)
        if opposite:
            yield fact_grounded.finding(
                "polarity",
                claim.start,
                claim.end,
                "A source says the opposite of this sentence.",
                evidence=(opposite,),
                confidence=0.9,
            )
        elif len(words & (evidence.stems | asked)) < settings.coverage * len(words):
            yield fact_grounded.finding(
                "unsupported",
                claim.start,
                claim.end,
                "No record, article or template speaks of this.",
                severity="medium",
                evidence=(EvidenceSpan(source="rule:evidence", quote="", relation="absent"),),
                confidence=0.6,
            )
