"""Check ``fact.judged``: what no rule could decide is asked of a judge, where one is configured.

Fires: "Parts are covered too" where the judge says "contradicted" and quotes a passage that is
there word for word. Does not fire: where the judge supports a statement; where its quote is not
found, which leaves the statement ``unverified``; where no judge is configured.

Rules: ``contradicted`` (high), with the words that speak against it; ``unsupported`` (medium).
A judge that fails, or answers for another number of statements, makes the check fail, not the turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from handrail.core.ports import Judge, Judgement
from handrail.core.verdict import ClaimVerdict, EvidenceSpan, Finding
from handrail.guardrails.contract import CheckContext, CheckSettings, check
from handrail.guardrails.terms import stems


class JudgedSettings(CheckSettings):
    """How long a judge may take."""

    timeout_ms: int | None = 20_000


class JudgeAnswerError(Exception):
    """A judge answered for another number of statements than it was asked about."""


def _looked_up(said: Judgement, sources: Mapping[str, str]) -> EvidenceSpan | None:
    """The place of the judge's quote, in the source it names or in another; none if made up."""
    quote = said.quote.strip()
    if not stems(quote):
        return None
    named = [said.source] if said.source in sources else []
    for source in (*named, *sources):
        start = sources[source].find(quote)
        if start >= 0:
            relation = "contradicts" if said.support == "contradicted" else "supports"
            return EvidenceSpan(
                source=source, quote=quote, relation=relation, start=start, end=start + len(quote)
            )
    return None


def _verdict(
    claim: ClaimVerdict, said: Judgement, sources: Mapping[str, str], judge: str
) -> ClaimVerdict:
    if said.support in ("unsupported", "unverified"):
        return claim.model_copy(update={"support": said.support, "by": judge})
    found = _looked_up(said, sources)
    if found is None:
        return claim.model_copy(update={"by": judge})
    return claim.model_copy(update={"support": said.support, "by": judge, "evidence": (found,)})


def _finding(verdict: ClaimVerdict) -> Finding | None:
    if verdict.support == "contradicted":
        return fact_judged.finding(
            "contradicted",
            verdict.start,
            verdict.end,
            "The judge finds that a source says otherwise.",
            evidence=verdict.evidence,
            confidence=0.8,
        )
    if verdict.support == "unsupported":
        return fact_judged.finding(
            "unsupported",
            verdict.start,
            verdict.end,
            "The judge finds no source that says this.",
            severity="medium",
            evidence=(EvidenceSpan(source="rule:evidence", quote="", relation="absent"),),
            confidence=0.7,
        )
    return None


@check("fact.judged", severity="high", needs=("judge",), settings=JudgedSettings)
async def fact_judged(
    ctx: CheckContext,
    settings: JudgedSettings,  # noqa: ARG001
) -> list[Finding | ClaimVerdict]:
    """Ask the judge about every statement that is still open."""
    judge = cast("Judge", ctx.judge)
    still_open = [claim for claim in ctx.verdicts if claim.support == "unverified"]
    if not still_open:
        return []
    sources = ctx.evidence.texts
    asked = [ctx.text[claim.start : claim.end] for claim in still_open]
    answers = await judge.judge(asked, sources)
    if len(answers) != len(still_open):
        raise JudgeAnswerError
    verdicts = [
        _verdict(claim, said, sources, judge.name)
        for claim, said in zip(still_open, answers, strict=True)
    ]
    findings = [found for verdict in verdicts if (found := _finding(verdict))]
    return [*verdicts, *findings]
