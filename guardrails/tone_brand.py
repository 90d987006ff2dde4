"""Check ``tone.brand``: a reply is polite, keeps to the brand's words and blames nobody.

Fires: "That's your own fault.", "We're the worst company there is.", "F*ck that." Does not fire:
"It is not your fault.", "We assess orders from Scunthorpe.", a product's name from the records.

Rules: ``profanity`` (high), ``disparagement`` (high: of the customer or of the brand itself),
``blame`` (medium), ``forbidden_word`` (medium: ``tone.forbidden``), ``competitor`` (medium:
``tone.competitors``; low where the customer named it), ``slang`` (low). English and Spanish. Slang,
and a forbidden word that a sentence can do without, come with a proposal.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from handrail.core.verdict import EvidenceSpan, Finding
from handrail.guardrails.contract import CheckContext, CheckSettings, Hit, check
from handrail.guardrails.normalisation import caseless, lowered
from handrail.guardrails.rude_words import (
    BLAME,
    DISPARAGED,
    PROFANE,
    SLANG,
    TELLING,
    disguised,
)

_TOKEN = re.compile(r"[^\W_]{2,30}")
_DENIAL = re.compile(r"(?:\b(?:not|no|nunca|never)|n['’]t)\s[^.!?\n]{0,12}$", re.IGNORECASE)
_BEFORE = 24
_LISTED = PROFANE | SLANG.keys()


class BrandSettings(CheckSettings):
    """Words beside the built-in lists."""

    allowed: tuple[str, ...] = ()
    """Words of the built-in lists that may be used."""


@lru_cache(maxsize=64)
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    listed = "|".join(map(re.escape, words))
    return re.compile(rf"(?<!\w)(?:{listed})(?!\w)", re.IGNORECASE)


def _listed(ctx: CheckContext, words: tuple[str, ...]) -> Iterator[Hit]:
    """Find words that the playbook lists."""
    lower = caseless(ctx.folded.text) if words else ""
    there = tuple(word for word in words if word.strip() and caseless(word) in lower)
    return ctx.search(_pattern(there)) if there else iter(())


def _from_records(ctx: CheckContext, word: str) -> bool:
    """Whether a word is part of a name: it stands in the customer's records or their own name."""
    own = f" {ctx.snapshot.customer.name or ''} ".casefold()
    return f" {word} " in own or any(
        field.type in ("text", "name") and word in str(field.value).casefold()
        for record in ctx.records
        for field in record.fields.values()
    )


def _words(ctx: CheckContext, text: str, allowed: frozenset[str]) -> Iterator[Finding]:
    """Single words: swearing, plain or disguised, and slang."""
    there = not ctx.words.isdisjoint(_LISTED)
    listed = [hit for hit in _TOKEN.finditer(text) if hit[0] in _LISTED] if there else ()
    for hit in (*listed, *disguised(text, ctx.words)):
        word = hit[0]
        if word in allowed or _from_records(ctx, word):
            continue
        start, end = ctx.folded.span(*hit.span())
        if word in SLANG:
            yield tone_brand.finding(
                "slang", start, end, "This is slang.", severity="low", replacement=SLANG[word]
            )
        else:
            message = "This is a swear word."
            yield tone_brand.finding("profanity", start, end, message, severity="high")


def _denied(ctx: CheckContext, hit: Hit) -> bool:
    """Whether a no stands before: "It is not your fault."."""
    start = hit.match.start()
    return bool(_DENIAL.search(ctx.folded.text, max(0, start - _BEFORE), start))


def _phrases(ctx: CheckContext) -> Iterator[Finding]:
    for hit in ctx.search_telling(BLAME, TELLING):
        if not _denied(ctx, hit):
            yield tone_brand.finding("blame", hit.start, hit.end, "This blames the customer.")
    for hit in ctx.search_telling(DISPARAGED, TELLING):
        if not _denied(ctx, hit):
            message = "This speaks ill of the customer or of the brand."
            yield tone_brand.finding("disparagement", hit.start, hit.end, message, severity="high")


def _left_out(text: str, start: int, end: int) -> tuple[int, int, str] | None:
    """How a word is left out that only opens a sentence: ``Unfortunately, we`` becomes ``We``."""
    opens = start == 0 or text[:start].rstrip(" ")[-1:] in ("", ".", "!", "?", "\n")
    if not opens or text[end : end + 2] != ", " or end + 2 >= len(text):
        return None
    return start, end + 3, text[end + 2].upper()


def _listed_words(ctx: CheckContext) -> Iterator[Finding]:
    tone = ctx.playbook.tone
    for hit in _listed(ctx, tone.forbidden):
        rule = EvidenceSpan(
            source="rule:tone.forbidden", quote=hit.match[0], relation="contradicts"
        )
        message = "The playbook forbids this word."
        short = _left_out(ctx.text, hit.start, hit.end)
        start, end = short[:2] if short else (hit.start, hit.end)
        yield tone_brand.finding(
            "forbidden_word",
            start,
            end,
            message,
            evidence=(rule,),
            replacement=short[2] if short else None,
        )
    for hit in _listed(ctx, tone.competitors):
        rule = EvidenceSpan(
            source="rule:tone.competitors", quote=hit.match[0], relation="contradicts"
        )
        named = hit.match[0].casefold() in ctx.said.casefold()
        yield tone_brand.finding(
            "competitor",
            hit.start,
            hit.end,
            "This names a competitor.",
            severity="low" if named else "medium",
            evidence=(rule,),
        )


@check("tone.brand", severity="medium", settings=BrandSettings)
def tone_brand(ctx: CheckContext, settings: BrandSettings) -> Iterator[Finding]:
    """Flag swearing, blame, ill words, slang, and words that the playbook does not want."""
    text = lowered(ctx.folded.text)
    yield from _words(ctx, text, frozenset(word.lower() for word in settings.allowed))
    yield from _phrases(ctx)
    yield from _listed_words(ctx)
