"""What is found out about words, or other things, once about each."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
MOST: Final = 8192


class Learned(dict[K, T]):
    """What a function says of words, by word; emptied when it is full.

    Asking a dictionary for each word of a text is much cheaper than calling anything for each.
    """

    def __init__(self, find: Callable[[K], T]) -> None:
        """Keep what ``find`` says of a word, which says it of words alone."""
        super().__init__()
        self._find = find

    def __missing__(self, word: K) -> T:
        """Find it out."""
        if len(self) >= MOST:
            self.clear()
        found = self[word] = self._find(word)
        return found
