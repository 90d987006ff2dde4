"""Trains the intent classifier from a playbook's examples and people's corrections."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from threadpoolctl import threadpool_limits

from handrail.language import scope
from handrail.language.corpus import DESCRIBED, EXAMPLE, MASKED, Corpus, Matrix
from handrail.language.embeddings import Encoder
from handrail.language.features import BLOCK_WEIGHTS, BLOCKS, Floats, Ints, Vocabulary
from handrail.language.fitting import fit_factors, fit_linear, fit_meaning, fit_scope
from handrail.language.intents import IntentClassifier, label_texts
from handrail.language.weights import FORMAT, Examples, Meaning, Weights
from handrail.playbook.models import Playbook, Thresholds
from handrail.playbook.wording import say

_FOLDS: Final = 5
_ENOUGH: Final = 1500
"""Messages of known intents that are enough to calibrate on; then no further fold is trained."""
_LEAST: Final = 20
"""Messages in and out of scope from which the out-of-scope coefficients are learned."""
_BATCH: Final = 256
_STEMS: Final = BLOCKS.index("s")
_Rows = NDArray[np.intp]


def playbook_pairs(
    playbook: Playbook, corrections: Iterable[tuple[str, str]] = (), language: str | None = None
) -> list[tuple[str, str]]:
    """Return the examples of one language and the corrections, as ``(text, intent)``.

    The examples are those of one language, the brand's first where left out. Corrections towards
    intents that the playbook no longer has are left out.
    """
    pairs = playbook.examples_in(language or playbook.brand.languages[0])
    return pairs + [(text, name) for text, name in corrections if name in playbook.intents]


def train_playbook(
    playbook: Playbook,
    corrections: Iterable[tuple[str, str]] = (),
    encoder: Encoder | None = None,
    *,
    language: str | None = None,
) -> IntentClassifier:
    """Train on a playbook's examples and ``(text, intent)`` corrections that people made.

    The examples are those of one language, the brand's first where left out.
    """
    pairs = playbook_pairs(playbook, corrections, language)
    said = described(playbook, language)
    return train(pairs, playbook.thresholds, encoder=encoder, descriptions=said)


def described(playbook: Playbook, language: str | None = None) -> dict[str, str]:
    """Return each intent in words: its name and description in a language."""
    manner = playbook.manner(language)
    return {
        name: f"{_words_of(name)}: {say(intent.description, manner) or ''}"
        for name, intent in playbook.intents.items()
    }


def train(
    pairs: Sequence[tuple[str, str]],
    thresholds: Thresholds,
    *,
    encoder: Encoder | None = None,
    descriptions: Mapping[str, str] | None = None,
) -> IntentClassifier:
    """Train on ``(text, intent)`` pairs; one intent is enough, two examples each as well.

    Args:
        pairs: What customers write, and what they want with it.
        thresholds: When an intent is sure enough.
        encoder: Sentence encoder whose vectors are learned from too.
        descriptions: What each intent is, as one more example; its name where left out.
    """
    kept = label_texts(pairs)
    named = {intent: _words_of(intent) for _, intent in kept} | dict(descriptions or {})
    corpus = Corpus(kept, {intent: named[intent] for _, intent in kept})
    meant = encoder.encode(corpus.texts) if encoder else None
    taught = np.flatnonzero(corpus.kinds != MASKED)
    idf, matrix = corpus.weighted(taught)
    with threadpool_limits(1):  # on matrices this small, threads only wait for each other
        linear, bias = fit_linear(
            corpus.joined(matrix, taught), corpus.labels[taught], len(corpus.intents)
        )
        factors, coefficients = _calibrate(corpus, meant)
    weights = Weights(
        model=model_id(kept, encoder),
        intents=corpus.intents,
        vocabulary=Vocabulary(corpus.names, idf),
        linear=linear,
        bias=bias,
        factors=factors,
        scope=coefficients,
        examples=_index(matrix[: len(kept)], corpus, [text for text, _ in kept]),
        meaning=_meaning(corpus, meant, encoder),
    )
    return IntentClassifier(weights, thresholds, encoder)


def model_id(pairs: Sequence[tuple[str, str]], encoder: Encoder | None = None) -> str:
    """Return the id of the model that is trained on these pairs."""
    facts = [FORMAT, sorted(label_texts(pairs)), encoder.id if encoder else None]
    data = json.dumps(facts, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return "int_" + hashlib.sha256(data).hexdigest()[:16]


def _words_of(name: str) -> str:
    """Read a name as words: ``order_status``, ``ReportLostCard``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[_\-.]", " ", name[:200])


