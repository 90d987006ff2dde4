"""Check ``fact.policy``: what a reply says of a published rule is what the rule says.

Fires: "Refunds are possible within 60 days of delivery." where the article says 30. "You cannot
return opened items." where it says that you can. "Our policy says that pets travel free." where no
article speaks of pets. Does not fire: the article's own sentence, shortened or with other words
around it; a free paraphrase, which is for ``fact.grounded`` to judge.

Rules: ``altered`` (critical; high where only a name differs): a sentence closely follows one of an
article or the playbook, but with another number, unit, name or thing of its kind ("by phone" for
"by e-mail"), or turned into its opposite.
``absent`` (high): it claims a policy that no article speaks of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pydantic import Field

from handrail.core.verdict import ClaimVerdict, EvidenceSpan, Finding
from handrail.guardrails.alignment import Aligned, Change, Laid, ceiling, judge, lay
from handrail.guardrails.claims import Claim
from handrail.guardrails.contract import CheckContext, CheckSettings, check
from handrail.guardrails.evidence import quoted
from handrail.guardrails.reading import Source, stems
from handrail.guardrails.rule_words import Phrase, phrase_of, published_phrase

_CLAIMED = re.compile(
    r"\b(?:(?:our|the|company|store|shop) (?:\w{1,20} ){0,2}(?:polic(?:y|ies)|terms|rules?)"
    r" (?:\w{1,20} ){0,2}(?:is|are|says?|states?|requires?|allows?|permits?|prohibits?|forbids?"
    r"|means?|covers?|does not|do not)"
    r"|(?:per|under|according to|in line with|based on|by) (?:our|the|company)"
    r" (?:\w{1,20} ){0,2}(?:polic(?:y|ies)|terms|rules?)"
    r"|(?:nuestra|la|según nuestra|según la) política|según nuestr[oa]s (?:normas|condiciones))\b",
    re.IGNORECASE,
)
_OF_POLICIES = frozenset(
    stems("our policy policies terms conditions rule rules says states política")
)
_MARKS = re.compile(r"[*`#]{1,6}\s?")
_FIELD = "{{"
_SHARED = 0.25
"""Least share of content words, of both, from which two sentences are laid beside each other."""
_SLACK = 0.1
"""How much more a claim may add to a sentence than it leaves of it."""
_TRIED = 16
"""How many sentences of the evidence a sentence is laid beside."""
_SAID: dict[Change, str] = {
    "number": "with another number",
    "unit": "with another unit",
    "polarity": "turned into its opposite",
    "entity": "about something else",
}


class PolicySettings(CheckSettings):
    """How close is close enough to compare word by word."""

    alike: float = Field(default=0.7, ge=0, le=1)
    """Share of the words, in order, from which a sentence is taken to repeat a source's."""
    same_words: float = Field(default=0.9, ge=0, le=1)
    """Share of common content words from which two sentences speak of the same thing, in whatever
    order."""
    spoken_of: float = Field(default=0.5, ge=0, le=1)
    """Share of the content words of a claimed policy that one source must hold."""


