"""The training texts of the intent classifier as matrices of feature counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from handrail.language.features import (
    BLOCK_WEIGHTS,
    BLOCKS,
    STOP_WORDS,
    Floats,
    Ints,
    features,
    inverse_frequency,
    words,
)

Matrix: TypeAlias = Any
"""A SciPy matrix in CSR form; SciPy's own types know too little of its operators."""

_RARE_FROM: Final = 2000
"""From this many examples on, stem pairs that occur once are dropped: they only cost memory."""
_NO_SUBJECT: Final = "zqxjv"
"""Stands for a word that no playbook knows."""


class Corpus:
    """The training texts as a matrix of feature counts."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self.intents = tuple(sorted({intent for _, intent in pairs}))
        place = {intent: at for at, intent in enumerate(self.intents)}
        self.labels: Ints = np.array([place[intent] for _, intent in pairs], dtype=np.int32)
        tokens = [words(text) for text, _ in pairs]
        counted = [features(one) for one in tokens]
        self.names = _frequent(counted)
        self.counts = _count_matrix(counted, self.names)
        masked = [[t if t in STOP_WORDS else _NO_SUBJECT for t in one] for one in tokens]
        self.masked = _count_matrix([features(one) for one in masked], self.names)
        """The same sentences about something nobody knows."""
        self.maskable: NDArray[np.bool_] = np.array([_NO_SUBJECT in one for one in masked])
        self.blocks: Ints = np.array([BLOCKS.index(name[0]) for name in self.names], dtype=np.int32)
        self.subject_words: NDArray[np.bool_] = np.array(
            [
                name[0] == "w" and " " not in name and name[1:] not in STOP_WORDS
                for name in self.names
            ]
        )

    def weighted(self, rows: NDArray[np.intp]) -> tuple[Floats, Matrix]:
        """Return the inverse document frequencies of these rows, and their weighted features."""
        part = self.counts[rows]
        idf = inverse_frequency(np.bincount(part.indices, minlength=part.shape[1]), len(rows))
        return idf, self.weigh(part, idf)

    def weigh(self, part: Matrix, idf: Floats) -> Matrix:
        """Weigh counts as :meth:`Vocabulary.vector` does for one message."""
        result = part.copy()
        result.data = (1 + np.log(result.data)) * idf[result.indices]
        rows = np.repeat(np.arange(result.shape[0]), np.diff(result.indptr))
        group = rows * len(BLOCKS) + self.blocks[result.indices]
        squares = np.bincount(
            group, weights=result.data**2, minlength=result.shape[0] * len(BLOCKS)
        )
        scale = np.tile(BLOCK_WEIGHTS, result.shape[0]) / np.sqrt(
            np.where(squares > 0, squares, 1.0)
        )
        result.data = (result.data * scale[group]).astype(np.float32)
        return result

    def unknown_shares(self, part: Matrix, idf: Floats) -> NDArray[np.floating[Any]]:
        """Give the same as :meth:`Vocabulary.unknown_share`, by row."""
        present = part[:, self.subject_words]
        present.data = np.ones_like(present.data)
        known = idf[self.subject_words]
        largest = float(idf.max(initial=1.0))
        unknown = np.asarray(present @ np.where(known > 0, 0.0, largest)).ravel()
        total = unknown + np.asarray(present @ known).ravel()
        return np.divide(unknown, total, out=np.zeros_like(total), where=total > 0)


def _frequent(counted: Sequence[Counter[str]]) -> list[str]:
    frequency: Counter[str] = Counter()
    for one in counted:
        frequency.update(one.keys())
    rare = 1 if len(counted) >= _RARE_FROM else 0
    return [name for name, n in frequency.items() if n > rare or name[0] != "s"]


def _count_matrix(counted: Sequence[Counter[str]], names: Sequence[str]) -> Matrix:
    place = {name: at for at, name in enumerate(names)}
    starts, columns, values = [0], list[int](), list[int]()
    for one in counted:
        for name, count in one.items():
            at = place.get(name)
            if at is not None:
                columns.append(at)
                values.append(count)
        starts.append(len(columns))
    return sparse.csr_matrix(
        (np.array(values, dtype=np.float32), columns, starts), shape=(len(counted), len(names))
    )
