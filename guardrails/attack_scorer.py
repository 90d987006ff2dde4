"""Scores how much a passage reads like an attack on an assistant, by its sequences of characters.

A linear model over hashed sequences of two to five characters, with two sets of weights: one for
what a customer writes to the assistant, one for what stands in mails, records and articles. It is
trained by ``python -m benchmarks.train_injection`` and costs time in proportion to the text alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import as_file, files
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from handrail.guardrails.terms import characters

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint32]

Kind = Literal["direct", "indirect"]
KINDS: Final[tuple[Kind, ...]] = ("direct", "indirect")
"""``direct``: written to the assistant. ``indirect``: an order to it inside of a document."""

SIZES: Final = (2, 3, 4, 5)
BUCKETS: Final = 1 << 18
WINDOWS: Final = (1, 2, 4)
"""Sentences that are judged together: an attack is often one of many."""

_SENTENCE: Final = re.compile(r"(?:[^.!?。！？؟।\n]|[.!?](?!\s|$)){1,300}[.!?。！？؟।]{0,4}")
_MULTIPLIER: Final = np.uint32(0x01000193)
_MIXER: Final = np.uint32(0x2C1B3C6D)
_ROWS: Final = np.arange(len(SIZES))[:, None]
_REACH: Final = np.array(SIZES)[:, None] - 1
"""How far behind its first character a sequence ends."""
_OFFSETS: Final = (np.array(SIZES) * 0x9E3779B1 & 0xFFFFFFFF).astype(np.uint32)[:, None]


@dataclass(frozen=True, slots=True)
class Scored:
    """A passage with the probability, 0 to 1, that it is an attack."""

    start: int
    end: int
    probability: float


@dataclass(frozen=True, slots=True)
class Spread:
    """A text as one line of normal letters, with the bounds of its sentences there and here."""

    line: str
    bounds: tuple[tuple[int, int], ...]
    places: tuple[tuple[int, int], ...]


_zeroed = characters(lambda char: "0" if char.isdigit() else char)
"""The weights were trained on texts written so: for them a "²" is a digit too."""


def spread(text: str) -> Spread:
    """Write a text in lower case, each digit as ``0``, one blank around and between words."""
    parts: list[str] = []
    bounds: list[tuple[int, int]] = []
    places: list[tuple[int, int]] = []
    at = 0
    for match in _SENTENCE.finditer(text):
        words = match[0].lower().split()
        if words:
            parts.append(f" {' '.join(words)} ")
            bounds.append((at, at + len(parts[-1])))
            places.append(match.span())
            at += len(parts[-1])
    return Spread(_zeroed("".join(parts)), tuple(bounds), tuple(places))


def sequences(line: str) -> Hashes:
    """Return for each of the sizes the bucket of the sequence that begins at each character.

    The last characters of a line begin no sequence: size less one of them have no meaning.
    """
    codes = np.frombuffer(line.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    hashed = np.zeros((len(SIZES), len(codes)), dtype=np.uint32)
    begun = codes
    for row, size in enumerate(SIZES):
        begun = begun[:-1] * _MULTIPLIER + codes[size - 1 :]
        hashed[row, : len(begun)] = begun
    mixed = hashed + _OFFSETS
    mixed = (mixed ^ (mixed >> np.uint32(15))) * _MIXER
    return (mixed ^ (mixed >> np.uint32(12))) & np.uint32(BUCKETS - 1)


@lru_cache(maxsize=32)
def windows(count: int) -> tuple[Ints, Ints]:
    """Return first and last sentence of each window over so many sentences."""
    first = [np.arange(max(count - size + 1, 0)) for size in WINDOWS]
    last = [start + size - 1 for start, size in zip(first, WINDOWS, strict=True)]
    return np.concatenate(first), np.concatenate(last)


class AttackScorer:
    """The trained weights."""

    def __init__(
        self,
        weights: NDArray[np.int8],
        scales: Sequence[float],
        biases: Sequence[float],
        thresholds: Sequence[float],
    ) -> None:
        self.weights = weights
        """By kind and bucket."""
        self.scales = dict(zip(KINDS, scales, strict=True))
        self.biases = dict(zip(KINDS, biases, strict=True))
        self.thresholds = dict(zip(KINDS, thresholds, strict=True))
        """Log-odds from which a passage is reported."""

    def window_scores(self, text: Spread, kind: Kind) -> tuple[Ints, Ints, NDArray[np.float64]]:
        """Return first and last sentence and log-odds of each window."""
        first, last = windows(len(text.bounds))
        edges = np.array(text.bounds, dtype=np.int64).reshape(-1, 2)
        start, end = edges[first, 0], edges[last, 1]
        sums = np.zeros((len(SIZES), len(text.line) + 1), dtype=np.int64)
        self.weights[KINDS.index(kind)][sequences(text.line)].cumsum(axis=1, out=sums[:, 1:])
        stop = np.maximum(end - _REACH, start)
        total = (sums[_ROWS, stop] - sums[:, start]).sum(axis=0)
        count = (stop - start).sum(axis=0)
        scores = total * self.scales[kind] / np.sqrt(np.maximum(count, 1)) + self.biases[kind]
        return first, last, scores

    def score(self, text: str, kind: Kind) -> float:
        """Log-odds of the passage that looks most like an attack; minus infinity without words."""
        return float(self.window_scores(spread(text), kind)[2].max(initial=-np.inf))

    def find(self, text: str, kind: Kind, *, above: float | None = None) -> Iterator[Scored]:
        """Yield the passages above the threshold, the surest first, none over another."""
        laid = spread(text)
        if not laid.bounds:
            return
        first, last, scores = self.window_scores(laid, kind)
        limit = self.thresholds[kind] if above is None else above
        over = (scores > limit).nonzero()[0]
        if not over.size:
            return
        taken = np.zeros(len(laid.bounds), dtype=bool)
        for at in over[np.argsort(-scores[over], kind="stable")]:
            if not taken[first[at] : last[at] + 1].any():
                taken[first[at] : last[at] + 1] = True
                yield Scored(
                    laid.places[first[at]][0],
                    laid.places[last[at]][1],
                    round(float(1 / (1 + np.exp(-scores[at]))), 3),
                )


@cache
def attack_scorer() -> AttackScorer:
    """Load the weights that ship with the package, once."""
    with as_file(files("handrail.guardrails") / "weights" / "attacks.npz") as path:
        return read_scorer(path)


def read_scorer(path: Any) -> AttackScorer:
    """Read weights that :func:`write_scorer` wrote."""
    with np.load(path) as stored:
        return AttackScorer(
            stored["weights"],
            stored["scales"].tolist(),
            stored["biases"].tolist(),
            stored["thresholds"].tolist(),
        )


def write_scorer(path: Any, scorer: AttackScorer) -> None:
    """Write the weights to a file."""
    np.savez_compressed(
        path,
        weights=scorer.weights,
        scales=np.array([scorer.scales[kind] for kind in KINDS]),
        biases=np.array([scorer.biases[kind] for kind in KINDS]),
        thresholds=np.array([scorer.thresholds[kind] for kind in KINDS]),
    )
