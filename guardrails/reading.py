"""A text as evidence: its typed values, its sentences and its words, each found when asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise, starmap
from typing import NamedTuple

from handrail.guardrails.claims import Claim, split_claims
from handrail.guardrails.lazily import cached_property
from handrail.guardrails.normalisation import fold
from handrail.guardrails.terms import joined, plain, spoken, stem, stems
from handrail.guardrails.values import Value, find_values


def plain_words(text: str) -> str:
    """The words of a text, lower case, one blank between them: the form quotes are compared in."""
    return " ".join(plain(fold(text).text.casefold()))


class Reading:
    """One text with its values, sentences and words, each found when first asked for."""

    def __init__(self, text: str, *, published: bool = False) -> None:
        self.text = text
        self.published = published
        """Whether it is kept: never where a customer's words are in it."""

    @cached_property
    def values(self) -> Mapping[str, Value]:
        """Values by ``kind:key``; every number also as a quantity, every day also yearless."""
        found: dict[str, Value] = {}
        for value in find_values(self.text):
            for name in names_of(value):
                found.setdefault(name, value)
        return found

    @cached_property
    def stems(self) -> frozenset[str]:
        """Content words."""
        return stems(self.text)

    @cached_property
    def heard(self) -> frozenset[str]:
        """Its words, shortened; who says "high chairs" speaks of "highchairs" too."""
        words = spoken(self.text)
        return frozenset((*map(stem, words), *starmap(joined, set(pairwise(words)))))

    @cached_property
    def sentences(self) -> tuple[Claim, ...]:
        """Its sentences."""
        return split_claims(self.text)

    @cached_property
    def verbatim(self) -> frozenset[str]:
        """Its sentences as they are written."""
        return frozenset(sentence.text for sentence in self.sentences)

    @cached_property
    def holding(self) -> Mapping[str, list[int]]:
        """The numbers of the sentences that have a content word, by word."""
        found: dict[str, list[int]] = {}
        for number, sentence in enumerate(self.sentences):
            for word in sentence.stems:
                found.setdefault(word, []).append(number)
        return found

    @cached_property
    def quotable(self) -> Mapping[str, tuple[int, int]]:
        """The place of each sentence by its words, in the form quotes are compared in."""
        found: dict[str, tuple[int, int]] = {}
        for claim in self.sentences:
            found.setdefault(plain_words(claim.text), (claim.start, claim.end))
        return found

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """The words that a quote of it can have."""
        return frozenset(self.words.split())

    @cached_property
    def words(self) -> str:
        """The text in the form quotes are compared in, with a blank at both ends."""
        return f" {plain_words(self.text)} "


@lru_cache(maxsize=1024)
def read_published(text: str) -> Reading:
    """Read a published text (an article passage, the playbook) once per process.

    Never for a customer's words: what it reads stays in memory.
    """
    return Reading(text, published=True)


class Source(NamedTuple):
    """A text with the name that evidence cites it by."""

    id: str
    """``record:order/W100#total``, ``article:returns#2``, ``message:msg_..``, ``playbook``."""
    reading: Reading

    @property
    def is_said(self) -> bool:
        """Whether somebody wrote it as text; a field of a record is none."""
        return not self.id.startswith("record:")


def names_of(value: Value) -> Iterator[str]:
    """What a value that is written may be compared by: 13:00 as 1300, 13 and 1 too."""
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
