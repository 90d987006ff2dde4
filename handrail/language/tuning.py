"""Chooses the two intent thresholds from labelled messages: accept, and ask the customer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from handrail.core.drafting import IntentResult
from handrail.language.embeddings import Encoder
from handrail.language.intents import IntentClassifier, label_texts
from handrail.language.training import train
from handrail.playbook.models import Thresholds

_FOLDS: Final = 5
_OFFERED: Final = 3
"""Intents that a clarifying question offers."""
_WORTH_ASKING: Final = 0.5
"""Share of questions that must offer the right intent; one that does not annoys."""
_BAND: Final = 20
"""Messages that the share is taken over."""


@dataclass(frozen=True)
class Judged:
    """What the model said of one labelled message."""

    confidence: float
    out_of_scope: float
    right: bool
    offered: bool
    """Whether the right intent is among those a question would offer."""


@dataclass(frozen=True)
class Point:
    """What happens from one accept threshold on."""

    threshold: float
    transfer: float
    """Share of messages below it, which a question or a person answers."""
    accuracy: float
    """Share of right intents among the others."""


@dataclass(frozen=True)
class Choice:
    """Thresholds with what they cost."""

    accept: Point
    clarify: float
    reached: bool
    """Whether there is a threshold that gives what was asked for."""


def judge(results: Iterable[tuple[IntentResult, str | None]]) -> list[Judged]:
    """Compare results with their labels; the label of a message out of scope is ``None``."""
    return [
        Judged(
            confidence=result.confidence,
            out_of_scope=result.out_of_scope,
            right=label is not None and result.top == label,
            offered=label in {guess.intent for guess in result.ranked[:_OFFERED]},
        )
        for result, label in results
    ]


def cross_validated(
    pairs: Sequence[tuple[str, str]],
    descriptions: Mapping[str, str] | None = None,
    encoder: Encoder | None = None,
) -> Iterator[tuple[IntentResult, str]]:
    """Classify each text by a model that was trained without it."""
    kept = label_texts(pairs)
    fold = np.random.default_rng(0).permutation(len(kept)) % _FOLDS
    for number in range(_FOLDS):
        seen = [pair for pair, at in zip(kept, fold, strict=True) if at != number]
        model: IntentClassifier = train(
            seen, Thresholds(), encoder=encoder, descriptions=descriptions
        )
        for (text, intent), at in zip(kept, fold, strict=True):
            if at == number:
                yield model.classify(text), intent


def curve(judged: Sequence[Judged], out_of_scope: float = 1.0) -> list[Point]:
    """Return a point for each confidence that occurs, the most careful first.

    Messages with an out-of-scope score from ``out_of_scope`` on are never accepted.
    """
    kept = sorted((j for j in judged if j.out_of_scope < out_of_scope), key=lambda j: -j.confidence)
    points: list[Point] = []
    right = 0
    for taken, one in enumerate(kept, start=1):
        right += one.right
        if taken < len(kept) and kept[taken].confidence == one.confidence:
            continue
        points.append(Point(one.confidence, 1 - taken / len(judged), right / taken))
    return points


def choose(
    judged: Sequence[Judged],
    *,
    accuracy: float | None = None,
    transfer: float | None = None,
    out_of_scope: float = 1.0,
) -> Choice:
    """Choose the thresholds for a least accuracy or for a largest share of transfers.

    Of those that reach the accuracy, the one that transfers least; of those within the share of
    transfers, the most accurate. Where none does, the nearest.
    """
    points = curve(judged, out_of_scope) or [Point(1.0, 1.0, 0.0)]
    if accuracy is not None:
        good = [point for point in points if point.accuracy >= accuracy]
        best = min(good or points, key=lambda p: (p.transfer if good else -p.accuracy, -p.accuracy))
    else:
        good = [point for point in points if point.transfer <= (transfer or 0.0)]
        best = max(good or points[-1:], key=lambda p: (p.accuracy, p.transfer))
    return Choice(best, _clarify(judged, best.threshold, out_of_scope), reached=bool(good))


def _clarify(judged: Sequence[Judged], accept: float, out_of_scope: float) -> float:
    """Return the confidence down to which a question mostly offers the right intent."""
    below = sorted(
        (j for j in judged if j.confidence < accept and j.out_of_scope < out_of_scope),
        key=lambda j: -j.confidence,
    )
    lowest = accept
    for start in range(0, len(below), _BAND):
        band = below[start : start + _BAND]
        if sum(one.offered for one in band) < _WORTH_ASKING * len(band):
            break
        lowest = band[-1].confidence
    return lowest