def _meaning(corpus: Corpus, meant: Floats | None, encoder: Encoder | None) -> Meaning | None:
    if meant is None or encoder is None:
        return None
    taught = corpus.kinds != MASKED
    linear, bias = fit_meaning(meant[taught], corpus.labels[taught], len(corpus.intents))
    return Meaning(encoder.id, linear, bias, meant[corpus.kinds == EXAMPLE])


@dataclass(frozen=True)
class _Fold:
    """Messages that a classifier had not seen, and what it says of them."""

    labels: Ints
    """-1 where the intent itself was left out of training, or the sentence has no subject."""
    scores: tuple[Floats, ...]
    """Linear scores, the same bent and, with an encoder, those on its vectors."""
    unknown: Floats
    unseen: tuple[Any, ...]
    """Stems, word vectors and encoder's vectors of the messages."""
    seen: tuple[Any, ...]
    """The same of the examples it was trained on, as columns."""
    seen_labels: Ints

    def likeness(self, guessed: NDArray[np.intp]) -> list[Floats]:
        """Say by kind of vector how like the messages are to examples of the guessed intent."""
        found = [self._nearest(r, c, guessed) for r, c in zip(self.unseen, self.seen, strict=True)]
        return [*found, *[np.zeros(len(guessed), dtype=np.float32)] * (3 - len(found))]

    def _nearest(self, rows: Any, columns: Any, guessed: NDArray[np.intp]) -> Floats:
        found: list[Floats] = []
        for start in range(0, len(guessed), _BATCH):
            part = slice(start, start + _BATCH)
            product = rows[part] @ columns
            dense = product.toarray() if sparse.issparse(product) else product
            own = self.seen_labels[None, :] == guessed[part, None]
            found.append(scope.likeness(np.where(own, dense.astype(np.float32), np.float32(-1))))
        return np.concatenate(found)


def _calibrate(corpus: Corpus, meant: Floats | None) -> tuple[Floats, Floats]:
    """Learn factors and out-of-scope coefficients on parts left out of training.

    Each fold leaves out some examples of most intents, and all examples of the others. Those
    others, and the left-out sentences without their subject words, are what messages out of
    scope look like: near ones and far ones.
    """
    folds = _held_out(corpus, meant)
    default = np.array(scope.DEFAULT, dtype=np.float32)
    factors = np.array([1, 0] if meant is None else [1, 0, 1], dtype=np.float32)
    if not folds:
        return factors, default
    labels = np.concatenate([fold.labels for fold in folds])
    scores = [np.vstack(parts) for parts in zip(*(f.scores for f in folds), strict=True)]
    inside = labels >= 0
    if inside.any():
        factors = fit_factors([part[inside] for part in scores], labels[inside])
    if min(inside.sum(), (~inside).sum()) < _LEAST:
        return factors, default
    probabilities = scope.softmax(np.tensordot(factors, np.array(scores), axes=1))
    guessed = np.split(probabilities.argmax(axis=1), np.cumsum([len(f.labels) for f in folds])[:-1])
    near = [fold.likeness(guess) for fold, guess in zip(folds, guessed, strict=True)]
    likeness = [np.concatenate(parts) for parts in zip(*near, strict=True)]
    unknown = np.concatenate([fold.unknown for fold in folds])
    rows = scope.evidence(scores[0], probabilities, *likeness, unknown)
    return factors, fit_scope(rows.astype(np.float64), ~inside)


