"""What the intent model learned, and how it is stored: arrays and JSON, no code."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from handrail.language.features import Floats, Ints, Vocabulary

FORMAT: Final = 5


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
    vectors: Floats
    """Word vectors, by example."""

    @cached_property
    def _lengths(self) -> NDArray[np.intp]:
        """By feature: how many entries it has; none where it is no stem."""
        return np.diff(self.starts).astype(np.intp)

    def similarities(self, at: Ints, values: Floats) -> Floats:
        """Cosine to every example, of the features that examples are indexed by: stems."""
        lengths = self._lengths.take(at)
        used = lengths.nonzero()[0]
        at, values, lengths = at.take(used), values.take(used), lengths.take(used)
        entries = (self.starts.take(at) - lengths.cumsum() + lengths).repeat(lengths)
        entries += np.arange(len(entries))
        weights = self.values.take(entries) * values.repeat(lengths)
        documents = self.documents.take(entries)
        found = np.bincount(documents, weights=weights, minlength=len(self.texts))
        length = float(np.sqrt((values * values).sum()))
        return (found / length if length else found).astype(np.float32)


@dataclass(frozen=True)
class Meaning:
    """What was learned on the vectors of a sentence encoder."""

    encoder: str
    """Id of the encoder."""
    linear: Floats
    """Weight by dimension and intent."""
    bias: Floats
    vectors: Floats
    """By example."""


@dataclass(frozen=True)
class Weights:
    """Everything the classifier learned."""

    model: str
    """Digest of the training data and the encoder."""
    intents: tuple[str, ...]
    vocabulary: Vocabulary
    linear: Floats
    """Weight by feature and intent; then by dimension of the word vectors."""
    bias: Floats
    factors: Floats
    """On the linear scores, on the same :func:`~handrail.language.scope.bent`, and on the
    encoder's: their sum's softmax is a calibrated probability."""
    scope: Floats
    """Coefficients of :func:`handrail.language.scope.evidence`."""
    examples: Examples
    meaning: Meaning | None = None

    def to_bytes(self) -> bytes:
        """Write the weights; matrices in half precision."""
        facts: dict[str, Any] = {
            "format": FORMAT,
            "model": self.model,
            "intents": self.intents,
            "features": self.vocabulary.names,
            "examples": self.examples.texts,
            "encoder": self.meaning.encoder if self.meaning else None,
        }
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            facts=np.frombuffer(json.dumps(facts).encode(), dtype=np.uint8),
            idf=self.vocabulary.idf,
            linear=self.linear.astype(np.float16),
            bias=self.bias,
            factors=self.factors,
            scope=self.scope,
            example_intents=self.examples.intents,
            example_starts=self.examples.starts,
            example_documents=self.examples.documents,
            example_values=self.examples.values,
            example_vectors=self.examples.vectors.astype(np.float16),
            **_meaning_arrays(self.meaning),
        )
        return buffer.getvalue()


def _meaning_arrays(meaning: Meaning | None) -> dict[str, Any]:
    if meaning is None:
        return {}
    return {
        "meaning_linear": meaning.linear.astype(np.float16),
        "meaning_bias": meaning.bias,
        "meaning_vectors": meaning.vectors.astype(np.float16),
    }


@lru_cache(maxsize=4)  # weights never change, so the engines of a process share them
def read_weights(data: bytes) -> Weights:
    """Read what :meth:`Weights.to_bytes` wrote; any of several errors where it did not."""
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
        factors=arrays["factors"],
        scope=arrays["scope"],
        examples=Examples(
            texts=tuple(facts["examples"]),
            intents=arrays["example_intents"],
            starts=arrays["example_starts"],
            documents=arrays["example_documents"],
            values=arrays["example_values"],
            vectors=arrays["example_vectors"].astype(np.float32),
        ),
        meaning=_read_meaning(facts["encoder"], arrays),
    )


def _read_meaning(encoder: str | None, arrays: dict[str, Any]) -> Meaning | None:
    if encoder is None:
        return None
    return Meaning(
        encoder=encoder,
        linear=arrays["meaning_linear"].astype(np.float32),
        bias=arrays["meaning_bias"],
        vectors=arrays["meaning_vectors"].astype(np.float32),
    )
