"""Check ``fact.grounded``: what a reply states is said by a record, an article or the playbook.

Fires: "Gift cards never expire and work in every partner shop." where no passage speaks of it.
Does not fire: the passage's own sentence, a close paraphrase, a greeting, a question, an offer.

Rules: ``unsupported`` (medium): a scorer that was trained on approved replies finds that nothing
in the evidence bears a statement out. ``uncited`` (high), only in quote-or-cite mode: a statement
of a template or a model neither quotes nor cites what it relies on. A published sentence that was
altered or turned into its opposite is for ``fact.policy``, a value that nothing has for
``fact.value``: where one of these says what is wrong with a statement, that is told alone.

Every statement gets a verdict. ``supported`` takes a whole sentence of a source, word by word,
the values of a record beside the names of their fields, what action events show, or, in a draft
from templates, a template's sentence that was filled in from a record; a free paraphrase is never
called so: it stays ``unverified``, for a judge or a person to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import Field

from handrail.core.verdict import ClaimVerdict, EvidenceSpan, Finding, Support
from handrail.guardrails.action_evidence import told_by_events
from handrail.guardrails.claim_conflicts import CONFLICTS
from handrail.guardrails.claim_features import Ground, ReplyMeasures
from handrail.guardrails.claims import Claim
from handrail.guardrails.contract import CheckContext, CheckSettings, check
from handrail.guardrails.lazily import cached_property
from handrail.guardrails.statement_support import (
    cites,
    fields_that_say_it,
    template_that_says_it,
)
from handrail.guardrails.support_scorer import shipped_scorer

_ABSENT = EvidenceSpan(source="rule:evidence", quote="", relation="absent")


class GroundedSettings(CheckSettings):
    """How little support is too little."""

    min_words: int = Field(default=2, ge=1)
    """Sentences with fewer content words are not judged."""
    threshold: float | None = Field(default=None, ge=0, le=1)
    """Score from which nothing supports a sentence; that of the scorer where left out."""
    cite: bool = False
    """Quote-or-cite mode: every statement must quote or cite what it relies on."""
    cited: float = Field(default=0.5, ge=0, le=1)
    """Least share of a statement's content words that its citations must hold."""


class _Judging:
    """One run over one text; the sentences are measured when the first one needs it."""

    def __init__(self, ctx: CheckContext, settings: GroundedSettings) -> None:
        self.ctx = ctx
        self.settings = settings
        self.scorer = ctx.scorer or shipped_scorer()
        self.told: dict[str, tuple[str, tuple[EvidenceSpan, ...]]] = {}
        """What bears out the sentences judged so far, by their text."""
        self.conflicts = not set(CONFLICTS).isdisjoint(self.scorer.features)
        """Whether the scorer also judges sentences all of whose words are known."""

    @cached_property
    def _measures(self) -> ReplyMeasures:
        ctx = self.ctx
        ground = Ground(ctx.evidence, ctx.values, ctx.said)
        return ReplyMeasures(ctx.text, ctx.claims, ground, conflicts=self.conflicts)

    def score(self, number: int) -> float:
        """The chance that nothing supports a sentence; lower where it does not matter."""
        words = self.ctx.content[number]
        if len(words) < self.settings.min_words:
            return 0.0
        if not self.conflicts and self._measures.strange.isdisjoint(words):
            return 0.0
        return self.scorer.score(self._measures.measure(number), self.threshold)

    @cached_property
    def done(self) -> Mapping[str, tuple[EvidenceSpan, ...]]:
        """The sentences that tell what was done and nothing else."""
        return told_by_events(self.ctx)

    @cached_property
    def threshold(self) -> float:
        """Score from which a sentence is flagged."""
        chosen = self.settings.threshold
        return self.scorer.threshold if chosen is None else chosen


def _supported(claim: Claim, words: frozenset[str], judging: _Judging) -> ClaimVerdict | None:
    known = judging.told
    if claim.text not in known:  # a sentence that is said again is as true as before
        known[claim.text] = _support(claim, words, judging)
    by, evidence = known[claim.text]
    return _verdict(claim, "supported", by, *evidence) if evidence else None


def _support(
    claim: Claim, words: frozenset[str], judging: _Judging
) -> tuple[str, tuple[EvidenceSpan, ...]]:
    """What bears a sentence out, and in which way."""
    ctx = judging.ctx
    whole = ctx.evidence.sentence(claim)
    if whole:
        return "quote", (whole,)
    fields = fields_that_say_it(claim, words, ctx) or judging.done.get(claim.text, ())
    return "value", fields or template_that_says_it(claim, ctx)


def _verdict(claim: Claim, support: Support, by: str, *evidence: EvidenceSpan) -> ClaimVerdict:
    return ClaimVerdict(start=claim.start, end=claim.end, support=support, by=by, evidence=evidence)


def _novelty(number: int, judging: _Judging) -> Iterator[Finding]:
    score, claim = judging.score(number), judging.ctx.claims[number]
    if score >= judging.threshold and not judging.ctx.evidence.quote(claim.text):
        yield fact_grounded.finding(
            "unsupported",
            claim.start,
            claim.end,
            "No record, article or template speaks of this.",
            severity="medium",
            evidence=(_ABSENT,),
            confidence=round(score, 3),
        )


def _uncited(claim: Claim, judging: _Judging) -> Iterator[Finding]:
    ctx, settings = judging.ctx, judging.settings
    written = ctx.draft is not None and ctx.draft.source in ("template", "articles", "model")
    if settings.cite and written and not cites(claim, ctx, settings.cited):
        yield fact_grounded.finding(
            "uncited",
            claim.start,
            claim.end,
            "This statement neither quotes nor cites what it relies on.",
            evidence=(_ABSENT,),
        )


def _judge_statement(
    number: int, words: frozenset[str], judging: _Judging
) -> Iterator[Finding | ClaimVerdict]:
    claim = judging.ctx.claims[number]
    supported = _supported(claim, words, judging)
    if supported:
        yield supported
        return
    found = list(_novelty(number, judging))
    yield _verdict(claim, "unsupported" if found else "unverified", "scorer" if found else "rule")
    yield from found or _uncited(claim, judging)


@check(
    "fact.grounded",
    severity="high",
    settings=GroundedSettings,
    yields_to=("fact.value", "fact.policy"),
)
def fact_grounded(
    ctx: CheckContext, settings: GroundedSettings
) -> Iterator[Finding | ClaimVerdict]:
    """Flag statements that the evidence knows nothing about."""
    judging = _Judging(ctx, settings)
    for number, (claim, words) in enumerate(zip(ctx.claims, ctx.content, strict=True)):
        if claim.kind == "statement":
            yield from _judge_statement(number, words, judging)
        elif claim.kind != "question":
            yield from _novelty(number, judging)
