"""Lays a sentence beside a source's and tells in which words they differ, and what that changes.

Two sentences that agree but for a number, a unit, a "not" or a name do not say the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Literal

from rapidfuzz.distance import Levenshtein

from handrail.guardrails.normalisation import fold
from handrail.guardrails.value_patterns import CURRENCIES, MONTHS, UNIT_OF, WEEKDAYS, WORDS
from handrail.guardrails.values import amount, number_key

Change = Literal["number", "unit", "polarity", "entity"]

_TOKEN = re.compile(
    r"\d{1,15}(?:[.,]\d{1,15}){0,4}|[^\W\d_]{1,40}(?:['’][^\W\d_]{1,3})?|[$€£¥₹%]", re.UNICODE
)
_NEGATIONS = frozenset(
    """not no never none nor neither without nobody nothing unable nunca ningún ninguna tampoco
    sin jamás ni""".split()  # noqa: SIM905 - a list of words is read as words
)
_OPPOSITES = tuple(frozenset(pair.split()) for pair in (
    "before after", "within after", "before within", "until after", "minimum maximum",
    "min max", "least most", "more less", "more fewer", "over under", "above below",
    "earlier later", "first last", "all some", "always sometimes", "only also", "higher lower",
    "increase decrease", "greater smaller", "required optional", "mandatory optional", "must may",
    "must can", "must could", "required may", "need may", "free paid", "allowed prohibited",
    "allowed forbidden", "permitted prohibited", "include exclude", "including excluding",
    "accept reject", "accept refuse", "approve decline", "approve reject", "approve deny",
    "approved declined", "approved rejected", "approved denied", "enable disable", "open closed",
    "enabled disabled", "open close", "every some", "each some", "debit credit", "up down",
    "add remove", "start end", "begin end", "early late", "long short", "longer shorter",
    "same different", "public private", "internal external", "full partial", "anytime never",
    "antes después", "todos algunos", "mínimo máximo", "debe puede", "más menos", "solo también",
    "sobre bajo", "siempre sometimes", "gratis pagado", "incluye excluye", "primero último",
))  # fmt: skip
_AUXILIARIES = frozenset(
    """do doe did can will be is are was have ha to must should would could may any ever longer
    se han puede pueden es son está""".split()  # noqa: SIM905
)
_SCOPES = frozenset(["only", "solely", "exclusively", "solo", "sólo", "únicamente"])
_PREFIXES = ("un", "in", "im", "ir", "il", "dis", "non")
_DATA_UNITS = {"gb": "gb", "mb": "mb", "tb": "tb", "kb": "kb", "gigabytes": "gb", "km": "km",
               "miles": "mile", "mile": "mile", "kilometers": "km", "points": "point",
               "point": "point", "kg": "kg", "lbs": "lb", "pounds": "GBP", "lb": "lb",
               "percent": "%", "%": "%", "business": "business", "working": "business",
               "hábiles": "business", "laborables": "business"}  # fmt: skip
_COINS = {word: code.replace("$", "USD") for word, code in CURRENCIES.items()} | {
    code.lower(): code for code in ("USD", "EUR", "GBP", "MXN", "CAD", "JPY")
}
_UNITS = _COINS | UNIT_OF | _DATA_UNITS
_NAMES_OF_DAYS = frozenset({*MONTHS, *WEEKDAYS}) - {"may", "mar", "sat", "sun"}
_SHORT = 3
_LONG = 6
"""Longest run of words exchanged for others that is still compared word by word."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word in the form it is compared in."""

    key: str
    name: bool
    """Written like a name: with a capital, not only because a sentence begins."""


Run = Sequence[Word]


def _parts(written: str) -> tuple[str, ...]:
    word = written.casefold().replace("’", "'")
    if word in ("cannot", "can't"):
        return ("can", "not")
    if word.endswith("n't"):
        return ({"won't": "will", "shan't": "shall"}.get(word, word[:-3]), "not")
    return (word.partition("'")[0],)


def _key(word: str) -> str:
    if word[0].isdigit() or word in WORDS:
        number = amount(word)
        return number_key(number) if number is not None else word
    unit = _UNITS.get(word)
    if unit:
        return unit
    return word[:-1] if len(word) > _SHORT and word[-1] == "s" and word[-2] != "s" else word


