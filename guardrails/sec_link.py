"""Check ``sec.link``: a reply links only to hosts the playbook names.

Fires: "https://evil.example/pay", "[shop.example](https://evil.example)", "http://10.0.0.1/",
"javascript:alert(1)". Does not fire: "https://help.shop.example/returns" where the playbook's
links hold ``shop.example``.

Rules: ``host_not_allowed``, ``user_info``, ``ip_host``, ``scheme``, ``display_mismatch``,
``look_alike_host`` (all high); the proposal takes the link out and leaves its text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from handrail.core.verdict import EvidenceSpan, Finding
from handrail.guardrails.contract import CheckContext, CheckSettings, check

_MARKDOWN = re.compile(
    r"!?\[(?P<label>[^\[\]\n]{0,200})\]\(\s{0,4}<?(?P<target>[^()\s<>]{1,2000})[^()\n]{0,200}\)"
)
_BARE = re.compile(
    r"(?<![\w@/.\\])(?:(?P<scheme>[a-z][a-z0-9+.-]{1,19}):(?P<slashes>[/\\]{1,4})[^\s<>\"'`\[\]{}"
    r"|]{1,2000}"
    r"|(?:javascript|data|vbscript|file|blob):[^\s<>\"'`]{1,2000}"
    r"|[/\\]{2}[\w.-]{3,255}[^\s<>\"'`]{0,500}"
    r"|www\.[^\s<>\"'`]{3,2000}"
    r"|(?:[^\W_](?:[\w-]{0,61}[^\W_])?(?:\.|\[\.\])){1,4}(?:com|net|org|io|co|info|biz|app|dev"
    r"|shop|store"
    r"|online|site|xyz|top|club|live|me|us|uk|es|de|fr|it|eu|br|mx|ru|cn|in|link|click|zip|ai"
    r"|support"
    r"|example|test)(?![\w-]|\.\w)(?::\d{1,5})?(?:[/?#][^\s<>\"'`]{0,2000})?)",
    re.IGNORECASE,
)
_TRAILING = ".,;:!?)]}'\"»”’*_"
_NUMERIC_HOST = re.compile(
    r"(?:0x[0-9a-f]{1,8}|\d{1,10})(?:\.(?:0x[0-9a-f]{1,8}|\d{1,10})){0,3}\.?"
)
_UNSAFE_SCHEMES = ("javascript:", "data:", "vbscript:", "file:", "blob:")
_SAFE_SCHEMES = ("http", "https", "mailto", "tel")
_MESSAGES = {
    "scheme": "This kind of link can run code or reach files.",
    "user_info": "This link hides its host behind a user name.",
    "ip_host": "This link goes to a bare network address.",
    "look_alike_host": "This link's host is written with letters of other scripts.",
    "host_not_allowed": "The playbook does not allow links to this host.",
    "display_mismatch": "This link shows one address and goes to another.",
}


def _cleaned(url: str) -> str:
    """The address as a browser reads it: folded, without line breaks, slashes turned."""
    folded = unicodedata.normalize("NFKC", url)
    folded = re.sub(r"[\t\r\n\u200b-\u200f\u2060\ufeff\u00ad]", "", folded)
    folded = folded.replace("[.]", ".").replace("\\", "/").replace("。", ".").casefold()
    return re.sub(r"^hxxp", "http", folded)


def host_of(url: str) -> tuple[str, bool]:
    """Return the host of an address as a browser would find it, and whether it has user info."""
    cleaned = _cleaned(url)
    rest = re.sub(r"^(?:[a-z][a-z0-9+.-]{1,19}:)?/{0,4}", "", cleaned)
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    user, at, host = authority.rpartition("@")
    host = re.sub(r":\d{0,5}$", "", host).rstrip(".")
    return host, bool(at and user)


def _allowed(host: str, hosts: tuple[str, ...]) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in hosts)


def _broken_rule(url: str, hosts: tuple[str, ...]) -> str | None:
    cleaned = _cleaned(url)
    scheme = re.match(r"[a-z][a-z0-9+.-]{1,19}(?=:)", cleaned)
    foreign = scheme and scheme[0] not in _SAFE_SCHEMES and "//" in cleaned[:24]
    if foreign or cleaned.startswith(_UNSAFE_SCHEMES):
        return "scheme"
    if scheme and scheme[0] in ("mailto", "tel"):
        return None
    host, user_info = host_of(url)
    if user_info:
        return "user_info"
    return None if not host or _allowed(host, hosts) else _host_rule(host)


def _host_rule(host: str) -> str:
    if _NUMERIC_HOST.fullmatch(host) or host.startswith("["):
        return "ip_host"
    if not host.isascii() or "xn--" in host:
        return "look_alike_host"
    return "host_not_allowed"


def _trimmed(url: str) -> str:
    """An address without the punctuation of the sentence around it."""
    while url and url[-1] in _TRAILING and not (url[-1] == ")" and "(" in url):
        url = url[:-1]
    return url


def _shown_host(label: str) -> str | None:
    found = _BARE.search(label)
    return host_of(_trimmed(found[0]))[0] if found else None


def _links(ctx: CheckContext) -> Iterator[tuple[int, int, str, str | None]]:
    """All links: start, end, target and, of Markdown links, the text shown."""
    text = ctx.text
    covered: list[tuple[int, int]] = []
    for match in _MARKDOWN.finditer(text) if "](" in text else ():
        covered.append(match.span())
        yield *match.span(), match["target"], match["label"]
    for hit in ctx.search(_BARE):
        if not any(start <= hit.start < end for start, end in covered):
            url = _trimmed(hit.match[0])
            start, end = hit.match.start(), hit.match.start() + len(url)
            yield *ctx.folded.span(start, end), text[slice(*ctx.folded.span(start, end))], None


@check("sec.link", severity="high")
def sec_link(ctx: CheckContext, settings: CheckSettings) -> Iterator[Finding]:  # noqa: ARG001 - the contract
    """Flag links that lead, or seem to lead, anywhere the playbook does not name."""
    hosts = tuple(host_of(name)[0] for name in ctx.playbook.brand.links)
    for start, end, target, label in _links(ctx):
        rule = _broken_rule(target, hosts)
        shown = _shown_host(label) if label else None
        if rule is None and shown and shown != host_of(target)[0]:
            rule = "display_mismatch"
        if rule is None:
            continue
        keep = label if label is not None and shown is None else "[link removed]"
        evidence = EvidenceSpan(
            source="rule:brand.links", quote=", ".join(hosts), relation="contradicts"
        )
        yield sec_link.finding(
            rule, start, end, _MESSAGES[rule], evidence=(evidence,), replacement=keep
        )
