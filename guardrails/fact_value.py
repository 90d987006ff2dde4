"""Check ``fact.value``: every value stands in the evidence, and in the slot it is said to be.

Each amount, date, number and id is held against what the words beside it speak of: this order's
refund, not another order's total.

Fires: "Your refund is $94.90." where the order says 89.90. "Order W1 comes to 20.00." where that is
the total of W2. "Order W1 has been delivered." where the record says pending. Does not fire: "Your
refund is 89.90 EUR." where it is; "It arrives tomorrow." where the record names that day. The
customer's own words are no evidence: "You owe me $500" makes no 500 true. An id the customer named
may be repeated to say that it was not found.

Rules: ``money_not_in_evidence`` (critical), ``percent_``, ``date_``, ``time_``, ``duration_``,
``quantity_``, ``id_`` and ``contact_not_in_evidence`` (high). ``wrong_slot`` (critical for money,
else high): the value is one of the customer's, but not of this record or field. ``wrong_status``
(high): the record has another status. ``derived`` (low): an amount or length of time that follows
from a record, with the sum as witness.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cached_property

from handrail.core.ports import owner_key
from handrail.core.verdict import EvidenceSpan, Finding
from handrail.guardrails.claims import Claim
from handrail.guardrails.contract import CheckContext, CheckSettings, check
from handrail.guardrails.derivation import Derived, derive, derive_days, derive_sum
from handrail.guardrails.evidence import cited
from handrail.guardrails.near_days import falls_on, near_days, told_day
from handrail.guardrails.record_facts import Fact, Sheet, today
from handrail.guardrails.slots import SLOT_TYPES, Binding, Slots
from handrail.guardrails.statuses import StatusClaim, untrue_statuses
from handrail.guardrails.values import Value, ValueKind, number_key, same_currency

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
_CONTACTS = ("email", "phone")
_TRIED = 12
"""How many records an amount is derived from, one after the other."""
_TENS = 2
_ABSENT = EvidenceSpan(source="rule:evidence", quote="", relation="absent")


class ValueSettings(CheckSettings):
    """What counts as a value that needs evidence."""

    ignore: tuple[ValueKind, ...] = ()
    """Kinds of value that need no evidence."""
    free_numbers: int = 1
    """Plain numbers up to this one need no evidence: "1 more thing"."""


def _needs_evidence(value: Value, settings: ValueSettings) -> bool:
    if value.kind in settings.ignore:
        return False
    if value.kind == "quantity":
        small = float(value.keys[0]) <= settings.free_numbers
        return not (value.spelled or small)
    return not (value.spelled and value.kind == "time")


def _repeats_unknown_id(value: Value, ctx: CheckContext) -> bool:
    """Whether the reply only says that an id the customer wrote was not found."""
    if value.kind != "id" or value.keys[0] not in owner_key(ctx.said):
        return False
    claim = ctx.claim_at(value.start, value.end)
    return claim is not None and (claim.negated or claim.kind == "question")


class _Judge:
    """What one text may be held against."""

    def __init__(self, ctx: CheckContext) -> None:
        self.ctx = ctx
        self.denials: dict[int, bool] = {}

    @cached_property
    def slots(self) -> Slots:
        """The slots of the customer's records."""
        return Slots(self.ctx)

    @cached_property
    def today(self) -> date:
        """The day it is where the customer lives."""
        return today(self.ctx.snapshot)

    @cached_property
    def _counts(self) -> dict[int, set[int]]:
        """The small numbers of each sentence, by where it begins: "two of them"."""
        found: dict[int, set[int]] = {}
        for value in self.ctx.values:
            if (
                value.kind == "quantity"
                and value.keys[0].isdecimal()
                and len(value.keys[0]) <= _TENS
            ):
                claim = self.ctx.claim_at(value.start, value.end)
                if claim:
                    found.setdefault(claim.start, set()).add(int(value.keys[0]))
        return found

    @cached_property
    def _amounts(self) -> frozenset[str]:
        """The amounts that the reply names."""
        return frozenset(k for v in self.ctx.values if v.kind == "money" for k in v.keys)

    def negated(self, claim: Claim) -> bool:
        """Whether a sentence says no; asked of each once."""
        if claim.start not in self.denials:
            self.denials[claim.start] = claim.negated
        return self.denials[claim.start]

    def holds(self, fact: Fact, value: Value) -> bool:
        """Whether a field has this value."""
        if value.kind == "weekday":
            return falls_on(value, fact.quote)
        same = not set(value.names).isdisjoint(fact.names)
        return same and same_currency(value.currency, fact.currency)

    def judge(self, value: Value) -> Finding | None:
        """Judge one value against its slot, or against all evidence where it has none."""
        if self.ctx.records and f"contact:{value.keys[0]}" in self.slots.keys:
            return None  # it names a record
        day = told_day(value, self.ctx.text, self.today)
        binding = self._binding(day or value)
        meant = binding.facts if binding else ()
        if any(self.holds(fact, day or value) for fact in meant):
            return None
        recorded = self.ctx.evidence.recorded(value) or self._near(day or value)
        if not recorded:
            written = self.ctx.evidence.written(value)
            return None if written else self._unsupported(value, binding)
        if binding and self._misplaced(day or value, binding):
            return self._wrong_slot(value, binding, recorded)
        return None

    def judge_day(self, day: Value) -> Finding | None:
        """Judge "tomorrow": only against a field that the words clearly mean."""
        binding = self._binding(day)
        if not (binding and binding.facts and binding.meaning and binding.meaning.near):
            return None
        if not binding.named and len(binding.facts) > 1:
            return None
        if any(self.holds(fact, day) for fact in binding.facts):
            return None
        return self._wrong_slot(day, binding, self.ctx.evidence.recorded(day))

    def _binding(self, value: Value) -> Binding | None:
        claim = self.ctx.claim_at(value.start, value.end)
        if not self.slots.sheets or value.kind not in SLOT_TYPES or claim is None:
            return None
        if value.names[0] in self.slots.keys or self.negated(claim):
            return None
        return self.slots.bind(value)

    def _near(self, value: Value) -> EvidenceSpan | None:
        """The record field that a weekday or "in 3 days" comes from."""
        if value.kind == "weekday":
            facts = (fact for sheet in self.slots.sheets for fact in sheet.facts)
            dates = (fact for fact in facts if fact.type == "date")
            days = (fact for fact in dates if falls_on(value, fact.quote, self.today))
            return next(map(cited, days), None)
        return self.ctx.evidence.recorded(value) if value.kind == "date" else None

    def _misplaced(self, value: Value, binding: Binding) -> bool:
        """Whether a recorded value belongs elsewhere; what is published too is mostly spared."""
        kind = SLOT_TYPES[value.kind]
        if not binding.facts:
            own = [fact for sheet in self.slots.family(binding.sheets) for fact in sheet.facts]
            inside = any(fact.type == kind and self.holds(fact, value) for fact in own)
            if inside or not binding.named or kind not in ("money", "id"):
                return False
        return binding.sure or not self.ctx.evidence.written(value)

    def _wrong_slot(self, value: Value, binding: Binding, found: EvidenceSpan | None) -> Finding:
        holds = tuple(cited(fact, "contradicts") for fact in binding.facts[:3])
        if not holds:
            holds = (EvidenceSpan(source=_source(binding.sheets[0]), quote="", relation="absent"),)
        subject = _about(binding.facts[0] if binding.facts else None, binding.sheets)
        return fact_value.finding(
            "wrong_slot",
            value.start,
            value.end,
            f"{_NAMES[value.kind]} is not {subject}.",
            severity="critical" if value.kind == "money" else "high",
            evidence=(*holds, *((found,) if found else ())),
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

    def _unsupported(self, value: Value, binding: Binding | None) -> Finding:
        derived = self._derived(value, binding)
        if derived:
            return fact_value.finding(
                "derived",
                value.start,
                value.end,
                f"{_NAMES[value.kind]} follows from the records: {derived.witness}.",
                severity="low",
                evidence=derived.evidence,
            )
        facts = binding.facts if binding else ()
        rule = "contact" if value.kind in _CONTACTS else value.kind
        return fact_value.finding(
            f"{rule}_not_in_evidence",
            value.start,
            value.end,
            f"{_NAMES[value.kind]} is in no record, article or template the reply may rely on.",
            severity="critical" if value.kind == "money" else "high",
            evidence=tuple(cited(fact, "contradicts") for fact in facts[:3]) or (_ABSENT,),
            replacement=self._replacement(binding) if binding else None,
        )

    def _derived(self, value: Value, binding: Binding | None) -> Derived | None:
        sheets = (binding.sheets if binding else self.slots.sheets)[:_TRIED]
        if value.kind == "duration":
            return derive_days(value, sheets)
        if value.kind != "money":
            return None
        if binding and len(sheets) > 1:
            pairs = [(fact, s) for s in sheets for fact in s.facts if fact in binding.facts]
            together = derive_sum(value, pairs)
            if together:
                return together
        claim = self.ctx.claim_at(value.start, value.end)
        times = self._counts.get(claim.start, ()) if claim else ()
        tried = (derive(value, self.slots.family([sheet]), times) for sheet in sheets)
        found = next(filter(None, tried), None)
        meaning = binding.meaning if binding and binding.facts else None
        if found and meaning and meaning.specific and meaning.near:
            # A field says another amount: only a sum of what the reply lists itself is believed.
            return found if self._amounts.issuperset(map(number_key, found.operands)) else None
        return found


def _source(sheet: Sheet) -> str:
    return f"record:{sheet.record.kind}/{sheet.record.id}"


def _about(fact: Fact | None, sheets: tuple[Sheet, ...]) -> str:
    """``the refund amount of order W100``."""
    field = f"the {fact.field.replace('_', ' ')}" if fact else "an amount or number"
    record = sheets[0].record
    where = f"{record.kind} {record.id}" if len(sheets) == 1 else f"any {record.kind} that is meant"
    return f"{field} of {where}"


def _status_finding(untrue: StatusClaim) -> Finding:
    record = untrue.sheet.record
    return fact_value.finding(
        "wrong_status",
        untrue.start,
        untrue.end,
        f"The status of {record.kind} {record.id} is another one.",
        severity="high",
        evidence=(cited(untrue.fact, "contradicts"),),
        confidence=0.9,
    )


@check("fact.value", severity="critical", settings=ValueSettings)
def fact_value(ctx: CheckContext, settings: ValueSettings) -> Iterator[Finding]:
    """Flag each typed value that no evidence supports, or that belongs to another slot."""
    judge = _Judge(ctx)
    for value in ctx.values:
        if _needs_evidence(value, settings) and not _repeats_unknown_id(value, ctx):
            finding = judge.judge(value)
            if finding:
                yield finding
    if not ctx.records:
        return
    for day in near_days(ctx.text, judge.today):
        finding = judge.judge_day(day)
        if finding:
            yield finding
    for untrue in untrue_statuses(ctx, lambda: judge.slots):
        yield _status_finding(untrue)
