"""The words of a reply's sentences, and which of them the evidence lacks, alone and in order."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from itertools import accumulate, chain, pairwise
from typing import NamedTuple, TypeVar

from handrail.guardrails.claims import Claim
from handrail.guardrails.evidence import Evidence
from handrail.guardrails.terms import STOPWORDS, Terms, joined, stem

Run = TypeVar("Run", bound=tuple[str, ...])

_CAPITAL = re.compile(r"[A-Z](?<=[\w,;:'’)\"“] [A-Z])[\w'’-]{1,40}")


class Words(NamedTuple):
    """The words of one sentence."""

    written: Sequence[str]
    words: Sequence[str]
    """Each of them shortened."""
    places: Sequence[int]
    """Which of them are content words."""
    content: Sequence[str]
    """Content words, shortened."""
    names: Sequence[str]
    """Words with a capital in its midst, shortened."""

    @classmethod
    def of(cls, claim: Claim) -> Words:
        """Read a sentence."""
        written = claim.spoken
        words = list(map(stem, written))
        places = [place for place, word in enumerate(written) if word not in STOPWORDS]
        names = [stem(name.casefold()) for name in _CAPITAL.findall(claim.text)]
        return cls(written, words, places, [words[place] for place in places], names)


class Runs:
    """All neighbours of some number in sentences, and of each sentence which of them are lacking.

    A run of the end of one sentence and the beginning of the next is asked for, and is of neither.
    """

    def __init__(self, sentences: Sequence[Sequence[str]], size: int) -> None:
        words = list(chain.from_iterable(sentences))
        self.all = list(zip(*(words[first:] for first in range(size)), strict=False))
        self._ends = list(accumulate(map(len, sentences), initial=0))
        self._size = size

    def lacking(self, lacking: Collection[tuple[str, ...]]) -> Sequence[bytes]:
        """Of each sentence 1 for a run that is among those lacking, 0 for one that is not."""
        marks = bytes(map(lacking.__contains__, self.all))
        return [
            marks[begin : max(begin, end - self._size + 1)] for begin, end in pairwise(self._ends)
        ]


class Order(NamedTuple):
    """Which neighbours of one sentence's words the evidence lacks: a byte for each, 1 or 0."""

    pairs: bytes
    triples: bytes
    content: bytes
    """Neighbours once the stop words are taken out."""


class ReplyWords:
    """The words of a reply beside those of its evidence, all looked up at once."""

    def __init__(self, claims: Iterable[Claim], evidence: Evidence) -> None:
        self.sentences = [Words.of(claim) for claim in claims]
        spoken = [one.words for one in self.sentences]
        pairs, triples = Runs(spoken, 2), Runs(spoken, 3)
        content = Runs([one.content for one in self.sentences], 2)
        lacking = evidence.lacking(
            Terms(
                self._asked(evidence),
                frozenset(pairs.all),
                frozenset(triples.all),
                frozenset(content.all),
            )
        )
        self.lacking = lacking.words
        """Words, and neighbours written as one, that the evidence lacks."""
        self.orders = [
            Order(*one)
            for one in zip(
                pairs.lacking(lacking.pairs),
                triples.lacking(lacking.triples),
                content.lacking(lacking.content),
                strict=True,
            )
        ]

    def _asked(self, evidence: Evidence) -> frozenset[str]:
        """The words, and as one word the neighbours of which one is in no text."""
        words = frozenset(chain.from_iterable((*one.words, *one.names) for one in self.sentences))
        strange = evidence.unspoken(words)
        halves = {
            joined(*written)
            for one in self.sentences
            if not strange.isdisjoint(one.words)
            for written, pair in zip(pairwise(one.written), pairwise(one.words), strict=True)
            if not strange.isdisjoint(pair)
        }
        return words | halves

    def known(self, number: int) -> list[bool]:
        """Of a sentence's content words whether the evidence has it, or "high" in "highchairs"."""
        one, lacking = self.sentences[number], self.lacking
        return [
            one.words[place] not in lacking or self._is_half(one.written, place)
            for place in one.places
        ]

    def _is_half(self, written: Sequence[str], place: int) -> bool:
        """Whether the evidence has a word and one beside it as one word."""
        return any(
            joined(*written[first : first + 2]) not in self.lacking
            for first in (place - 1, place)
            if 0 <= first < len(written) - 1
        )
