"""Check ``leak.prompt``: instructions, internal articles and notes stay inside.

Fires: eight words in a row of an internal note or of the model's instructions, plain, reversed,
in ROT13, Base64 or hexadecimal; a canary word. Does not fire: the same words where a public source
holds them.

Rules: ``canary``, ``verbatim``, ``encoded`` (critical), ``speaks_of_prompt`` (high).
The evidence names the protected source; its words are not quoted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from handrail.core.verdict import EvidenceSpan, Finding
from handrail.guardrails.contract import CheckContext, CheckSettings, check
from handrail.guardrails.encodings import backwards, blocks, rotated
from handrail.guardrails.reading import Reading

_WORD = re.compile(r"[^\W_]{1,60}")
_SPEAKS = re.compile(
    r"\b(?:(?:my|the|these|our) (?:system|hidden|initial|original|internal|secret) "
    r"(?:prompt|instructions?|guidelines?|notes?)\b|my instructions (?:are|say|state)\b"
    r"|i (?:was|am|have been) (?:instructed|prompted|told) (?:to|not to)\b"
    r"|as an ai (?:language )?model\b|mis instrucciones (?:son|dicen)\b)",
    re.IGNORECASE,
)
_SHINGLE = 8
_SHORTEST = 4


class LeakSettings(CheckSettings):
    """What gives a leak away."""

    canaries: tuple[str, ...] = ()
    """Words that stand only in the instructions: one of them in a reply is a leak."""


def _shingles_of(words: list[str]) -> frozenset[str]:
    size = min(_SHINGLE, len(words))
    if size < _SHORTEST:
        return frozenset()
    return frozenset(" ".join(words[i : i + size]) for i in range(len(words) - size + 1))


@lru_cache(maxsize=256)
def _published_shingles(reading: Reading) -> tuple[frozenset[str], frozenset[str]]:
    return _read_shingles(reading.text)


def _read_shingles(text: str) -> tuple[frozenset[str], frozenset[str]]:
    words = _WORD.findall(text.casefold())
    return _shingles_of(words), frozenset(words)


def _protected(ctx: CheckContext) -> Iterator[tuple[str, frozenset[str], frozenset[str]]]:
    for source in ctx.protected:
        yield (source.id, *_published_shingles(source.reading))
    for passage in ctx.draft.passages if ctx.draft else ():
        if passage.internal:
            yield (f"article:{passage.id}", *_read_shingles(passage.text))
    for message in ctx.snapshot.messages:
        if message.role == "note":
            yield (f"message:{message.id}", *_read_shingles(message.text))


def _public(shingle: str, ctx: CheckContext) -> bool:
    said = " ".join(_WORD.findall(ctx.said.casefold()))
    sources = ctx.evidence.sources
    return shingle in said or any(f" {shingle} " in source.reading.words for source in sources)


def _leaks(text: str, ctx: CheckContext) -> Iterator[tuple[str, int, int]]:
    """Where protected words stand in a text: source, start, end."""
    folded = text.casefold()
    plain = _WORD.findall(folded)
    vocabulary = frozenset(plain)
    for source, shingles, known in _protected(ctx):
        if not shingles or len(vocabulary & known) < _SHORTEST:
            continue
        size = next(iter(shingles)).count(" ") + 1
        hits = [
            place
            for place in range(len(plain) - size + 1)
            if (shingle := " ".join(plain[place : place + size])) in shingles
            and not _public(shingle, ctx)
        ]
        if hits:
            words = list(_WORD.finditer(folded))
            yield source, words[hits[0]].start(), words[hits[-1] + size - 1].end()


def _decoded(text: str) -> Iterator[tuple[str, int, int]]:
    """Other readings of a text, each with the span it was read from."""
    yield rotated(text), 0, len(text)
    yield backwards(text), 0, len(text)
    yield from blocks(text)


def _finding(rule: str, span: tuple[int, int], source: str) -> Finding:
    return leak_prompt.finding(
        rule,
        *span,
        "These are words of an internal text that customers must not read.",
        evidence=(EvidenceSpan(source=source, quote="", relation="contradicts"),),
    )


def _canaries(ctx: CheckContext, canaries: tuple[str, ...]) -> Iterator[Finding]:
    folded = ctx.folded.text.casefold()
    for number, canary in enumerate(canary.casefold() for canary in canaries if canary):
        place = folded.find(canary)
        source = f"rule:canary/{number}"
        if place >= 0 and len(folded) == len(ctx.folded.text):
            yield _finding("canary", ctx.folded.span(place, place + len(canary)), source)
        elif place >= 0 or any(canary in text.casefold() for text, _, _ in _decoded(folded)):
            yield _finding("canary", (0, len(ctx.text)), source)


@check("leak.prompt", severity="critical", settings=LeakSettings)
def leak_prompt(ctx: CheckContext, settings: LeakSettings) -> Iterator[Finding]:
    """Flag words of protected texts, as they stand or encoded, and talk about instructions."""
    folded = ctx.folded.text
    yield from _canaries(ctx, settings.canaries)
    if any(True for _ in _protected(ctx)):
        for source, start, end in _leaks(folded, ctx):
            yield _finding("verbatim", ctx.folded.span(start, min(end, len(folded))), source)
        for text, start, end in _decoded(folded):
            for source, _, _ in _leaks(text, ctx):
                yield _finding("encoded", ctx.folded.span(start, end), source)
    for hit in ctx.search(_SPEAKS):
        message = "The reply speaks of its own instructions."
        yield leak_prompt.finding("speaks_of_prompt", hit.start, hit.end, message, severity="high")
