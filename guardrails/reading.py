"""A text as evidence: its typed values, its sentences and its words, each found when asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from handrail.guardrails.claims import Claim, split_claims
from handrail.guardrails.normalisation import fold
from handrail.guardrails.terms import Terms, stems
from handrail.guardrails.values import Value, find_values

_PLAIN_WORD = re.compile(r"[^\W_]+")


def plain_words(text: str) -> str:
    """The words of a text, lower case, one blank between them: the form quotes are compared in."""
    return " ".join(_PLAIN_WORD.findall(fold(text).text.casefold()))


class Reading:
    """One text with its values, sentences and words, each found when first asked for."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def values(self) -> Mapping[str, Value]:
        """Values by ``kind:key``; every number also as a quantity, every day also yearless."""
        found: dict[str, Value] = {}
        for value in find_values(self.text):
            for name in _names(value):
                found.setdefault(name, value)
        return found

    @cached_property
    def stems(self) -> frozenset[str]:
        """Content words."""
        return stems(self.text)

    @cached_property
    def terms(self) -> Terms:
        """Its words and what stands beside each."""
        return Terms.of(self.text)

    @cached_property
    def sentences(self) -> tuple[tuple[Claim, frozenset[str]], ...]:
        """Sentences with their content words."""
        return tuple((claim, stems(claim.text)) for claim in split_claims(self.text))

    @cached_property
    def verbatim(self) -> frozenset[str]:
        """Its sentences as they are written."""
        return frozenset(claim.text for claim, _ in self.sentences)

    @cached_property
    def polarities(self) -> tuple[tuple[frozenset[str], bool], ...]:
        """The content words of each sentence, and whether it says no."""
        return tuple((words, sentence.negated) for sentence, words in self.sentences)

    @cached_property
    def _holding(self) -> Mapping[str, list[int]]:
        """The numbers of the sentences that have a content word, by word."""
        found: dict[str, list[int]] = {}
        for number, (words, _) in enumerate(self.polarities):
            for word in words:
                found.setdefault(word, []).append(number)
        return found

    def shared(self, words: frozenset[str]) -> dict[int, int]:
        """How many of some content words each sentence has that has any, by its number."""
        holding, counts = self._holding, dict[int, int]()
        for word in words:
            for number in holding.get(word, ()):
                counts[number] = counts.get(number, 0) + 1
        return counts

    @cached_property
    def quotable(self) -> Mapping[str, tuple[int, int]]:
        """The place of each sentence by its words, in the form quotes are compared in."""
        found: dict[str, tuple[int, int]] = {}
        for claim, _ in self.sentences:
            found.setdefault(plain_words(claim.text), (claim.start, claim.end))
        return found

    @cached_property
    def words(self) -> str:
        """The text in the form quotes are compared in, with a blank at both ends."""
        return f" {plain_words(self.text)} "


read_published = lru_cache(maxsize=1024)(Reading)
"""Read a published text (an article passage, the playbook) once per process.

Never for a customer's words: what it reads stays in memory.
"""


@dataclass(frozen=True, slots=True)
class Source:
    """A text with the name that evidence cites it by."""

    id: str
    """``record:order/W100#total``, ``article:returns#2``, ``message:msg_..``, ``playbook``."""
    reading: Reading


def _names(value: Value) -> Iterator[str]:
    yield from value.names
    for key in value.keys:
        if value.kind == "date" and key[0] != "-":
            yield f"date:--{key[5:]}"
        if value.kind in ("money", "percent"):
            yield f"quantity:{key}"
    if value.kind == "time":
        yield from _bare_hours(value.keys[0])
    if value.kind == "duration":
        for number in re.findall(r"\d+", value.text):
            yield f"quantity:{number.lstrip('0') or 0}"


def _bare_hours(key: str) -> Iterator[str]:
    """A time as people also write it: 13:00 as 1300, 13 or 1."""
    hour, minute = key.split(":")
    yield f"quantity:{int(hour + minute)}"
    if minute == "00":
        yield f"quantity:{int(hour)}"
        yield f"quantity:{int(hour) % 12 or 12}"
