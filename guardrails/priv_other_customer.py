"""Check ``priv.other_customer``: a reply holds nobody else's personal data.

Fires: the e-mail address, telephone number, record number or full name of another customer. Does
not fire: the customer's own data, a name both share, the brand's own contacts.

Rule: ``other_customer`` (critical), with a redaction as proposal. The evidence names the owner by
a digest only, and never quotes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from handrail.core.ports import owner_key
from handrail.core.verdict import EvidenceSpan, Finding
from handrail.guardrails.contract import CheckContext, CheckSettings, check

_NAME_RUN = re.compile(r"(?:[^\W\d_a-z][^\W\d_]{1,30}(?:['’-][^\W\d_]{1,30}){0,2}[ \u00a0]?){2,6}")
_NAME_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+){0,2}")
_PERSONAL = ("email", "phone", "id")
_LONGEST_NAME = 4
REDACTED = "[removed]"


def _names(ctx: CheckContext) -> Iterator[tuple[str, int, int]]:
    """All runs of two to four capitalised words."""
    for run in ctx.search(_NAME_RUN):
        words = list(_NAME_WORD.finditer(run.match[0]))
        base = run.match.start()
        for first in range(len(words)):
            for last in range(first + 1, min(first + _LONGEST_NAME, len(words))):
                start, end = words[first].start(), words[last].end()
                span = ctx.folded.span(base + start, base + end)
                yield (owner_key(run.match[0][start:end]), *span)


def _candidates(ctx: CheckContext) -> list[tuple[str, int, int]]:
    found = [
        (owner_key(value.text), value.start, value.end)
        for value in ctx.values
        if value.kind in _PERSONAL
    ]
    found += _names(ctx)
    own = _own(ctx)
    return [candidate for candidate in found if candidate[0] and candidate[0] not in own]


def _own(ctx: CheckContext) -> frozenset[str]:
    customer = ctx.snapshot.customer
    values = [customer.id, customer.name, customer.email, customer.phone]
    values += [record.id for record in ctx.records]
    return frozenset(owner_key(value) for value in values if value)


def _owner(customers: frozenset[str]) -> EvidenceSpan:
    digest = hashlib.sha256(min(customers).encode()).hexdigest()[:12]
    return EvidenceSpan(source=f"owner:{digest}", quote="", relation="contradicts")


@check("priv.other_customer", severity="critical", needs=("owners",))
async def priv_other_customer(
    ctx: CheckContext,
    settings: CheckSettings,  # noqa: ARG001 - the contract
) -> list[Finding]:
    """Flag personal values that belong to other customers and not to this one."""
    candidates = _candidates(ctx)
    if not candidates or ctx.owners is None:
        return []
    owners = await ctx.owners.owners({key for key, _, _ in candidates})
    findings: list[Finding] = []
    for key, start, end in candidates:
        customers = owners.get(key, frozenset())
        if customers and ctx.snapshot.customer.id not in customers:
            findings.append(
                priv_other_customer.finding(
                    "other_customer",
                    start,
                    end,
                    "This belongs to another customer.",
                    evidence=(_owner(customers),),
                    replacement=REDACTED,
                )
            )
    return findings
