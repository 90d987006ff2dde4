"""Check ``priv.other_customer``: a reply holds nobody else's personal data.

Fires: the e-mail address, telephone number, record number, full name or street of another
customer; "Pay to DE89 3704 0044 0532 0130 00" where that account stands nowhere in what is known.
Does not fire: the customer's own data, a name both share, the brand's own contacts in an article.

Rules: ``other_customer`` (critical): the value belongs to another customer. ``unknown_owner``
(critical): an account or national number with right check digits that is neither the customer's
nor published. Both propose a redaction. The evidence names the owner by a digest only, and never
quotes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping

from handrail.core.verdict import EvidenceSpan, Finding
from handrail.guardrails.contract import CheckContext, CheckSettings, check
from handrail.guardrails.ownership import (
    Place,
    certain_keys,
    holds,
    is_own,
    own_keys,
    places,
    possible_keys,
    written_keys,
)
from handrail.guardrails.personal_data import PersonalDatum

REDACTED = "[removed]"
_SENSITIVE = ("iban", "national_id")
_PUBLISHED = ("article:", "playbook")


@check("priv.other_customer", severity="critical", needs=("owners",))
async def priv_other_customer(
    ctx: CheckContext,
    settings: CheckSettings,  # noqa: ARG001 - the contract
) -> list[Finding]:
    """Flag personal values that belong to other customers and not to this one."""
    asked = possible_keys(ctx) - certain_keys(ctx) - {""}
    owners: Mapping[str, frozenset[str]] = {}
    if asked and ctx.owners is not None:
        owners = await ctx.owners.owners(asked)
    sensitive = [datum for datum in ctx.personal if datum.kind in _SENSITIVE]
    if not owners and not sensitive:
        return []
    own = own_keys(ctx)
    candidates = [place for place in places(ctx) if place[0] in owners] if owners else []
    foreign = _foreign(candidates, owners, own, ctx)
    taken = [(start, end) for start, end, _ in foreign]
    return [
        priv_other_customer.finding(
            "other_customer",
            start,
            end,
            "This belongs to another customer.",
            evidence=(_owner(customers),),
            replacement=REDACTED,
        )
        for start, end, customers in foreign
    ] + list(_unknown(sensitive, own, taken, ctx))


def _foreign(
    candidates: Collection[Place], owners: Mapping[str, frozenset[str]], own: str, ctx: CheckContext
) -> list[tuple[int, int, frozenset[str]]]:
    """Places of others' values; of two that overlap the longer."""
    found: list[tuple[int, int, frozenset[str]]] = []
    for key, start, end in sorted(candidates, key=lambda place: (place[1] - place[2], place[1])):
        customers = owners.get(key, frozenset())
        if not customers or ctx.snapshot.customer.id in customers:
            continue
        if holds(own, key) or _is_published(key, ctx):
            continue
        if not any(start < taken[1] and taken[0] < end for taken in found):
            found.append((start, end, customers))
    return sorted(found, key=lambda one: one[:2])


def _is_published(key: str, ctx: CheckContext) -> bool:
    """Whether an article or the playbook itself holds the value."""
    return any(
        key in "".join(filter(str.isalnum, source.reading.text.casefold()))
        or key in source.reading.text.casefold()
        for source in ctx.evidence.sources
        if source.id.startswith(_PUBLISHED)
    )


def _unknown(
    sensitive: Collection[PersonalDatum],
    own: str,
    taken: Collection[tuple[int, int]],
    ctx: CheckContext,
) -> Iterator[Finding]:
    region = ctx.playbook.brand.region
    for datum in sensitive:
        if is_own(datum, own, region):
            continue
        if is_own(datum, written_keys(ctx), region) or _is_published(datum.key, ctx):
            continue
        if not any(datum.start < end and start < datum.end for start, end in taken):
            yield priv_other_customer.finding(
                "unknown_owner",
                datum.start,
                datum.end,
                "Nothing known says whose this number is.",
                evidence=(EvidenceSpan(source="rule:records", quote="", relation="absent"),),
                replacement=REDACTED,
            )


def _owner(customers: frozenset[str]) -> EvidenceSpan:
    digest = hashlib.sha256(min(customers).encode()).hexdigest()[:12]
    return EvidenceSpan(source=f"owner:{digest}", quote="", relation="contradicts")
