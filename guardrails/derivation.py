"""Amounts that follow from others: a sum, difference or multiple, with the sum written out.

The operands are money fields of one record and of its lines, or what the reply names itself and
the evidence has. More freedom would let nearly any amount be derived from something.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from itertools import combinations, islice

from handrail.core.verdict import EvidenceSpan
from handrail.guardrails.evidence import cited
from handrail.guardrails.lazily import cached_property
from handrail.guardrails.reading import Reading, Source
from handrail.guardrails.record_facts import Fact, Sheet
from handrail.guardrails.shelf import quoted
from handrail.guardrails.values import Value, duration_key, same_currency

_MOST_OPERANDS = 24
_MOST_TIMES = 99


@dataclass(frozen=True, slots=True)
class Operand:
    """An amount of a record."""

    amount: Decimal
    told: str
    """``55.00 (order W1 price)``."""
    evidence: EvidenceSpan
    line: bool
    """Whether it is the amount of a line, as a product of an order."""


@dataclass(frozen=True, slots=True)
class Derived:
    """How an amount comes about."""

    witness: str
    """``= 2 x 55.00 (order W1 price)``."""
    operands: tuple[Decimal, ...]
    evidence: tuple[EvidenceSpan, ...]


def _operand(fact: Fact, sheet: Sheet, *, line: bool) -> Operand | None:
    try:
        amount = Decimal(fact.quote)
    except InvalidOperation:
        return None
    record = sheet.record
    told = f"{fact.quote} ({record.kind} {record.id} {fact.field.replace('_', ' ')})"
    return Operand(amount, told, cited(fact), line)


Texts = Mapping[Sheet, Sequence[tuple[str, str]]]
"""What a record says as text, each by its id."""


def _operands(currency: str | None, sheets: Sequence[Sheet], texts: Texts) -> Iterator[Operand]:
    for number, sheet in enumerate(sheets):
        for fact in sheet.facts:
            if fact.type == "money" and same_currency(currency, fact.currency):
                made = _operand(fact, sheet, line=number > 0)
                if made and made.amount:
                    yield made
        for source in (Source(id_, Reading(text)) for id_, text in texts.get(sheet, ())):
            for found in source.reading.values.values():
                if found.kind == "money" and same_currency(currency, found.currency):
                    told = f"{found.text} ({sheet.record.kind} {sheet.record.id})"
                    quote = quoted(source, found.start, found.end)
                    yield Operand(Decimal(found.keys[0]), told, quote, line=True)


class Ledger:
    """The amounts of some records, each with its lines, in one currency; and what they make."""

    def __init__(
        self, currency: str | None, families: Iterable[Sequence[Sheet]], texts: Texts
    ) -> None:
        """Read the amounts of each family: a record, then its lines; and in their texts."""
        self._operands = [
            list(islice(_operands(currency, sheets, texts), _MOST_OPERANDS)) for sheets in families
        ]
        self._derived: dict[tuple[Decimal, tuple[int, ...]], Derived | None] = {}

    @cached_property
    def _amounts(self) -> frozenset[Decimal]:
        return frozenset(one.amount for operands in self._operands for one in operands)

    @cached_property
    def _made(self) -> frozenset[Decimal]:
        """All that is made by adding and taking away."""
        found: set[Decimal] = set()
        for operands in self._operands:
            found.add(_total(_lines(operands)))
            for first, second in combinations(operands, 2):
                found |= {first.amount + second.amount, abs(first.amount - second.amount)}
        return frozenset(found)

    def derive(self, sought: Decimal, times: Collection[int]) -> Derived | None:
        """Find how an amount follows from one of the records.

        Args:
            sought: The amount.
            times: Numbers that the sentence or the record names: "two of them".
        """
        counts = tuple([count for count in times if 1 < count <= _MOST_TIMES]) if times else ()
        if (sought, counts) not in self._derived:
            self._derived[sought, counts] = self._derive(sought, counts)
        return self._derived[sought, counts]

    def _derive(self, sought: Decimal, counts: Sequence[int]) -> Derived | None:
        if sought not in self._made and not any(sought / one in self._amounts for one in counts):
            return None
        found = (_follows(sought, operands, counts) for operands in self._operands)
        return next(filter(None, found), None)


def _follows(sought: Decimal, operands: Sequence[Operand], counts: Sequence[int]) -> Derived | None:
    for one in operands:
        for count in counts:
            if one.amount * count == sought:
                return _derived(f"{count} x {one.told}", one)
    lines = _lines(operands)
    if lines and _total(lines) == sought:
        return _derived(" + ".join(line.told for line in lines), *lines)
    for first, second in combinations(sorted(operands, key=_amount, reverse=True), 2):
        for sign, made in (("+", first.amount + second.amount),
                           ("-", first.amount - second.amount)):  # fmt: skip
            if made == sought:
                return _derived(f"{first.told} {sign} {second.told}", first, second)
    return None


def _lines(operands: Iterable[Operand]) -> list[Operand]:
    return [operand for operand in operands if operand.line]


def _total(operands: Iterable[Operand]) -> Decimal:
    return sum(map(_amount, operands), Decimal(0))


def derive_sum(value: Value, facts: Sequence[tuple[Fact, Sheet]]) -> Derived | None:
    """Find whether an amount is the sum of one field of the records that are named together."""
    operands = [_operand(fact, sheet, line=True) for fact, sheet in facts]
    known = [operand for operand in operands if operand]
    same = len({fact.field for fact, _ in facts}) == 1 and len(known) == len(facts) > 1
    if not same or _total(known) != Decimal(value.keys[0]):
        return None
    return _derived(" + ".join(operand.told for operand in known), *known)


def derive_named(
    sought: Decimal, named: Iterable[tuple[Value, EvidenceSpan]], times: Collection[int]
) -> Derived | None:
    """Find how an amount follows from others that a reply names, each with where it stands."""
    operands = {
        value.keys[0]: Operand(Decimal(value.keys[0]), value.text, span, line=True)
        for value, span in named
    }
    counts = [count for count in times if 1 < count <= _MOST_TIMES]
    return _follows(sought, list(operands.values()), counts)


def derive_days(value: Value, sheets: Sequence[Sheet]) -> Derived | None:
    """Find two days of one record that are a length of time apart: "two days later"."""
    for sheet in sheets:
        days = [(day, fact) for fact in sheet.facts if (day := _day(fact))]
        days.sort(key=lambda one: one[0])
        for (early, first), (late, second) in combinations(days, 2):
            if duration_key(Decimal((late - early).days), "day") == value.keys[0]:
                told = (
                    f"= {second.quote[:10]} ({second.field}) - {first.quote[:10]} ({first.field})"
                )
                return Derived(told, (), (cited(second), cited(first)))
    return None


def _day(fact: Fact) -> date | None:
    try:
        return date.fromisoformat(fact.quote[:10]) if fact.type == "date" else None
    except ValueError:
        return None


def _amount(operand: Operand) -> Decimal:
    return operand.amount


def _derived(told: str, *operands: Operand) -> Derived:
    amounts = tuple(operand.amount for operand in operands)
    return Derived(f"= {told}", amounts, tuple(operand.evidence for operand in operands))
