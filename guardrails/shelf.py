"""Several sources as one: what any of them holds is found by one look-up, not by asking each.

A shelf of published texts is read once and kept, for the same passages stand beside one draft
after the other; one that holds a customer's words is read anew.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate, chain
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from handrail.core.verdict import EvidenceSpan, Relation
from handrail.guardrails.claims import Claim
from handrail.guardrails.lazily import cached_property
from handrail.guardrails.reading import Source
from handrail.guardrails.values import Value, same_currency

Counts = NDArray[np.integer]
_FIELD = "{{"
"""Begins what a template leaves to be filled in."""
_FILLED = re.compile(r"\{\{[^{}]{1,200}\}\}")


class WordIndex(dict[str, bytes]):
    """The numbers, each as eight bytes, of those of some sets that hold a word."""

    def __init__(
        self, width: int, words: frozenset[str], find: Callable[[str], Iterable[int]]
    ) -> None:
        """Make an index of ``width`` sets over some words; ``find`` tells which sets hold one."""
        super().__init__()
        self.width = width
        self._words = words
        self._find = find

    def __missing__(self, word: str) -> bytes:
        """Look for a word, once."""
        found = self[word] = array("q", self._find(word)).tobytes()
        return found

    def count(self, texts: Sequence[frozenset[str]]) -> Counts:
        """How many words of each text each set holds: a row for a text, a column for a set."""
        known, find = self._words, self.__getitem__
        held = [find(word) if word in known else b"" for word in chain.from_iterable(texts)]
        owners = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
        sizes = np.fromiter(map(len, held), np.int64, len(held)) // _PLACE_BYTES
        places = np.frombuffer(b"".join(held), np.int64) + np.repeat(owners * self.width, sizes)
        size = len(texts) * self.width
        return np.bincount(places, minlength=size).reshape(len(texts), self.width)


_PLACE_BYTES = 8


class Shelf:
    """Some sources, each thing of theirs found when first asked for."""

    def __init__(self, sources: tuple[Source, ...]) -> None:
        self.sources = sources
        self._readings = tuple(source.reading for source in sources)
        self._quoted: dict[str, EvidenceSpan] = {}

    @cached_property
    def stems(self) -> frozenset[str]:
        """Content words."""
        return frozenset[str]().union(*(reading.stems for reading in self._readings))

    @cached_property
    def heard(self) -> frozenset[str]:
        """All words, shortened, and neighbours as one word."""
        return frozenset[str]().union(*(reading.heard for reading in self._readings))

    @cached_property
    def _values(self) -> Mapping[str, list[tuple[int, Value]]]:
        found: dict[str, list[tuple[int, Value]]] = {}
        for place, reading in enumerate(self._readings):
            for name, value in reading.values.items():
                found.setdefault(name, []).append((place, value))
        return found

    def find(self, value: Value) -> EvidenceSpan | None:
        """Return the place where the first source that has a value has it."""
        first = self._holder(value)
        return quoted(self.sources[first[0]], first[1].start, first[1].end) if first else None

    def has(self, value: Value) -> bool:
        """Whether a source has a value."""
        return self._holder(value) is not None

    def _holder(self, value: Value) -> tuple[int, Value] | None:
        return first_holder(value, lambda name: self._values.get(name, ()))

    @cached_property
    def _quotable(self) -> Mapping[str, tuple[Source, tuple[int, int]]]:
        found: dict[str, tuple[Source, tuple[int, int]]] = {}
        for source in self.sources:
            for words, place in source.reading.quotable.items():
                found.setdefault(words, (source, place))
        return found

    def sentence(self, words: str) -> EvidenceSpan | None:
        """Return the sentence that has these very words, in the form quotes are compared in."""
        if words not in self._quotable:
            return None
        if words not in self._quoted:
            source, place = self._quotable[words]
            self._quoted[words] = quoted(source, *place)
        return self._quoted[words]

    @cached_property
    def to_fill_in(self) -> Sequence[tuple[tuple[str, ...], EvidenceSpan]]:
        """The sentences with fields to be filled in: what stands around these, and the sentence."""
        return [
            (tuple(_FILLED.split(row.text)), quoted(source, row.start, row.end))
            for source in self.sources
            for row in source.reading.sentences
            if _FILLED.search(row.text)
        ]

    @cached_property
    def verbatim(self) -> frozenset[str]:
        """The sentences as they are written; those cited of records aside."""
        return frozenset[str]().union(*(s.reading.verbatim for s in self.sources if s.is_said))

    @cached_property
    def _vocabulary(self) -> frozenset[str]:
        return frozenset[str]().union(*(reading.vocabulary for reading in self._readings))

    @cached_property
    def _words(self) -> str:
        return "\n".join(reading.words for reading in self._readings)

    @cached_property
    def _ends(self) -> list[int]:
        return list(accumulate(len(reading.words) + 1 for reading in self._readings))

    def holder(self, words: str) -> str | None:
        """Return the id of the first source that has these words, with blanks around them."""
        if not self._vocabulary.issuperset(words.split()):
            return None
        place = self._words.find(words)
        return self.sources[bisect_right(self._ends, place)].id if place >= 0 else None

    @cached_property
    def rows(self) -> tuple[Claim, ...]:
        """The sentences of all sources, in their order."""
        return tuple(sentence for reading in self._readings for sentence in reading.sentences)

    @cached_property
    def owners(self) -> Counts:
        """Which source each sentence is of."""
        sizes = [len(reading.sentences) for reading in self._readings]
        return np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)

    @cached_property
    def said(self) -> NDArray[np.bool_]:
        """Which sentences somebody wrote as text."""
        return np.array([source.is_said for source in self.sources], np.bool_)[self.owners]

    @cached_property
    def rules(self) -> NDArray[np.bool_]:
        """Which sentences say how something is: no question, and none to be filled in."""
        stated = (row.kind != "question" and _FIELD not in row.text for row in self.rows)
        return np.fromiter(stated, np.bool_, len(self.rows))

    @cached_property
    def lengths(self) -> Counts:
        """How many content words each sentence has."""
        return np.array([len(row.stems) for row in self.rows], np.int32)

    @cached_property
    def content(self) -> WordIndex:
        """Content words: of each sentence, then of each source."""
        width = len(self.rows) + len(self.sources)
        return WordIndex(width, self.stems, self._columns)

    def _columns(self, word: str) -> Iterator[int]:
        first, sentences = 0, len(self.rows)
        for place, reading in enumerate(self._readings):
            if word in reading.stems:
                yield sentences + place
                for number in reading.holding.get(word, ()):
                    yield first + number
            first += len(reading.sentences)


read_shelf = lru_cache(maxsize=128)(Shelf)
"""Read a shelf of published texts once."""


def first_holder(
    value: Value, holding: Callable[[str], Iterable[tuple[int, Value]]]
) -> tuple[int, Value] | None:
    """Return the number of the first text that has a value, and the value as it has it.

    ``holding`` tells the numbers of the texts that have a value, ``kind:key``, in order, each with
    its first one.
    """
    firsts = (_first(holding(name), value.currency) for name in value.names)
    return min(filter(None, firsts), key=itemgetter(0), default=None)


def _first(holders: Iterable[tuple[int, Value]], currency: str | None) -> tuple[int, Value] | None:
    for one in holders:
        if same_currency(currency, one[1].currency):
            return one
    return None


def quoted(source: Source, start: int, end: int, relation: Relation = "supports") -> EvidenceSpan:
    """Evidence quoted from ``start`` to ``end`` of a source."""
    quote = source.reading.text[start:end]
    return EvidenceSpan(source=source.id, quote=quote, relation=relation, start=start, end=end)
