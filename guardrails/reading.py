"""A text as evidence: its typed values, its sentences and its words, each found when asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from handrail.guardrails.claims import Claim, split_claims
from handrail.guardrails.normalisation import fold
from handrail.guardrails.values import Value, find_values

_WORD = re.compile(r"[^\W_]{2,40}")
_ENDING = re.compile(r"(?:ations?|ings?|ed|ies|es|s|ly|er)$")
_STEM_CHARS = 6
_STOPWORDS = frozenset(
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


def stems(text: str) -> frozenset[str]:
    """The content words of a text, shortened so that inflected forms meet."""
    words = _WORD.findall(text.casefold())
    return frozenset(stem(word) for word in words if word not in _STOPWORDS)


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """Shorten a lower-case word so that its inflected forms meet."""
    return (_ENDING.sub("", word) or word)[:_STEM_CHARS]


def plain_words(text: str) -> str:
    """The words of a text, lower case, one blank between them: the form quotes are compared in."""
    return " ".join(re.findall(r"[^\W_]+", fold(text).text.casefold()))


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
    def sentences(self) -> tuple[tuple[Claim, frozenset[str]], ...]:
        """Sentences with their content words."""
        return tuple((claim, stems(claim.text)) for claim in split_claims(self.text))

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
