"""The words of a text in order, shortened, with the pairs and triples they stand in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise, starmap
from typing import TypeVar

W = TypeVar("W", str, tuple[str, str])
_LONGEST = 40
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


class _Stems(dict[str, str]):
    """Words and what they are shortened to; emptied when it is full."""

    def __missing__(self, word: str) -> str:
        if len(self) >= _MOST_STEMS:
            self.clear()
        found = self[word] = _shorten(word)
        return found


_MOST_STEMS = 8192
stem = _Stems().__getitem__
"""Shorten a word so that its inflected forms meet."""


class _Blanks(dict[int, int]):
    """Letters and digits as they are, all else as a blank: for ``str.translate``."""

    def __missing__(self, code: int) -> int:
        found = self[code] = code if chr(code).isalnum() else ord(" ")
        return found


_BLANKS = _Blanks()


def plain(text: str) -> list[str]:
    """The words and numbers of a text, in order, as they are written."""
    return text.translate(_BLANKS).split()


_LINES = _Blanks({ord("\n"): ord("\n")})


def plain_lines(text: str) -> list[list[str]]:
    """The words and numbers of each line of a text, in order, as they are written."""
    return list(map(str.split, text.translate(_LINES).split("\n")))


def cut(words: list[str], longest: int) -> list[str]:
    """Words, those of more characters than a word has cut in pieces."""
    if max(map(len, words), default=0) <= longest:
        return words
    return [word[at : at + longest] for word in words for at in range(0, len(word), longest)]


def has_run(words: Iterable[W], of: frozenset[W], length: int) -> bool:
    """Whether so many words, or pairs of them, in a row are all among some of these."""
    return b"\1" * length in bytes(map(of.__contains__, words))


class _Masks(dict[int, str]):
    """A letter for each letter or digit, a blank for all else: for ``str.translate``."""

    def __missing__(self, code: int) -> str:
        found = self[code] = "a" if chr(code).isalnum() else " "
        return found


_MASKS = _Masks()
_LONG_WORD = "a" * (_LONGEST + 1)


def has_long_word(text: str) -> bool:
    """Whether a word of a text is to be cut; looking at its letters is quicker than at words."""
    return len(text) > _LONGEST and _LONG_WORD in text.translate(_MASKS)


def telling(words: list[str], *, cuts: bool) -> list[str]:
    """Of words those of two letters or more, and, where this ``cuts``, long ones in pieces."""
    return [word for word in (cut(words, _LONGEST) if cuts else words) if len(word) > 1]


def spoken(text: str) -> list[str]:
    """The words of a text, in order and lower case, of two letters or more."""
    lower = text.casefold()
    return telling(plain(lower), cuts=has_long_word(lower))


def stems(text: str) -> frozenset[str]:
    """The content words of a text, shortened so that inflected forms meet."""
    return shortened(frozenset(spoken(text)))


def shortened(words: frozenset[str]) -> frozenset[str]:
    """The content words among some words, shortened."""
    return frozenset(map(stem, words - STOPWORDS))


def joined(first: str, second: str) -> str:
    """Two neighbours as one word, shortened."""
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
        written = spoken(text)
        words = list(map(stem, written))
        content = [stem(word) for word in written if word not in STOPWORDS]
        return cls(
            frozenset((*words, *starmap(joined, set(pairwise(written))))),
            frozenset(pairwise(words)),
            frozenset(zip(words, words[1:], words[2:], strict=False)),
            frozenset(pairwise(content)),
        )

    @classmethod
    def united(cls, several: Iterable[Terms]) -> Terms:
        """What stands in any of several texts."""
        all_ = tuple(several)
        return cls(
            frozenset[str]().union(*(one.words for one in all_)),
            frozenset[tuple[str, str]]().union(*(one.pairs for one in all_)),
            frozenset[tuple[str, ...]]().union(*(one.triples for one in all_)),
            frozenset[tuple[str, str]]().union(*(one.content for one in all_)),
        )

    def among(self, other: Terms) -> Terms:
        """Return what of it stands in another text too."""
        return Terms(
            self.words & other.words,
            self.pairs & other.pairs,
            self.triples & other.triples,
            self.content & other.content,
        )

    def without(self, other: Terms) -> Terms:
        """Return what of it does not stand in another text."""
        return Terms(
            self.words - other.words,
            self.pairs - other.pairs,
            self.triples - other.triples,
            self.content - other.content,
        )
