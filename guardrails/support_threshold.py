"""Sets the score from which a reply counts as wrong, where the judged replies are labelled.

The threshold with the best F1 depends on how many of the replies are wrong, and among the replies
to come that share is another one than among those that were labelled. It is estimated from their
scores alone, without labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

_ROUNDS: Final = 200


def best_threshold(wrong: Sequence[bool], scores: Sequence[float]) -> float:
    """The threshold with the best F1 on labelled replies, which the scorer must not have seen."""
    weights = [float(one) for one in wrong]
    return _best(scores, weights)


def threshold_for(wrong: Sequence[bool], scores: Sequence[float], recent: Sequence[float]) -> float:
    """The threshold with the best F1 that is to be expected on replies without labels.

    Args:
        wrong: Whether each labelled reply is wrong.
        scores: Their scores, by a scorer that had not seen them.
        recent: Scores of replies as they come now.
    """
    labelled, learnt = _chances(wrong, scores, (*scores, *recent)), sum(wrong) / len(wrong)
    chances = shifted(labelled[len(scores) :], learnt)
    return _best(recent, chances)


def shifted(chances: Sequence[float], learnt: float) -> list[float]:
    """The chances where another share than ``learnt`` is wrong; the likeliest share is found.

    Source: Saerens, Latinne and Decaestecker, Adjusting the outputs of a classifier to new a priori
    probabilities, Neural Computation 14 (2002).
    """
    share, moved = learnt, list(chances)
    for _ in range(_ROUNDS):
        moved = [_moved(chance, share / learnt, (1 - share) / (1 - learnt)) for chance in chances]
        share = sum(moved) / len(moved)
    return moved


def _moved(chance: float, wrong: float, right: float) -> float:
    return chance * wrong / (chance * wrong + (1 - chance) * right)


def _chances(wrong: Sequence[bool], scores: Sequence[float], asked: Sequence[float]) -> list[float]:
    """The chance that a reply with a score is wrong, learnt from labelled ones."""
    import numpy as np  # noqa: PLC0415 - training alone needs it
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    def odds(of: Sequence[float]) -> Any:
        clipped = np.clip(np.array(of), 1e-4, 1 - 1e-4)
        return np.log(clipped / (1 - clipped))[:, None]

    fitted: Any = LogisticRegression(C=10).fit(odds(scores), np.array(wrong))
    return fitted.predict_proba(odds(asked))[:, 1].tolist()


def _best(scores: Sequence[float], weights: Sequence[float]) -> float:
    """Where F1 is best, half way to the next lower score; ``weights`` say how far each is wrong."""
    best, threshold, hits = 0.0, 1.0, 0.0
    ranked = sorted(zip(scores, weights, strict=True), reverse=True)
    lower = [*(score for score, _ in ranked[1:]), 0.0]
    for count, ((score, weight), after) in enumerate(zip(ranked, lower, strict=True), start=1):
        hits += weight
        reached = 2 * hits / (count + sum(weights))
        if after < score and reached > best:
            best, threshold = reached, (score + after) / 2
    return threshold
