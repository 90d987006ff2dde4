"""Which words of a text stand beside each other in the evidence too, with words told as numbers.

All evidence is told in the numbers of the text's own words, and a run of two or three words is one
number made of theirs: no run is a tuple, and what the text does not have is soon left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import count, repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handrail.guardrails.terms import Terms

Numbers = NDArray[np.int64]
_END = np.zeros(2, np.int64)


class Told(NamedTuple):
    """Words in their order as numbers; 0 is for one that is not asked for, and between texts."""

    words: Numbers
    content: Numbers
    """Without the stop words."""


class WordRow:
    """The words of some texts in their order."""

    def __init__(self, texts: Sequence[Terms]) -> None:
        numbers = defaultdict[str, int](count(1).__next__)
        words = [n for one in texts for n in (0, *map(numbers.__getitem__, one.words))]
        content = np.frombuffer(b"".join(b"\1" + one.content for one in texts), np.bool_)
        self._numbers = numbers
        self._words = np.array(words, np.int64)
        self._content = self._words[content]

    def told(self, asked: Mapping[str, int]) -> Told:
        """Tell these words in the numbers, from 1 on, of those that are asked for."""
        table = np.zeros(len(self._numbers) + 1, np.int64)
        places = np.fromiter(map(self._numbers.get, asked, repeat(0)), np.int64, len(asked))
        table[places] = np.arange(1, len(asked) + 1)
        table[0] = 0
        return Told(table[self._words], table[self._content])


class Runs:
    """The runs of words of one text, to be looked up in its evidence.

    They are each two words in a row, then each three, then each two content words in a row.
    """

    def __init__(self, text: Terms) -> None:
        self.asked = defaultdict[str, int](count(1).__next__)
        """The number of each word."""
        words = np.fromiter(map(self.asked.__getitem__, text.words), np.int64, len(text.words))
        content = words[text.marks]
        self._size = len(self.asked) + 1
        pairs = self._two(words[:-1], words[1:])
        triples = self._two(pairs[:-1], words[2:])
        self._rows = (pairs, triples, -self._two(content[:-1], content[1:]))

    def _two(self, first: Numbers, second: Numbers) -> Numbers:
        return first * self._size + second

    def lacking(self, evidence: Sequence[Told]) -> tuple[bytes, ...]:
        """Of each pair, triple and pair of content words whether no evidence has it, 1 or 0."""
        words = np.concatenate([row for one in evidence for row in (one.words, _END)])
        content = np.concatenate([row for one in evidence for row in (one.content, _END)])
        at, beside = _met(words), _met(content)
        pairs = self._two(words[at], words[at + 1])
        triples = self._two(pairs, words[at + 2])
        others = -self._two(content[beside], content[beside + 1])
        known = np.sort(np.concatenate((pairs, triples, others, _END)))
        return tuple(
            (known.take(known.searchsorted(row), mode="clip") != row).tobytes()
            for row in self._rows
        )


def _met(row: Numbers) -> Numbers:
    """Where two words that are asked for stand beside each other."""
    asked = row > 0
    return np.flatnonzero(asked[:-1] & asked[1:])
