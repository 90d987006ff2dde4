"""The training texts of the intent classifier as matrices of feature counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
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
from handrail.language.word_vectors import word_vectors

Matrix: TypeAlias = Any
"""A SciPy matrix in CSR form; SciPy's own types know too little of its operators."""

_RARE_FROM: Final = 2000
"""From this many examples on, stem pairs that occur once are dropped: they only cost memory."""

FEW: Final = 1500
"""Up to so many examples a feature weighs by how few intents it stands under, which tells more of
few (76.8 against 75.7 % of held-out parts of Banking77's train set with ten each); and a logistic
regression is fitted (:mod:`handrail.language.fitting`)."""

EXAMPLE, DESCRIBED, MASKED = 0, 1, 2
_MOST_MASKED: Final = 600


class Corpus:
    """The training texts as a matrix of feature counts.

    Rows are the examples, then the descriptions of the intents, then some of the examples once
    more about something that the playbook does not know.
    """

    def __init__(self, pairs: Sequence[tuple[str, str]], descriptions: Mapping[str, str]) -> None:
        self.intents = tuple(sorted({intent for _, intent in pairs}))
        place = {intent: at for at, intent in enumerate(self.intents)}
        described = [(text, intent) for intent, text in descriptions.items() if words(text)]
        rows = [(words(text), place[intent]) for text, intent in (*pairs, *described)]
        counted = [features(tokens) for tokens, _ in rows]
        masked = _about_others(rows[: len(pairs)])
        counted += [features(tokens) for tokens, _ in masked]
        kinds = [EXAMPLE] * len(pairs) + [DESCRIBED] * len(described) + [MASKED] * len(masked)
        self.kinds: Ints = np.array(kinds, dtype=np.int32)
        self.labels: Ints = np.array([at for _, at in (*rows, *masked)], dtype=np.int32)
        self.texts = [text for text, _ in (*pairs, *described)]
        self.texts += [" ".join(tokens) for tokens, _ in masked]
        self.names = _frequent(counted[: len(rows)])
        self.counts = _count_matrix(counted, self.names)
        self.vectors = word_vectors().rows([tokens for tokens, _ in (*rows, *masked)])
        self.blocks: Ints = np.array([BLOCKS.index(name[0]) for name in self.names], dtype=np.int32)
        self.subject_words: NDArray[np.bool_] = np.array(
            [
                name[0] == "w" and " " not in name and name[1:] not in STOP_WORDS
                for name in self.names
            ]
        )

    def joined(self, matrix: Matrix, rows: NDArray[np.intp]) -> Matrix:
        """Put the word vectors of the rows beside their weighted features."""
        return sparse.hstack([matrix, sparse.csr_matrix(self.vectors[rows])]).tocsr()

    def weighted(self, rows: NDArray[np.intp]) -> tuple[Floats, Matrix]:
        """Return the inverse frequencies of the features of these rows, and both multiplied.

        Of few rows the intents that a feature stands under are counted, of many the rows.
        """
        part = self.counts[rows]
        groups, entries = np.arange(len(rows)), part.indices
        if len(rows) <= FEW:
            groups, width = self.labels[rows].astype(np.int64), part.shape[1]
            entries = np.unique(np.repeat(groups, np.diff(part.indptr)) * width + entries) % width
        found = np.bincount(entries, minlength=part.shape[1])
        idf = inverse_frequency(found, len(np.unique(groups)))
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


def _about_others(rows: Sequence[tuple[list[str], int]]) -> list[tuple[list[str], int]]:
    """Put words that this playbook does not know in the place of its subject words."""
    random = np.random.default_rng(0)
    known = STOP_WORDS.union(*(tokens for tokens, _ in rows))
    others = [word for word in word_vectors().index if word not in known]
    able = [one for one in rows if not STOP_WORDS.issuperset(one[0])]
    chosen = sorted(random.permutation(len(able))[:_MOST_MASKED])
    return [
        (
            [t if t in STOP_WORDS else others[random.integers(len(others))] for t in able[at][0]],
            able[at][1],
        )
        for at in chosen
    ]


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
