"""Scores how likely it is that nothing supports a sentence: a linear model and boosted trees.

The weights are data, ``support_scorer.json``, written from approved human replies and their
corruptions by ``python -m benchmarks.training.grounding``; a deployment trains its own with
``python -m handrail.guardrails.support_training``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property
from importlib import resources
from operator import itemgetter, mul
from pathlib import Path

from pydantic import ValidationError

from handrail.core.conversation import Frozen
from handrail.core.errors import CheckDefinitionError
from handrail.guardrails.claim_features import BEGINNING, KNOWN, NEW, Measured
from handrail.guardrails.support_examples import Example, measure

Node = tuple[int, float, int, int, float]
"""Feature, threshold, child for values up to it, child above, value; a leaf has feature -1."""

_FARTHEST = 30.0


def _probability(odds: float) -> float:
    return 1 / (1 + math.exp(-max(-_FARTHEST, min(_FARTHEST, odds))))


def _leaf(tree: Sequence[Node], values: Sequence[float]) -> float:
    feature, threshold, low, high, value = tree[0]
    while feature >= 0:
        feature, threshold, low, high, value = tree[low if values[feature] <= threshold else high]
    return value


def _weighed(weights: Mapping[str, float], role: str, words: Sequence[str]) -> Sequence[float]:
    if not words:
        return (0.0,)
    alone = weights[role]
    return [weights.get(word, alone) for word in words]


def weigh_words(weights: Mapping[str, float], measured: Measured) -> tuple[float, ...]:
    """Sum, mean and extremes of the weights of a sentence's words, by their role.

    A word that was seen too seldom to weigh counts as its role alone does.
    """
    new = _weighed(weights, NEW, measured.new)
    known = _weighed(weights, KNOWN, measured.known)
    beginning = _weighed(weights, BEGINNING, measured.beginning)
    return (
        sum(new),
        sum(new) / len(new),
        max(new),
        sum(known),
        sum(known) / len(known),
        min(known),
        sum(beginning),
    )


class SupportScorer(Frozen):
    """What training found; plain data."""

    data: str
    """What it was trained on."""
    features: tuple[str, ...]
    words: Mapping[str, float]
    """How far a word in its role tells a false sentence from a true one: log odds."""
    centre: tuple[float, ...]
    weights: tuple[float, ...]
    """Of the linear model, for a value less its centre: the features, then those of the words."""
    bias: float
    trees: tuple[tuple[Node, ...], ...]
    start: float
    """Log odds that the trees add to."""
    threshold: float
    """Score from which a sentence counts as unsupported."""

    @cached_property
    def _pick(self) -> Callable[[Mapping[str, float]], Sequence[float]]:
        return itemgetter(*self.features)

    @cached_property
    def _middle(self) -> float:
        """The odds where each value is its centre."""
        return self.bias - sum(map(mul, self.centre, self.weights))

    @cached_property
    def _most(self) -> float:
        """The highest chance that the trees can tell."""
        return _probability(self.start + sum(max(leaf[-1] for leaf in t) for t in self.trees))

    def score(self, measured: Measured, least: float = 0.0) -> float:
        """Return the chance, 0 to 1, that nothing supports the sentence that was measured.

        Where it is below ``least`` whatever the trees say, these are not asked and count as 0.
        """
        values = [*self._pick(measured.figures), *weigh_words(self.words, measured)]
        linear = _probability(self._middle + sum(map(mul, values, self.weights)))
        if (linear + self._most) / 2 < least:
            return linear / 2
        grown = self.start + sum([_leaf(tree, values) for tree in self.trees])
        return (linear + _probability(grown)) / 2


def read_scorer(path: Path) -> SupportScorer:
    """Read a scorer of one's own.

    Raises:
        CheckDefinitionError: the file is none, or measures what is not measured any more; train
            it again.
    """
    try:
        scorer = SupportScorer.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise CheckDefinitionError(
            f"{path} is no scorer ({type(error).__name__}); write one with "
            f"python -m handrail.guardrails.support_training",
            file=str(path),
        ) from error
    measured = measure(Example("Yes.", ()))[0].measured.figures
    if unknown := set(scorer.features) - set(measured):
        raise CheckDefinitionError(
            f"{path} was trained on figures that are not measured ({', '.join(sorted(unknown))}); "
            f"write it anew with python -m handrail.guardrails.support_training",
            file=str(path),
        )
    return scorer


@cache
def shipped_scorer() -> SupportScorer:
    """The scorer that comes with the package."""
    file = resources.files("handrail.guardrails") / "support_scorer.json"
    return SupportScorer.model_validate_json(file.read_bytes())
