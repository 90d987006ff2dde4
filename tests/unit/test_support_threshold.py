"""The threshold fits the share of wrong replies, which is found without labels."""

from __future__ import annotations

import random

from handrail.guardrails.support_threshold import best_threshold, shifted, threshold_for


def drawn(count: int, share: float, seed: int) -> tuple[list[bool], list[float]]:
    rng = random.Random(seed)
    wrong = [rng.random() < share for _ in range(count)]
    return wrong, [min(0.99, max(0.01, rng.gauss(0.6 if one else 0.4, 0.13))) for one in wrong]


def f1(wrong: list[bool], scores: list[float], threshold: float) -> float:
    flagged = [score >= threshold for score in scores]
    hits = sum(a and b for a, b in zip(wrong, flagged, strict=True))
    return 2 * hits / (sum(wrong) + sum(flagged))


def test_no_other_threshold_has_a_better_f1() -> None:
    wrong, scores = drawn(300, 0.4, seed=1)
    best = f1(wrong, scores, best_threshold(wrong, scores))
    assert best == max(f1(wrong, scores, score) for score in scores)


def test_equal_scores_are_flagged_together() -> None:
    assert best_threshold([True, False, True], [0.7, 0.7, 0.2]) == 0.1
    assert best_threshold([True, False, False], [0.7, 0.3, 0.3]) == 0.5


def test_the_share_of_wrong_ones_is_found_without_labels() -> None:
    chances = [0.9] * 10 + [0.1] * 90
    assert abs(sum(shifted(chances, 0.5)) / 100 - 0.025) < 0.03
    assert shifted([0.5] * 4, 0.5) == [0.5] * 4


def test_where_fewer_are_wrong_the_threshold_rises() -> None:
    wrong, scores = drawn(2000, 0.5, seed=2)
    rare, recent = drawn(2000, 0.1, seed=3)
    learnt, fitted = best_threshold(wrong, scores), threshold_for(wrong, scores, recent)
    assert fitted > learnt
    assert f1(rare, recent, fitted) > f1(rare, recent, learnt) + 0.05
