"""The words of a text in order, shortened, with the pairs and triples they stand in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise, starmap

_WORD = re.compile(r"[^\W_]{2,40}")
_ENDING = re.compile(r"(?:ations?|ings?|ed|ies|es|s|ly|er)$")
_LAST = frozenset("nsgdyr")
"""What an ending ends with."""
_STEM_CHARS = 6
_TELLING_CHARS = _STEM_CHARS + len("ations")
"""Length from which no ending reaches into what is kept."""
STOPWORDS = frozenset(
    """
    a about above after again all also am an and any are as at be been before being below
    but by can could did do does doing don for from further get gets got had has have having
    he her here hers him his how i if in into is it its itself just let like ll may me more
    most must my no nor not now of off ok on once only or other our out over own per please
    re same say says shall she should so some such than that the their them then there these
    they this those through to too under until up us ve very was we were what when where
    which while who whom why will with would yes yet you your yours de la el en los las un
    una unos unas que su sus por para con se lo le les al del y o es son está están ha han
    he hemos su tu usted nos más muy como si ya pero este esta
    """.split()  # noqa: SIM905 - a list of words is read as words
)


def _shorten(word: str) -> str:
    if len(word) < _TELLING_CHARS and word[-1:] in _LAST:
        word = _ENDING.sub("", word) or word
    return word[:_STEM_CHARS]


stem = lru_cache(maxsize=8192)(_shorten)
"""Shorten a word so that its inflected forms meet."""


def spoken(text: str) -> list[str]:
    """The words of a text, in order, of two letters or more."""
    return _WORD.findall(text.casefold())


def stems(text: str) -> frozenset[str]:
    """The content words of a text, shortened so that inflected forms meet."""
    return shortened(spoken(text))


def shortened(written: Iterable[str]) -> frozenset[str]:
    """The content words among some words, shortened."""
    return frozenset(map(stem, set(written) - STOPWORDS))


def joined(written: Sequence[str]) -> list[str]:
    """Each two neighbours as one word, shortened."""
    return list(map(_joined, written, written[1:]))


def _joined(first: str, second: str) -> str:
    return _shorten(first + second)


@dataclass(frozen=True, slots=True)
class Terms:
    """Which shortened words stand in a text, alone and beside each other."""

    words: frozenset[str]
    """Two neighbours written as one too: who says "high chairs" speaks of "highchairs"."""
    pairs: frozenset[tuple[str, str]]
    """Neighbours, stop words included."""
    triples: frozenset[tuple[str, ...]]
    content: frozenset[tuple[str, str]]
    """Neighbours once the stop words are taken out."""

    @classmethod
    def of(cls, text: str) -> Terms:
        """Read a text."""
        return cls.read(spoken(text))

    @classmethod
    def read(cls, written: Sequence[str], besides: Iterable[str] = ()) -> Terms:
        """Read the words of a text; ``besides`` are more of them, shortened, in no order."""
        words = list(map(stem, written))
        content = [short for word, short in zip(written, words, strict=True)
                   if word not in STOPWORDS]  # fmt: skip
        return cls(
            frozenset((*words, *starmap(_joined, set(pairwise(written))), *besides)),
            frozenset(pairwise(words)),
            frozenset(zip(words, words[1:], words[2:], strict=False)),
            frozenset(pairwise(content)),
        )

    def among(self, several: Iterable[Terms]) -> Terms:
        """Return what of it stands in any of several texts; never across two of them."""
        all_ = tuple(several)
        return Terms(
            frozenset[str]().union(*(self.words & one.words for one in all_)),
            frozenset[tuple[str, str]]().union(*(self.pairs & one.pairs for one in all_)),
            frozenset[tuple[str, ...]]().union(*(self.triples & one.triples for one in all_)),
            frozenset[tuple[str, str]]().union(*(self.content & one.content for one in all_)),
        )
