"""Check ``sec.link``: a reply links only to hosts the playbook names.

Fires: "https://evil.example/pay", "[shop.example](https://evil.example)", "http://10.0.0.1/",
"hxxps://evil[.]com", "javascript:alert(1)". Does not fire: "https://help.shop.example/returns"
where the playbook's links hold ``shop.example``, "That is all.Thanks", "node.js".

Rules: ``host_not_allowed``, ``user_info``, ``ip_host``, ``scheme``, ``display_mismatch``,
``look_alike_host`` (all high); the proposal takes the link out and leaves its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from handrail.core.verdict import EvidenceSpan, Finding
from handrail.guardrails.contract import CheckContext, CheckSettings, check
from handrail.guardrails.links import allowed, cleaned, host_of, hosts_of, shown_host

_NUMERIC_HOST = re.compile(
    r"(?:0x[0-9a-f]{1,8}|\d{1,10})(?:\.(?:0x[0-9a-f]{1,8}|\d{1,10})){0,3}\.?"
)
_UNSAFE_SCHEMES = ("javascript:", "data:", "vbscript:", "file:", "blob:")
_SAFE_SCHEMES = ("http", "https", "mailto", "tel")
_MESSAGES: Mapping[str, str] = MappingProxyType(
    {
        "scheme": "This kind of link can run code or reach files.",
        "user_info": "This link hides its host behind a user name.",
        "ip_host": "This link goes to a bare network address.",
        "look_alike_host": "This link's host is written so that it can be taken for another.",
        "host_not_allowed": "The playbook does not allow links to this host.",
        "display_mismatch": "This link shows one address and goes to another.",
    }
)


def _broken_rule(url: str, hosts: tuple[str, ...]) -> str | None:
    clean = cleaned(url)
    scheme = re.match(r"[a-z][a-z0-9+.-]{1,19}(?=:)", clean)
    foreign = scheme and scheme[0] not in _SAFE_SCHEMES and "//" in clean[:24]
    if foreign or clean.startswith(_UNSAFE_SCHEMES):
        return "scheme"
    if scheme and scheme[0] in ("mailto", "tel"):
        return None
    host, user_info = host_of(url)
    if user_info:
        return "user_info"
    if host and not allowed(host, hosts):
        return _host_rule(host)
    # Programs do not agree on where the host of such an address ends.
    return "look_alike_host" if "\\" in url else None


def _host_rule(host: str) -> str:
    if _NUMERIC_HOST.fullmatch(host) or host.startswith("["):
        return "ip_host"
    if not host.isascii() or "xn--" in host:
        return "look_alike_host"
    return "host_not_allowed"


@check("sec.link", severity="high")
def sec_link(ctx: CheckContext, settings: CheckSettings) -> Iterator[Finding]:  # noqa: ARG001 - the contract
    """Flag links that lead, or seem to lead, anywhere the playbook does not name."""
    hosts = hosts_of(ctx.playbook.brand.links)
    for link in ctx.links:
        rule = _broken_rule(link.target, hosts)
        shown = shown_host(link.label) if link.label else None
        if rule is None and shown and shown != host_of(link.target)[0]:
            rule = "display_mismatch"
        if rule is None:
            continue
        keep = link.label if link.label is not None and shown is None else "[link removed]"
        evidence = EvidenceSpan(
            source="rule:brand.links", quote=", ".join(hosts), relation="contradicts"
        )
        yield sec_link.finding(
            rule, link.start, link.end, _MESSAGES[rule], evidence=(evidence,), replacement=keep
        )
