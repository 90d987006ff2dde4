"""The words of a text in order, shortened so that their inflected forms meet."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from handrail.guardrails.learned import Learned

W = TypeVar("W", str, tuple[str, str])
LONGEST = 40
"""Characters of the longest word; what is longer is cut in pieces."""
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


def shorten(word: str) -> str:
    """Shorten a word as ``stem`` does, one that is seldom met again."""
    if len(word) < _TELLING_CHARS and word[-1:] in _LAST:
        word = _ENDING.sub("", word) or word
    return word[:_STEM_CHARS]


stem = Learned(shorten).__getitem__
"""Shorten a word so that its inflected forms meet."""


DIGIT = r"[0-9\u0660-\U0010ffff](?<=\d)"
"""A digit as a pattern begins with it that is to be found fast."""


def characters(find: Callable[[str], str]) -> Callable[[str], str]:
    """Make what puts for each character of a text what stands for it, for one of ASCII such a one.

    ``find`` tells what stands for a character.
    """
    found = Learned[int, str](lambda code: find(chr(code)))
    of_ascii = "".join(map(find, map(chr, range(128)))).encode("ascii") + bytes(128)

    def put(text: str) -> str:
        if text.isascii():  # as bytes it takes half the time or less
            return text.encode("ascii").translate(of_ascii).decode("ascii")
        return text.translate(found)

    return put


blanked = characters(lambda char: char if char.isalnum() else " ")
"""A text with a blank for each character that is no letter or digit."""
zeroed = characters(lambda char: "0" if char.isdecimal() else char)
"""A text with a 0 for each digit: one character is found much faster than any of many."""
inked = characters(lambda char: " " if char.isspace() else "a")
"""A text with an a for each character that is no blank."""


def plain(text: str) -> list[str]:
    """The words and numbers of a text, in order, as they are written."""
    return blanked(text).split()


_with_lines = characters(lambda char: char if char.isalnum() or char == "\n" else " ")


def plain_lines(text: str) -> list[list[str]]:
    """The words and numbers of each line of a text, in order, as they are written."""
    return list(map(str.split, _with_lines(text).split("\n")))


def places_of(part: str, text: str) -> Iterator[tuple[int, int]]:
    """Where a part of a text stands as whole words; an empty one nowhere."""
    start = text.find(part) if part else -1
    while start >= 0:
        end = start + len(part)
        if not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()):
            yield start, end
        start = text.find(part, end)


def cut(words: list[str], longest: int) -> list[str]:
    """Words, those of more characters than a word has cut in pieces."""
    if max(map(len, words), default=0) <= longest:
        return words
    return [word[at : at + longest] for word in words for at in range(0, len(word), longest)]


def has_run(words: Iterable[W], of: frozenset[W], length: int) -> bool:
    """Whether so many words, or pairs of them, in a row are all among some of these."""
    return b"\1" * length in bytes(map(of.__contains__, words))


_masked = characters(lambda char: "a" if char.isalnum() else " ")
_LONG_WORD = "a" * (LONGEST + 1)


def has_long_word(text: str) -> bool:
    """Whether a word of a text is to be cut; looking at its letters is quicker than at words."""
    return len(text) > LONGEST and _LONG_WORD in _masked(text)


def pieces(words: list[str], text: str) -> list[str]:
    """The words of a text, long ones cut in pieces."""
    return cut(words, LONGEST) if has_long_word(text) else words


def spoken(text: str) -> list[str]:
    """The words of a text, in order and lower case, of two letters or more."""
    lower = text.casefold()
    return telling(pieces(plain(lower), lower))


def telling(words: Iterable[str]) -> list[str]:
    """Of words those of two letters or more."""
    return [word for word in words if len(word) > 1]


def stems(text: str) -> frozenset[str]:
    """The content words of a text, shortened so that inflected forms meet."""
    lower = text.casefold()
    return shortened(frozenset(pieces(plain(lower), lower)))


def _content(word: str) -> str:
    """Shorten a word; one that is no content word to nothing."""
    return "" if len(word) == 1 or word in STOPWORDS else shorten(word)


_contents = Learned(_content).__getitem__
_NOTHING = frozenset(("",))


def shortened(words: frozenset[str]) -> frozenset[str]:
    """The content words among some words, shortened."""
    return frozenset(map(_contents, words)) - _NOTHING


def joined(first: str, second: str) -> str:
    """Two neighbours as one word, shortened."""
    return shorten(first + second)
