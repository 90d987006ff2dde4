"""A reply clause by clause: its words, and which of the customer's records each clause names."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from handrail.guardrails.claims import Claim
from handrail.guardrails.record_facts import Sheet
from handrail.guardrails.slot_words import kind_words
from handrail.guardrails.values import CONTACTS, Value, lowered

_TOKEN = re.compile(r"[^\W_]{1,60}|[,;()\n–—]")
_BREAKS = frozenset([*",;()\n–—", "and", "while", "but", "y", "pero", "mientras", "plus", "e"])
_LINKS = frozenset(["and", "or", "y", "o", "e", ",", "the", "your", "su", "tu", "el", "los"])
_MODIFIES = frozenset(
    "in of from within with including for inside on en de del con para".split()  # noqa: SIM905
)
_SHORTEST_TITLE = 3
_REACH = 24
"""How many words, and how many mentions, from a place still bear on it."""
_DIGITS_OF_VALUES = 3
"""An id with fewer digits is not read as a value."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word, in lower case, or a mark that ends a clause."""

    start: int
    end: int
    word: str


@dataclass(slots=True)
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


def _places(text: str, part: str) -> Iterator[tuple[int, int]]:
    """Where a part stands as whole words."""
    start = text.find(part)
    while start >= 0:
        end = start + len(part)
        if not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()):
            yield start, end
        start = text.find(part, end)


def _spelled(
    text: str, values: Iterable[Value], sheets: Sequence[Sheet]
) -> Iterator[tuple[int, int, Sheet]]:
    by_key = {sheet.key: sheet for sheet in sheets}
    for value in values:
        if value.kind in CONTACTS or (value.kind == "quantity" and not value.spelled):
            sheet = by_key.get(f"contact:{value.keys[0]}")
            if sheet:
                yield value.start, value.end, sheet
    for sheet in sheets:
        if sheet.record.id and sum(map(str.isdigit, sheet.record.id)) < _DIGITS_OF_VALUES:
            for start, end in _places(text, sheet.record.id.lower()):
                yield start, end, sheet
        if sheet.title and len(sheet.title) >= _SHORTEST_TITLE:
            for start, end in _places(text, sheet.title.lower()):
                yield start, end, sheet


def find_mentions(text: str, values: Iterable[Value], sheets: Sequence[Sheet]) -> list[Mention]:
    """Find where records are named, by number or by what they are called, in order."""
    found: dict[int, Mention] = {}
    for start, end, sheet in _spelled(lowered(text), values, sheets):
        known = found.get(start)
        if known is None or end > known.end:
            found[start] = Mention(start, end, [sheet])
        elif end == known.end and sheet not in known.sheets:
            known.sheets.append(sheet)
    return [found[start] for start in sorted(found)]


class Clauses:
    """The clauses of a text, and its mentions, read once."""

    def __init__(
        self,
        text: str,
        claims: Sequence[Claim],
        values: Sequence[Value],
        sheets: Sequence[Sheet],
        labels: dict[str, str],
    ) -> None:
        self.mentions = find_mentions(text, values, sheets)
        self.kinds = {
            word: kind
            for kind in {sheet.record.kind for sheet in sheets}
            for word in kind_words(kind, labels.get(kind, ""))
        }
        """Kinds of record by the words they are called by."""
        spans = sorted({(value.start, value.end) for value in values})
        self.by_claim: dict[int, list[Clause]] = {}
        for claim in claims:
            here = [m for m in self.mentions if claim.holds(m.start, m.end)]
            inside = [*(s for s in spans if claim.holds(*s)), *((m.start, m.end) for m in here)]
            tokens = _tokens(text, claim, inside)
            self._join(tokens, here)
            self.by_claim[claim.start] = _clauses(claim, tokens, here)

    def _join(self, tokens: Sequence[Token], mentions: list[Mention]) -> None:
        """Let "orders W1 and W2" be one mention of both, and see which ones only modify."""
        links = _LINKS | self.kinds.keys()
        ends = [token.end for token in tokens]
        last: Mention | None = None
        for mention in mentions:
            place = bisect_right(ends, mention.start)
            before = [token.word for token in tokens[max(0, place - _REACH) : place]]
            since = [t.word for t in tokens[max(0, place - _REACH) : place]
                     if last and t.start >= last.end]  # fmt: skip
            if last and last.kind == mention.kind and since and links.issuperset(since):
                last.sheets = mention.sheets = [*last.sheets, *mention.sheets][:_REACH]
            while before and before[-1] in links:
                before.pop()
            mention.modifies = bool(before) and before[-1] in _MODIFIES
            last = mention

    def clause_at(self, claim: Claim, start: int) -> int:
        """The number of the clause of a sentence that a place stands in."""
        clauses = self.by_claim[claim.start]
        return max(bisect_right(clauses, start, key=_first) - 1, 0)

    def mentions_before(self, place: int) -> list[Mention]:
        """The last mentions before a place, the nearest first."""
        end = bisect_right(self.mentions, place, key=_end)
        return self.mentions[max(0, end - _REACH) : end][::-1]


def _first(clause: Clause) -> int:
    return clause.tokens[0].start


def _tokens(text: str, claim: Claim, skipped: Sequence[tuple[int, int]]) -> list[Token]:
    """Words and marks of a sentence, without those inside values and mentions."""
    found: list[Token] = []
    spans = iter(sorted(skipped))
    start, end = next(spans, (len(text), len(text)))
    for match in _TOKEN.finditer(text, claim.start, claim.end):
        while match.start() >= end:
            start, end = next(spans, (len(text), len(text)))
        if match.start() < start:
            found.append(Token(match.start(), match.end(), match[0].casefold()))
    return found


def _clauses(claim: Claim, tokens: list[Token], mentions: list[Mention]) -> list[Clause]:
    clauses = [Clause(claim, [])]
    for token in tokens:
        if token.word in _BREAKS:
            clauses.append(Clause(claim, [token]))
        else:
            clauses[-1].tokens.append(token)
    if not clauses[0].tokens:
        clauses[0].tokens = [Token(claim.start, claim.start, "")]
    for mention in mentions:
        clauses[max(bisect_right(clauses, mention.start, key=_first) - 1, 0)].mentions.append(
            mention
        )
    return clauses
