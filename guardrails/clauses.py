"""A reply clause by clause: its words, and which of the customer's records each clause names."""

from __future__ import annotations

import re
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from handrail.guardrails.claims import Claim
from handrail.guardrails.record_facts import Sheet
from handrail.guardrails.slot_words import kind_words
from handrail.guardrails.values import CONTACTS, Value

_TOKEN = re.compile(r"[^\W_]{1,60}|[,;()\n–—]")
_BREAKS = frozenset(
    [
        *",;()\n–—",
        "and",
        "while",
        "but",
        "y",
        "pero",
        "mientras",
        "plus",
        "e",
        "including",
        "incl",
        "incluidos",
        "incluye",
    ]
)
_LINKS = frozenset(["and", "or", "y", "o", "e", ",", "the", "your", "su", "tu", "el", "los"])
_MODIFIES = frozenset(
    "in of from within with including for inside on en de del con para".split()  # noqa: SIM905
)
_NOWHERE = (sys.maxsize, sys.maxsize)
_LEAD = 40
"""How many characters before a mention are read with it."""
_SHORTEST_TITLE = 3
_REACH = 24
"""How many words, and how many mentions, from a place still bear on it."""
_DIGITS_OF_VALUES = 3
"""An id with fewer digits is not read as a value."""


@dataclass(slots=True)
class Token:
    """A word, in lower case, or a mark that ends a clause."""

    start: int
    end: int
    word: str


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
    tokens: list[Token]
    mentions: list[Mention] = field(default_factory=list[Mention])
    start: int = 0
    """Where its first word stands."""

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

    def before(self, place: int) -> list[Token]:
        """The words before a place, as far as one looks back."""
        end = bisect_right(self.tokens, place, key=_end)
        return self.tokens[max(0, end - _REACH) : end]

    def after(self, place: int) -> list[Token]:
        """The words from a place on, as far as one looks ahead."""
        start = bisect_left(self.tokens, place, key=_start)
        return self.tokens[start : start + _REACH]


def _start(part: Token | Mention) -> int:
    return part.start


def _end(part: Token | Mention) -> int:
    return part.end


def places_of(part: str, text: str) -> Iterator[tuple[int, int]]:
    """Where a part of a text stands as whole words."""
    start = text.find(part)
    while start >= 0:
        end = start + len(part)
        if not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()):
            yield start, end
        start = text.find(part, end)


def _spelled(
    text: str, words: frozenset[str], values: Iterable[Value], sheets: Sequence[Sheet]
) -> Iterator[tuple[int, int, Sheet]]:
    by_key = {sheet.key: sheet for sheet in sheets}
    for value in values:
        if value.kind in CONTACTS or (value.kind == "quantity" and not value.spelled):
            sheet = by_key.get(f"contact:{value.keys[0]}")
            if sheet:
                yield value.start, value.end, sheet
    for sheet in sheets:
        number, title = sheet.record.id.lower(), sheet.title
        if _may_stand(number, text, words) and sum(map(str.isdigit, number)) < _DIGITS_OF_VALUES:
            for start, end in places_of(number, text):
                yield start, end, sheet
        if title and len(title) >= _SHORTEST_TITLE and _may_stand(title.lower(), text, words):
            for start, end in places_of(title.lower(), text):
                yield start, end, sheet


def _may_stand(part: str, text: str, words: frozenset[str]) -> bool:
    """Whether a part may stand as whole words in a text with these words; most parts do not."""
    return part in words or (not part.isalnum() and part != "" and part in text)


def find_mentions(
    text: str, words: frozenset[str], values: Iterable[Value], sheets: Sequence[Sheet]
) -> list[Mention]:
    """Find where a text in lower case names records, by number or by what they are called."""
    found: dict[int, Mention] = {}
    for start, end, sheet in _spelled(text, words, values, sheets):
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
        sheets: Sequence[Sheet],
        labels: Mapping[str, tuple[str, ...]],
    ) -> None:
        """Read a text in lower case, with each of its words."""
        self.text = text
        self.kinds = {
            word: kind
            for kind in {sheet.record.kind for sheet in sheets}
            for word in kind_words(kind, *labels.get(kind, ()))
        }
        """Kinds of record by the words they are called by."""
        self.mentions = find_mentions(text, words, values, sheets)
        spans = {(part.start, part.end) for part in (*values, *self.mentions)}
        self._spans = sorted(spans)
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
        begin = bisect_left(self._spans, (claim.start, 0))
        spans = self._spans[begin : bisect_left(self._spans, (claim.end, 0), begin)]
        clauses = [Clause(claim, [])]
        for token in _tokens(self.text, claim, spans):
            if token.word in _BREAKS:
                clauses.append(Clause(claim, [token]))
            else:
                clauses[-1].tokens.append(token)
        if not clauses[0].tokens:
            clauses[0].tokens = [Token(claim.start, claim.start, "")]
        for clause in clauses:
            clause.start = clause.tokens[0].start
        first = bisect_left(self.mentions, claim.start, key=_start)
        for mention in self.mentions[first : bisect_left(self.mentions, claim.end, key=_start)]:
            clauses[max(bisect_right(clauses, mention.start, key=_first) - 1, 0)].mentions.append(
                mention
            )
        return clauses

    def clause_at(self, claim: Claim, start: int) -> int:
        """The number of the clause of a sentence that a place stands in."""
        return max(bisect_right(self.of(claim), start, key=_first) - 1, 0)

    def mentions_before(self, place: int) -> list[Mention]:
        """The last mentions before a place, the nearest first."""
        end = bisect_right(self.mentions, place, key=_end)
        return self.mentions[max(0, end - _REACH) : end][::-1]


def _first(clause: Clause) -> int:
    return clause.start


def _tokens(text: str, claim: Claim, spans: Iterable[tuple[int, int]]) -> Iterator[Token]:
    """Words and marks of a sentence, without those inside values and mentions."""
    inside = iter(spans)
    start, end = next(inside, _NOWHERE)
    for match in _TOKEN.finditer(text, claim.start, claim.end):
        first, last = match.span()
        while first >= end:
            start, end = next(inside, _NOWHERE)
        if first < start:
            yield Token(first, last, match[0])
