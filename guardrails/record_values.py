"""The typed values in a customer's records as far as they are text: addresses, notes, deeds."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from itertools import accumulate, islice

from handrail.core.verdict import EvidenceSpan
from handrail.guardrails.reading import Reading, Source, names_of
from handrail.guardrails.shelf import Shelf, first_holder, quoted
from handrail.guardrails.values import APART, Value, find_spellings, read_values


class RecordValues:
    """Values in many short texts, which are read as one, as far as a value is looked for."""

    def __init__(self, texts: Sequence[tuple[str, str]]) -> None:
        """Take texts, each of which has an id."""
        self._texts = texts
        self._asked = False
        self._unread = find_spellings(APART.join(text for _, text in texts))
        self._named = cache(_named)
        self._held: dict[str, list[tuple[int, Value]]] = {}
        """The values that were read, by each of their names, with where they stand."""

    @cached_property
    def _begins(self) -> Sequence[int]:
        lengths = (len(text) + len(APART) for _, text in self._texts)
        return list(accumulate(lengths, initial=0))

    def has(self, value: Value) -> bool:
        """Whether a text has a value: for the first one asked, one that spells it so is read."""
        if not self._asked:
            self._asked = True
            like = next((text for _, text in self._texts if value.text in text), "")
            if Shelf((Source("", Reading(like)),)).has(value):
                return True
        return self.find(value) is not None

    def find(self, value: Value) -> EvidenceSpan | None:
        """Return the place where the first text that has a value has it."""
        first = first_holder(value, self._holding)
        if first is None:
            return None
        id_, text = self._texts[first[0]]
        return quoted(Source(id_, Reading(text)), first[1].start, first[1].end)

    def _holding(self, name: str) -> Iterator[tuple[int, Value]]:
        """The texts that have a value, each with its first one."""
        last, told, held = -1, 0, self._held.setdefault(name, [])
        while told < len(held) or self._reads_on():
            for place, value in held[told:]:
                told += 1
                number = bisect_right(self._begins, place) - 1
                if number > last:
                    last, start = number, place - self._begins[number]
                    yield number, value.moved(start, start + value.end)

    def _reads_on(self) -> bool:
        """Read some more values; whether there were any."""
        found = list(islice(self._unread, _AT_ONCE))
        for rule, place, spelling in found:
            for name, value in self._named(rule, spelling):
                self._held.setdefault(name, []).append((place, value))
        return bool(found)


_AT_ONCE = 16
"""How many values are read at once."""


def _named(rule: str, spelling: str) -> Sequence[tuple[str, Value]]:
    """The values that are spelled so, by each of their names."""
    return [(name, value) for value in read_values(rule, 0, spelling) for name in names_of(value)]
