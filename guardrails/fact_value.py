"""Check ``fact.value``: every value stands in the evidence, and in the slot it is said to be.

Each amount, date, number and id is held against what the words beside it speak of: this order's
refund, not another order's total.

Fires: "Your refund is $94.90." where the order says 89.90. "Order W1 comes to 20.00." where that is
the total of W2. "Order W1 has been delivered." where the record says pending. Does not fire: "Your
refund is 89.90 EUR." where it is; "It arrives tomorrow." where the record names that day. The
customer's own words are no evidence: "You owe me $500" makes no 500 true. What the customer named
may be repeated to deny it, "I cannot find order W555", or to ask, except for amounts.

Rules: ``money_not_in_evidence`` (critical), ``percent_``, ``date_``, ``time_``, ``duration_``,
``quantity_``, ``id_`` and ``contact_not_in_evidence`` (high). ``wrong_slot`` (critical for money,
else high): the value is one of the customer's, but not of this record or field. ``wrong_status``
(high): the record has another status. ``derived`` (low): an amount or length of time that follows
from a record, or from amounts that the reply names beside it, with the sum as witness.
``too_many`` (high, critical where one is an amount that nothing has): the values of a reply from
the 201st on are not judged one by one, so a person must look.
A value that is another customer's is for ``priv.other_customer``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from handrail.core.verdict import EvidenceSpan, Finding
from handrail.guardrails.claims import Claim
from handrail.guardrails.contract import CheckContext, CheckSettings, check
from handrail.guardrails.derivation import (
    Derived,
    Ledger,
    derive_days,
    derive_named,
    derive_sum,
)
from handrail.guardrails.evidence import cited
from handrail.guardrails.lazily import cached_property
from handrail.guardrails.near_days import falls_on, near_days, told_day
from handrail.guardrails.record_facts import Fact, Sheet, today
from handrail.guardrails.slots import SLOT_TYPES, Binding, Slots
from handrail.guardrails.statuses import StatusClaim, untrue_statuses
from handrail.guardrails.values import (
    CONTACTS,
    Value,
    ValueKind,
    find_values,
    number_key,
    same_currency,
)

_NAMES: dict[ValueKind, str] = {
    "money": "This amount",
    "percent": "This percentage",
    "date": "This date",
    "weekday": "This day",
    "time": "This time",
    "duration": "This length of time",
    "quantity": "This number",
    "id": "This number or code",
    "email": "This address",
    "phone": "This telephone number",
}
_ADDRESSES = ("email", "phone")
_TRIED = 12
"""How many records an amount is derived from, one after the other; how many amounts beside it."""
_JUDGED = 200
"""How many values are judged one by one; of a longer list a person must look at the others."""
_TENS = 2
_LABELS = frozenset(
    "address line step option part item point question dirección línea paso opción parte".split()  # noqa: SIM905
)
"""What lines are numbered by."""
_LABEL_CHARS = 16
_HEARD, _HEARD_CHARS = 20, 1000
"""How many of the customer's last messages, and how much of each, are looked through for values."""
_ABSENT = EvidenceSpan(source="rule:evidence", quote="", relation="absent")


class ValueSettings(CheckSettings):
    """What counts as a value that needs evidence."""

    ignore: tuple[ValueKind, ...] = ()
    """Kinds of value that need no evidence."""
    free_numbers: int = 1
    """Plain numbers up to this one need no evidence: "1 more thing"."""


def _needs_evidence(value: Value, text: str, settings: ValueSettings) -> bool:
    if value.kind in settings.ignore:
        return False
    if value.kind == "quantity":
        small = float(value.keys[0]) <= settings.free_numbers
        return not (value.spelled or small or _is_label(value, text))
    return not (value.spelled and value.kind == "time")


def _is_label(value: Value, text: str) -> bool:
    """Whether a number is part of what a line is called: "Address line 2: Suite 9"."""
    if text[value.end : value.end + 3].lstrip("*")[:1] != ":":
        return False
    before = text[max(0, value.start - _LABEL_CHARS) : value.start].casefold().split()
    return bool(before) and before[-1].lstrip("*") in _LABELS


