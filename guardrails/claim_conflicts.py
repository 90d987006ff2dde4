"""What of a sentence can be at odds with its evidence though all its words are known there.

Whether it names the passage that speaks of it, what it says is missing, which words stand where the
evidence has others, and what stands beside its numbers. Costs more than the other figures, so that
they are measured only where a scorer was trained with them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from handrail.guardrails.claims import Claim
from handrail.guardrails.terms import STOPWORDS, stem

Features = dict[str, float]
CONFLICTS: Final = (
    "cites", "cites_none", "cited_gap", "cited_pairs_gap", "cited_worst", "cited_pairs_worst",
    "cited_new", "under_gap", "under_pairs_gap", "before_gap", "denies", "denials",
    "denials_share", "denied", "denied_known", "denied_together", "denied_asked", "asked_together",
    "exchanged", "exchanged_content", "exchanged_numbers", "number_beside", "number_units",
    "number_known_units", "ranges", "new_ranges", "conversions",
)  # fmt: skip
"""Names of the figures."""

_WORD = re.compile(r"[^\W_]{1,40}")
_CITED = re.compile(
    r"\b(?:passage|source|article|document)s?\s{0,2}#?\s?(\d[\d, &and-]{0,24})", re.IGNORECASE
)
_NUMBER = re.compile(r"\d{1,9}")
_DENIES = re.compile(
    r"\bunable to\b|(?:\bnot|n['’]t) (?:\w{1,20} )?(?:provid|mention|specif|contain|explicit|clear"
    r"|stat|possible|enough|discuss|includ|offer|address|giv)|\bno (?:information|mention|specific"
    r"|direct|explicit)|\bcannot (?:be )?(?:answer|determin)|\binsufficient\b|\bunclear\b",
    re.IGNORECASE,
)
_RANGE = re.compile(r"\d{1,9}\s?[-–]\s?\d{1,9}")
_CONVERTED = re.compile(
    r"\(\s?\d{1,9}(?:[.,]\d{1,4})?\s?(?:°|degree|cm|mm|kg|km|g\b|ml|lit|inch|f\b|c\b|m\b)",
    re.IGNORECASE,
)
_OF_SOURCES = frozenset(
    stem(word)
    for word in """passage provided mentioned specify specific specifically information given answer
    question according based unable state source article document contain explicitly directly clear
    detail text enough include discuss""".split()  # noqa: SIM905 - a list of words is read as words
)
_NONE = -1.0
_NEAR, _AROUND = 4, 8
"""Words to either side of a number, in the sentence and in the evidence."""


class _Read(NamedTuple):
    """One source, word by word."""

    words: Sequence[str]
    known: frozenset[str]
    pairs: frozenset[tuple[str, str]]


def _read(text: str) -> _Read:
    words = [stem(word) for word in _WORD.findall(text.casefold())]
    return _Read(words, frozenset(words), frozenset(pairwise(words)))


class Frames:
    """The sources of one text in the form that conflicts are measured against.

    Args:
        texts: The sources, the passages first.
        passages: How many of them are passages: those that a text can name by their number.
        sentences: The content words of each of their sentences.
        asked: The content words of the question.
    """

    def __init__(
        self,
        texts: Sequence[str],
        passages: int,
        sentences: Sequence[frozenset[str]],
        asked: frozenset[str],
    ) -> None:
        self.sources = [_read(text) for text in texts]
        self.passages = self.sources[:passages]
        self.sentences = sentences
        self.asked = asked
        self.known = frozenset[str]().union(*(one.known for one in self.sources))
        self.pairs = frozenset[tuple[str, str]]().union(*(one.pairs for one in self.sources))
        self.plain = "".join(texts).casefold().replace(" ", "")
        self.between: dict[tuple[str, str], set[str]] = {}
        for one in self.sources:
            for before, word, after in zip(one.words, one.words[1:], one.words[2:], strict=False):
                self.between.setdefault((before, after), set()).add(word)

    def together(self, words: frozenset[str]) -> float:
        """The greatest share of some words that one sentence has."""
        most = max((len(words & one) for one in self.sentences), default=0)
        return most / len(words) if words else _NONE

    def beside(self, number: str, near: frozenset[str]) -> float:
        """The greatest share of some words that stand around a number."""
        found = [
            len(near.intersection(one.words[max(0, place - _AROUND) : place + _AROUND + 1]))
            for one in self.sources
            if number in one.known
            for place, word in enumerate(one.words)
            if word == number
        ]
        return max(found, default=0) / len(near) if near else float(bool(found))


class _Gap(NamedTuple):
    """How much better another passage bears a sentence out than those it names."""

    words: float
    pairs: float
    worst: float
    worst_pairs: float


_NO_GAP: Final = _Gap(_NONE, _NONE, _NONE, _NONE)


class Conflicts:
    """The sentences of a text beside their evidence."""

    def __init__(self, claims: Sequence[Claim], frames: Frames) -> None:
        self._claims = claims
        self._frames = frames
        self._cited = [_cited(claim.text) for claim in claims]
        self._denies = [_DENIES.search(claim.text) for claim in claims]

    def measure(self, number: int) -> Features:
        """Measure one sentence, by its number."""
        claim = self._claims[number]
        written = _WORD.findall(claim.text.casefold())
        words = [stem(word) for word in written]
        return dict(
            zip(
                CONFLICTS,
                (
                    *self._citing(number),
                    *self._denying(number),
                    *self._exchanged(words),
                    *self._numbers(claim.text, written, words),
                ),
                strict=True,
            )
        )

    def _citing(self, number: int) -> Iterator[float]:
        cited, frames = self._cited[number], self._frames
        gap, content = self._gap(number, cited), _content(self._claims[number].text)
        named = [frames.passages[n - 1].known for n in cited if 0 < n <= len(frames.passages)]
        yield from (len(cited), len(cited) - len(named), *gap[:2])
        whole = len(named) == len(cited) > 0
        yield from gap[2:] if whole else (_NONE, _NONE)
        yield len(content.difference(*named)) if whole else _NONE
        before = next((one for one in reversed(self._cited[:number]) if one), ())
        yield from self._gap(number, () if cited else before)[:2]
        yield self._gap(number, () if cited else self._heading_after(number)).words

    def _heading_after(self, number: int) -> Sequence[int]:
        """What the next sentence names where that is all it begins with: "(Passage 2)"."""
        after = self._claims[number + 1].text if number + 1 < len(self._claims) else ""
        opening = _CITED.match(after, after.startswith("("))
        return self._cited[number + 1] if opening else ()

    def _gap(self, number: int, cited: Sequence[int]) -> _Gap:
        passages = self._frames.passages
        named = [one - 1 for one in cited if 0 < one <= len(passages)]
        if not named:
            return _NO_GAP
        text = _CITED.sub(" ", self._claims[number].text)
        content, pairs = _content(text), set(pairwise(map(stem, _WORD.findall(text.casefold()))))
        has = [len(content & one.known) / max(1, len(content)) for one in passages]
        runs = [len(pairs & one.pairs) / max(1, len(pairs)) for one in passages]
        return _Gap(
            max(has) - max(has[one] for one in named),
            max(runs) - max(runs[one] for one in named),
            max(has) - min(has[one] for one in named),
            max(runs) - min(runs[one] for one in named),
        )

    def _denying(self, number: int) -> Iterator[float]:
        denied, frames = self._denies[number], self._frames
        count = sum(one is not None for one in self._denies)
        yield from (denied is not None, count, count / len(self._denies))
        if denied is None:
            yield from (_NONE,) * 5
            return
        missing = _content(self._claims[number].text[denied.end() :])
        yield len(missing)
        yield len(missing & frames.known) / len(missing) if missing else _NONE
        yield frames.together(missing)
        yield len(missing & frames.asked) / len(missing) if missing else _NONE
        yield frames.together(frames.asked)

    def _exchanged(self, words: Sequence[str]) -> Iterator[float]:
        """Words in a place where the evidence, between the same two, has others."""
        frames = self._frames
        found = [
            (word, frames.between[before, after])
            for before, word, after in zip(words, words[1:], words[2:], strict=False)
            if word not in _STOPPED
            and not (before in _STOPPED and after in _STOPPED)
            and word not in frames.between.get((before, after), (word,))
            and not {(before, word), (word, after)} & frames.pairs
        ]
        yield len(found)
        yield sum(not others <= _STOPPED for _, others in found)
        yield sum(word.isdigit() for word, _ in found)

    def _numbers(self, text: str, written: Sequence[str], words: Sequence[str]) -> Iterator[float]:
        frames = self._frames
        places = [place for place, word in enumerate(written) if word.isdigit()]
        yield min((frames.beside(words[n], _near(words, n)) for n in places), default=1.5)
        units = [
            (words[n], words[n + 1])
            for n in places
            if n + 1 < len(words) and not written[n + 1].isdigit()
        ]
        strange = [pair for pair in units if pair not in frames.pairs]
        yield len(strange)
        yield sum(frames.known.issuperset(pair) for pair in strange)
        ranges = [one.replace(" ", "") for one in _RANGE.findall(text)]
        yield from (len(ranges), sum(one not in frames.plain for one in ranges))
        yield len(_CONVERTED.findall(text))


_STOPPED: Final = frozenset(map(stem, STOPWORDS)) | {"s", "t"}


def _cited(text: str) -> Sequence[int]:
    return [int(one) for found in _CITED.findall(text) for one in _NUMBER.findall(found)]


def _content(text: str) -> frozenset[str]:
    written = set(_WORD.findall(text.casefold())) - STOPWORDS
    return frozenset(map(stem, written)) - _OF_SOURCES


def _near(words: Sequence[str], place: int) -> frozenset[str]:
    around = (*words[max(0, place - _NEAR) : place], *words[place + 1 : place + _NEAR + 1])
    return frozenset(around) - _STOPPED
