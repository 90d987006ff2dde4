"""Check ``tone.language``: a reply is in the customer's language.

Fires: "Your order has left our warehouse today." to "¿Dónde está mi pedido? Lo necesito ya.".
Does not fire: a Spanish reply to it, "OK, thanks!" (too short to tell), or a reply in the team's
language to a customer whose language the team does not answer in (low: only shown).

Rules: ``differs`` (medium): the reply is in another language than the customer's. ``mixed`` (low):
a sentence is in another language than the rest. ``not_spoken`` (low): the customer's language is
none of ``brand.languages``. The evidence is the customer's words or their profile.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from handrail.core.verdict import EvidenceSpan, Finding
from handrail.guardrails.contract import CheckContext, CheckSettings, check
from handrail.language.detection import (
    LanguageGuess,
    detect_language,
    foreign_words,
    may_be_mixed,
)
from handrail.language.written import SURE, written_languages

_QUOTED = 80


class LanguageSettings(CheckSettings):
    """How sure a language must be."""

    confidence: float = Field(default=SURE, ge=0, le=1)
    """Least confidence, of both sides, from which they are compared."""
    min_sentence: int = Field(default=40, ge=20)
    """Sentences shorter than this, in characters, are not judged by themselves."""


def _sure(text: str, least: float) -> str | None:
    guess: LanguageGuess = detect_language(text)
    return guess.tag if guess.confidence >= least else None


def _customers(ctx: CheckContext, least: float) -> tuple[str | None, str, str]:
    """The customer's language: of what they wrote now, else before, else of their profile.

    With it the source that tells so, and its words.
    """
    written = next(written_languages(ctx.said, ctx.snapshot.messages, least), None)
    if written is not None:
        return written.tag, f"message:{written.message}", written.text.strip()[:_QUOTED]
    known = ctx.snapshot.customer.language or ""
    return known.split("-")[0].casefold() or None, "customer#language", known


@check("tone.language", severity="medium", settings=LanguageSettings)
def tone_language(ctx: CheckContext, settings: LanguageSettings) -> Iterator[Finding]:
    """Flag a reply, or a sentence of it, in another language than the customer's."""
    reply = _sure(ctx.folded.text, settings.confidence)
    expected, source, quote = _customers(ctx, settings.confidence)
    if reply and expected and reply != expected:
        spoken = {tag.split("-")[0].casefold() for tag in ctx.playbook.brand.languages}
        ours = expected not in spoken and reply in spoken
        yield tone_language.finding(
            "not_spoken" if ours else "differs",
            0,
            len(ctx.text),
            f"The customer writes {expected!r}, which the team does not answer in."
            if ours
            else f"The reply is in {reply!r}; the customer writes {expected!r}.",
            severity="low" if ours else "medium",
            evidence=(EvidenceSpan(source=source, quote=quote, relation="contradicts"),),
            confidence=0.9,
        )
        return
    main = reply or expected
    if main is None or not may_be_mixed(ctx.words, main):
        return
    for at in ctx.holding(foreign_words(main) & ctx.words):
        claim = ctx.claims[at]
        if len(claim.text) < settings.min_sentence:
            continue
        other = _sure(claim.text, settings.confidence)
        if other and other != main:
            message = f"This sentence is in {other!r}, the rest in {main!r}."
            yield tone_language.finding(
                "mixed", claim.start, claim.end, message, severity="low", confidence=0.7
            )
