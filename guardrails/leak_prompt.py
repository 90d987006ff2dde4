"""Check ``leak.prompt``: instructions, internal articles and notes stay inside.

Fires: eight words in a row of an internal note or of the model's instructions, plain, reversed,
in ROT13, Base64 or hexadecimal; a canary word. Does not fire: the same words where a public source
holds them.

Rules: ``canary``, ``verbatim``, ``encoded`` (critical), ``speaks_of_prompt`` (high).
The evidence names the protected source; its words are not quoted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from handrail.core.verdict import EvidenceSpan, Finding
from handrail.guardrails.contract import CheckContext, CheckSettings, check
from handrail.guardrails.encodings import backwards, blocks, rotated
from handrail.guardrails.reading import Reading, read_published
from handrail.guardrails.terms import cut, has_long_word, has_run, plain

_LONGEST = 60
"""Characters of a word."""
_WORD = re.compile(rf"[^\W_]{{1,{_LONGEST}}}")
SPEAKS = re.compile(
    r"\b(?:(?:my|the|these|our) (?:system|hidden|initial|original|internal|secret) "
    r"(?:prompt|instructions?|guidelines?|notes?)\b|my instructions (?:are|say|state)\b"
    r"|i (?:was|am|have been) (?:instructed|prompted|told) (?:to|not to)\b"
    r"|as an ai (?:language )?model\b|mis instrucciones (?:son|dicen)\b)",
    re.IGNORECASE,
)
TELLING = frozenset(
    """
    system hidden initial original internal secret instructions instructed prompted told model
    instrucciones
    """.split()  # noqa: SIM905 - a list of words is read as words
)
"""Words without one of which it does not speak of them."""
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


_Reading = Callable[[str], str]
"""How a text is read: as it stands, or turned by what turns it back."""
_AS_IT_STANDS: _Reading = str
_TURNED: tuple[_Reading, ...] = (rotated, backwards)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A protected text: runs of words that give it away, and all its words."""

    source: str
    shingles: frozenset[str]
    words: frozenset[str]
    as_read: Mapping[_Reading, frozenset[str]]
    """Its words by how a text must be read to have them."""

    @property
    def size(self) -> int:
        """Words of a run that gives it away."""
        return next(iter(self.shingles), "").count(" ") + 1


def _words(lower: str, words: list[str]) -> list[str]:
    """The words of a text in lower case, long ones cut in pieces."""
    return cut(words, _LONGEST) if has_long_word(lower) else words


@lru_cache(maxsize=256)
def _published(source: str, reading: Reading) -> _Kept:
    return _read(source, reading.text)


def _read(source: str, text: str) -> _Kept:
    lower = text.casefold()
    said = plain(lower)
    words = frozenset(said)
    as_read = {read: frozenset(map(read, words)) for read in (_AS_IT_STANDS, *_TURNED)}
    return _Kept(source, _shingles_of(_words(lower, said)), words, as_read)


def _protected(ctx: CheckContext) -> Iterator[_Kept]:
    for source in ctx.protected:
        yield _published(source.id, source.reading)
    for passage in ctx.draft.passages if ctx.draft else ():
        if passage.internal:
            yield _published(f"article:{passage.id}", read_published(passage.text))
    for message in ctx.snapshot.messages:
        if message.role == "note":
            yield _read(f"message:{message.id}", message.text)


def _public(shingle: str, ctx: CheckContext) -> bool:
    sources, asked = ctx.evidence.sources, ctx.said.casefold()
    return shingle in " ".join(_words(asked, plain(asked))) or any(
        f" {shingle} " in source.reading.words for source in sources
    )


def _close(
    words: frozenset[str], protected: Sequence[_Kept], read: _Reading = _AS_IT_STANDS
) -> list[_Kept]:
    """The protected texts that have several of some words, once these are read in some way."""
    return [kept for kept in protected if len(words & kept.as_read[read]) >= _SHORTEST]


def _leaks(
    lower: str, words: list[str], protected: Sequence[_Kept], ctx: CheckContext
) -> Iterator[tuple[str, int, int]]:
    """Where protected words stand in a text in lower case, of these words: source, start, end."""
    said = _words(lower, words)
    for kept in protected:
        if not has_run(said, kept.words, kept.size):
            continue
        hits = [place for place in _held(said, kept) if not _public(place[0], ctx)]
        if hits:
            found = list(_WORD.finditer(lower))
            yield kept.source, found[hits[0][1]].start(), found[hits[-1][2]].end()


def _held(words: Sequence[str], kept: _Kept) -> Iterator[tuple[str, int, int]]:
    """The shingles of a protected text among some words, each with its first and last word."""
    size, run = kept.size, 0
    for last, word in enumerate(words):
        run = run + 1 if word in kept.words else 0
        first = last - size + 1
        if run >= size and (shingle := " ".join(words[first : last + 1])) in kept.shingles:
            yield shingle, first, last


def _encoded(
    text: str, words: frozenset[str], protected: Sequence[_Kept], ctx: CheckContext
) -> Iterator[tuple[str, int, int]]:
    """Where protected words stand in other readings of a text: source, start, end."""
    for read in _TURNED:
        if close := _close(words, protected, read):
            lower = read(text).casefold()
            for source, _, _ in _leaks(lower, plain(lower), close, ctx):
                yield source, 0, len(text)
    for decoded, start, end in blocks(text):
        lower = decoded.casefold()
        said = plain(lower)
        for source, _, _ in _leaks(lower, said, _close(frozenset(said), protected), ctx):
            yield source, start, end


def _finding(rule: str, span: tuple[int, int], source: str) -> Finding:
    return leak_prompt.finding(
        rule,
        *span,
        "These are words of an internal text that customers must not read.",
        evidence=(EvidenceSpan(source=source, quote="", relation="contradicts"),),
    )


def _readings(text: str) -> Iterator[str]:
    yield from (read(text) for read in _TURNED)
    yield from (decoded for decoded, _, _ in blocks(text))


def _canaries(ctx: CheckContext, canaries: tuple[str, ...]) -> Iterator[Finding]:
    folded = ctx.folded.text.casefold()
    for number, canary in enumerate(canary.casefold() for canary in canaries if canary):
        place = folded.find(canary)
        source = f"rule:canary/{number}"
        if place >= 0 and len(folded) == len(ctx.folded.text):
            yield _finding("canary", ctx.folded.span(place, place + len(canary)), source)
        elif place >= 0 or any(canary in text.casefold() for text in _readings(folded)):
            yield _finding("canary", (0, len(ctx.text)), source)


@check("leak.prompt", severity="critical", settings=LeakSettings)
def leak_prompt(ctx: CheckContext, settings: LeakSettings) -> Iterator[Finding]:
    """Flag words of protected texts, as they stand or encoded, and talk about instructions."""
    folded = ctx.folded.text
    yield from _canaries(ctx, settings.canaries)
    if protected := [kept for kept in _protected(ctx) if kept.shingles]:
        words = ctx.words if folded.isascii() else frozenset(ctx.spoken)
        close = _close(words, protected)
        for source, start, end in _leaks(folded.casefold(), ctx.spoken, close, ctx):
            yield _finding("verbatim", ctx.folded.span(start, min(end, len(folded))), source)
        for source, start, end in _encoded(folded, words, protected, ctx):
            yield _finding("encoded", ctx.folded.span(start, end), source)
    for hit in ctx.search_telling(SPEAKS, TELLING):
        message = "The reply speaks of its own instructions."
        yield leak_prompt.finding("speaks_of_prompt", hit.start, hit.end, message, severity="high")
