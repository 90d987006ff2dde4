"""Trains the intent classifier from a playbook's examples and people's corrections."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.svm import LinearSVC

from handrail.language.corpus import Corpus, Matrix
from handrail.language.features import (
    BLOCK_WEIGHTS,
    BLOCKS,
    Floats,
    Ints,
    Vocabulary,
)
from handrail.language.intents import (
    FORMAT,
    Examples,
    IntentClassifier,
    Weights,
    label_texts,
    scope_evidence,
    softmax,
)
from handrail.playbook.models import Playbook, Thresholds

_FOLDS: Final = 5
_PENALTY: Final = 0.7
"""Inverse regularisation of the classifier, chosen on held-out parts of Banking77's train set."""
_SCOPE_DEFAULT: Final = (-0.5, -1.0, -0.5, -8.0, 4.0, -0.5)
"""Out-of-scope coefficients where there are too few intents to learn them."""

_SCOPE_BOUNDS: Final = [(None, 0.0)] * 4 + [(0.0, None), (None, None)]
"""Sureness and likeness never speak for out of scope, unknown words never against it; without
these bounds a small playbook learns the opposite by chance."""


def train_playbook(
    playbook: Playbook,
    corrections: Iterable[tuple[str, str]] = (),
    *,
    language: str | None = None,
) -> IntentClassifier:
    """Train on a playbook's examples and ``(text, intent)`` corrections that people made.

    The examples are those of one language, the brand's first where left out. Corrections towards
    intents that the playbook no longer has are left out.
    """
    pairs = playbook.examples_in(language or playbook.brand.languages[0])
    pairs += [(text, name) for text, name in corrections if name in playbook.intents]
    return train(pairs, playbook.thresholds)


def train(pairs: Sequence[tuple[str, str]], thresholds: Thresholds) -> IntentClassifier:
    """Train on ``(text, intent)`` pairs; one intent is enough, two examples each as well."""
    kept = label_texts(pairs)
    corpus = Corpus(kept)
    everything = np.arange(len(kept))
    idf, matrix = corpus.weighted(everything)
    linear, bias = _fit(matrix, corpus.labels, len(corpus.intents))
    temperature, scope = _calibrate(corpus)
    weights = Weights(
        model=_digest(kept),
        intents=corpus.intents,
        vocabulary=Vocabulary(corpus.names, idf),
        linear=linear,
        bias=bias,
        temperature=temperature,
        scope=scope,
        examples=_index(matrix, corpus, [text for text, _ in kept]),
    )
    return IntentClassifier(weights, thresholds)


def _digest(pairs: Sequence[tuple[str, str]]) -> str:
    data = json.dumps([FORMAT, sorted(pairs)], ensure_ascii=False).encode("utf-8", "surrogatepass")
    return "int_" + hashlib.sha256(data).hexdigest()[:16]


def _fit(matrix: Matrix, labels: Ints, intents: int) -> tuple[Floats, Floats]:
    """Return weights by feature and intent, and the bias; intents without a row never win."""
    linear = np.zeros((matrix.shape[1], intents), dtype=np.float32)
    bias = np.full(intents, -2.0, dtype=np.float32)
    present = np.unique(labels)
    if len(present) == 1:
        bias[present] = 0.0
        return linear, bias
    machine: Any = LinearSVC(C=_PENALTY, random_state=0).fit(matrix, labels)
    coefficients, intercept = machine.coef_, machine.intercept_
    if len(present) == 2:
        coefficients = np.vstack([-coefficients, coefficients])
        intercept = np.concatenate([-intercept, intercept])
    linear[:, present] = coefficients.T
    bias[present] = intercept
    return linear, bias


@dataclass
class _HeldOut:
    """Scores of messages that the classifier had not seen."""

    scores: list[NDArray[np.floating[Any]]]
    labels: list[Ints]
    """-1 where the intent itself was left out of training."""
    nearest: list[NDArray[np.floating[Any]]]
    unknown: list[NDArray[np.floating[Any]]]


def _calibrate(corpus: Corpus) -> tuple[float, Floats]:
    """Learn temperature and out-of-scope coefficients on parts left out of training.

    Each fold leaves out some examples of most intents, and all examples of the others. Those
    others, and the left-out sentences without their subject words, are what messages out of
    scope look like: near ones and far ones.
    """
    held = _HeldOut([], [], [], [])
    example_fold, intent_fold = _folds(corpus)
    for fold in range(_FOLDS):
        foreign = intent_fold[corpus.labels] == fold
        unseen = foreign | (example_fold == fold)
        if unseen.all() or not unseen.any() or len(np.unique(corpus.labels[~unseen])) < 2:
            continue
        _hold_out(corpus, held, np.flatnonzero(~unseen), np.flatnonzero(unseen), foreign)
    default = np.array(_SCOPE_DEFAULT, dtype=np.float32)
    if not held.labels:
        return 1.0, default
    scores, labels = np.vstack(held.scores), np.concatenate(held.labels)
    inside = labels >= 0
    temperature = _temperature(scores[inside], labels[inside]) if inside.any() else 1.0
    if min(inside.sum(), (~inside).sum()) < 20:
        return temperature, default
    rows = [
        scope_evidence(s, softmax(s * temperature), near, unknown)
        for s, near, unknown in zip(
            scores, np.concatenate(held.nearest), np.concatenate(held.unknown), strict=True
        )
    ]
    return temperature, _fit_scope(np.array(rows), ~inside)


