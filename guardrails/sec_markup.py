"""Check ``sec.markup``: a reply is text; nothing in it runs, loads or fills itself in.

Fires: "<script>", "<img onerror=...>", "<x-y onclick=...>", "&#106;avascript", "{{order.total}}"
left over, a terminal escape sequence. Does not fire: "price < 5 & > 2", "**bold**", "1 <3 you".

Rules: ``tag``, ``handler``, ``entity``, ``control`` (high, the proposal takes it out, and with a
script its code), ``template`` (high).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from operator import itemgetter

from handrail.core.verdict import Finding
from handrail.guardrails.contract import CheckContext, CheckSettings, Hit, check

_TAG = re.compile(
    r"<(?P<raw>script|style|template|noscript|textarea|title|xmp)\b[^<>]{0,2000}>"
    r"[^<]{0,4000}</(?P=raw)[^<>]{0,200}>?"
    r"|<\s{0,4}[/\\]?\s{0,4}[a-z](?:[^<>]{0,2000}>?|)"
    r"|<!(?:--[^<>]{0,2000}-{0,2}>?|\[cdata\[?|doctype|[a-z])[^<>]{0,2000}>?|<\?[a-z][^<>]{0,2000}>?",
    re.IGNORECASE,
)
_ELEMENT = re.compile(
    r"<\s{0,4}[/\\]?\s{0,4}[a-z][a-z0-9:-]{0,60}(?:[\s/>\"'=]|$)|<[!?]", re.IGNORECASE
)
_HANDLER = re.compile(
    r"(?<![\w-])(?:on[a-z]{3,30}|srcdoc|formaction|xlink:href)\s{0,4}=\s{0,4}[\"'`\w(\\]",
    re.IGNORECASE,
)
_ENTITY = re.compile(
    r"&#(?:x[0-9a-f]{1,6}|\d{1,7});?|&(?:lt|gt|colon|tab|newline|lpar|quot);", re.IGNORECASE
)
_TEMPLATE = re.compile(
    r"\{\{[^{}]{0,200}\}\}|\{%[^{}%]{0,200}%\}|\$\{[^{}]{0,200}\}|#\{[^{}]{0,200}\}"
    r"|<%[^<>%]{0,200}%>"
    r"|\{{2,200}|\}{2,200}"
)
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069"
    r"\U000e0001-\U000e007f](?:(?<=[\x1b\x9b])\[?[0-9;?]{0,20}[A-Za-z]?)?"
)


def _inside(hit: Hit, spans: list[tuple[int, int]]) -> bool:
    """Whether it begins in one of some spans, which stand in order."""
    place = bisect_right(spans, hit.start, key=itemgetter(0)) - 1
    return place >= 0 and hit.start < spans[place][1]


def _tags(ctx: CheckContext) -> Iterator[tuple[Hit, str]]:
    """What a browser could take for a tag, each with what to write there."""
    for hit in ctx.search(_TAG):
        if _ELEMENT.match(hit.match[0]):
            yield hit, ""
        elif not hit.match[0][1].isspace():  # with a blank there it is text to any browser
            yield hit, f"< {hit.match[0][1:]}"


@check("sec.markup", severity="high")
def sec_markup(ctx: CheckContext, settings: CheckSettings) -> Iterator[Finding]:  # noqa: ARG001 - the contract
    """Flag tags, event handlers, character references, template syntax, control characters."""
    text = ctx.folded.text
    tags: list[tuple[int, int]] = []
    for hit, instead in _tags(ctx) if "<" in text else ():
        tags.append((hit.start, hit.end))
        yield sec_markup.finding(
            "tag", hit.start, hit.end, "A reply holds no HTML.", replacement=instead
        )
    for hit in ctx.search(_HANDLER) if "=" in text else ():
        if not _inside(hit, tags):
            message = "This would be an event handler in HTML."
            yield sec_markup.finding("handler", hit.start, hit.end, message, replacement="")
    for hit in ctx.search(_ENTITY) if "&" in text else ():
        if not _inside(hit, tags):
            message = "A character is written here as HTML writes it."
            yield sec_markup.finding("entity", hit.start, hit.end, message, replacement="")
    if "{" in text or "}" in text or "<%" in text:
        for hit in ctx.search(_TEMPLATE):
            message = "Template syntax was left in the reply."
            yield sec_markup.finding("template", hit.start, hit.end, message)
    # As written, not folded: here the odd characters are the point.
    for match in _CONTROL.finditer(ctx.text) if not ctx.text.isprintable() else ():
        message = "Control characters do not belong in a reply."
        yield sec_markup.finding("control", *match.span(), message, replacement="")
