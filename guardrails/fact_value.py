"""Check ``fact.value``: every amount, date, number and id of a reply stands in the evidence.

Fires: "Your refund is $94.90." where the order says 89.90. Does not fire: "Your refund is
89.90 EUR." where it does. The customer's own words are no evidence: "You owe me $500" makes no
500 true. An id the customer named may be repeated to say that it was not found.

Rules: ``money_not_in_evidence`` (critical), ``percent_``, ``date_``, ``time_``, ``duration_``,
``quantity_``, ``id_`` and ``contact_not_in_evidence`` (high).
"""

from __future__ import annotations

from collections.abc import Iterator

from handrail.core.ports import owner_key
from handrail.core.verdict import EvidenceSpan, Finding
from handrail.guardrails.contract import CheckContext, CheckSettings, check
from handrail.guardrails.values import Value, ValueKind

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


def _candidate(value: Value, ctx: CheckContext) -> tuple[str, EvidenceSpan] | None:
    """The one record field this amount must have meant: named beside it, and the only one."""
    claim = ctx.claim_at(value.start, value.end) if value.kind == "money" else None
    if claim is None:
        return None
    beside = [v for v in ctx.values if v.kind == "money" and claim.holds(v.start, v.end)]
    words = claim.text.casefold()
    named = [record for record in ctx.records if record.id.casefold() in words]
    records = named or (ctx.records if len(ctx.records) == 1 else ())
    found = [
        (f"record:{record.kind}/{record.id}#{name}", str(field.value), field.currency)
        for record in records
        for name, field in record.fields.items()
        if field.type == "money"
        and field.visibility == "customer"
        and field.value is not None
        and name.casefold().replace("_", " ") in words
    ]
    if len(found) != 1 or len(beside) != 1:
        return None
    source, amount, currency = found[0]
    evidence = EvidenceSpan(source=source, quote=amount, relation="contradicts")
    return f"{amount} {currency or ctx.playbook.brand.currency}", evidence


@check("fact.value", severity="critical", settings=ValueSettings)
def fact_value(ctx: CheckContext, settings: ValueSettings) -> Iterator[Finding]:
    """Flag each typed value that no record, passage or playbook text supports."""
    for value in ctx.values:
        if not _needs_evidence(value, settings) or ctx.evidence.find(value):
            continue
        if _repeats_unknown_id(value, ctx):
            continue
        candidate = _candidate(value, ctx)
        absent = EvidenceSpan(source="rule:evidence", quote="", relation="absent")
        rule = "contact" if value.kind in _CONTACTS else value.kind
        yield fact_value.finding(
            f"{rule}_not_in_evidence",
            value.start,
            value.end,
            f"{_NAMES[value.kind]} is in no record, article or template the reply may rely on.",
            severity="critical" if value.kind == "money" else "high",
            evidence=(candidate[1] if candidate else absent,),
            replacement=candidate[0] if candidate else None,
        )
