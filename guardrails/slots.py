"""Binds a value in a reply to the record and the field that the words around it speak of.

"Your refund of 89.90 for order W100" is about the refund of W100: the record comes from the ids,
names and kinds in the sentence, or is carried over from the sentences before; the field from the
words around the value, the nearest first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from handrail.core.conversation import FieldType
from handrail.guardrails.claims import Claim
from handrail.guardrails.clauses import Clause, Clauses, Mention
from handrail.guardrails.contract import CheckContext
from handrail.guardrails.lazily import cached_property
from handrail.guardrails.normalisation import lowered
from handrail.guardrails.record_facts import Column, Fact, Sheet
from handrail.guardrails.slot_words import (
    EXPECT,
    FUTURE,
    MAIN,
    also,
    concept_of_word,
    concepts_of_field,
    vague_concept,
)
from handrail.guardrails.terms import plain
from handrail.guardrails.values import Value
from handrail.playbook.wording import texts

SLOT_TYPES: dict[str, FieldType] = {
    "money": "money",
    "date": "date",
    "weekday": "date",
    "percent": "percent",
    "duration": "duration",
    "quantity": "quantity",
    "id": "id",
    "phone": "id",
}
"""The type of the fields that a kind of value may come from."""

_NEAR = 6
"""How many clauses before and after are looked at."""
_AFTER = 0.9
"""A word after a value counts a little less than one before it."""
_BRACKET = 3
"""How far after a value a record in brackets stands, in characters."""
_PRICE = 0.4
""""Total price" is about the total."""
_ORIGIN = frozenset({"from", "of", "dated", "del", "de"})
_CONNECTS = frozenset({"the", "el", "on"})
_BESIDE = 2
"""How far behind a thing "from" stands, in characters."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """Which concept the words around a value name."""

    concept: str
    specific: bool
    """Named by a word of its own, not only by "costs" or "for"."""
    near: bool = False
    """The word stands in the same clause."""


@dataclass(frozen=True, slots=True)
class Binding:
    """What a value is said to be."""

    sheets: tuple[Sheet, ...]
    """The records the words speak of; several where they leave it open."""
    facts: tuple[Fact, ...]
    """The fields they mean; none where no field of these records answers to the words."""
    named: bool
    """The record is named in the same sentence."""
    meaning: Meaning | None

    @property
    def sure(self) -> bool:
        """Whether record and field are both named beside the value."""
        meaning = self.meaning
        return bool(self.facts and self.named and meaning and meaning.specific and meaning.near)


class Slots:
    """The slots of one text."""

    def __init__(self, ctx: CheckContext) -> None:
        self._ctx = ctx
        self._records = ctx.evidence.records
        self.sheets = self._records.sheets
        labels = {
            kind: tuple(text for _, text in texts(told.label))
            for kind, told in ctx.playbook.records.items()
        }
        text = lowered(ctx.folded.text)
        words = ctx.words if text.isascii() else frozenset(plain(text))
        self.clauses = Clauses(text, words, ctx.folded_values, self._records, labels)
        self._aside: dict[tuple[int, FieldType, bool], str | None] = {}
        self._spoken: dict[FieldType, dict[str, str | None]] = {}

    @cached_property
    def _asked(self) -> list[Mention]:
        """The records that the customer named."""
        said = self._ctx.heard.casefold()
        numbers = self._records.numbers
        spelled = zip(numbers, numbers.lower, strict=True)
        named = [sheet for sheet, number in spelled if number and number in said]
        return [Mention(0, 0, named)] if named else []

    @cached_property
    def _near(self) -> dict[Sheet, list[Sheet]]:
        """The records that belong to one, and those it belongs to."""
        own = self._records.numbers
        pairs = [
            (sheet, other)
            for column in self._records.of_type("id")
            if column is not own
            for key in set(column.keyed[0]).intersection(own.keyed[0])
            for sheet in column.having(key)
            for other in own.having(key)
            if other is not sheet
        ]
        near: dict[Sheet, list[Sheet]] = {}
        for sheet, other in sorted(pairs, key=lambda pair: pair[0].place):
            near.setdefault(sheet, []).append(other)
            near.setdefault(other, []).append(sheet)
        return near

    def family(self, sheets: Sequence[Sheet]) -> list[Sheet]:
        """Records, then those that belong to them and those they belong to."""
        near = (self._near.get(sheet, ()) for sheet in sheets)
        return list(dict.fromkeys(chain(sheets, *near)))

    def bind(self, value: Value, claim: Claim) -> Binding | None:
        """Say what a value is said to be in a sentence of the folded text.

        ``None`` where no record of the customer is named.
        """
        kind = SLOT_TYPES[value.kind]
        clauses = self.clauses.of(claim)
        here = self.clauses.clause_at(claim, value.start)
        named = self._by_kind(self._named(value, clauses, here)) if self.clauses.mentions else []
        mentions = named or self._by_kind(self._carried(clauses[here])) or self._asked
        meaning = self._told(value, kind, clauses[here])
        if mentions:
            meaning = meaning or self._meant(value, kind, clauses, here)
            return self._bound(kind, meaning, self._narrowed(mentions, value.start), bool(named))
        if meaning is None:
            return None
        bound = self._bound(kind, meaning, [Mention(0, 0, list(self.sheets))], named=False)
        return bound if bound.facts else None

    def _by_kind(self, mentions: Iterable[Mention]) -> list[Mention]:
        """The first mention of each kind of record."""
        found: dict[str, Mention] = {}
        for mention in mentions:
            found.setdefault(mention.kind, mention)
            if len(found) == len(self._records.kinds):
                break
        return list(found.values())

    def _bound(
        self, kind: FieldType, meaning: Meaning | None, mentions: Sequence[Mention], named: bool
    ) -> Binding:
        for concept in also(meaning.concept) if meaning else ():
            columns = self._fields.get((kind, concept), ())
            for mention in mentions if columns else ():
                facts = [
                    sheet.fact(column.name)
                    for sheet in mention.sheets
                    for column in columns
                    if sheet in column
                ]
                if facts:
                    return Binding(tuple(mention.sheets), tuple(facts), named, meaning)
        return Binding(tuple(mentions[0].sheets), (), named, meaning)

    def _named(self, value: Value, clauses: Sequence[Clause], here: int) -> Iterator[Mention]:
        """Mentions in the sentence: in the clause, what is spoken of first, then before, after."""
        own = [m for m in clauses[here].mentions_near(value.start) if m.start != value.start]
        own.sort(key=lambda m: (m.modifies, abs(m.start - value.start)))
        around = _around(clauses, here)
        if clauses[-1] is not clauses[here]:
            bracket = clauses[here + 1]
            opened = bracket.text[bracket.start] == "(" and bracket.mentions
            if opened and opened[0].start - value.end <= _BRACKET:
                yield opened[0]  # "$343.90 (W100)"
        if own and own[0].modifies:
            # "the lamp (no. 7), in order W100, costs"
            yield from self._lines_of(own[0], around, value.start)
        yield from own
        if not own and self._other_kind(clauses[here], around, value.start):
            return
        for clause in around:
            if clause.mentions:
                yield from clause.mentions_from(value.start)

    def _lines_of(
        self, mention: Mention, around: Sequence[Clause], place: int
    ) -> Iterator[Mention]:
        """Mentions nearby of what belongs to the records of a mention."""
        family = set(self.family(mention.sheets))
        for clause in around:
            for other in clause.mentions_near(place):
                if other.kind != mention.kind and not family.isdisjoint(other.sheets):
                    yield other

    def _carried(self, clause: Clause) -> Iterator[Mention]:
        """Mentions of the sentences before, the last one first; those of a kind that is named."""
        kind = self._kind(clause)
        before = self.clauses.mentions_before(clause.claim.start)
        return (m for m in before if kind in (None, m.kind))

    def _narrowed(self, mentions: Sequence[Mention], place: int) -> list[Mention]:
        """Of several lines with one name, those of the orders that are named too."""
        if all(len(mention.sheets) == 1 for mention in mentions):
            return list(mentions)
        near = (*mentions, *self.clauses.mentions_before(place))
        others = {sheet for mention in near for sheet in mention.sheets}
        found: list[Mention] = []
        for mention in mentions:
            sheets = [s for s in mention.sheets if not others.isdisjoint(self._near.get(s, ()))]
            found.append(Mention(mention.start, mention.end, sheets or mention.sheets))
        return found

    def _kind(self, clause: Clause) -> str | None:
        kinds = self.clauses.kinds
        return next((kinds[word] for word in clause.after(clause.start) if word in kinds), None)

    def _other_kind(self, clause: Clause, around: Sequence[Clause], place: int) -> bool:
        """Whether the clause speaks of a kind that the sentence names no record of."""
        kind = self._kind(clause)
        if kind is None:
            return False
        mentioned = {mention.kind for one in around for mention in one.mentions_near(place)}
        return bool(mentioned) and kind not in mentioned

    @cached_property
    def _fields(self) -> Mapping[tuple[FieldType, str], list[Column]]:
        """The fields that some record has, by their type and the concepts they belong to."""
        found: dict[tuple[FieldType, str], list[Column]] = {}
        for (kind, name), column in self._records.columns.items():
            for concept in concepts_of_field(name) if name else ():
                found.setdefault((kind, concept), []).append(column)
        return found

    def _concept_of(self, word: str, kind: FieldType) -> str | None:
        """The concept a word speaks of beside a value of a kind, where a field may have it."""
        concept, known = concept_of_word(word, kind)
        return concept if known or (kind, concept) in self._fields else None

    def _told(self, value: Value, kind: FieldType, own: Clause) -> Meaning | None:
        """What a value means by the words of its clause."""
        before, after = own.before(value.start), own.after(value.end)
        if kind == "date" and self._originates(before, own, value.start):
            return Meaning("place", specific=True, near=True)
        named = self._concept(kind, before, after)
        return Meaning(named, specific=True, near=True) if named else None

    def _meant(
        self, value: Value, kind: FieldType, clauses: Sequence[Clause], here: int
    ) -> Meaning | None:
        """What a value means where its clause has no word for it: by those beside, or vaguely."""
        own = clauses[here]
        words = frozenset((*own.before(value.start), *own.after(value.end)))
        vague = MAIN if kind == "money" and own.mentions else vague_concept(words, kind)
        if vague != "place" and words.isdisjoint(_STRONG):
            for clause in _around(clauses, here):
                named = self._concept_aside(value, kind, clause)
                if named:
                    return Meaning(named, specific=True)
        return Meaning(vague, specific=False, near=True) if vague else None

    def _concept_aside(self, value: Value, kind: FieldType, clause: Clause) -> str | None:
        """The concept of a clause beside the value's, the same for each value on one side."""
        key = (clause.start, kind, clause.start < value.start)
        if key not in self._aside:
            before, after = clause.before(value.start), clause.after(value.end)
            self._aside[key] = self._concept(kind, before, after)
        return self._aside[key]

    def _concept(self, kind: FieldType, before: Sequence[str], after: Sequence[str]) -> str | None:
        """The concept of the nearest words that speak of a field of this type."""
        scores: dict[str, float] = {}
        spoken = self._spoken.setdefault(kind, {})
        for weight, words in ((1.0, reversed(before)), (_AFTER, after)):
            for away, word in enumerate(words):
                if word not in spoken:
                    spoken[word] = self._concept_of(word, kind)
                if concept := spoken[word]:
                    worth = _PRICE if concept == "price" else weight
                    scores[concept] = scores.get(concept, 0) + worth / (1 + away)
        best = max(scores, key=scores.__getitem__, default=None)
        if kind == "date" and best in (None, "deliver"):
            return best if FUTURE.isdisjoint((*before, *after)) else EXPECT
        return best

    def _originates(self, before: Sequence[str], own: Clause, place: int) -> bool:
        """Whether it reads "order W100 from 3 March": the day the thing began."""
        last = len(before) - 1
        while last >= 0 and before[last] in _CONNECTS:
            last -= 1
        if last < 0 or before[last] not in _ORIGIN:
            return False
        lead = own.text.rfind(before[last], own.start, place)
        if any(0 <= lead - mention.end <= _BESIDE for mention in own.mentions_near(place)):
            return True
        thing = before[last - 1] if last else ""
        close = lead - _BESIDE - len(thing)
        return thing in self.clauses.kinds and own.text.find(thing, max(0, close), lead) >= 0


_STRONG = frozenset(
    """cost costs charged charge paid pay comes came amounts amounted worth costó cuesta cuestan
    pagó pagaste cobró cobramos vale""".split()  # noqa: SIM905
)
"""Words that speak of an amount by themselves, whatever the clause before spoke of."""


def _around(clauses: Sequence[Clause], here: int) -> list[Clause]:
    """The clauses of the same sentence: those before, the nearest first, then those after."""
    return [*reversed(clauses[max(0, here - _NEAR) : here]), *clauses[here + 1 : here + _NEAR]]
