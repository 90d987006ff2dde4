"""The words of a rule in the form they are compared in: one form for all spellings of a thing.

"cannot" is two words, "three" a number, "USD" and "$" one unit, "11 PM" an hour, "Mon" a weekday.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from handrail.guardrails.learned import Learned
from handrail.guardrails.terms import plain
from handrail.guardrails.value_patterns import CURRENCIES, MONTHS, UNIT_OF, WEEKDAYS, WORDS
from handrail.guardrails.values import amount, number_key

_LONGEST = 40
"""Characters of a word."""
_HALF = r"[apAP]\.?[mM]\b"
_CLOCK = rf"\d{{1,2}}(?::\d{{2}}(?:\s?{_HALF})?|\s?{_HALF})"
_TOKEN, _ASCII_TOKEN = (
    re.compile(
        rf"{letter}{{1,{_LONGEST}}}(?:['’]{letter}{{1,3}})?|{_CLOCK}"
        r"|\d{1,15}(?:[.,]\d{1,15}){0,4}|[$€£¥₹%]"
    )
    for letter in (r"[^\W\d_]", "[a-zA-Z]")
)
"""A word, number or sign; in a text of ASCII alone the second finds the same, faster."""
_BESIDE_WORDS = re.compile(r"[0-9'$%]")
_TIME = re.compile(r"(\d{1,2})(?::(\d{2}))?\s?([ap]?)")
_OPENING = re.compile(
    r"\W{0,3}(?:(?:(?:no|yes|sí|sure|also|unfortunately|lamentablemente)[,.;:!–-]"
    r"|please note(?: that)?:?|unfortunately|lamentablemente)\s){1,2}",
    re.IGNORECASE,
)
"""What a sentence begins with to answer, without being part of what it states."""
_OPENERS = frozenset(
    "no yes sí sure also please unfortunately lamentablemente".split()  # noqa: SIM905
)
"""The first words of that."""
NEGATIONS = frozenset(
    """not no never none neither without nobody nothing unable prohibited forbidden banned nunca
    ningún ninguna tampoco sin jamás prohibido prohibida""".split()  # noqa: SIM905
)
_DATA_UNITS = {"gb": "gb", "mb": "mb", "tb": "tb", "kb": "kb", "gigabytes": "gb", "km": "km",
               "miles": "mile", "mile": "mile", "kilometers": "km", "points": "point",
               "point": "point", "kg": "kg", "lbs": "lb", "pounds": "GBP", "lb": "lb",
               "percent": "%", "%": "%", "business": "business", "working": "business",
               "hábiles": "business", "laborables": "business"}  # fmt: skip
_COINS = {word: code.replace("$", "USD") for word, code in CURRENCIES.items()} | {
    code.lower(): code for code in ("USD", "EUR", "GBP", "MXN", "CAD", "JPY")
}
_UNITS = _COINS | UNIT_OF | _DATA_UNITS
_DAYS = WEEKDAYS | {"sat": 5, "sun": 6}
MONTH_NAMES = frozenset(MONTHS) - {"may", "mar"}
SHORT = 3
"""Longest word that has no other form."""
UNIT_KEYS = frozenset(_UNITS.values())


@dataclass(frozen=True, slots=True)
class Word:
    """A word in the form it is compared in."""

    key: str
    name: bool
    """Written like a name: with a capital, not only because a sentence begins."""


Run = Sequence[Word]
Sizes = tuple[int, int, int]
"""How many words a phrase has, how many different ones, and how many names."""


class Phrase:
    """The words of a sentence, with what tells quickly how much of it another one can have."""

    __slots__ = ("distinct", "keys", "sizes", "words")

    def __init__(self, words: Run) -> None:
        self.words = words
        self.keys = [word.key for word in words]
        self.distinct = frozenset(self.keys)
        names = [word for word in words if word.name]
        self.sizes: Sizes = (len(words), len(self.distinct), len(names))


def _clock(written: str) -> str:
    """A time of day on 24 hours, without minutes where there are none: "11 PM" is "23"."""
    match = _TIME.match(written)
    hour, minute, half = match.groups() if match else ("0", None, "")
    full = int(hour) % 12 + 12 * (half == "p") if half else int(hour)
    return str(full) if minute in (None, "00") else f"{full}:{minute}"


def _parts(written: str) -> tuple[str, ...]:
    word = written.casefold().replace("’", "'")
    if word in ("cannot", "can't"):
        return ("can", "not")
    if word.endswith("n't"):
        return ({"won't": "will", "shan't": "shall"}.get(word, word[:-3]), "not")
    return (word.partition("'")[0],)


def key_of(word: str) -> str:
    """The form of one lower-case word."""
    if word.isdecimal() and word.isascii():
        return word.lstrip("0") or "0"
    if word[0].isdigit() and (":" in word or word.endswith("m")):
        return _clock(word)
    if word[0].isdigit() or word in WORDS:
        number = amount(word)
        return number_key(number) if number is not None else word
    unit = _UNITS.get(word)
    if unit:
        return unit
    return word[:-1] if len(word) > SHORT and word[-1] == "s" and word[-2] != "s" else word


def _compared(written: str) -> tuple[Word, ...]:
    """What one written word is compared as: "can't" is two."""
    if len(written) > _LONGEST:
        pieces = (written[at : at + _LONGEST] for at in range(0, len(written), _LONGEST))
        return tuple(chain.from_iterable(map(_compared, pieces)))
    capital = written[0].isupper()
    if written == "Business":
        return (Word(written, name=True),)  # within a name it is no unit
    folded = written.casefold()
    day = None
    if capital or len(written) > SHORT:
        day = _DAYS.get(folded, _DAYS.get(folded.removesuffix("s")))
    if day is not None:
        return (Word(f"weekday {day}", name=True),)
    return tuple(Word(key_of(part), capital) for part in _parts(written))


_words = Learned(_compared).__getitem__


def phrase_of(sentence: str, words: Sequence[str] = ()) -> Phrase:
    """The words of a sentence as they are compared: number words as numbers, units by one name.

    ``words`` are those of the sentence in lower case, where they are known: most sentences have
    nothing else in them, and are then not read once more.
    """
    opening = _OPENING.match(sentence) if not words or words[0] in _OPENERS else None
    said = sentence[opening.end() :] if opening else sentence
    if not _has_only(words, sentence):
        token = _ASCII_TOKEN if sentence.isascii() else _TOKEN
        return _phrase(token.findall(said), opening)
    return _phrase(words if said[1:].islower() and not opening else plain(said), opening)


def _has_only(words: Sequence[str], sentence: str) -> bool:
    """Whether nothing else stands in a sentence: no number, sign or contraction."""
    return (
        bool(words)
        and sentence.isascii()
        and not _BESIDE_WORDS.search(sentence)
        and max(map(len, words)) <= _LONGEST
    )


def _phrase(written: Sequence[str], opening: re.Match[str] | None) -> Phrase:
    named = written[1:] and written[1][0].isupper()
    if written and not named and not (opening and opening[0].rstrip()[-1] == ","):
        # A capital only because a sentence begins.
        written = [written[0].casefold(), *written[1:]]
    found = tuple(chain.from_iterable(map(_words, written)))
    answers = bool(found) and found[0].key == "no" and denials(found[1:]) > 0
    return Phrase(found[1:] if answers else found)


def denials(run: Run) -> int:
    """How many words say no."""
    return sum(word.key in NEGATIONS for word in run)
