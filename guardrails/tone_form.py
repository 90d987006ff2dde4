"""Check ``tone.form``: a reply has text, fits, is filled in, and greets the right person.

Fires: "Dear [Customer Name], ...", "Hi Maria, ..." to Ana, "**Note**" where Markdown is not shown.
Does not fire: "Dear Ana, ...", "Dear customer, ...", "5 * 3", a list with dashes.

Rules: ``empty`` (high), ``placeholder`` (high), ``redacted`` (high: a repair left a hole, so a
person reads it), ``wrong_name`` (high: the greeting names somebody else), ``too_long`` (medium),
``markdown`` (low), ``hard_to_read`` (low: the automated readability index of a longer text). A
wrong name, Markdown and a placeholder for the name come with a proposal.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from pydantic import Field

from handrail.core.verdict import EvidenceSpan, Finding
from handrail.guardrails.contract import CheckContext, CheckSettings, check
from handrail.guardrails.terms import inked

_PLACEHOLDER = re.compile(
    r"\[(?:your|customer|client|agent|insert|name|order|date|amount|company|product|nombre|"
    r"cliente|fecha|importe|pedido)\b[^\]\n]{0,40}\]"
    r"|<(?:your|customer|insert|name|order|date|amount|company)\b[^>\n]{0,40}>"
    r"|(?<![{\w$])\{[a-z_][\w.]{0,40}\}(?!\})|%\(\w{1,30}\)s|\bX{3,10}\b|\b(?-i:TBD|TBC|TODO)\b"
    r"|\blorem ipsum\b",
    re.IGNORECASE,
)
_FOR_NAME = re.compile(
    r"\W{1,2}(?:(?:your|customer|client|first)['’]?s? ?_?)?(?:first[ _])?(?:name|nombre)\W{1,2}",
    re.IGNORECASE,
)
_UNFILLED = frozenset({"tbd", "tbc", "todo", "lorem", *("x" * count for count in range(3, 11))})
_REDACTED = re.compile(r"\[(?:link )?removed\]")
_GREETING = re.compile(
    r"\s{0,4}(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|hola|estimad[oa]|querid[oa]"
    r"|buen[oa]s (?:días|tardes|noches)),? (?P<title>(?:mr|mrs|ms|dr|sr|sra|srta)\.? )?"
    r"(?P<name>[^\W\d_]{2,30}(?:[ '’-][^\W\d_]{2,30}){0,3})(?=[,.!:;\n–-]|$)",
    re.IGNORECASE,
)
_NOBODY = frozenset(
    """
    customer client sir madam friend there all everyone team again valued and or guest traveller
    member user folks cliente clienta amigo amiga equipo todos todas señor señora
    """.split()  # noqa: SIM905 - a list of words is read as words
)
_MARKDOWN = re.compile(
    r"(?<![*\w])\*\*(?P<bold>[^*\n]{1,200})\*\*(?!\*)|(?<![_\w])__(?P<strong>[^_\n]{1,200})__(?!\w)"
    r"|(?m:^)#{1,6} (?P<heading>[^\n]{1,200})|`{3}[a-z]{0,12}\n?"
    r"|(?m:^)\|[^\n|]{1,80}\|[^\n]{0,200}\|"
)
_BRACKETS = ("[", "<", "{", "%(")
_MARKS = ("**", "__", "# ", "```", "|")
_WORD = re.compile(r"[^\W_]{1,40}")
_READABLE_FROM = 60
"""Words from which on a text is judged for how hard it reads."""


class FormSettings(CheckSettings):
    """What a reply looks like."""

    markdown_channels: tuple[str, ...] = ()
    """Channels that show Markdown; on the others it is flagged."""
    max_grade: float = Field(default=16, ge=1)
    """Most years of school that a text may ask of its reader."""


def _plain(name: str) -> list[str]:
    bare = unicodedata.normalize("NFKD", name.casefold())
    return _WORD.findall("".join(char for char in bare if not unicodedata.combining(char)))


def _same_person(greeted: list[str], known: list[str]) -> bool:
    """Whether one of the names is the customer's, be it short: Dan for Daniel."""
    return any(one.startswith(other) or other.startswith(one) for one in greeted for other in known)


def _greeting(ctx: CheckContext) -> Iterator[Finding]:
    name = ctx.snapshot.customer.name
    hit = _GREETING.match(ctx.folded.text)
    if not name or not hit:
        return
    greeted = _plain(hit["name"])
    written = hit["name"][:1].isupper()
    if not written or not _NOBODY.isdisjoint(greeted) or _same_person(greeted, _plain(name)):
        return
    start, end = ctx.folded.span(*hit.span("name"))
    own = EvidenceSpan(source="customer#name", quote=name, relation="contradicts")
    yield tone_form.finding(
        "wrong_name",
        start,
        end,
        "The greeting names somebody else.",
        severity="high",
        evidence=(own,),
        confidence=0.9,
        replacement=None if hit["title"] else name.split()[0],
    )


def _unfilled(ctx: CheckContext) -> Iterator[Finding]:
    name = ctx.snapshot.customer.name
    text = ctx.folded.text
    if any(mark in text for mark in _BRACKETS) or not _UNFILLED.isdisjoint(ctx.words):
        yield from _placeholders(ctx, name)
    for hit in ctx.search(_REDACTED) if "removed]" in text else ():
        message = "Something was taken out here; the sentence needs a person."
        yield tone_form.finding("redacted", hit.start, hit.end, message, severity="high")


def _placeholders(ctx: CheckContext, name: str | None) -> Iterator[Finding]:
    for hit in ctx.search(_PLACEHOLDER):
        own = name.split()[0] if name and _FOR_NAME.fullmatch(hit.match[0]) else None
        message = "A placeholder was left unfilled."
        yield tone_form.finding(
            "placeholder", hit.start, hit.end, message, severity="high", replacement=own
        )


def _markdown(ctx: CheckContext) -> Iterator[Finding]:
    if not any(mark in ctx.folded.text for mark in _MARKS):
        return
    for hit in ctx.search(_MARKDOWN):
        inner = hit.match["bold"] or hit.match["strong"] or hit.match["heading"]
        message = "This channel shows Markdown as it is written."
        yield tone_form.finding(
            "markdown", hit.start, hit.end, message, severity="low", replacement=inner
        )


def _readability(ctx: CheckContext, most: float) -> Iterator[Finding]:
    seen = inked(ctx.folded.text)
    words = f" {seen}".count(" a")
    if words < _READABLE_FROM:
        return
    sentences = max(1, len(ctx.claims))
    grade = 4.71 * (len(seen) - seen.count(" ")) / words + 0.5 * words / sentences - 21.43
    if grade > most:
        message = f"This reads like year {grade:.0f} of school; shorter sentences help."
        yield tone_form.finding("hard_to_read", 0, len(ctx.text), message, severity="low")


@check("tone.form", severity="medium", settings=FormSettings)
def tone_form(ctx: CheckContext, settings: FormSettings) -> Iterator[Finding]:
    """Flag an empty, overlong, unfilled, wrongly addressed or hardly readable reply."""
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
    yield from _greeting(ctx)
    yield from _unfilled(ctx)
    if ctx.snapshot.conversation.channel not in settings.markdown_channels:
        yield from _markdown(ctx)
    yield from _readability(ctx, settings.max_grade)