@dataclass(frozen=True, slots=True)
class _Near:
    """A sentence of the evidence that a claim follows."""

    aligned: Aligned
    source: Source
    sentence: Claim


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A sentence of the evidence that shares words with a claim."""

    words: frozenset[str]
    """Its content words and numbers."""
    source: Source
    sentence: Claim


def _subject(words: frozenset[str]) -> frozenset[str]:
    """What a sentence is about: its content words without numbers and denials."""
    return frozenset(word for word in words if word != "cannot" and not word[0].isdigit())


def _candidates(words: frozenset[str], sources: tuple[Source, ...]) -> Iterator[_Candidate]:
    """The sentences of the evidence that share the most words and numbers, the best first."""
    least = max(1, len(words) // 2)
    found: list[tuple[float, int, int]] = []
    for place, source in enumerate(sources):
        held = words & source.reading.stems
        if len(held) < least:
            continue
        sentences = source.reading.sentences
        for number, shared in source.reading.shared(held).items():
            both = len(words) + len(sentences[number][1])
            if 2 * shared >= _SHARED * both:
                found.append((-shared / both, place, number))
    found.sort()
    for _, place, number in found[:_TRIED]:
        sentence, others = sources[place].reading.sentences[number]
        if _FIELD not in sentence.text and sentence.kind != "question":
            yield _Candidate(others, sources[place], sentence)


def _alike(words: frozenset[str], others: frozenset[str]) -> float:
    """Share of the content words that both have, of the longer one, 0 to 1."""
    return len(words & others) / max(len(words), len(others), 1)


def _nearest(
    claim: Claim, words: frozenset[str], candidates: Iterable[_Candidate], settings: PolicySettings
) -> _Near | None:
    """The sentence that is followed most closely, where it is not followed faithfully."""
    said = phrase_of(claim.text)
    best: _Near | None = None
    for one in candidates:
        aligned = _followed(said, one, best, settings)
        if aligned is None and not (best and best.aligned.share):
            aligned = _of_the_same(claim, words, one, settings)
        if aligned and (best is None or _rank(aligned) > _rank(best.aligned)):
            best = _Near(aligned, one.source, one.sentence)
            if aligned.share == 1 and not aligned.changes:
                return None
    return best if best and best.aligned.changes else None


def _followed(
    said: Phrase, one: _Candidate, best: _Near | None, settings: PolicySettings
) -> Aligned | None:
    """How a claim follows a sentence; ``None`` where it does not, or not as closely as the best."""
    source = published_phrase(one.sentence.text)
    beaten = _rank(best.aligned) if best else (0.0, 0.0, 0.0)
    if not _closer(ceiling(said, source), beaten, settings):
        return None
    laid = lay(said, source)
    return judge(laid) if _closer(_rank(laid), beaten, settings) else None


def _closer(
    rank: tuple[float, float, float], beaten: tuple[float, float, float], settings: PolicySettings
) -> bool:
    share, _, alike = rank
    return rank > beaten and alike >= settings.alike and share >= settings.alike - _SLACK


def _of_the_same(
    claim: Claim, words: frozenset[str], one: _Candidate, settings: PolicySettings
) -> Aligned | None:
    """How a claim compares to a sentence with the same words in another order.

    Only whether one of them says no can be told.
    """
    alike = _alike(words, _subject(one.words))
    if alike < settings.same_words:
        return None
    turned = claim.negated != one.sentence.negated
    return Aligned(alike, 0.0, 0.0, ("polarity",) if turned else ())


def _rank(aligned: Aligned | Laid) -> tuple[float, float, float]:
    return aligned.share, aligned.both, aligned.alike


def _altered(claim: Claim, near: _Near) -> Finding:
    changes = near.aligned.changes
    quote = quoted(near.source, near.sentence.start, near.sentence.end)
    ours = not near.source.id.startswith("message:")
    return fact_policy.finding(
        "altered",
        claim.start,
        claim.end,
        f"A source says this {' and '.join(_SAID[change] for change in changes)}.",
        severity="high" if changes == ("entity",) else "critical",
        evidence=(quote.model_copy(update={"relation": "contradicts"}),),
        confidence=round(near.aligned.alike, 2),
        replacement=_MARKS.sub("", near.sentence.text) if ours else None,
    )


def _unspoken(words: frozenset[str], sources: tuple[Source, ...], least: float) -> bool:
    """Whether no article or template speaks of what a claimed policy is about."""
    about = words - _OF_POLICIES
    published = (source for source in sources if not source.id.startswith("message:"))
    return len(about) > 1 and not any(
        len(about & source.reading.stems) >= least * len(about) for source in published
    )


@check("fact.policy", severity="critical", settings=PolicySettings)
def fact_policy(ctx: CheckContext, settings: PolicySettings) -> Iterator[Finding | ClaimVerdict]:
    """Flag sentences that repeat a published one with a difference, and invented policies."""
    sources = tuple(s for s in ctx.evidence.sources if not s.id.startswith("record:"))
    for claim, written in zip(ctx.claims, ctx.content, strict=True):
        words = _subject(written)
        if claim.kind == "question" or not words:
            continue
        if any(claim.text in source.reading.verbatim for source in sources):
            continue
        near = _nearest(claim, words, _candidates(written, sources), settings)
        if near:
            found = _altered(claim, near)
            yield found
            yield ClaimVerdict(
                start=claim.start,
                end=claim.end,
                support="contradicted",
                by="rule",
                evidence=found.evidence,
            )
        elif (
            claim.kind == "statement"
            and _CLAIMED.search(claim.text)
            and _unspoken(words, sources, settings.spoken_of)
        ):
            yield fact_policy.finding(
                "absent",
                claim.start,
                claim.end,
                "No article speaks of such a policy.",
                severity="high",
                evidence=(EvidenceSpan(source="rule:evidence", quote="", relation="absent"),),
                confidence=0.7,
            )