def _folds(corpus: Corpus) -> tuple[Ints, Ints]:
    """Give every example and every intent the fold in which it is left out."""
    random = np.random.default_rng(0)
    example_fold = np.zeros(len(corpus.labels), dtype=np.int32)
    for intent in range(len(corpus.intents)):
        own = np.flatnonzero(corpus.labels == intent)
        start = random.integers(_FOLDS)
        example_fold[own] = (random.permutation(len(own)) + start) % _FOLDS
    intent_fold = random.permutation(len(corpus.intents)).astype(np.int32) % _FOLDS
    if len(corpus.intents) < 4:
        intent_fold[:] = -1
    return example_fold, intent_fold


def _hold_out(
    corpus: Corpus,
    held: _HeldOut,
    seen: NDArray[np.intp],
    unseen: NDArray[np.intp],
    foreign: NDArray[np.bool_],
) -> None:
    idf, matrix = corpus.weighted(seen)
    linear, bias = _fit(matrix, corpus.labels[seen], len(corpus.intents))
    stems = corpus.blocks == BLOCKS.index("s")
    columns = matrix[:, stems].T.tocsc() / BLOCK_WEIGHTS[BLOCKS.index("s")] ** 2
    without_subject = unseen[corpus.maskable[unseen] & ~foreign[unseen]]
    own_labels = np.where(foreign[unseen], -1, corpus.labels[unseen]).astype(np.int32)
    for part, labels, unknown in (
        (corpus.counts[unseen], own_labels, corpus.unknown_shares(corpus.counts[unseen], idf)),
        (
            corpus.masked[without_subject],
            np.full(len(without_subject), -1, dtype=np.int32),
            np.ones(len(without_subject)),
        ),
    ):
        rows = corpus.weigh(part, idf)
        held.scores.append(np.asarray(rows @ linear) + bias)
        held.labels.append(labels)
        held.nearest.append(_mean_nearest(rows[:, stems], columns))
        held.unknown.append(unknown)


def _mean_nearest(rows: Matrix, columns: Any) -> NDArray[np.floating[Any]]:
    found: list[NDArray[np.floating[Any]]] = [np.zeros(0)]
    for start in range(0, rows.shape[0], 256):
        block = np.asarray((rows[start : start + 256] @ columns).todense())
        count = min(5, block.shape[1])
        found.append(np.partition(block, -count, axis=1)[:, -count:].mean(axis=1))
    return np.concatenate(found)


def _temperature(scores: NDArray[np.floating[Any]], labels: Ints) -> float:
    """Find the factor with the least negative log-likelihood, on a grid of 60."""
    grid = np.geomspace(0.3, 30, 60)
    at = np.arange(len(labels))
    losses = [-np.log(softmax(scores * t)[at, labels] + 1e-9).mean() for t in grid]
    return float(grid[int(np.argmin(losses))])


def _fit_scope(rows: NDArray[np.floating[Any]], outside: NDArray[np.bool_]) -> Floats:
    """Logistic regression, both sides weighing the same, each evidence speaking its one way."""
    scale = rows.std(axis=0) + 1e-6
    scale[-1] = 1.0
    scaled = rows / scale
    weight = np.where(outside, 0.5 / outside.mean(), 0.5 / (~outside).mean()) / len(outside)
    sign = np.where(outside, 1.0, -1.0)

    def loss(coefficients: NDArray[np.floating[Any]]) -> tuple[float, NDArray[np.floating[Any]]]:
        raised = np.exp(-np.clip(sign * (scaled @ coefficients), -30, 30))
        gradient = -scaled.T @ (weight * sign * raised / (1 + raised))
        penalty = 1e-3 * coefficients
        penalty[-1] = 0.0
        total = float(weight @ np.log1p(raised) + coefficients @ penalty / 2)
        return total, gradient + penalty

    found: Any = minimize(
        loss, np.zeros(rows.shape[1]), jac=True, bounds=_SCOPE_BOUNDS, method="L-BFGS-B"
    )
    return (found.x / scale).astype(np.float32)


def _index(matrix: Matrix, corpus: Corpus, texts: list[str]) -> Examples:
    stems = corpus.blocks == BLOCKS.index("s")
    columns = matrix.tocsc()
    lengths = np.where(stems, np.diff(columns.indptr), 0)
    keep = np.repeat(stems, np.diff(columns.indptr))
    return Examples(
        texts=tuple(texts),
        intents=corpus.labels,
        starts=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32),
        documents=columns.indices[keep].astype(np.int32),
        values=(columns.data[keep] / BLOCK_WEIGHTS[BLOCKS.index("s")]).astype(np.float32),
    )
