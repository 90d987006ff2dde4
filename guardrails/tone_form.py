"""Check ``tone.form``: a reply has text, fits, is filled in, and keeps to the brand's words.

Fires: "Dear [Customer Name], ...". Does not fire: "Dear Ana, ...".

Rules: ``empty`` (high), ``placeholder`` (high), ``redacted`` (high: a repair left a hole, so a
person reads it), ``too_long`` (medium), ``forbidden_word`` (medium).
The evidence of the last two is the playbook's own setting.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from handrail.core.verdict import EvidenceSpan, Finding
from handrail.guardrails.contract import CheckContext, CheckSettings, check

_PLACEHOLDER = re.compile(
    r"\[(?:your|customer|client|agent|insert|name|order|date|amount|company|product|nombre|"
    r"cliente|fecha|importe|pedido)\b[^\]\n]{0,40}\]"
    r"|<(?:your|customer|insert|name|order|date|amount|company)\b[^>\n]{0,40}>"
    r"|(?<![{\w$])\{[a-z_][\w.]{0,40}\}(?!\})|%\(\w{1,30}\)s|\bX{3,10}\b|\b(?-i:TBD|TBC|TODO)\b"
    r"|\blorem ipsum\b",
    re.IGNORECASE,
)


_REDACTED = re.compile(r"\[(?:link )?removed\]")


@lru_cache(maxsize=64)
def _forbidden(words: tuple[str, ...]) -> re.Pattern[str] | None:
    listed = "|".join(re.escape(word) for word in words if word.strip())
    return re.compile(rf"(?<!\w)(?:{listed})(?!\w)", re.IGNORECASE) if listed else None


@check("tone.form", severity="medium")
def tone_form(ctx: CheckContext, settings: CheckSettings) -> Iterator[Finding]:  # noqa: ARG001 - the contract
    """Flag an empty, overlong or unfilled reply, and words the brand does not use."""
    text, tone = ctx.text, ctx.playbook.tone
    if not ctx.folded.text.strip():
        yield tone_form.finding("empty", 0, len(text), "There is no text.", severity="high")
        return
    if len(text) > tone.max_chars:
        rule = EvidenceSpan(
            source="rule:tone.max_chars", quote=str(tone.max_chars), relation="contradicts"
        )
        message = f"The reply has {len(text)} characters; the playbook allows {tone.max_chars}."
        yield tone_form.finding("too_long", tone.max_chars, len(text), message, evidence=(rule,))
    for hit in ctx.search(_PLACEHOLDER):
        yield tone_form.finding(
            "placeholder", hit.start, hit.end, "A placeholder was left unfilled.", severity="high"
        )
    for hit in ctx.search(_REDACTED):
        message = "Something was taken out here; the sentence needs a person."
        yield tone_form.finding("redacted", hit.start, hit.end, message, severity="high")
    forbidden = _forbidden(tone.forbidden)
    for hit in ctx.search(forbidden) if forbidden else ():
        rule = EvidenceSpan(
            source="rule:tone.forbidden", quote=hit.match[0], relation="contradicts"
        )
        yield tone_form.finding(
            "forbidden_word",
            hit.start,
            hit.end,
            "The playbook forbids this word.",
            evidence=(rule,),
        )
