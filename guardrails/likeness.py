"""How much each of some statements has in common with each sentence of the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from handrail.guardrails.claims import Claim
from handrail.guardrails.lazily import cached_property
from handrail.guardrails.reading import Source
from handrail.guardrails.shelf import Counts, Shelf


class Comparison:
    """Content words of statements, laid beside those of all sentences at once."""

    def __init__(self, contents: Sequence[frozenset[str]], shelves: Sequence[Shelf]) -> None:
        self._shelves = shelves
        self.contents = contents
        counts = [shelf.content.count(contents) for shelf in shelves]
        sizes = [len(shelf.rows) for shelf in shelves]
        parts = [(one[:, :n], one[:, n:]) for one, n in zip(counts, sizes, strict=True)]
        self.shared, self._held = (
            np.concatenate(part, axis=1, dtype=np.int32) for part in zip(*parts, strict=True)
        )
        """By statement and sentence how many content words both have, and by statement and source
        how many of its words the source has."""

    @cached_property
    def rows(self) -> tuple[Claim, ...]:
        """The sentences, in the order of their sources."""
        return tuple(chain.from_iterable(shelf.rows for shelf in self._shelves))

    @cached_property
    def said(self) -> NDArray[np.bool_]:
        """Which sentences somebody wrote as text; a field of a record is none."""
        return np.concatenate([shelf.said for shelf in self._shelves])

    @cached_property
    def rules(self) -> NDArray[np.bool_]:
        """Which sentences say how something is: no question, and none to be filled in."""
        return np.concatenate([shelf.rules for shelf in self._shelves])

    @cached_property
    def lengths(self) -> Counts:
        """How many content words each sentence has."""
        return np.concatenate([shelf.lengths for shelf in self._shelves])

    @cached_property
    def _owners(self) -> Counts:
        """The source of each sentence, as its column among those held."""
        before = np.cumsum([0, *(len(shelf.sources) for shelf in self._shelves)])
        owners = [shelf.owners + n for shelf, n in zip(self._shelves, before, strict=False)]
        return np.concatenate(owners)

    @cached_property
    def _sources(self) -> tuple[Source, ...]:
        return tuple(chain.from_iterable(shelf.sources for shelf in self._shelves))

    def source_of(self, row: int) -> Source:
        """The source of a sentence, by its number."""
        return self._sources[self._owners[row]]

    def held(self, statements: Counts, rows: Counts) -> Counts:
        """Of some statements, each beside a sentence, how many words the sentence's source has."""
        return self._held[statements, self._owners[rows]]

    @cached_property
    def most(self) -> list[int]:
        """How many words of each statement the sentence has that shares most with it."""
        return self.shared.max(axis=1, initial=0).tolist()
