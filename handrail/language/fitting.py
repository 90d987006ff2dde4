"""Fits the linear parts of the intent model, and the factors that calibrate them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from handrail.language import scope
from handrail.language.corpus import FEW, Matrix
from handrail.language.features import Floats, Ints

_MACHINE_PENALTY: Final = 0.7
"""Inverse regularisation of the classifier, chosen on held-out parts of Banking77's train set."""
_LOGISTIC_PENALTY: Final = 10.0
_MEANING_PENALTY: Final = 30.0
_LEAST_FACTOR: Final = 0.02
"""On the first scores, so that something is left to tell intents apart by."""
_ABSENT: Final = -8.0
"""Bias of an intent without a row: it never wins."""

Array = NDArray[np.floating[Any]]


def fit_linear(matrix: Matrix, labels: Ints, intents: int) -> tuple[Floats, Floats]:
    """Return weights by feature and intent, and the bias."""
    present, among = np.unique(labels, return_inverse=True)
    linear = np.zeros((matrix.shape[1], intents), dtype=np.float32)
    bias = np.full(intents, _ABSENT, dtype=np.float32)
    if len(present) == 1:
        bias[present] = 0.0
        return linear, bias
    fit = _fit_by_likeness if matrix.shape[0] <= FEW else _fit_machine
    linear[:, present], bias[present] = fit(matrix, among)
    return linear, bias


def fit_meaning(vectors: Floats, labels: Ints, intents: int) -> tuple[Floats, Floats]:
    """Return weights by dimension and intent, and the bias, of a logistic regression."""
    present, among = np.unique(labels, return_inverse=True)
    linear = np.zeros((vectors.shape[1], intents), dtype=np.float32)
    bias = np.full(intents, _ABSENT, dtype=np.float32)
    linear[:, present], bias[present] = _logistic(vectors, among, _MEANING_PENALTY)
    return linear, bias


def _fit_machine(matrix: Matrix, labels: NDArray[np.intp]) -> tuple[Array, Array]:
    from sklearn.svm import LinearSVC  # noqa: PLC0415 - most playbooks have few examples

    machine: Any = LinearSVC(C=_MACHINE_PENALTY, random_state=0, tol=0.01).fit(matrix, labels)
    weights, bias = machine.coef_, machine.intercept_
    if len(bias) == 1:
        return np.vstack([-weights, weights]).T, np.concatenate([-bias, bias])
    return weights.T, bias


def _fit_by_likeness(matrix: Matrix, labels: NDArray[np.intp]) -> tuple[Array, Array]:
    """Fit in the space the examples span, which is small where they are few.

    Learns more than the machine from few (73 against 71 % of held-out parts of Banking77's train
    set with ten each); its time grows with the cube.
    """
    values, directions = np.linalg.eigh((matrix @ matrix.T).toarray().astype(np.float64))
    kept = values > 1e-6 * values[-1]
    spread = np.sqrt(values[kept])
    weights, bias = _logistic(directions[:, kept] * spread, labels, _LOGISTIC_PENALTY)
    return np.asarray(matrix.T @ (directions[:, kept] / spread @ weights)), bias


def _logistic(rows: Array, labels: NDArray[np.intp], penalty: float) -> tuple[Array, Array]:
    """Multinomial logistic regression."""
    size, count = rows.shape[1], int(labels.max()) + 1
    at = np.arange(len(labels))
    rows = rows.astype(np.float32)

    def loss(given: Array) -> tuple[float, Array]:
        weights = given.astype(np.float32).reshape(size + 1, count)
        shares = scope.softmax(rows @ weights[:-1] + weights[-1])
        inner = weights[:-1] / penalty
        total = -np.log(shares[at, labels] + 1e-12).sum() + (weights[:-1] * inner).sum() / 2
        shares[at, labels] -= 1
        gradient = np.vstack([rows.T @ shares + inner, shares.sum(axis=0)])
        return float(total), gradient.ravel().astype(np.float64)

    start = np.zeros((size + 1) * count)
    found: Any = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 80})
    solved = found.x.reshape(size + 1, count)
    return solved[:-1], solved[-1]


def fit_factors(scores: Sequence[Array], labels: Ints) -> Floats:
    """Find the factors on several scores whose sum has the least negative log-likelihood.

    A score that does not help gets a factor near 0.
    """
    at = np.arange(len(labels))
    stacked = np.array(scores, dtype=np.float64)
    right = stacked[:, at, labels]

    def loss(factors: Array) -> tuple[float, Array]:
        shares = scope.softmax(np.tensordot(factors, stacked, axes=1))
        expected = (stacked * shares).sum(axis=2)
        total = -float(np.log(shares[at, labels] + 1e-9).mean())
        return total, (expected - right).mean(axis=1)

    start = np.ones(len(scores))
    bounds = [(_LEAST_FACTOR, 30.0), *[(0.0, 30.0)] * (len(scores) - 1)]
    found: Any = minimize(loss, start, jac=True, bounds=bounds, method="L-BFGS-B")
    return found.x.astype(np.float32)


def fit_scope(rows: Array, outside: NDArray[np.bool_]) -> Floats:
    """Logistic regression, both sides weighing the same, each evidence speaking its one way."""
    scale = rows.std(axis=0)
    scale[scale < 1e-6] = 1.0  # the intercept, and an encoder that is not there
    scaled = rows / scale
    weight = np.where(outside, 0.5 / outside.mean(), 0.5 / (~outside).mean()) / len(outside)
    sign = np.where(outside, 1.0, -1.0)

    def loss(coefficients: Array) -> tuple[float, Array]:
        raised = np.exp(-np.clip(sign * (scaled @ coefficients), -30, 30))
        gradient = -scaled.T @ (weight * sign * raised / (1 + raised))
        penalty = 1e-3 * coefficients
        penalty[-1] = 0.0
        total = float(weight @ np.log1p(raised) + coefficients @ penalty / 2)
        return total, gradient + penalty

    found: Any = minimize(
        loss, np.zeros(rows.shape[1]), jac=True, bounds=scope.BOUNDS, method="L-BFGS-B"
    )
    return (found.x / scale).astype(np.float32)
