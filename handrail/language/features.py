"""Turns a message into weighted features: words, letter sequences, and pairs of word stems."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain, pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

BLOCKS: Final = ("w", "c", "s")
"""First letter of each feature: word, character sequence, stem pair. Each has length one."""
BLOCK_WEIGHTS: Final = (1.0, 1.0, 0.8)

MAX_WORDS: Final = 300
"""Words that are looked at; longer messages are cut, so that time stays bounded."""

STOP_WORDS: Final = frozenset((
    "a", "an", "and", "any", "are", "as", "at", "be", "but", "by", "can", "could", "did",
    "do", "does", "for", "from", "get", "had", "has", "have", "hello", "hi", "how", "i",
    "i'd", "i'm", "if", "in", "is", "it", "it's", "its", "just", "know", "like", "me", "my",
    "no", "not", "of", "on", "or", "please", "so", "some", "tell", "thank", "thanks",
    "that", "the", "their", "them", "then", "there", "these", "they", "this", "to", "up",
    "us", "was", "we", "were", "what", "when", "where", "which", "who", "why", "will",
    "with", "would", "you", "your",
))  # fmt: skip
"""English words that say nothing about the subject. In a small playbook some of them stand under
one intent only, and would pass for its subject."""

_WORD: Final = re.compile(r"[^\W_]{1,40}(?:'[^\W_]{1,10})?")
_STEM: Final = 5
_WINDOW: Final = 6


def words(text: str) -> list[str]:
    """Split into lower-case words; every word with a digit becomes ``0``, as numbers vary."""
    folded = unicodedata.normalize("NFKC", text[: MAX_WORDS * 40]).casefold().replace("’", "'")
    found = _WORD.findall(folded)[:MAX_WORDS]
    return [word if word.isalpha() or not any(map(str.isdigit, word)) else "0" for word in found]


@lru_cache(maxsize=16_384)
def _characters(word: str) -> tuple[str, ...]:
    padded = f" {word} "
    last = min(5, len(padded))
    return tuple(
        "c" + padded[at : at + size]
        for size in range(2, last + 1)
        for at in range(len(padded) - size + 1)
    )


def _word_features(tokens: Sequence[str]) -> list[str]:
    """Words, and pairs of neighbours."""
    return ["w" + token for token in tokens] + [f"w{a} {b}" for a, b in pairwise(tokens)]


def _stem_features(tokens: Sequence[str]) -> list[str]:
    """Stems, neighbours, and pairs within a window in either order: they survive rewording."""
    stems = [token[:_STEM] for token in tokens]
    found = ["s" + stem for stem in stems]
    found += [f"s{a} {b}" for a, b in pairwise(stems)]
    for at, first in enumerate(stems):
        for second in stems[at + 2 : at + _WINDOW + 1]:
            found.append(f"s{first}~{second}" if first < second else f"s{second}~{first}")
    return found


def features(tokens: Sequence[str]) -> Counter[str]:
    """Count all features of a message's words."""
    letters = chain.from_iterable(map(_characters, tokens))
    return Counter(chain(_word_features(tokens), letters, _stem_features(tokens)))


class Vocabulary:
    """Known features with their weights."""

    def __init__(self, names: list[str], idf: Floats) -> None:
        self.names = names
        self.idf = idf
        """Inverse frequency by feature; rare ones weigh more."""
        self.index: Mapping[str, int] = {name: at for at, name in enumerate(names)}
        self.block: Ints = np.array([BLOCKS.index(name[0]) for name in names], dtype=np.int32)
        self._largest = float(idf.max(initial=1.0))
        self._idf_list: list[float] = idf.tolist()
        self._letters = lru_cache(maxsize=4096)(self._letters_of)

    def vector(self, tokens: Sequence[str]) -> tuple[Ints, Floats]:
        """Return positions and weights of a message's known features, each block of length one.

        They are those that :func:`features` counts, block by block.
        """
        found = self._known(_word_features(tokens))
        found += chain.from_iterable(map(self._letters, tokens))
        found += self._known(_stem_features(tokens))
        counted = Counter(found)
        at = np.fromiter(counted, np.int32, len(counted))
        counts = np.fromiter(counted.values(), np.float32, len(counted))
        return at, _normalised(self.block.take(at), (1 + np.log(counts)) * self.idf.take(at))

    def _letters_of(self, word: str) -> tuple[int, ...]:
        return tuple(self._known(_characters(word)))

    def _known(self, names: Iterable[str]) -> list[int]:
        return [at for at in map(self.index.get, names) if at is not None]

    def unknown_share(self, tokens: Sequence[str]) -> float:
        """Share of a message's subject words that were never seen, weighed by rarity; 0 to 1."""
        unknown = total = 0.0
        for token in set(tokens) - STOP_WORDS:
            at = self.index.get("w" + token)
            weight = self._largest if at is None else self._idf_list[at]
            total += weight
            unknown += weight if at is None else 0.0
        return unknown / total if total else 0.0


def _normalised(blocks: Ints, values: Floats) -> Floats:
    """Scale the values of each block to its length."""
    squares: list[float] = np.bincount(
        blocks, weights=values * values, minlength=len(BLOCKS)
    ).tolist()
    scale = [
        weight / math.sqrt(square or 1.0)
        for weight, square in zip(BLOCK_WEIGHTS, squares, strict=True)
    ]
    return (values * np.array(scale).take(blocks)).astype(np.float32)


def inverse_frequency(found: NDArray[np.int64], total: int) -> Floats:
    """Smoothed inverse frequency of features found in so many of all; 0 for those in none."""
    inverse = math.log(1 + total) - np.log1p(found) + 1
    return np.where(found > 0, inverse, 0.0).astype(np.float32)
