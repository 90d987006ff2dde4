"""Check ``act.authority``: a reply promises only what the playbook lets its writer promise.

Fires: "We will refund you $500." where the limit for refunds is 50, or where there is none set;
"We will refund $30 for the lamp and $40 for the shade." where it is 50 in all. Does not fire: "We
cannot refund this.", "Would you like a refund?", a policy sentence that stands in an article or
template, a refund that the order's record already shows, a person whose role has no limit.

Rules: ``no_authority`` (critical): the playbook gives no limit for this kind of promise, or zero.
``above_limit`` (critical; high where a condition stands before it): more than the limit, in one
sentence or in all, or in another currency. ``amount_unstated`` (high): the limit has an amount and
the promise has none that could be compared. The evidence is the limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from handrail.core.verdict import Finding
from handrail.guardrails.authority import Amount, Excess, excess, limits_on
from handrail.guardrails.claims import Claim
from handrail.guardrails.contract import CheckContext, CheckSettings, check
from handrail.guardrails.learned import Learned
from handrail.guardrails.normalisation import lowered
from handrail.guardrails.values import Value
from handrail.playbook.models import Promise

_WORDED: dict[Promise, str] = {
    "refund": r"refund(?:ed|ing|s)?|reimburse(?:d|ment)?|money back|reembols(?:o|ar\w{0,3}|amos"
    r"|aremos|aré|ado)|devolver(?:emos|é|te|le)? (?:el|su|tu) dinero|return (?:your|the) money",
    "discount": r"discounts?|(?:\d{1,3} ?%|percent|half|[$€£]\d{1,5}) off|price reduction"
    r"|half price|descuentos?|rebaja",
    "credit": r"(?:store |account )?credits?(?! cards?)|vouchers?|gift ?cards?|compensat(?:e|ion)"
    r"|goodwill|certificates?|cup[oó]n(?:es)?|vales?|compensa(?:ción|r\w{0,3}|remos)",
    "waiver": r"waiv(?:e|ed|ing)|free of charge|at no (?:extra |additional )?(?:cost|charge)"
    r"|for free|on the house|no charge|(?:drop|remove|cover|absorb) (?:the|your|this|all)"
    r" (?:[a-z]{2,12} )?(?:fees?|costs?|charges?|postage|shipping)|eximir"
    r"|sin (?:coste|costo|cargo)|gratis",
    "replacement": r"replacements?|replace|new one|another one|exchange(?:d)?|reemplaz\w{1,5}"
    r"|reposición|sustituir\w{0,4}",
    "legal_admission": r"liable|liability|legal(?:ly)? (?:responsib\w{2,6}|binding)|our negligence"
    r"|we (?:broke|violated|breached)|admit|legally|responsabilidad legal|negligencia",
}
COMMITS = re.compile(
    r"\b(?:(?:i|we)(?:['’](?:ll|ve|d|m|re)| (?:will|shall|can|could|am|are|have|hereby|promise"
    r"|guarantee|agree|offer|admit|accept|were|broke|violated|breached))|let (?:me|us)(?! know)"
    r"|you(?:['’]ll(?! need| have)"
    r"| will(?! need| have to)| are going to| can expect to| are entitled to)|it(?:['’]s"
    r"| is) (?:a )?(?:legally|deal)"
    r"|as a (?:one-time )?(?:courtesy|gesture)|here is (?:a|your)|consider it"
    r"|(?:le|te|les) (?:\w{2,20}(?:emos|aré|eré|iré)|vamos a|voy a|ofrezco|ofrecemos|garantizo)"
    r"|(?:recibirá|recibirás|tendrá|tendrás)|(?:vamos|voy) a|podemos ofrecer\w{0,3}"
    r"|puedo ofrecer\w{0,3}"
    r"|(?:re|de|o)\w{2,12}(?:aremos|eremos|aré))\b",
)  # fmt: skip
COMES = re.compile(
    r"\b(?:your|a|the) [\w %$€£.,-]{0,40}?"
    r"(?:will be|is on its way|has been (?:approved|authori[sz]ed|granted))\b"
)
COMMITTING = frozenset(
    """
    i we let you legally deal courtesy gesture here consider le te les vamos voy podemos puedo
    """.split()  # noqa: SIM905 - a list of words is read as words
)
_COMING = ("will be", "is on its way", "has been ")
"""What such words hold: looking for that is cheap."""
COMMITTING_PARTS = ("remos", *_COMING)
"""Without one of these, and of the words above, a sentence in ASCII promises nothing."""
OBJECTS: dict[Promise, re.Pattern[str]] = {
    action: re.compile(rf"(?<!\w)(?:{words})(?!\w)") for action, words in _WORDED.items()
}
_BEGINNINGS: dict[Promise, str] = {
    "refund": r"refund|reimburs|money|reembols|devolver",
    "discount": r"discount|off|price|descuento|rebaja",
    "credit": r"credit|voucher|gift|compensa|goodwill|certificate|cup[oó]n|vale",
    "waiver": r"waiv|free|cost|charge|house|drop|remove|cover|absorb|eximir|coste|costo|cargo"
    r"|gratis",
    "replacement": r"replace|one|exchange|reemplaz|reposici|sustituir",
    "legal_admission": r"liab|legal|negligen|broke|violated|breached|admit|responsabilidad",
}
"""How one word of each such object begins."""
_TELLING = re.compile("|".join(f"(?P<{action}>{words})" for action, words in _BEGINNINGS.items()))
_DENIES = re.compile(
    r"\b(?:not|cannot|unable|never|neither|nor|unfortunately|no (?:refund|discount|credit"
    r"|replacement)s?"
    r"|no (?:puedo|podemos|es posible)|lamentablemente)\b|n['’]t\b",
)
_GENERAL = re.compile(
    r"\b(?:if|in case|in the event|should you|once|when|unless|provided|eligible|may be|might"
    r"|whether|check (?:if|whether)"
    r"|look into|review|request (?:a|your)|ask (?:for|our|a|the|my)|si |cuando|una vez"
    r"|revis\w{2,6}|solicit\w{1,5}|pedir)\b",
)
_HALF = re.compile(r"\bhalf (?:off|price)\b")
_OURS = re.compile(
    r"\b(?:(?:i|we)(?:['’]ll| will| shall| promise| guarantee| can offer)|\w{2,20}aremos)\b",
)
"""A promise of ours, which a condition before it does not take back."""
_GIVEN = (
    r"(?:refunds?|reimbursements?|compensation|discounts?|(?:store )?credits?|exchanges?|vouchers?"
    r"|money back|replacements?|waivers?|reembolsos?|descuentos?|compensaci[oó]n)"
)
ASIDE = re.compile(
    rf"\b(?:{_GIVEN} (?:polic(?:y|ies)|status|process(?:es)?|requests?|experience|timelines?"
    r"|options?|terms|conditions|guarantee|forms?|department|team|reference|details|information|procedures?"
    r"|eligibility)|(?:status|progress|details|reasons?|information|polic(?:y|ies)|terms"
    r"|circumstances|eligibility|estado|política) (?:of|for|on|about|under|de|del|sobre)"
    rf" (?:[a-z]{{1,12}} ){{0,5}}{_GIVEN}|(?:track|about|regarding|concerning|understand"
    r"|request|seek|await|waiting for|unsure about)"
    rf"(?:ing)? (?:[a-z]{{1,12}} ){{0,3}}{_GIVEN}"
    rf"|(?:help|assist|guide|support)(?:ing)? you (?:[a-z]{{1,15}} ){{0,9}}{_GIVEN}"
    r"|credit ?/ ?debit|credit (?:or|and|cards?) "
    rf"|you(?:['’]d| would)? (?:like|want|wish|prefer)"
    rf" (?:(?:to|get|have|receive|a|an|the|your) ){{0,4}}{_GIVEN}"
    r"|(?:us(?:e|ing)|charged? to|(?:with|from|by|via|through) (?:your|the|that|this))"
    r" (?:[a-z]{1,12} ){0,3}gift ?cards?)",
)
"""Speaks of refunds and the like without promising one: a policy, a status, help with a request,
what the customer wants, a gift card that pays."""
ASIDES = (
    "refund", "reimburse", "compensa", "discount", "credit", "exchange", "voucher", "money back",
    "replacement", "waiver", "reembolso", "descuento", "gift",
)  # fmt: skip
"""What such words must hold a part of: looking for that is cheap."""
_TO_CARD = re.compile(
    r"\b(?:on)?to (?:your|the|that|this|an existing) (?:[a-z]{1,12} ){0,6}gift ?cards?"
)
"""Where a refund goes."""
_PART_OF = re.compile(
    r"\b(?:of (?:the|your)|paid|costs?|price of)(?: [a-z]{3,10})? $", re.IGNORECASE
)
"""Before an amount that is no promise: "refund $30 of the $100 you paid"."""


def _told_by(word: str) -> str | None:
    found = _TELLING.match(word)
    return found.lastgroup if found else None


told_by = Learned(_told_by).__getitem__
"""What can be promised by words of which one, in lower case, is a part."""


def _possible(claim: Claim, telling: frozenset[str]) -> Iterable[Promise]:
    """What a sentence may promise, by those of some words that it holds."""
    if not claim.text.isascii():
        return OBJECTS
    text = claim.text.lower()
    if COMMITTING.isdisjoint(claim.words) and not any(map(text.__contains__, COMMITTING_PARTS)):
        return ()
    told = set(map(told_by, telling & claim.words))
    return [action for action in OBJECTS if action in told]


def _blanked(rule: re.Pattern[str], text: str) -> str:
    return rule.sub(lambda match: " " * len(match[0]), text)


def _promised(text: str, possible: Iterable[Promise]) -> tuple[Sequence[Promise], bool]:
    """Which of some things a sentence in lower case promises, and whether only on a condition."""
    possible = [action for action in possible if OBJECTS[action].search(text)]
    if not possible:
        return [], False
    coming = any(map(text.__contains__, _COMING))
    if not (coming or COMMITS.search(text)):
        return [], False
    if any(map(text.__contains__, ASIDES)):
        text = _blanked(ASIDE, text)
    commits = COMMITS.search(text) or (coming and COMES.search(text))
    if not commits or _DENIES.search(text):
        return [], False
    if "credit" in possible and OBJECTS["refund"].search(text):
        text = _blanked(_TO_CARD, text)
    actions: Sequence[Promise] = [act for act in possible if OBJECTS[act].search(text)]
    if _GENERAL.search(text):
        # A conditional names what may happen; only liability, and amounts we name, bind.
        if _OURS.search(text):
            return actions, True
        return [action for action in actions if action == "legal_admission"], False
    return actions, False


def _amounts(claim: Claim, ctx: CheckContext) -> list[Value]:
    return [
        value
        for value in ctx.values_in(claim)
        if value.kind in ("money", "percent")
        and not _PART_OF.search(ctx.text, max(claim.start, value.start - 24), value.start)
    ]


def _amounts_of(
    action: Promise, among: Sequence[Promise], claim: Claim, ctx: CheckContext
) -> dict[str, Amount]:
    """How much of an action a sentence promises, by value; each amount is of what it is next to."""
    found: dict[str, Amount] = {}
    for value in _amounts(claim, ctx):
        at = value.start - claim.start
        nearest = min(among, key=lambda one: _distance(one, at, claim)) if among[1:] else action
        if nearest == action:
            unit = "%" if value.kind == "percent" else value.currency
            found[f"{value.kind}:{value.keys[0]}"] = Amount(Decimal(value.keys[0]), unit)
    if action == "discount" and _HALF.search(lowered(claim.text)):
        found["percent:50"] = Amount(Decimal(50), "%")
    return found


def _distance(action: Promise, at: int, claim: Claim) -> int:
    return min(abs(match.start() - at) for match in OBJECTS[action].finditer(lowered(claim.text)))


def _already_so(action: Promise, ctx: CheckContext) -> bool:
    """Whether a record shows that this was granted: a refund amount, a status ``refunded``."""
    records = ctx.evidence.records
    own = set(records.sheets)
    columns = [one for one in (*records.columns.values(), *records.hidden.values()) if one.name]
    return any(
        sheet in own and sheet.record.fields[column.name].value not in ("", 0, "0", "0.00", False)
        for column in columns
        if action in "\n".join((column.name.casefold(), *column.lower))
        for sheet, text in zip(column, column.lower, strict=True)
        if action in text or action in column.name.casefold()
    )


def _published(claim: Claim, ctx: CheckContext) -> bool:
    """Whether an article or template has this very sentence."""
    return bool(ctx.evidence.quote(claim.text))


def _offered(action: Promise, claim: Claim, ctx: CheckContext) -> bool:
    """Whether an article makes this offer with its amounts."""
    amounts = [f"{value.kind}:{value.keys[0]}" for value in _amounts(claim, ctx)]
    return bool(amounts) and any(
        source.id.startswith("article:")
        and OBJECTS[action].search(lowered(source.reading.text))
        and all(amount in source.reading.values for amount in amounts)
        for source in ctx.evidence.sources
    )


@check("act.authority", severity="critical")
def act_authority(ctx: CheckContext, settings: CheckSettings) -> Iterator[Finding]:  # noqa: ARG001 - the contract
    """Flag promises of money, goods or guilt that the playbook's limits do not cover."""
    before: dict[Promise, dict[str, Amount]] = {}
    telling = frozenset(filter(told_by, ctx.words))
    for at in ctx.holding(telling):
        claim = ctx.claims[at]
        if claim.kind == "question":
            continue
        actions, on_condition = _promised(lowered(claim.text), _possible(claim, telling))
        for action in actions:
            amounts = _amounts_of(action, actions, claim, ctx)
            found = _excess(action, amounts, before.setdefault(action, {}), ctx)
            if found is None or (on_condition and found.rule != "above_limit"):
                continue
            if _published(claim, ctx) or _already_so(action, ctx) or _offered(action, claim, ctx):
                continue
            yield act_authority.finding(
                found.rule,
                claim.start,
                claim.end,
                f"{action.replace('_', ' ').capitalize()}: {found.message}",
                severity="high" if on_condition else found.severity,
                evidence=(found.evidence(action),),
            )


def _excess(
    action: Promise, amounts: dict[str, Amount], so_far: dict[str, Amount], ctx: CheckContext
) -> Excess | None:
    """What is wrong with a sentence's promise by itself, or with those before it together.

    An amount that is said again in another sentence is the same promise.
    """
    limits = limits_on(action, ctx)
    if limits is None:
        return None
    found = excess(limits, list(amounts.values()))
    so_far |= amounts
    return excess(limits, list(so_far.values())) if found is None and amounts else found
