"""What the playbook lets somebody promise: its limits by action, role and mode."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from handrail.core.verdict import LIMITS, EvidenceSpan, Severity
from handrail.guardrails.contract import CheckContext
from handrail.guardrails.values import same_currency
from handrail.playbook.models import Limit, Promise

Rule = Literal["no_authority", "above_limit", "amount_unstated"]


@dataclass(frozen=True, slots=True)
class Amount:
    """How much is promised."""

    number: Decimal
    unit: str | None = None
    """ISO 4217 code, ``$`` for any dollar, ``%`` for a share, ``None`` where it is not said."""


@dataclass(frozen=True, slots=True)
class Excess:
    """What is wrong with a promise."""

    rule: Rule
    message: str
    limit: Limit | None

    @property
    def severity(self) -> Severity:
        """An amount that is not said may still be within the limit."""
        return "high" if self.rule == "amount_unstated" else "critical"

    def evidence(self, action: Promise) -> EvidenceSpan:
        """The limit that speaks against it."""
        return EvidenceSpan(
            source=f"{LIMITS}{action}",
            quote="" if self.limit is None else worded(self.limit),
            relation="absent" if self.limit is None else "contradicts",
        )


def worded(limit: Limit) -> str:
    """Write a limit for a person: ``50 USD or 10 %``."""
    parts = [] if limit.amount is None else [f"{limit.amount} {limit.currency or ''}".strip()]
    return " or ".join([*parts, *([] if limit.percent is None else [f"{limit.percent} %"])])


def limits_on(action: Promise, ctx: CheckContext) -> Sequence[Limit] | None:
    """The limits that bind whoever wrote the draft, in this mode.

    ``None`` where a person wrote it and nothing binds their role; nothing at all where the AI may
    not promise it.
    """
    person = ctx.draft is not None and ctx.draft.source == "person"
    role = ctx.draft.author_role if person and ctx.draft else "ai"
    own = [one for one in ctx.playbook.limits if one.action == action and one.role == role]
    here = [one for one in own if ctx.mode in one.modes] or [one for one in own if not one.modes]
    return None if person and not own else here


def excess(limits: Sequence[Limit], amounts: Sequence[Amount]) -> Excess | None:
    """Say how amounts, together, are beyond the limits; ``None`` where they are within them."""
    if not any(_allows(limit) for limit in limits):
        limit = limits[0] if limits else None
        bound = limit.role if limit else "ai"
        who = "nobody but a person" if bound == "ai" else f"no {bound}"
        return Excess("no_authority", f"The playbook lets {who} promise this.", limit)
    if any(limit.amount is None and limit.percent is None for limit in limits):
        return None
    for amount in amounts:
        found = _beyond(limits, amount)
        if found:
            return found
    for total in _totals(amounts):
        found = _beyond(limits, total)
        if found:
            return Excess("above_limit", f"In all, {found.message[0].lower()}{found.message[1:]}",
                          found.limit)  # fmt: skip
    if not amounts:
        shown = ", ".join(map(worded, limits))
        message = f"This promise has no amount to hold against {shown}."
        return Excess("amount_unstated", message, limits[0])
    return None


def _allows(limit: Limit) -> bool:
    return (limit.amount is None and limit.percent is None) or bool(limit.amount or limit.percent)


def _largest(limit: Limit, amount: Amount) -> Decimal | None:
    """The largest number a limit allows of an amount's unit; ``None`` where it says nothing."""
    if amount.unit != "%":
        return limit.amount if same_currency(amount.unit, limit.currency) else None
    if limit.percent is None and limit.action == "discount" and limit.currency is None:
        return limit.amount  # a discount's bare number has always been read as a share too
    return limit.percent


def _beyond(limits: Sequence[Limit], amount: Amount) -> Excess | None:
    bounds = [(largest, x) for x in limits if (largest := _largest(x, amount)) is not None]
    if not bounds and amount.unit == "%":
        shown = ", ".join(map(worded, limits))
        return Excess("amount_unstated", f"A share cannot be held against {shown}.", limits[0])
    if not bounds:
        message = "The playbook's limits are in another currency or unit than this promise."
        return Excess("above_limit", message, limits[0])
    largest, limit = bounds[0]
    if amount.number <= largest:
        return None
    message = f"This promise is above the playbook's limit of {worded(limit)}."
    return Excess("above_limit", message, limit)


def _totals(amounts: Iterable[Amount]) -> Iterable[Amount]:
    """Sums by currency; shares do not add up."""
    sums: dict[str | None, Decimal] = {}
    for amount in amounts:
        if amount.unit != "%":
            sums[amount.unit] = sums.get(amount.unit, Decimal(0)) + amount.number
    return [Amount(number, unit) for unit, number in sums.items()]


_PROMISED_BY: dict[Promise, re.Pattern[str]] = {
    "refund": re.compile(r"refund|reimburse|money_back"),
    "discount": re.compile(r"discount|price_(?:match|reduction)"),
    "credit": re.compile(r"credit|voucher|certificate|coupon|gift|compensat"),
    "waiver": re.compile(r"waive"),
    "replacement": re.compile(r"replace|exchange|resend|reship"),
}


def promise_of(action: str) -> Promise | None:
    """Which promise an action keeps: ``issue_refund`` a refund; ``None`` where no limit applies."""
    return next((kind for kind, rule in _PROMISED_BY.items() if rule.search(action)), None)