@lru_cache(maxsize=8192)
def _words(written: str, capital: bool) -> tuple[Word, ...]:
    """What one written word is compared as: "can't" is two."""
    if capital and written == "Business":
        return (Word(written, name=True),)  # within a name it is no unit
    return tuple(Word(_key(part), capital) for part in _parts(written))


@lru_cache(maxsize=4096)
def published_words(sentence: str) -> tuple[Word, ...]:
    """The words of a published sentence, read once per process."""
    return words_of(fold(sentence).text)


def words_of(sentence: str) -> tuple[Word, ...]:
    """The words of a sentence as they are compared: number words as numbers, units by one name."""
    written = _TOKEN.findall(sentence)
    capitals = [word[0].isupper() for word in written]
    if capitals and not any(capitals[1:2]):
        capitals[0] = False  # only because a sentence begins
    return tuple(chain.from_iterable(map(_words, written, capitals)))


@dataclass(frozen=True, slots=True)
class Aligned:
    """How a sentence compares to a source's."""

    alike: float
    """Share of the shorter sentence's words that both have in order, 0 to 1."""
    share: float
    """The same share of the first sentence's words."""
    changes: tuple[Change, ...]


def align(said: Run, source: Run) -> Aligned:
    """Lay a sentence beside a source's and judge the differences by type."""
    first, second = [word.key for word in said], [word.key for word in source]
    changes: list[Change] = []
    same = 0
    for change in Levenshtein.opcodes(first, second):
        new = slice(change.src_start, change.src_end)
        old = slice(change.dest_start, change.dest_end)
        if change.tag == "equal":
            same += len(said[new])
            continue
        edge = change.src_start == 0 or change.src_end == len(first)
        changes += _changes(said[new], source[old], edge=edge)
        if _renamed(said, new, old=source[old]) or _renamed(source, old, old=said[new]):
            changes.append("entity")
    shorter = max(1, min(len(first), len(second)))
    return Aligned(same / shorter, same / max(1, len(first)), tuple(dict.fromkeys(changes)))


def _changes(new: Run, old: Run, *, edge: bool) -> Iterator[Change]:
    """What turns by writing ``new`` for ``old``; either may be empty."""
    if max(len(new), len(old)) > _LONG or (edge and not (new and old) and len(new) > 1):
        return
    fresh, gone = {word.key for word in new}, {word.key for word in old}
    numbers, before = _numbers(fresh), _numbers(gone)
    if numbers and before and numbers != before:
        yield "number"
    if _other_unit(fresh, gone):
        yield "unit"
    if _turned(fresh, gone):
        yield "polarity"
    if new and old and _names(new) - gone and _names(old) - fresh:
        yield "entity"


def _renamed(words: Run, new: slice, *, old: Run) -> bool:
    """Whether a part stands in the middle of a name of one sentence only: "Gold *Plus* Card"."""
    start, end = new.start, new.stop
    if old or start in (0, end) or end == len(words):
        return False
    return words[start - 1].name and words[end].name and all(word.name for word in words[new])


def _numbers(keys: set[str]) -> set[str]:
    return {key for key in keys if key[0].isdigit()}


_UNIT_KEYS = frozenset(_UNITS.values())


def _other_unit(fresh: set[str], gone: set[str]) -> bool:
    units, before = fresh & _UNIT_KEYS, gone & _UNIT_KEYS
    if units and before:
        return units != before
    return (units | before) == {"business"} and len(fresh) + len(gone) == 1


def _turned(fresh: set[str], gone: set[str]) -> bool:
    both = fresh | gone
    exchanged = bool(fresh and gone)
    negated = bool(fresh & _NEGATIONS) != bool(gone & _NEGATIONS)
    if negated and (exchanged or both <= _NEGATIONS | _AUXILIARIES):
        return True
    if not exchanged and both <= _SCOPES:
        return True
    for pair in _OPPOSITES:
        if len(pair & fresh) == 1 and len(pair & gone) == 1 and pair & fresh != pair & gone:
            return True
    return any(_prefixed(a, b) or _prefixed(b, a) for a in fresh for b in gone)


def _prefixed(longer: str, word: str) -> bool:
    return len(word) > _SHORT and any(longer == prefix + word for prefix in _PREFIXES)


def _names(run: Run) -> set[str]:
    return {
        word.key
        for word in run
        if (word.name and word.key not in _UNIT_KEYS) or word.key in _NAMES_OF_DAYS
    }
