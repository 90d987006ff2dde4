"""The typed values in a customer's records as far as they are text: addresses, notes, deeds."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from operator import itemgetter

from handrail.core.verdict import EvidenceSpan
from handrail.guardrails.reading import Reading, Source, names_of
from handrail.guardrails.shelf import first_holder, quoted
from handrail.guardrails.values import APART, Value, find_spellings, read_values


class RecordValues:
    """Values in many short texts: found in one pass, each spelling read once, placed if asked."""

    def __init__(self, texts: Sequence[tuple[str, str]]) -> None:
        """Find where values are written in texts, each of which has an id."""
        self._texts = texts
        self._places: dict[tuple[str, str], list[int]] = {}
        for rule, start, spelling in find_spellings(APART.join(text for _, text in texts)):
            self._places.setdefault((rule, spelling), []).append(start)

    @cached_property
    def _begins(self) -> Sequence[int]:
        lengths = (len(text) + len(APART) for _, text in self._texts)
        return list(accumulate(lengths, initial=0))

    @cached_property
    def _spelled(self) -> Mapping[str, list[tuple[Value, list[int]]]]:
        """Each value by its names, with the places of one of its spellings."""
        found: dict[str, list[tuple[Value, list[int]]]] = {}
        for (rule, spelling), places in self._places.items():
            for value in read_values(rule, 0, spelling):
                for name in names_of(value):
                    found.setdefault(name, []).append((value, places))
        return found

    def find(self, value: Value) -> EvidenceSpan | None:
        """Return the place where the first text that has a value has it."""
        first = first_holder(value, self._holding)
        if first is None:
            return None
        id_, text = self._texts[first[0]]
        return quoted(Source(id_, Reading(text)), first[1].start, first[1].end)

    def _holding(self, name: str) -> Iterator[tuple[int, Value]]:
        """The texts that have a value, each with its first one."""
        spelled = self._spelled.get(name, ())
        placed = ((place, value) for value, places in spelled for place in places)
        last = -1
        for place, value in sorted(placed, key=itemgetter(0)):
            number = bisect_right(self._begins, place) - 1
            if number > last:
                last, start = number, place - self._begins[number]
                yield number, value.moved(start, start + value.end)
