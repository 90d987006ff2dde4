"""Tells messages that only make sense after what was said before: "and the other one?"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_LONGEST: Final = 10
"""Words; a longer message says itself what it is about."""
_OPENS: Final = re.compile(
    r"^(?:and|or|but|also|then|so|what about|how about|what if|same|y|o|pero|entonces"
    r"|qué (?:tal|pasa con|hay de)|también|lo mismo)\b"
)
_POINTS: Final = re.compile(
    r"\b(?:it|its|that|this|those|these|them|they|other|another|both|same|first|second|latter|one"
    r"|eso|esto|ese|esa|este|esta|esos|esas|otro|otra|otros|otras|ambos|mismo|misma|primero"
    r"|primera|segundo|segunda)\b"
)
_ANSWERS: Final = frozenset(
    [
        "no",
        "nope",
        "not",
        "nah",
        "never",
        "yes",
        "yeah",
        "yep",
        "yup",
        "ok",
        "okay",
        "sure",
        "right",
        "exactly",
        "please",
        "neither",
        "either",
        "both",
        "sí",
        "si",
        "claro",
        "vale",
        "nunca",
        "tampoco",
        "exacto",
        "correcto",
        "por",
        "favor",
    ]
)
"""Words that answer a question and ask for nothing."""


_CHOICES: Final = frozenset((
    "another", "first", "last", "latter", "one", "ones", "other", "others", "same", "second",
    "third", "those", "these", "0",
    "esa", "ese", "esta", "este", "misma", "mismo", "otra", "otras", "otro", "otros", "primera",
    "primero", "segunda", "segundo", "tercera", "tercero", "última", "último",
))  # fmt: skip
"""Words that pick something without naming it; ``0`` is any number."""
_AROUND: Final = frozenset((
    "a", "about", "also", "an", "and", "but", "for", "how", "in", "is", "it", "my", "of", "or",
    "so", "that", "the", "then", "this", "what", "where", "with",
    "al", "con", "cuál", "de", "del", "el", "en", "entonces", "es", "hay", "la", "las", "lo",
    "los", "mi", "mis", "o", "para", "pasa", "pero", "qué", "también", "tal", "un", "una", "y",
))  # fmt: skip
"""Words that stand around them."""
_POINTING: Final = _CHOICES | _AROUND
_MENTIONS: Final = frozenset(("it", "that", "this", "them", "lo", "eso"))


def refers_back(said: Sequence[str]) -> bool:
    """Say whether a short message goes on from an earlier one or points at what that named.

    This and the others take the words of a message (:func:`~handrail.language.features.words`).
    """
    if answers_only(said):
        return True
    plain = " ".join(said)
    return 0 < len(said) <= _LONGEST and bool(_OPENS.search(plain) or _POINTS.search(plain))


def answers_only(said: Sequence[str]) -> bool:
    """Say whether a message is a bare answer: "No", "yes please", "sí"."""
    return bool(said) and _ANSWERS.issuperset(said)


def points_only(said: Sequence[str]) -> bool:
    """Say whether a message names at most a number: "and the other one?", "what about LF1006?"."""
    fits = 0 < len(said) <= _LONGEST and _POINTING.issuperset(said)
    return fits and not _CHOICES.isdisjoint(said)


def mentions_before(said: Sequence[str]) -> bool:
    """Say whether a short sentence has words such as "it" that stand for what was said before."""
    return len(said) <= _LONGEST and not _MENTIONS.isdisjoint(said)
