"""Places English support words by meaning, with a small table that ships: no model is needed.

The table was made by ``python -m benchmarks.word_vectors`` from the public data sets that
``NOTICE`` names.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np

from handrail.language.features import Floats

FILE: Final = "english_support.npz"


class WordVectors:
    """Word vectors, weighed by how rare each word is.

    Args:
        words: The known words.
        vectors: One row by word.
    """

    def __init__(self, words: Sequence[str], vectors: Floats) -> None:
        self.index = {word: at for at, word in enumerate(words)}
        self.vectors = vectors

    @property
    def size(self) -> int:
        """Dimensions of a vector."""
        return self.vectors.shape[1]

    def row(self, tokens: Sequence[str]) -> Floats:
        """Return the direction of a message's words; zeros where no word is known."""
        known = [self.index[token] for token in tokens if token in self.index]
        total = self.vectors[known].sum(axis=0)
        return total / max(math.sqrt(total @ total), 1e-9)

    def rows(self, messages: Sequence[Sequence[str]]) -> Floats:
        """Return one row by message."""
        return np.array([self.row(tokens) for tokens in messages]).reshape(-1, self.size)


@cache
def word_vectors() -> WordVectors:
    """Read the table that ships."""
    with files("handrail.language").joinpath("vectors", FILE).open("rb") as file:
        stored: Any = np.load(file, allow_pickle=False)
        words = stored["words"].tobytes().decode().split("\n")
        return WordVectors(words, stored["vectors"].astype(np.float32) * stored["scale"][:, None])
