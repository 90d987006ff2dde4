"""What speaks for a message being none of the intents."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from handrail.language.features import Floats

_RUNNERS_UP: Final = 5
_NEAREST: Final = 3
_LEAST_KNOWN: Final = 1.05

DEFAULT: Final = (-0.5, -0.5, 0.0, -4.0, -2.0, -4.0, 1.5, 1.5)
"""Coefficients of :func:`evidence` where there are too few intents to learn them."""
BOUNDS: Final = (
    (None, 0.0),
    (None, 0.0),
    (0.0, None),
    (None, 0.0),
    (None, 0.0),
    (None, -2.5),
    (1.2, None),
    (None, None),
)
"""Sureness and likeness never speak for out of scope, rivals and unknown words never against it;
without these bounds a small playbook learns the opposite by chance. Unknown words and the encoder's
likeness keep a least weight (by their spread): intents that are left out to learn from are nearer
to the others than most of what is out of scope, and teach too little of what is far."""


Array = NDArray[np.floating[Any]]


def softmax(scores: Array) -> Floats:
    """Turn scores into probabilities along the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return (raised / raised.sum(axis=-1, keepdims=True)).astype(np.float32)


def bent(scores: Array) -> Array:
    """Return signed squares, for calibration: far scores of a machine tell more than in line."""
    return scores * np.abs(scores)


def likeness(similarities: Array) -> Floats:
    """Mean of the three largest similarities to the examples of the guessed intent.

    Examples of other intents say little: a message out of scope is near to many.

    Args:
        similarities: By message and example; -1 where an example is left out.
    """
    count = min(_NEAREST, similarities.shape[-1])
    if not count:
        return np.zeros(similarities.shape[:-1], dtype=np.float32)
    ordered = similarities.copy()
    ordered.partition(-count)
    best = ordered[..., -count:]
    there = best > -1
    total = np.where(there, best, 0).sum(axis=-1)
    return (total / np.maximum(there.sum(axis=-1), 1)).astype(np.float32)


def evidence(scores: Array, probabilities: Array, *rest: Array | np.floating[Any]) -> Floats:
    """Put the evidence together, the last column being the intercept.

    Args:
        scores: Raw classifier score by message and intent.
        probabilities: Calibrated probability by message and intent.
        rest: By message: likeness of stems, of word vectors and of the encoder's vectors to the
            nearest examples (0 without an encoder), and the share of words never seen.
    """
    top = np.sort(scores, axis=-1)[..., -_RUNNERS_UP:]
    certainty = np.log(np.maximum(probabilities.max(axis=-1), 1e-6))
    *likenesses, unknown = rest
    # A message without any known subject tells far more than one with half of them.
    strangeness = -np.log(_LEAST_KNOWN - unknown)
    columns = (certainty, top[..., -1], top[..., :-1].sum(axis=-1), *likenesses, strangeness)
    rows = np.array([*columns, np.ones(certainty.shape)], dtype=np.float32)
    return np.ascontiguousarray(rows.T)


def score(found: Floats, coefficients: Floats) -> float:
    """Turn the evidence on one message into its out-of-scope score, 0 to 1."""
    return 1 / (1 + math.exp(-min(max(float(found @ coefficients), -30.0), 30.0)))
