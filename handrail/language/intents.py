"""Says what a customer wants: a calibrated linear classifier, without a model server.

It looks at words, letters, stems and the word vectors that ship, and at a sentence encoder's
vectors where a model folder is given. Training needs scikit-learn
(:mod:`handrail.language.training`); this module only NumPy.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import DamerauLevenshtein
from rapidfuzz.process import extractOne

from handrail.core.drafting import IntentDecision, IntentGuess, IntentResult
from handrail.core.errors import IntegrityError
from handrail.language import scope
from handrail.language.embeddings import Encoder
from handrail.language.features import Floats, words
from handrail.language.weights import Weights, read_weights
from handrail.language.word_vectors import word_vectors
from handrail.playbook.models import Thresholds

_RANKED: Final = 5
_NEAREST: Final = 3
_LONG_WORD: Final = re.compile(r"(?<!\w)[^\W\d_]{4,40}(?!\w)")
"""Words long enough to tell a slip in them from another word."""
_SLIP: Final = 1
"""Letters of a word that are exchanged, swapped, too many or too few."""


class IntentClassifier:
    """The intent model of a playbook release.

    Args:
        weights: What training found.
        thresholds: When an intent is sure enough; from the playbook.
        encoder: The one the weights were trained with, where they were trained with one.

    Raises:
        IntegrityError: the encoder is another one; train again.
    """

    def __init__(
        self, weights: Weights, thresholds: Thresholds, encoder: Encoder | None = None
    ) -> None:
        trained = weights.meaning.encoder if weights.meaning else None
        if trained != (encoder.id if encoder else None):
            raise IntegrityError(
                "the intent model was trained with another embedding model; train it again "
                "from the playbook"
            )
        self.weights = weights
        self.thresholds = thresholds
        self.encoder = encoder

    @property
    def model(self) -> str:
        """Digest of the training data."""
        return self.weights.model

    @property
    def blocks(self) -> bool:
        """Whether a call takes long: a sentence encoder's does."""
        return self.encoder is not None

    def classify(self, text: str, *, before: str = "") -> IntentResult:
        """Rank the intents for one message; text without words is escalated.

        ``before`` is not read: what goes on from earlier words is for
        :class:`handrail.language.wishes.WishReader`.
        """
        del before
        said = words(text)
        if self.encoder is None or not said:
            return self.read(said)
        return self.read(said, self.encoder.encode([self.mended(text)])[0])

    def read(self, said: Sequence[str], meaning: Floats | None = None) -> IntentResult:
        """Rank the intents for the words of a message, with the encoder's vector of it."""
        if said:
            return self._result(said, meaning)
        return IntentResult(
            ranked=(), out_of_scope=1.0, decision="escalate", model=self.weights.model
        )

    def mended(self, text: str) -> str:
        """The text as the encoder is given it: a slip of one letter as the word it is of.

        The linear model reads letters and is not misled; an encoder takes "refunf" for another
        word. Words of the training and those that have a vector are no slips.
        """
        return _LONG_WORD.sub(lambda found: self._mended(found[0]), text)

    def _mended(self, word: str) -> str:
        written = word.casefold()
        if f"w{written}" in self.weights.vocabulary.index or written in word_vectors().index:
            return word
        near = extractOne(
            written, self._words, scorer=DamerauLevenshtein.distance, score_cutoff=_SLIP
        )
        return near[0] if near else word

    @cached_property
    def _words(self) -> tuple[str, ...]:
        """The words of the training."""
        names = self.weights.vocabulary.names
        return tuple(name[1:] for name in names if name[0] == "w" and " " not in name)

    def unknown_share(self, said: Sequence[str]) -> float:
        """Share of a message's subject words that training never saw, weighed by rarity; 0 to 1."""
        return self.weights.vocabulary.unknown_share(said)

    def _result(self, said: Sequence[str], meaning: Floats | None) -> IntentResult:
        weights, examples = self.weights, self.weights.examples
        at, values = weights.vocabulary.vector(said)
        vector = word_vectors().row(said)
        known = len(weights.vocabulary.names)
        scores = values @ weights.linear.take(at, axis=0) + vector @ weights.linear[known:]
        scores += weights.bias
        summed = scores * weights.factors[0] + scope.bent(scores) * weights.factors[1]
        if weights.meaning is not None and meaning is not None:
            summed += (meaning @ weights.meaning.linear + weights.meaning.bias) * weights.factors[2]
        probabilities = scope.softmax(summed)
        order = (-probabilities).argsort(kind="stable")[:_RANKED]
        own = (examples.intents == order[0]).nonzero()[0]
        alike = examples.similarities(at, values)[own]
        likes = [alike.astype(np.float64), examples.vectors[own] @ vector]
        if weights.meaning is not None and meaning is not None:
            likes.append(weights.meaning.vectors[own] @ meaning)
        likeness = [scope.likeness(one) for one in likes]
        likeness += [np.float32(0)] * (3 - len(likes))
        unknown = np.float32(self.unknown_share(said))
        found = scope.evidence(scores, probabilities, *likeness, unknown)
        out_of_scope = scope.score(found, weights.scope)
        likely: list[float] = probabilities[order].tolist()
        return IntentResult(
            ranked=tuple(
                IntentGuess(intent=weights.intents[i], probability=probability)
                for i, probability in zip(order.tolist(), likely, strict=True)
            ),
            out_of_scope=out_of_scope,
            decision=self._decide(likely[0], out_of_scope),
            nearest=self._nearest(own, likes[0] if meaning is None else likes[-1]),
            model=weights.model,
        )

    def _decide(self, probability: float, out_of_scope: float) -> IntentDecision:
        limits = self.thresholds
        if out_of_scope >= limits.out_of_scope or probability < limits.clarify:
            return "escalate"
        return "accept" if probability >= limits.accept else "clarify"

    def _nearest(self, own: NDArray[np.intp], likes: Floats) -> tuple[str, ...]:
        """Examples of the guessed intent that are most like the message."""
        best = (-likes).argsort(kind="stable")[:_NEAREST]
        return tuple(self.weights.examples.texts[own[i]] for i in best if likes[i] > 0)

    def to_bytes(self) -> bytes:
        """Write the learned weights: arrays and JSON, no code."""
        return self.weights.to_bytes()

    @classmethod
    def from_bytes(
        cls, data: bytes, thresholds: Thresholds, encoder: Encoder | None = None
    ) -> IntentClassifier:
        """Read what :meth:`to_bytes` wrote.

        Raises:
            IntegrityError: the bytes are not a classifier of this version, or one of another
                encoder; train again.
        """
        try:
            return cls(read_weights(data), thresholds, encoder)
        except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
            raise IntegrityError(
                f"stored intent model cannot be read ({error}); train it again from the playbook"
            ) from error


def label_texts(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Drop pairs whose text has no words, and repeated ones; keep the order."""
    return list(dict.fromkeys((text, intent) for text, intent in pairs if words(text)))
