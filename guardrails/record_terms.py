"""The words of the customer's records, and what stands beside each, as far as a text asks."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import compress, islice
from typing import TypeVar

from handrail.guardrails.terms import STOPWORDS, Terms, joined, spoken, stem

_LAST = "\U0010ffff"
"""Comes behind all letters."""
Run = TypeVar("Run", bound=tuple[str, ...])


class RecordTerms:
    """Fields as they are said, "order W1 total 89.90": many words, of which few are asked for."""

    def __init__(self, text: str) -> None:
        self._written = spoken(text)

    @cached_property
    def _short(self) -> Mapping[str, str]:
        return {word: stem(word) for word in set(self._written)}

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(self._short.values())

    @cached_property
    def stems(self) -> frozenset[str]:
        """Content words."""
        return frozenset(map(self._short.__getitem__, self._short.keys() - STOPWORDS))

    def among(self, terms: Terms) -> Terms:
        """Return what the records have of a text's words, and of what stands beside each."""
        return Terms(
            (terms.words & self._words) | self._joined(terms.words - self._words),
            self._runs(terms.pairs, 2),
            self._runs(terms.triples, 3),
            self._runs(terms.content, 2, STOPWORDS),
        )

    def _places(self, words: Collection[str]) -> Iterable[int]:
        """Where words of the records stand, as they are written."""
        if not words:
            return ()
        return compress(range(len(self._written)), map(words.__contains__, self._written))

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
        pairs = {tuple(self._written[at : at + 2]) for at in self._places(firsts)}
        return words.intersection(joined(*pair) for pair in pairs if pair[1:])

    def _beginning_with(self, part: str) -> Sequence[str]:
        """The records' words that begin with these letters."""
        first = bisect_left(self._sorted, part)
        return self._sorted[first : bisect_left(self._sorted, part + _LAST, first)]

    def _runs(
        self, runs: frozenset[Run], size: int, without: Collection[str] = ()
    ) -> frozenset[Run]:
        """Which of some runs of words stand among the records' words, some of which are passed."""
        possible = frozenset(run for run in runs if self._words.issuperset(run))
        if not possible:
            return possible
        begin = {run[0] for run in possible}
        firsts = {word for word, short in self._short.items() if short in begin} - set(without)
        return possible.intersection(self._run(at, size, without) for at in self._places(firsts))

    def _run(self, at: int, size: int, without: Collection[str]) -> tuple[str, ...]:
        rest = map(self._written.__getitem__, range(at, len(self._written)))
        kept = (self._short[word] for word in rest if word not in without)
        return tuple(islice(kept, size))
