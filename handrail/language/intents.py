"""Says what a customer wants: TF-IDF and a linear classifier, calibrated, without a model server.

Training needs scikit-learn (:mod:`handrail.language.training`); this module only NumPy.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from handrail.core.drafting import IntentDecision, IntentGuess, IntentResult
from handrail.core.errors import IntegrityError
from handrail.language.features import Floats, Ints, Vocabulary, features, words
from handrail.playbook.models import Thresholds

FORMAT: Final = 1
_RANKED: Final = 5
_NEAREST: Final = 3


@dataclass(frozen=True)
class Examples:
    """Training examples by the stems they hold, to find the ones nearest to a message."""

    texts: tuple[str, ...]
    intents: Ints
    """Position of the intent of each example."""
    starts: Ints
    """By feature: where its entries begin; one more at the end."""
    documents: Ints
    values: Floats

    def similarities(self, at: Ints, values: Floats) -> Floats:
        """Cosine of the stem features to every example."""
        lengths = self.starts[at + 1] - self.starts[at]
        used = lengths > 0
        at, values, lengths = at[used], values[used], lengths[used]
        offsets = np.repeat(self.starts[at] - np.cumsum(lengths) + lengths, lengths)
        entries = offsets + np.arange(lengths.sum())
        weights = self.values[entries] * np.repeat(values, lengths)
        found = np.bincount(self.documents[entries], weights=weights, minlength=len(self.texts))
        length = float(np.sqrt((values * values).sum()))
        return (found / length if length else found).astype(np.float32)


@dataclass(frozen=True)
class Weights:
    """Everything the classifier learned."""

    model: str
    """Digest of the training data."""
    intents: tuple[str, ...]
    vocabulary: Vocabulary
    linear: Floats
    """Weight by feature and intent."""
    bias: Floats
    temperature: float
    """Factor on the scores that makes their softmax a calibrated probability."""
    scope: Floats
    """Coefficients of :func:`scope_evidence`, the last one the intercept."""
    examples: Examples


def softmax(scores: NDArray[np.floating[Any]]) -> Floats:
    """Turn scores into probabilities along the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return (raised / raised.sum(axis=-1, keepdims=True)).astype(np.float32)


def scope_evidence(scores: Floats, probabilities: Floats, nearest: float, unknown: float) -> Floats:
    """What speaks for a message being none of the intents.

    Args:
        scores: Raw classifier score by intent.
        probabilities: Calibrated probability by intent.
        nearest: Mean cosine of the nearest examples.
        unknown: Share of the words never seen.
    """
    top = np.sort(scores)[-2:]
    margin = float(top[-1] - top[0]) if len(top) > 1 else 1.0
    certainty = float(np.log(max(float(probabilities.max()), 1e-6)))
    return np.array([certainty, top[-1], margin, nearest, unknown, 1.0], dtype=np.float32)


def mean_of_nearest(similarities: Floats) -> float:
    """Mean of the five largest similarities."""
    count = min(5, len(similarities))
    return float(np.partition(similarities, -count)[-count:].mean()) if count else 0.0


class IntentClassifier:
    """The intent model of a playbook release.

    Args:
        weights: What training found.
        thresholds: When an intent is sure enough; from the playbook.
    """

    def __init__(self, weights: Weights, thresholds: Thresholds) -> None:
        self.weights = weights
        self.thresholds = thresholds

    @property
    def model(self) -> str:
        """Digest of the training data."""
        return self.weights.model

    def classify(self, text: str) -> IntentResult:
        """Rank the intents for one message; text without words is escalated."""
        tokens = words(text)
        if not tokens:
            return IntentResult(
                ranked=(), out_of_scope=1.0, decision="escalate", model=self.weights.model
            )
        at, values = self.weights.vocabulary.vector(features(tokens))
        scores = values @ self.weights.linear[at] + self.weights.bias
        probabilities = softmax(scores * self.weights.temperature)
        stems = self.weights.vocabulary.block[at] == 2
        similarities = self.weights.examples.similarities(at[stems], values[stems])
        unknown = self.weights.vocabulary.unknown_share(tokens)
        evidence = scope_evidence(scores, probabilities, mean_of_nearest(similarities), unknown)
        out_of_scope = float(1 / (1 + np.exp(-np.clip(evidence @ self.weights.scope, -30, 30))))
        order = np.argsort(-probabilities, kind="stable")[:_RANKED]
        return IntentResult(
            ranked=tuple(
                IntentGuess(intent=self.weights.intents[i], probability=float(probabilities[i]))
                for i in order
            ),
            out_of_scope=out_of_scope,
            decision=self._decide(float(probabilities[order[0]]), out_of_scope),
            nearest=self._nearest(similarities, int(order[0])),
            model=self.weights.model,
        )

    def _decide(self, probability: float, out_of_scope: float) -> IntentDecision:
        limits = self.thresholds
        if out_of_scope >= limits.out_of_scope or probability < limits.clarify:
            return "escalate"
        return "accept" if probability >= limits.accept else "clarify"

    def _nearest(self, similarities: Floats, intent: int) -> tuple[str, ...]:
        """Examples of the guessed intent that share most with the message."""
        examples = self.weights.examples
        own = np.flatnonzero((examples.intents == intent) & (similarities > 0))
        best = own[np.argsort(-similarities[own], kind="stable")[:_NEAREST]]
        return tuple(examples.texts[i] for i in best)

    def to_bytes(self) -> bytes:
        """Write the learned weights: arrays and JSON, no code."""
        weights, examples = self.weights, self.weights.examples
        facts: dict[str, Any] = {
            "format": FORMAT,
            "model": weights.model,
            "intents": weights.intents,
            "features": weights.vocabulary.names,
            "examples": examples.texts,
            "temperature": weights.temperature,
        }
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            facts=np.frombuffer(json.dumps(facts).encode(), dtype=np.uint8),
            idf=weights.vocabulary.idf,
            linear=weights.linear.astype(np.float16),
            bias=weights.bias,
            scope=weights.scope,
            example_intents=examples.intents,
            example_starts=examples.starts,
            example_documents=examples.documents,
            example_values=examples.values,
        )
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes, thresholds: Thresholds) -> IntentClassifier:
        """Read what :meth:`to_bytes` wrote.

        Raises:
            IntegrityError: the bytes are not a classifier of this version; train again.
        """
        try:
            return cls(_read_weights(data), thresholds)
        except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
            raise IntegrityError(
                f"stored intent model cannot be read ({error}); train it again from the playbook"
            ) from error


def _read_weights(data: bytes) -> Weights:
    with np.load(io.BytesIO(data), allow_pickle=False) as stored:
        arrays: dict[str, Any] = dict(stored.items())
    facts = json.loads(arrays["facts"].tobytes())
    if facts["format"] != FORMAT:
        raise ValueError(f"format {facts['format']}, this version reads {FORMAT}")
    return Weights(
        model=facts["model"],
        intents=tuple(facts["intents"]),
        vocabulary=Vocabulary(facts["features"], arrays["idf"]),
        linear=arrays["linear"].astype(np.float32),
        bias=arrays["bias"],
        temperature=facts["temperature"],
        scope=arrays["scope"],
        examples=Examples(
            texts=tuple(facts["examples"]),
            intents=arrays["example_intents"],
            starts=arrays["example_starts"],
            documents=arrays["example_documents"],
            values=arrays["example_values"],
        ),
    )


def label_texts(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Drop pairs whose text has no words, and repeated ones; keep the order."""
    return list(dict.fromkeys((text, intent) for text, intent in pairs if words(text)))
