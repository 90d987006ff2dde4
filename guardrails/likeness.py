"""How much each of some statements has in common with each sentence of the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from handrail.guardrails.reading import Source
from handrail.guardrails.shelf import Counts, Shelf


class Comparison:
    """Content words of statements, laid beside those of all sentences of a shelf at once."""

    def __init__(self, contents: Sequence[frozenset[str]], shelf: Shelf) -> None:
        self.shelf = shelf
        self.contents = contents
        counts, sentences = shelf.content.count(contents), len(shelf.rows)
        self.shared = counts[:, :sentences]
        """By statement and sentence how many content words both have."""
        self._held = counts[:, sentences:]
        """By statement and source how many of its words the source has."""

    def held(self, statements: Counts, rows: Counts) -> Counts:
        """Of some statements, each beside a sentence, how many words the sentence's source has."""
        return self._held[statements, self.shelf.owners[rows]]

    def source_of(self, row: int) -> Source:
        """The source of a sentence, by its number."""
        return self.shelf.sources[self.shelf.owners[row]]

    @cached_property
    def most(self) -> list[int]:
        """How many words of each statement the sentence has that shares most with it."""
        return self.shared.max(axis=1, initial=0).tolist()
