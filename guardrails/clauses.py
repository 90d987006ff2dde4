"""A reply clause by clause: its words, and which of the customer's records each clause names."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from handrail.guardrails.claims import Claim
from handrail.guardrails.customer_records import CustomerRecords
from handrail.guardrails.record_facts import Sheet
from handrail.guardrails.slot_words import kind_words
from handrail.guardrails.terms import blanked, places_of, plain
from handrail.guardrails.values import CONTACTS, Value

_TOKEN = re.compile(r"[^\W_]{1,60}|[,;()\n–—]")
_MARKS = ",;()\n–—"
_BREAKS = frozenset(
    "and while but y pero mientras plus e including incl incluidos incluye".split()  # noqa: SIM905
)
_LINKS = frozenset(["and", "or", "y", "o", "e", ",", "the", "your", "su", "tu", "el", "los"])
_MODIFIES = frozenset(
    "in of from within with including for inside on en de del con para".split()  # noqa: SIM905
)
_LEAD = 40
"""How many characters before a mention are read with it."""
_SHORTEST_TITLE = 3
_REACH = 24
"""How many words, and how many mentions, from a place still bear on it."""
_REACH_CHARS = 480
"""In how many characters these words stand."""
_DIGITS_OF_VALUES = 3
"""An id with fewer digits is not read as a value."""


@dataclass(slots=True, eq=False)
class Mention:
    """A place where records are named; several where the words leave it open."""

    start: int
    end: int
    sheets: list[Sheet]
    modifies: bool = False
    """Whether it only tells where another thing belongs: "the lamp in order W1"."""

    @property
    def kind(self) -> str:
        """The kind of the records."""
        return self.sheets[0].record.kind


@dataclass(slots=True)
class Clause:
    """A part of a sentence between its commas and conjunctions."""

    claim: Claim
    text: str
    """The whole text, with blanks for its values and mentions."""
    start: int
    end: int
    mentions: list[Mention]

    def mentions_near(self, place: int) -> list[Mention]:
        """Its mentions, in order; of very many those nearest to a place."""
        if len(self.mentions) <= _REACH:
            return self.mentions
        at = bisect_left(self.mentions, place, key=_start)
        return self.mentions[max(0, at - _REACH) : at + _REACH]

    def mentions_from(self, place: int) -> list[Mention]:
        """Its mentions, those nearest to a place outside it first."""
        near = self.mentions_near(place)
        return near[::-1] if self.start <= place else near

    def before(self, place: int, since: int = 0) -> list[str]:
        """The words before a place, as far as one looks back, and a mark before the first."""
        return self._words(max(self.start, since, place - _REACH_CHARS), place)[-_REACH:]

    def after(self, place: int) -> list[str]:
        """The words from a place on, as far as one looks ahead, and a mark before the first."""
        first = max(self.start, place)
        return self._words(first, min(self.end, first + _REACH_CHARS))[:_REACH]

    def _words(self, first: int, last: int) -> list[str]:
        part = self.text[first:last]
        return [part[0], *plain(part)] if part and part[0] in _MARKS else plain(part)


def _start(part: Clause | Mention) -> int:
    return part.start


def _end(part: Mention) -> int:
    return part.end


def _without(spans: Iterable[tuple[int, int]], text: str) -> str:
    """A text with blanks in some places."""
    parts: list[str] = []
    at = 0
    for start, end in sorted(spans):
        if end > at:
            parts += text[at:start], " " * (end - max(at, start))
            at = end
    return "".join([*parts, text[at:]])


def _breaks(text: str, words: frozenset[str]) -> Iterator[int]:
    """Where the clauses of a text with these words end."""
    for mark in _MARKS:
        yield from _found(mark, text)
    plain_text = f" {blanked(text)} "
    for word in _BREAKS & words:
        yield from _found(f" {word} ", plain_text)


def _found(part: str, text: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


def _spelled(
    text: str, words: frozenset[str], values: Iterable[Value], records: CustomerRecords
) -> Iterator[tuple[int, int, Sheet]]:
    for value in values:
        if value.kind in CONTACTS or (value.kind == "quantity" and not value.spelled):
            for sheet in records.numbers.having(value.keys[0])[-1:]:
                yield value.start, value.end, sheet
    for sheet, part in _names(words, records):
        for start, end in places_of(part, text):
            yield start, end, sheet


def _names(words: frozenset[str], records: CustomerRecords) -> Iterator[tuple[Sheet, str]]:
    """What records are called that a text with these words may hold; most names it does not."""
    for number, sheet in records.numbers.standing(words):
        if sum(map(str.isdigit, number)) < _DIGITS_OF_VALUES:
            yield sheet, number
    for sheet, title in records.titles.items():
        name = title.lower()
        if (name in words or not name.isalnum()) and len(name) >= _SHORTEST_TITLE:
            yield sheet, name


def find_mentions(
    text: str, words: frozenset[str], values: Iterable[Value], records: CustomerRecords
) -> list[Mention]:
    """Find where a text in lower case names records, by number or by what they are called."""
    found: dict[int, Mention] = {}
    for start, end, sheet in _spelled(text, words, values, records):
        known = found.get(start)
        if known is None or end > known.end:
            found[start] = Mention(start, end, [sheet])
        elif end == known.end and sheet not in known.sheets:
            known.sheets.append(sheet)
    return [found[start] for start in sorted(found)]


class Clauses:
    """The clauses of a text, each sentence's when first asked for, and where records are named."""

    def __init__(
        self,
        text: str,
        words: frozenset[str],
        values: Sequence[Value],
        records: CustomerRecords,
        labels: Mapping[str, tuple[str, ...]],
    ) -> None:
        """Read a text in lower case, with each of its words."""
        self.text = text
        self.kinds = {
            word: kind for kind in records.kinds for word in kind_words(kind, *labels.get(kind, ()))
        }
        """Kinds of record by the words they are called by."""
        self.mentions = find_mentions(text, words, values, records)
        spans = {(part.start, part.end) for part in (*values, *self.mentions)}
        self._without = without = _without(spans, text)
        self._breaks = sorted(_breaks(without, words))
        self._read: dict[int, list[Clause]] = {}
        self._join()

    def _join(self) -> None:
        """Let "orders W1 and W2" be one mention of both, and see which ones only modify."""
        links = _LINKS | self.kinds.keys()
        last: Mention | None = None
        for mention in self.mentions:
            start = max(0, mention.start - _LEAD)
            before = _TOKEN.findall(self.text, start, mention.start)
            if last and last.kind == mention.kind and last.end >= start:
                since = _TOKEN.findall(self.text, last.end, mention.start)
                if since and links.issuperset(since):
                    last.sheets = mention.sheets = [*last.sheets, *mention.sheets][:_REACH]
            while before and before[-1] in links:
                before.pop()
            mention.modifies = bool(before) and before[-1] in _MODIFIES
            last = mention

    def of(self, claim: Claim) -> list[Clause]:
        """The clauses of a sentence."""
        if claim.start not in self._read:
            self._read[claim.start] = self._clauses(claim)
        return self._read[claim.start]

    def _clauses(self, claim: Claim) -> list[Clause]:
        first = bisect_left(self._breaks, claim.start)
        breaks = self._breaks[first : bisect_left(self._breaks, claim.end, first)]
        ends = [claim.start, *breaks, claim.end]
        clauses = [Clause(claim, self._without, *span, []) for span in pairwise(ends)]
        first = bisect_left(self.mentions, claim.start, key=_start)
        for mention in self.mentions[first : bisect_left(self.mentions, claim.end, key=_start)]:
            clauses[max(bisect_right(clauses, mention.start, key=_start) - 1, 0)].mentions.append(
                mention
            )
        return clauses

    def clause_at(self, claim: Claim, start: int) -> int:
        """The number of the clause of a sentence that a place stands in."""
        return max(bisect_right(self.of(claim), start, key=_start) - 1, 0)

    def mentions_before(self, place: int) -> list[Mention]:
        """The last mentions before a place, the nearest first."""
        end = bisect_right(self.mentions, place, key=_end)
        return self.mentions[max(0, end - _REACH) : end][::-1]
