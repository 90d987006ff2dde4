"""Reads a text the way an eye does: width, invisible characters and look-alikes are folded.

Each folded character remembers where it came from, so that a span found in the folded text can
be shown in the text as written.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_JOINERS = "\u200c\u200d"
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e007f]"
)
_LOOKALIKES = dict(
    zip(
        "аеорсухіјѕԁһԛԝАВЕКМНОРСТУХІЈЅαοριντυκΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
        "aeopcyxijsdhqwABEKMHOPCTYXIJSaopivtukABEZHIKMNOPTYX",
        strict=True,
    )
)
_MIXED_WORD = re.compile(
    r"(?=[^\W\d_]{0,60}[A-Za-z])(?=[^\W\d_]{0,60}[\u0370-\u052f])[^\W\d_]{2,60}"
)


@dataclass(frozen=True)
class Folded:
    """A folded text and the way back."""

    text: str
    _starts: tuple[int, ...] | None = None
    """Place of each folded character in the text as written; ``None`` where nothing moved."""

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where ``text[start:end]`` stands in the text as written."""
        if self._starts is None:
            return start, end
        if start >= end:
            return self._starts[start], self._starts[start]
        return self._starts[start], self._starts[end - 1] + 1


def _keeps_joiner(text: str, place: int) -> bool:
    """Joiners carry meaning in emoji and in Persian and Indic words, never beside ASCII."""
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    return bool(before and after) and not (before.isascii() or after.isascii())


def _lookalikes_folded(text: str) -> str:
    def fold(match: re.Match[str]) -> str:
        return "".join(_LOOKALIKES.get(char, char) for char in match[0])

    return _MIXED_WORD.sub(fold, text)


def fold(text: str) -> Folded:
    """Fold compatibility forms (NFKC), invisible characters and look-alike letters.

    Letters of another script are folded only within a word that also holds Latin ones: a
    Russian sentence stays Russian. Folding a folded text changes nothing.
    """
    if text.isascii():
        return Folded(text)
    if unicodedata.is_normalized("NFKC", text) and not _INVISIBLE.search(text):
        return Folded(_lookalikes_folded(text))
    chars: list[str] = []
    starts: list[int] = []
    for place, char in enumerate(text):
        if _INVISIBLE.match(char) and not (char in _JOINERS and _keeps_joiner(text, place)):
            continue
        for part in char if char.isascii() else unicodedata.normalize("NFKC", char):
            chars.append(part)
            starts.append(place)
    starts.append(len(text))
    return Folded(_lookalikes_folded("".join(chars)), tuple(starts))
