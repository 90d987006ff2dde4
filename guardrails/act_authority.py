"""Check ``act.authority``: a reply promises only what the playbook lets it promise.

Fires: "We will refund you $500." where the limit for refunds is 50, or where there is none set.
Does not fire: "We cannot refund this.", "Would you like a refund?", a policy sentence that stands
in an article or template, or a refund that the order's record already shows.

Rules: ``no_authority`` (critical): the playbook gives no limit for this kind of promise, or zero.
``above_limit`` (critical): more than the limit. ``amount_unstated`` (high): the limit has an
amount and the promise has none that could be compared. The evidence is the limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Literal

from handrail.core.verdict import EvidenceSpan, Finding
from handrail.guardrails.claims import Claim
from handrail.guardrails.contract import CheckContext, CheckSettings, check
from handrail.guardrails.values import Value, same_currency
from handrail.playbook.models import Limit

Action = Literal["refund", "discount", "credit", "waiver", "replacement", "legal_admission"]

_OBJECTS: dict[Action, str] = {
    "refund": r"refund(?:ed|ing|s)?|reimburse(?:d|ment)?|money back|reembols(?:o|ar\w{0,3}|amos"
              r"|aremos"
    r"|aré|ado)|devolver(?:emos|é|te|le)? (?:el|su|tu) dinero|return (?:your|the) money",
    "discount": r"discounts?|(?:\d{1,3} ?%|percent) off|price reduction|descuentos?|rebaja",
    "credit": r"(?:store |account )?credits?(?! cards?)|vouchers?|gift ?cards?|compensat(?:e|ion)"
              r"|goodwill"
    r"|cup[oó]n(?:es)?|vales?|compensa(?:ción|r\w{0,3}|remos)",
    "waiver": r"waiv(?:e|ed|ing)|free of charge|at no (?:extra |additional )?(?:cost|charge)"
              r"|for free"
    r"|no charge|eximir|sin (?:coste|costo|cargo)|gratis",
    "replacement": r"replacements?|replace|new one|exchange(?:d)?|reemplaz\w{1,5}|reposición"
                   r"|sustituir\w{0,4}",
    "legal_admission": r"liable|liability|legal(?:ly)? (?:responsib\w{2,6}|binding)|our negligence"
    r"|we (?:broke|violated|breached)|admit|legally|responsabilidad legal|negligencia",
}  # fmt: skip
_COMMITS = re.compile(
    r"\b(?:(?:i|we)(?:['’](?:ll|ve|d|m|re)| (?:will|shall|can|could|am|are|have|hereby|promise"
    r"|guarantee|agree|offer|admit|accept|were|broke|violated|breached))|let (?:me|us)"
    r"|you(?:['’]ll(?! need| have)"
    r"| will(?! need| have to)| are going to| can expect to| are entitled to)|it(?:['’]s"
    r"| is) (?:a )?(?:legally|deal)"
    r"|(?:your|a|the) [\w %$€£.,-]{0,40}?(?:will be|is on its way|has been (?:approved"
    r"|authori[sz]ed"
    r"|granted))|as a (?:one-time )?(?:courtesy|gesture)|here is (?:a|your)|consider it"
    r"|(?:le|te|les) (?:\w{2,20}(?:emos|aré|eré|iré)|vamos a|voy a|ofrezco|ofrecemos|garantizo)"
    r"|(?:recibirá|recibirás|tendrá|tendrás)|(?:vamos|voy) a|podemos ofrecer\w{0,3}"
    r"|puedo ofrecer\w{0,3}"
    r"|(?:re|de|o)\w{2,12}(?:aremos|eremos|aré))\b",
    re.IGNORECASE,
)  # fmt: skip
_OBJECT: dict[Action, re.Pattern[str]] = {
    action: re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)
    for action, words in _OBJECTS.items()
}
_ANY_OBJECT = re.compile(rf"(?<!\w)(?:{'|'.join(_OBJECTS.values())})(?!\w)", re.IGNORECASE)
_DENIES = re.compile(
    r"\b(?:not|cannot|unable|never|neither|nor|unfortunately|no (?:refund|discount|credit"
    r"|replacement)s?"
    r"|no (?:puedo|podemos|es posible)|lamentablemente)\b|n['’]t\b",
    re.IGNORECASE,
)
_GENERAL = re.compile(
    r"\b(?:if|once|when|unless|provided|eligible|may be|might|whether|check (?:if|whether)"
    r"|look into"
    r"|review|request (?:a|your)|ask (?:for|our)|si |cuando|una vez|revis\w{2,6}|solicit\w{1,5})\b",
    re.IGNORECASE,
)


def _promised(claim: Claim) -> Sequence[Action]:
    text = claim.text
    if claim.kind == "question" or not _ANY_OBJECT.search(text) or not _COMMITS.search(text):
        return []
    if _DENIES.search(text):
        return []
    actions: Sequence[Action] = [act for act, rule in _OBJECT.items() if rule.search(text)]
    if _GENERAL.search(text):  # a conditional names what may happen; only liability binds
        return [action for action in actions if action == "legal_admission"]
    return actions


def _amounts(claim: Claim, ctx: CheckContext, limit: Limit) -> list[Value]:
    currency = limit.currency
    return [
        value
        for value in ctx.values
        if claim.holds(value.start, value.end)
        and (
            (value.kind == "money" and same_currency(value.currency, currency))
            or (value.kind == "percent" and currency is None and limit.action == "discount")
        )
    ]


def _foreign_money(claim: Claim, ctx: CheckContext, limit: Limit) -> bool:
    return any(
        value.kind == "money"
        and claim.holds(value.start, value.end)
        and not same_currency(value.currency, limit.currency)
        for value in ctx.values
    )


def _verdict(claim: Claim, ctx: CheckContext, limit: Limit | None) -> tuple[str, str] | None:
    """The rule that a promise breaks and the sentence that says so, or ``None``."""
    if limit is None or limit.amount == 0:
        return "no_authority", "The playbook lets nobody but a person promise this."
    if limit.amount is None:
        return None
    amounts = [Decimal(value.keys[0]) for value in _amounts(claim, ctx, limit)]
    if any(amount > limit.amount for amount in amounts) or _foreign_money(claim, ctx, limit):
        return "above_limit", f"This promise is above the playbook's limit of {limit.amount}."
    if not amounts:
        return "amount_unstated", f"This promise has no amount to hold against {limit.amount}."
    return None


def _already_so(action: Action, ctx: CheckContext) -> bool:
    """Whether a record shows that this was granted: a refund amount, a status ``refunded``."""
    return any(
        action in name.casefold() or action in str(field.value).casefold()
        for record in ctx.records
        for name, field in record.fields.items()
        if field.value not in (None, "", 0, "0", "0.00", False)
    )


def _published(action: Action, claim: Claim, ctx: CheckContext) -> bool:
    """Whether an article or template makes this very offer: in its words, or with its amounts."""
    if ctx.evidence.quote(claim.text):
        return True
    amounts = [
        f"{value.kind}:{value.keys[0]}"
        for value in ctx.values
        if value.kind in ("money", "percent") and claim.holds(value.start, value.end)
    ]
    return bool(amounts) and any(
        source.id.startswith("article:")
        and _OBJECT[action].search(source.reading.text)
        and all(amount in source.reading.values for amount in amounts)
        for source in ctx.evidence.sources
    )


@check("act.authority", severity="critical")
def act_authority(ctx: CheckContext, settings: CheckSettings) -> Iterator[Finding]:  # noqa: ARG001 - the contract
    """Flag promises of money, goods or guilt that the playbook's limits do not cover."""
    if not _ANY_OBJECT.search(ctx.folded.text):
        return
    limits = {limit.action: limit for limit in ctx.playbook.limits}
    for claim in ctx.claims:
        for action in _promised(claim):
            broken = _verdict(claim, ctx, limits.get(action))
            if not broken or _already_so(action, ctx) or _published(action, claim, ctx):
                continue
            rule, message = broken
            limit = limits.get(action)
            evidence = EvidenceSpan(
                source=f"rule:limits.{action}",
                quote="" if limit is None else f"{limit.amount} {limit.currency or ''}".strip(),
                relation="absent" if limit is None else "contradicts",
            )
            yield act_authority.finding(
                rule,
                claim.start,
                claim.end,
                f"{action.replace('_', ' ').capitalize()}: {message}",
                severity="high" if rule == "amount_unstated" else "critical",
                evidence=(evidence,),
            )
