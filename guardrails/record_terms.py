"""The words of the customer's records, and what stands beside each, as far as a text asks."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import compress, islice, pairwise
from typing import TypeVar

from handrail.guardrails.terms import STOPWORDS, Terms, joined, spoken, stem

_LAST = "\U0010ffff"
"""Comes behind all letters."""
Run = TypeVar("Run", bound=tuple[str, ...])


class RecordTerms:
    """Fields as they are said, "order W1 total 89.90": many words, of which few are asked for."""

    def __init__(self, text: str) -> None:
        self._written = spoken(text)
        self._short = {word: stem(word) for word in set(self._written)}
        self._words = frozenset(self._short.values())
        self._content = {word: self._short[word] for word in self._short.keys() - STOPWORDS}
        self.stems = frozenset(self._content.values())
        """Content words."""

    def among(self, terms: Terms) -> Terms:
        """Return what the records have of a text's words, and of what stands beside each."""
        shorten, written = self._short.__getitem__, self._written
        threes = zip(*(map(shorten, islice(written, n, None)) for n in range(3)), strict=False)
        content = filter(None, map(self._content.get, written))
        return Terms(
            (terms.words & self._words) | self._joined(terms.words - self._words),
            self._standing(terms.pairs, pairwise(map(shorten, written))),
            self._standing(terms.triples, threes),
            self._standing(terms.content, pairwise(content)),
        )

    def _standing(self, runs: Iterable[Run], there: Iterable[Run]) -> frozenset[Run]:
        """Which of some runs of words are there: looked for only if the words of one are."""
        possible = frozenset(filter(self._words.issuperset, runs))
        return possible and possible.intersection(there)

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self._short)

    def _joined(self, words: frozenset[str]) -> frozenset[str]:
        """Which of some words are two of the records' as one."""
        heads = {word[:2] for word in self._short}
        heads |= {head[:1] for head in heads}
        alike = [word for word in words if word[:2] in heads]
        firsts = {
            word[:end]
            for word in alike
            for end in range(1, len(word))
            if word[:end] in self._short and self._beginning_with(word[end:])
        }
        firsts.update(*map(self._beginning_with, alike))
        if not firsts:
            return frozenset()
        begins = map(firsts.__contains__, self._written)
        pairs = set(compress(pairwise(self._written), begins))
        return words.intersection(joined(*pair) for pair in pairs)

    def _beginning_with(self, part: str) -> Sequence[str]:
        """The records' words that begin with these letters."""
        first = bisect_left(self._sorted, part)
        return self._sorted[first : bisect_left(self._sorted, part + _LAST, first)]