class _Judge:
    """What one text may be held against; all places are those of the folded text."""

    def __init__(self, ctx: CheckContext) -> None:
        self.ctx = ctx
        self._records = ctx.evidence.records
        self.sheets = self._records.sheets
        self._tried = tuple(self.sheets[:_TRIED])
        self._numbers = frozenset(self._records.numbers.keyed[0])
        self._apart: dict[tuple[tuple[str, ...], tuple[Sheet, ...]], Derived | None] = {}
        self._ledgers: dict[tuple[tuple[Sheet, ...], str | None], Ledger] = {}

    @cached_property
    def slots(self) -> Slots:
        """The slots of the customer's records."""
        return Slots(self.ctx)

    @cached_property
    def today(self) -> date:
        """The day it is where the customer lives."""
        return today(self.ctx.snapshot)

    @cached_property
    def _said(self) -> frozenset[str]:
        """The values that the customer named so far, by their names."""
        texts = [one.text for one in self.ctx.snapshot.messages if one.role == "customer"]
        read = (find_values(text[:_HEARD_CHARS]) for text in (*texts[-_HEARD:], self.ctx.heard))
        return frozenset(name for values in read for value in values for name in value.names)

    @cached_property
    def _days(self) -> Sequence[Fact]:
        """The days of the customer's records."""
        return self._records.facts("date")

    @cached_property
    def _counts(self) -> dict[int, set[int]]:
        """The small numbers of each sentence, by where it begins: "two of them"."""
        found: dict[int, set[int]] = {}
        for value in self.ctx.folded_values:
            key = value.keys[0]
            if value.kind == "quantity" and key.isdecimal() and len(key) <= _TENS:
                claim = self.ctx.sentence_at(value.start, value.end)
                if claim:
                    found.setdefault(claim.start, set()).add(int(key))
        return found

    @cached_property
    def _amounts(self) -> frozenset[str]:
        """The amounts that the reply names."""
        values = self.ctx.folded_values
        return frozenset(key for value in values if value.kind == "money" for key in value.keys)

    def _only_repeats(self, value: Value, claim: Claim | None) -> bool:
        """Whether the reply only asks about, or denies, what the customer named.

        To ask about an amount may be to offer it.
        """
        if claim is None or not (claim.negated or claim.kind == "question"):
            return False
        if value.kind == "money" and not claim.negated:
            return False
        return not self._said.isdisjoint(value.names)

    def holds(self, fact: Fact, value: Value) -> bool:
        """Whether a field has this value."""
        if value.kind == "weekday":
            return falls_on(value, fact.quote)
        same = any(map(fact.has, value.names))
        return same and same_currency(value.currency, fact.currency)

    def judge(self, value: Value) -> Finding | None:
        """Judge one value against its slot, or against all evidence where it has none."""
        evidence = self.ctx.evidence
        if value.keys[0] in self._numbers:
            return None  # it names a record
        day = value
        if value.kind == "duration":
            day = told_day(value, self.ctx.folded.text, self.today) or value
        recorded = evidence.fact(value) or self._near(day)
        if not recorded and evidence.has_written(value):
            return None
        return self._judge_bound(value, day, recorded)

    def _judge_bound(self, value: Value, day: Value, recorded: Fact | None) -> Finding | None:
        """Judge a value, also told as the day it means, by its sentence and the slot in it."""
        claim = self.ctx.sentence_at(value.start, value.end)
        binding = self._binding(day, claim)
        if binding and any(self.holds(fact, day) for fact in binding.facts):
            return None
        if not recorded:
            if self._only_repeats(value, claim):
                return None
            derived = self._derived(value, claim, binding)
            return derived or self._unsupported(value, binding)
        if binding and self._misplaced(day, binding):
            return self._wrong_slot(value, binding, recorded)
        return None

    def judge_day(self, day: Value) -> Finding | None:
        """Judge "tomorrow": only against a field that the words clearly mean."""
        binding = self._binding(day, self.ctx.sentence_at(day.start, day.end))
        if not (binding and binding.facts and binding.meaning and binding.meaning.near):
            return None
        if not binding.named and len(binding.facts) > 1:
            return None
        if any(self.holds(fact, day) for fact in binding.facts):
            return None
        return self._wrong_slot(day, binding, self.ctx.evidence.fact(day))

    def _binding(self, value: Value, claim: Claim | None) -> Binding | None:
        if not self.sheets or value.kind not in SLOT_TYPES or claim is None:
            return None
        if claim.negated or (value.kind in CONTACTS and value.keys[0] in self._numbers):
            return None
        return self.slots.bind(value, claim)

    def _near(self, value: Value) -> Fact | None:
        """The record field that a weekday or "in 3 days" comes from."""
        if value.kind == "weekday":
            days = (fact for fact in self._days if falls_on(value, fact.quote, self.today))
            return next(days, None)
        return self.ctx.evidence.fact(value) if value.kind == "date" else None

    def _misplaced(self, value: Value, binding: Binding) -> bool:
        """Whether a recorded value belongs elsewhere; what is published too is mostly spared."""
        kind = SLOT_TYPES[value.kind]
        if not binding.facts:
            own = [fact for sheet in self.slots.family(binding.sheets) for fact in sheet.facts]
            inside = any(fact.type == kind and self.holds(fact, value) for fact in own)
            if inside or not binding.named or kind not in ("money", "id"):
                return False
        return binding.sure or not self.ctx.evidence.has_written(value)

    def _wrong_slot(self, value: Value, binding: Binding, found: Fact | None) -> Finding:
        holds = tuple(cited(fact, "contradicts") for fact in binding.facts[:3])
        if not holds:
            holds = (EvidenceSpan(source=binding.sheets[0].source, quote="", relation="absent"),)
        subject = _about(binding.facts[0] if binding.facts else None, binding.sheets)
        return _finding(
            self.ctx,
            "wrong_slot",
            value,
            f"{_NAMES[value.kind]} is not {subject}.",
            severity="critical" if value.kind == "money" else "high",
            evidence=(*holds, *((cited(found),) if found else ())),
            confidence=0.95 if binding.sure else 0.85,
            replacement=self._replacement(binding),
        )

    def _replacement(self, binding: Binding) -> str | None:
        """What to write instead, where one field is meant and it and its record are named."""
        if len(binding.facts) != 1 or not binding.sure:
            return None
        fact = binding.facts[0]
        if fact.type == "money":
            return f"{fact.quote} {fact.currency or self.ctx.playbook.brand.currency}"
        return fact.quote[:10] if fact.type == "date" else fact.quote

    def _unsupported(self, value: Value, binding: Binding | None = None) -> Finding:
        facts = binding.facts[:3] if binding else ()
        denied = tuple([cited(fact, "contradicts") for fact in facts]) if facts else (_ABSENT,)
        rule = "contact" if value.kind in _ADDRESSES else value.kind
        return _finding(
            self.ctx,
            f"{rule}_not_in_evidence",
            value,
            f"{_NAMES[value.kind]} is in no record, article or template the reply may rely on.",
            severity="critical" if value.kind == "money" else "high",
            evidence=denied,
            replacement=self._replacement(binding) if binding else None,
        )

    def _derived(
        self, value: Value, claim: Claim | None, binding: Binding | None
    ) -> Finding | None:
        derived = self._derivation(value, claim, binding)
        if derived is None:
            return None
        return _finding(
            self.ctx,
            "derived",
            value,
            f"{_NAMES[value.kind]} is worked out from others: {derived.witness}.",
            severity="low",
            evidence=derived.evidence,
        )

    def _derivation(
        self, value: Value, claim: Claim | None, binding: Binding | None
    ) -> Derived | None:
        sheets = binding.sheets[:_TRIED] if binding else self._tried
        if value.kind == "duration":
            return self._days_apart(value, sheets)
        if value.kind != "money":
            return None
        if binding and len(sheets) > 1:
            pairs = [(fact, s) for s in sheets for fact in s.facts if fact in binding.facts]
            together = derive_sum(value, pairs)
            if together:
                return together
        times = self._counts.get(claim.start, ()) if claim else ()
        sought = Decimal(value.keys[0])
        found = self._ledger(sheets, value.currency).derive(sought, times)
        meaning = binding.meaning if binding and binding.facts else None
        if meaning and meaning.specific and meaning.near:
            # A field says another amount: only a sum of what the reply lists of it is believed.
            listed = found and self._amounts.issuperset(map(number_key, found.operands))
            return found if listed else None
        beside = () if found else self._beside(value)
        return derive_named(sought, beside, times) if beside else found

    @cached_property
    def _supported(self) -> Sequence[tuple[Value, EvidenceSpan]]:
        """The amounts that the reply names and the evidence has, with where it has them."""
        amounts = [one for one in self.ctx.folded_values[:_JUDGED] if one.kind == "money"]
        return [(one, span) for one in amounts if (span := self.ctx.evidence.find(one))]

    def _beside(self, amount: Value) -> Sequence[tuple[Value, EvidenceSpan]]:
        """Of these the ones nearest to another amount in its currency."""
        same = [one for one in self._supported if same_currency(amount.currency, one[0].currency)]
        return sorted(same, key=lambda one: abs(one[0].start - amount.start))[:_TRIED]

    def _days_apart(self, value: Value, sheets: tuple[Sheet, ...]) -> Derived | None:
        key = (value.keys, sheets)
        if key not in self._apart:
            self._apart[key] = derive_days(value, sheets)
        return self._apart[key]

    def _ledger(self, sheets: tuple[Sheet, ...], currency: str | None) -> Ledger:
        """The amounts of records and their lines in one currency; read once."""
        key = (sheets, currency)
        if key not in self._ledgers:
            families = (self.slots.family([sheet]) for sheet in sheets)
            self._ledgers[key] = Ledger(currency, families, self._records.texts)
        return self._ledgers[key]


