"""Check ``act.tool_args``: a proposed action is about this customer, and within the limits.

Fires: ``cancel_order(order_id="W999")`` where that order is another customer's, or nobody's;
``refund_order(order_id="W100", amount="500")`` where the limit for refunds is 50. Does not fire:
the customer's own order, an amount within the limit, ids that stand in the conversation or an
article.

Rules, all critical: ``other_customer``: an argument belongs to somebody else. ``unseen_id``: an id
stands in no record, message or article. ``no_authority``, ``above_limit``, ``amount_unstated``: as
in ``act.authority``. The findings stand at the beginning of the text, as no words of it are meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation

from handrail.core.drafting import ProposedAction
from handrail.core.ports import owner_key
from handrail.core.verdict import EvidenceSpan, Finding
from handrail.guardrails.authority import Amount, excess, limits_on, promise_of
from handrail.guardrails.contract import CheckContext, CheckSettings, check
from handrail.guardrails.ownership import own_keys

_ID_NAME = re.compile(r"(?:^|_)(?:id|ids|number|no|email|phone|user|customer|account)$")
_AMOUNT_NAME = re.compile(r"(?:^|_)(?:amount|value|total|price|sum|refund|credit)$")
_PERCENT_NAME = re.compile(r"(?:^|_)(?:percent|percentage|rate)$")


@check("act.tool_args", severity="critical", needs=("actions",))
async def act_tool_args(
    ctx: CheckContext,
    settings: CheckSettings,  # noqa: ARG001 - the contract
) -> list[Finding]:
    """Flag proposed actions on other customers' or unknown things, or beyond the limits."""
    actions = ctx.draft.actions if ctx.draft else ()
    ids = {
        (action.name, name): str(value)
        for action in actions
        for name, value in action.arguments.items()
        if _ID_NAME.search(name) and isinstance(value, str | int) and not isinstance(value, bool)
    }
    owners: Mapping[str, frozenset[str]] = {}
    if ids and ctx.owners is not None:
        owners = await ctx.owners.owners({owner_key(value) for value in ids.values()})
    return [*_strangers(ids, owners, ctx), *_excesses(actions, ctx)]


def _strangers(
    ids: Mapping[tuple[str, str], str], owners: Mapping[str, frozenset[str]], ctx: CheckContext
) -> Iterator[Finding]:
    own = own_keys(ctx)
    for (action, name), value in ids.items():
        key = owner_key(value)
        customers = owners.get(key, frozenset())
        if ctx.snapshot.customer.id in customers or f"\n{key}\n" in own:
            continue
        where = EvidenceSpan(source=f"action:{action}#{name}", quote="", relation="absent")
        if customers:
            message = f"{action}: {name} belongs to another customer."
            yield act_tool_args.finding("other_customer", 0, 0, message, evidence=(where,))
        elif not _is_seen(value, ctx):
            message = f"{action}: {name} stands in no record, message or article."
            yield act_tool_args.finding("unseen_id", 0, 0, message, evidence=(where,))


def _is_seen(value: str, ctx: CheckContext) -> bool:
    word = re.compile(rf"(?<!\w){re.escape(value)}(?!\w)", re.IGNORECASE)
    said = (m.text for m in ctx.snapshot.messages if m.role == "customer")
    known = (source.reading.text for source in ctx.evidence.sources)
    return any(word.search(text) for text in (ctx.said, *said, *known))


def _excesses(actions: tuple[ProposedAction, ...], ctx: CheckContext) -> Iterator[Finding]:
    for action in actions:
        promise = promise_of(action.name)
        limits = limits_on(promise, ctx) if promise else None
        if promise is None or limits is None:
            continue
        found = excess(limits, list(_amounts(action)))
        if found:
            message = f"{action.name}: {found.message}"
            yield act_tool_args.finding(
                found.rule, 0, 0, message, evidence=(found.evidence(promise),)
            )


def _amounts(action: ProposedAction) -> Iterator[Amount]:
    currency = action.arguments.get("currency")
    for name, value in action.arguments.items():
        share = bool(_PERCENT_NAME.search(name))
        if not (share or _AMOUNT_NAME.search(name)) or isinstance(value, bool) or value is None:
            continue
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            continue
        yield Amount(number, "%" if share else str(currency) if currency else None)
