"""Reads a text the way an eye does: width, invisible characters and look-alikes are folded.

Each folded character remembers where it came from, so that a span found in the folded text can
be shown in the text as written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Oddity = Literal["invisible", "bidi", "tag", "look_alike", "width"]

_BIDI = "\u061c\u202a-\u202e\u2066-\u2069"
_TAG = "\U000e0000-\U000e007f"
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2060-\u2065\u206a-\u206f"
    f"\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb{_BIDI}{_TAG}]"
)
_BIDI_CONTROL = re.compile(f"[{_BIDI}]")
_TAG_CHARACTER = re.compile(f"[{_TAG}]")
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e007a]{3,6}\U000e007f")
"""The flag of a region is written with tag characters; nothing else is."""
_JOINERS = "\u200c\u200d"
_JOINING_LETTER = re.compile("[\u0600-\u07bf\u0840-\u0dff\u1000-\u109f\u1780-\u17ff\u1800-\u18af]")
_PICTURE = re.compile(
    "[\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2b00-\u2bff\U0001f000-\U0001f0ff"
    "\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff]"
)
_KEYCAP = "\u20e3"
_SELECTORS = "\ufe0e\ufe0f"
_WIDE = re.compile(
    "[\uff21-\uff3a\uff41-\uff5a\U0001d400-\U0001d7ff\u24b6-\u24e9\U0001f130-\U0001f149]"
)
_EAST_ASIAN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_LOOKALIKES = dict(
    zip(
        "аеорсухіјѕԁһԛԝАВЕКМНОРСТУХІЈЅαοριντυκΑΒΕΖΗΙΚΜΝΟΡΤΥΧոսցօհ",
        "aeopcyxijsdhqwABEKMHOPCTYXIJSaopivtukABEZHIKMNOPTYXnugoh",
        strict=True,
    )
)
_ONE_CASE = {ord("ı"): "i", 0x307: None}
"""The i without a dot, and the dot that a capital one leaves behind."""
_OTHER_LETTER = re.compile("[\u0370-\u052f]")
_MIXED_WORD = re.compile(
    r"(?=[^\W\d_]{0,60}[A-Za-z])(?=[^\W\d_]{0,60}[\u0370-\u058f])[^\W\d_]{2,60}"
)
_WORD = re.compile(r"[^\W\d_]{2,60}")


@dataclass(frozen=True)
class Folded:
    """A folded text and the way back."""

    text: str
    _starts: tuple[int, ...] | None = None
    """Place of each folded character in the text as written; ``None`` where nothing moved."""

    @property
    def in_place(self) -> bool:
        """Whether every character stands where it was written."""
        return self._starts is None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where ``text[start:end]`` stands in the text as written."""
        if self._starts is None:
            return start, end
        if start >= end:
            return self._starts[start], self._starts[start]
        return self._starts[start], self._starts[end - 1] + 1


@dataclass(frozen=True, slots=True)
class Odd:
    """Characters of a text, as written, that an eye reads otherwise or not at all."""

    kind: Oddity
    start: int
    end: int
    reads: str
    """What they are folded to."""


def _keeps(text: str, place: int) -> bool:
    """Whether an invisible character carries meaning: in emoji, and in words whose script joins."""
    before, after = text[place - 1 : place], text[place + 1 : place + 2]
    if text[place] in _SELECTORS:
        return after == _KEYCAP or bool(_PICTURE.match(before))
    if text[place] not in _JOINERS:
        return False
    if before and before in _SELECTORS:
        before = text[place - 2 : place - 1]
    return any(kind.match(before) and kind.match(after) for kind in (_JOINING_LETTER, _PICTURE))


def _lookalikes_folded(text: str) -> str:
    if not _OTHER_LETTER.search(text):
        return text

    def fold(match: re.Match[str]) -> str:
        return "".join(_LOOKALIKES.get(char, char) for char in match[0])

    return _MIXED_WORD.sub(fold, text)


def _hidden(text: str) -> Iterator[int]:
    """Places of the invisible characters that carry no meaning."""
    flags = [match.span() for match in _FLAG.finditer(text)]
    for match in _INVISIBLE.finditer(text):
        place = match.start()
        if not _keeps(text, place) and not any(start < place < end for start, end in flags):
            yield place


def fold(text: str) -> Folded:
    """Fold compatibility forms (NFKC), invisible characters and look-alike letters.

    Letters of another script are folded only within a word that also holds Latin ones: a
    Russian sentence stays Russian. Folding a folded text changes nothing.
    """
    if text.isascii():
        return Folded(text)
    hidden = frozenset(_hidden(text))
    if not hidden and unicodedata.is_normalized("NFKC", text):
        return Folded(_lookalikes_folded(text))
    chars: list[str] = []
    starts: list[int] = []
    for place, char in enumerate(text):
        if place in hidden:
            continue
        for part in char if char.isascii() else unicodedata.normalize("NFKC", char):
            chars.append(part)
            starts.append(place)
    starts.append(len(text))
    return Folded(_lookalikes_folded("".join(chars)), tuple(starts))


def caseless(text: str) -> str:
    """Write folded text in lower case, each i as one that a pattern takes it for."""
    lower = text.lower()
    return lower if lower.isascii() else lower.translate(_ONE_CASE)


def lowered(text: str) -> str:
    """Write text in lower case as :func:`caseless` does, but each character in its place."""
    lower = text.lower()
    if lower.isascii():
        return lower
    if len(lower) != len(text):  # a capital dotted I becomes two characters
        lower = text.replace("\u0130", "I").lower()
    return lower.replace("ı", "i")


def find_oddities(text: str) -> Iterator[Odd]:
    """Find what folding takes out or turns into other letters, in runs, in order of kind.

    Soft hyphens, a byte order mark at the start, and wide letters in East Asian text are usual.
    """
    if text.isascii():
        return
    usual = {0} if text.startswith("\ufeff") else set[int]()
    hidden = [at for at in _hidden(text) if text[at] != "\u00ad" and at not in usual]
    for start, end in _runs(hidden):
        yield Odd(_invisible_kind(text[start]), start, end, "")
    if not _EAST_ASIAN.search(text):
        for start, end in _runs([match.start() for match in _WIDE.finditer(text)]):
            yield Odd("width", start, end, unicodedata.normalize("NFKC", text[start:end]))
    for match in _WORD.finditer(text):
        reads = _lookalikes_folded(match[0])
        if reads != match[0]:
            yield Odd("look_alike", *match.span(), reads)


def _invisible_kind(char: str) -> Oddity:
    if _BIDI_CONTROL.match(char):
        return "bidi"
    return "tag" if _TAG_CHARACTER.match(char) else "invisible"


def _runs(places: list[int]) -> Iterator[tuple[int, int]]:
    begin = None
    for at, place in enumerate(places):
        begin = place if begin is None else begin
        if at + 1 == len(places) or places[at + 1] != place + 1:
            yield begin, place + 1
            begin = None