def _about(fact: Fact | None, sheets: tuple[Sheet, ...]) -> str:
    """``the refund amount of order W100``."""
    field = f"the {fact.field.replace('_', ' ')}" if fact else "an amount or number"
    record = sheets[0].record
    where = f"{record.kind} {record.id}" if len(sheets) == 1 else f"any {record.kind} that is meant"
    return f"{field} of {where}"


def _finding(
    ctx: CheckContext, rule: str, place: Value | StatusClaim, message: str, **told: Any
) -> Finding:
    """A finding at a place of the folded text."""
    span = ctx.folded.span(place.start, place.end)
    return fact_value.finding(rule, *span, message, **told)


def _status_finding(untrue: StatusClaim, ctx: CheckContext) -> Finding:
    record = untrue.sheet.record
    return _finding(
        ctx,
        "wrong_status",
        untrue,
        f"The status of {record.kind} {record.id} is another one.",
        severity="high",
        evidence=(cited(untrue.fact, "contradicts"),),
        confidence=0.9,
    )


def _too_many(left: Sequence[Value], ctx: CheckContext) -> Finding:
    """Tell of the values that are not judged one by one; an amount that nothing has stays grave."""
    unknown = any(one.kind == "money" and not ctx.evidence.has(one) for one in left)
    message = f"Only {_JUDGED} values are checked; a person must look at those from here on."
    return _finding(ctx, "too_many", left[0], message, severity="critical" if unknown else "high")


@check(
    "fact.value", severity="critical", settings=ValueSettings, yields_to=("priv.other_customer",)
)
def fact_value(ctx: CheckContext, settings: ValueSettings) -> Iterator[Finding]:
    """Flag each typed value that no evidence supports, or that belongs to another slot."""
    judge = _Judge(ctx)
    text = ctx.folded.text
    values = [value for value in ctx.folded_values if _needs_evidence(value, text, settings)]
    until = values[_JUDGED].start if len(values) > _JUDGED else len(text)
    yield from filter(None, map(judge.judge, values[:_JUDGED]))
    if until < len(text):
        yield _too_many(values[_JUDGED:], ctx)
    if not ctx.records:
        return
    days = (day for day in near_days(text, lambda: judge.today) if day.start < until)
    yield from filter(None, map(judge.judge_day, days))
    for untrue in untrue_statuses(ctx, lambda: judge.slots):
        yield _status_finding(untrue, ctx)
