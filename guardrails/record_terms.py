"""The words of the customer's records, and what stands beside each, as far as a text asks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from itertools import count, repeat

import numpy as np

from handrail.guardrails.terms import STOPWORDS, shorten, shortened, spoken, stem
from handrail.guardrails.word_runs import Told

_HEAD_CHARS = 3
"""By so many letters the first of two words is looked for that may be one word."""


class RecordTerms:
    """Fields as they are said, "order W1 total 89.90": few words, said over and over."""

    def __init__(self, text: str) -> None:
        places = defaultdict[str, int](count().__next__)
        said = spoken(text)
        self._said = np.fromiter(map(places.__getitem__, said), np.int64, len(said))
        """The words in order, by their places among those written."""
        self._written = list(places)
        """Each word once."""

    @cached_property
    def words(self) -> frozenset[str]:
        """All words, shortened."""
        return frozenset(map(stem, self._written))

    @cached_property
    def stems(self) -> frozenset[str]:
        """Content words."""
        return shortened(frozenset(self._written))

    def told(self, asked: Mapping[str, int]) -> Told:
        """Tell the words in the numbers, from 1 on, of those that are asked for."""
        size = len(self._written)
        table = np.fromiter(map(asked.get, map(stem, self._written), repeat(0)), np.int64, size)
        stopped = np.fromiter(map(STOPWORDS.__contains__, self._written), np.bool_, size)
        return Told(table[self._said], table[self._said[~stopped[self._said]]])

    def joined(self, words: frozenset[str]) -> frozenset[str]:
        """Which of some shortened words are two of the records' written as one."""
        begins = {word[:_HEAD_CHARS] for word in words} | {word[:2] for word in words}
        short = tuple([word for word in words if len(word) < _HEAD_CHARS])
        first = [word[:_HEAD_CHARS] in begins or word.startswith(short) for word in self._written]
        at = np.flatnonzero(np.array(first, np.bool_)[self._said[:-1]])
        pairs = set(zip(self._said[at].tolist(), self._said[at + 1].tolist(), strict=True))
        wholes = [self._written[a] + self._written[b] for a, b in pairs]
        alike = [one for one in wholes if one[:_HEAD_CHARS] in begins or one.startswith(short)]
        return words.intersection(map(shorten, alike))
