"""Splits a message into the parts that may each ask for something else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from handrail.language.courtesy import courtesy
from handrail.language.features import words

_LEAST_WORDS: Final = 3
"""A shorter part belongs to the one before: "and size M?" asks for nothing by itself."""
_MOST: Final = 8
"""Parts that are looked at, so that time stays bounded."""
_LONGEST: Final = 4000
"""Characters that are split."""

_OPENERS: Final = (
    "also|additionally|besides|another thing|one more thing|on top of that"
    "|(?:and|plus) (?:also|please|then|i|i'd|can|could|how|what|when|where|why|do|is)"
    "|además|también|por otra parte|otra cosa"
    "|y (?:también|además|quiero|quisiera|necesito|cómo|cuándo|dónde|qué|puede[ns]?)"
)
_BREAK: Final = re.compile(
    r"(?<=[.!?…])[ \t]{1,5}|\n{1,5}|;[ \t]{0,5}|(?<=[a-zñ][.!?])(?=(?-i:[A-ZÁÉÍÓÚÑ¿¡][a-záéíóúñ]))"
    rf"|(?<!\band)(?<!\bplus)(?<!\by)[ ,]{{1,3}}(?=(?:{_OPENERS})\b)",
    re.IGNORECASE,
)
_QUESTION: Final = re.compile(
    r"\?\s{0,3}$|^(?:and |also |y |además )?(?:can|could|would|will|do|does|did|is|are|how"
    r"|what|when|where|which|who|why|please|quiero|quisiera|necesito|cómo|cuándo|dónde|qué|quién"
    r"|puede[ns]?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Clause:
    """A part of a message."""

    text: str

    @property
    def asks(self) -> bool:
        """Whether it is put as a question or a request."""
        return _QUESTION.search(self.text) is not None


def clauses(text: str) -> tuple[Clause, ...]:
    """Split at sentences and at words that begin another matter; courtesies among them go."""
    pieces = [piece.strip(" ,\t") for piece in _BREAK.split(text[:_LONGEST])]
    said = [piece for piece in pieces if piece]
    if len(said) < 2:
        return tuple(map(Clause, said))
    parts: list[str] = []
    for part in said:
        if courtesy(part):
            continue
        if parts and len(words(part)) < _LEAST_WORDS:
            parts[-1] = f"{parts[-1]} {part}"
        else:
            parts.append(part)
    return tuple(Clause(part) for part in parts[:_MOST])