def _held_out(corpus: Corpus, meant: Floats | None) -> list[_Fold]:
    example_fold, intent_fold = _fold_numbers(corpus)
    made: list[_Fold] = []
    inside = 0
    for number in range(_FOLDS):
        foreign = intent_fold[corpus.labels] == number
        unseen = (foreign | (example_fold == number)) & (corpus.kinds != DESCRIBED)
        unseen &= ~(foreign & (corpus.kinds == MASKED))
        seen = ~(foreign | (example_fold == number)) & (corpus.kinds != MASKED)
        if not unseen.any() or len(np.unique(corpus.labels[seen])) < 2:
            continue
        fold = _fold(corpus, meant, np.flatnonzero(seen), np.flatnonzero(unseen), foreign)
        made.append(fold)
        inside += int((fold.labels >= 0).sum())
        if inside >= _ENOUGH:
            break
    return made


def _fold_numbers(corpus: Corpus) -> tuple[Ints, Ints]:
    """Give every example and every intent the fold in which it is left out."""
    random = np.random.default_rng(0)
    example_fold = np.full(len(corpus.labels), -1, dtype=np.int32)
    for intent in range(len(corpus.intents)):
        for kind in (EXAMPLE, MASKED):
            own = np.flatnonzero((corpus.labels == intent) & (corpus.kinds == kind))
            start = random.integers(_FOLDS)
            example_fold[own] = (random.permutation(len(own)) + start) % _FOLDS
    intent_fold = random.permutation(len(corpus.intents)).astype(np.int32) % _FOLDS
    if len(corpus.intents) < 4:
        intent_fold[:] = -1
    return example_fold, intent_fold


def _fold(
    corpus: Corpus, meant: Floats | None, seen: _Rows, unseen: _Rows, foreign: NDArray[np.bool_]
) -> _Fold:
    """Train on the seen rows, and let it judge the unseen ones."""
    count = len(corpus.intents)
    idf, matrix = corpus.weighted(seen)
    linear, bias = fit_linear(corpus.joined(matrix, seen), corpus.labels[seen], count)
    rows = corpus.weigh(corpus.counts[unseen], idf)
    masked = corpus.kinds[unseen] == MASKED
    unknown = corpus.unknown_shares(corpus.counts[unseen], idf)
    plain = np.asarray(corpus.joined(rows, unseen) @ linear) + bias
    scores = [plain, scope.bent(plain)]
    stems = corpus.blocks == _STEMS
    there = np.flatnonzero(corpus.kinds[seen] == EXAMPLE)
    columns = matrix[there][:, stems].T.tocsc() / BLOCK_WEIGHTS[_STEMS] ** 2
    of_unseen = [rows[:, stems], corpus.vectors[unseen]]
    of_seen = [columns, corpus.vectors[seen][there].T]
    if meant is not None:
        weights, shift = fit_meaning(meant[seen], corpus.labels[seen], count)
        scores.append(meant[unseen] @ weights + shift)
        of_unseen.append(meant[unseen])
        of_seen.append(meant[seen][there].T)
    return _Fold(
        labels=np.where(foreign[unseen] | masked, -1, corpus.labels[unseen]).astype(np.int32),
        scores=tuple(scores),
        unknown=np.where(masked, 1.0, unknown).astype(np.float32),
        unseen=tuple(of_unseen),
        seen=tuple(of_seen),
        seen_labels=corpus.labels[seen][there],
    )


def _index(matrix: Matrix, corpus: Corpus, texts: list[str]) -> Examples:
    stems = corpus.blocks == _STEMS
    columns = matrix.tocsc()
    lengths = np.where(stems, np.diff(columns.indptr), 0)
    keep = np.repeat(stems, np.diff(columns.indptr))
    return Examples(
        texts=tuple(texts),
        intents=corpus.labels[: len(texts)],
        starts=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32),
        documents=columns.indices[keep].astype(np.int32),
        values=(columns.data[keep] / BLOCK_WEIGHTS[_STEMS]).astype(np.float32),
        vectors=corpus.vectors[: len(texts)],
    )
