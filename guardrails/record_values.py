"""The typed values in a customer's records as far as they are text: addresses, notes, deeds."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice

from handrail.guardrails.lazily import cached_property
from handrail.guardrails.learned import Learned
from handrail.guardrails.reading import Reading, Source, names_of
from handrail.guardrails.shelf import Shelf, first_holder
from handrail.guardrails.values import APART, Value, find_spellings, read_values


class RecordValues:
    """Values in many short texts, which are read as one, as far as a value is looked for."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._text = APART.join(texts)
        self._unread = find_spellings(self._text)
        self._named = Learned(_named)
        self._alone = Learned(_alone)
        self._held: dict[str, list[tuple[int, Value]]] = {}
        """The values that were read, by each of their names, with where they stand."""

    @cached_property
    def _begins(self) -> Sequence[int]:
        lengths = (len(text) + len(APART) for text in self._texts)
        return list(accumulate(lengths, initial=0))

    def _number(self, place: int) -> int:
        return bisect_right(self._begins, place) - 1

    def has(self, value: Value) -> bool:
        """Whether a text has a value; the first that spells it so is asked before all are."""
        like = self._text.find(value.text)
        if like >= 0 and self._alone[self._texts[self._number(like)]].has(value):
            return True
        return self.find(value) is not None

    def find(self, value: Value) -> tuple[int, Value] | None:
        """Return the number of the first text that has a value, and the value as it has it."""
        return first_holder(value, self._holding)

    def _holding(self, name: str) -> Iterator[tuple[int, Value]]:
        """The texts that have a value, each with its first one."""
        last, told, held = -1, 0, self._held.setdefault(name, [])
        while told < len(held) or self._reads_on():
            for place, value in held[told:]:
                told += 1
                number = self._number(place)
                if number > last:
                    last, start = number, place - self._begins[number]
                    yield number, value.moved(start, start + value.end)

    def _reads_on(self) -> bool:
        """Read some more values; whether there were any."""
        found = list(islice(self._unread, _AT_ONCE))
        for rule, place, spelling in found:
            for name, value in self._named[rule, spelling]:
                self._held.setdefault(name, []).append((place, value))
        return bool(found)


_AT_ONCE = 16
"""How many values are read at once."""


def _named(spelled: tuple[str, str]) -> Sequence[tuple[str, Value]]:
    """The values that a spelling stands for by a rule, by each of their names."""
    rule, spelling = spelled
    return [(name, value) for value in read_values(rule, 0, spelling) for name in names_of(value)]


def _alone(text: str) -> Shelf:
    return Shelf((Source("", Reading(text)),))
