"""Check ``sec.markup``: a reply is text; nothing in it runs, loads or fills itself in.

Fires: "<script>", "<img onerror=...>", "{{order.total}}" left over, a terminal escape sequence.
Does not fire: "price < 5 & > 2", "**bold**", "1 <3 you".

Rules: ``tag``, ``handler``, ``control`` (high, the proposal takes it out), ``template`` (high).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from handrail.core.verdict import Finding
from handrail.guardrails.contract import CheckContext, CheckSettings, Hit, check

_TAG = re.compile(
    r"<\s{0,4}/?\s{0,4}(?:script|iframe|object|embed|applet|form|input|button|link|meta|base"
    r"|style|svg"
    r"|math|img|image|video|audio|source|template|body|html|head|frame|frameset|marquee|textarea"
    r"|select|details|dialog|portal|noscript|xml|isindex|keygen|bgsound|layer|plaintext|xmp|animate"
    r"|set|foreignobject|a|div|span|p|b|i|u|br|table|td|tr)(?=[\s/>:]|$)[^<>]{0,2000}>?",
    re.IGNORECASE,
)
_HANDLER = re.compile(r"(?<![\w-])on[a-z]{3,30}\s{0,4}=\s{0,4}[\"'`\w(]", re.IGNORECASE)
_TEMPLATE = re.compile(
    r"\{\{[^{}]{0,200}\}\}|\{%[^{}%]{0,200}%\}|\$\{[^{}]{0,200}\}|#\{[^{}]{0,200}\}"
    r"|<%[^<>%]{0,200}%>"
    r"|\{{2,200}|\}{2,200}"
)
_CONTROL = re.compile(
    r"(?:\x1b|\x9b)\[?[0-9;?]{0,20}[A-Za-z]?|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]"
    r"|[\u202a-\u202e\u2066-\u2069\U000e0001-\U000e007f]"
)


def _written(ctx: CheckContext, pattern: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Find a pattern in the text as written: here the odd characters are the point."""
    for match in pattern.finditer(ctx.text):
        yield match.span()


def _inside(hit: Hit, spans: list[tuple[int, int]]) -> bool:
    return any(start <= hit.start < end for start, end in spans)


@check("sec.markup", severity="high")
def sec_markup(ctx: CheckContext, settings: CheckSettings) -> Iterator[Finding]:  # noqa: ARG001 - the contract
    """Flag tags, event handlers, template syntax and control characters."""
    tags: list[tuple[int, int]] = []
    if "<" in ctx.folded.text:
        for hit in ctx.search(_TAG):
            tags.append((hit.start, hit.end))
            yield sec_markup.finding(
                "tag", hit.start, hit.end, "A reply holds no HTML.", replacement=""
            )
    for hit in ctx.search(_HANDLER) if "=" in ctx.folded.text else ():
        if not _inside(hit, tags):
            message = "This would be an event handler in HTML."
            yield sec_markup.finding("handler", hit.start, hit.end, message, replacement="")
    if "{" in ctx.folded.text or "}" in ctx.folded.text or "<%" in ctx.folded.text:
        for hit in ctx.search(_TEMPLATE):
            message = "Template syntax was left in the reply."
            yield sec_markup.finding("template", hit.start, hit.end, message)
    for start, end in _written(ctx, _CONTROL):
        message = "Control characters do not belong in a reply."
        yield sec_markup.finding("control", start, end, message, replacement="")
