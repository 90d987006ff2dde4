"""Check ``conv.relevance``: a reply is about what was asked, and keeps to the team's trade.

Fires: "Our museum opens at nine on Mondays." to "Where is my parcel?"; "You should stop taking the
tablets." from a lamp shop. Does not fire: an answer in other words of the same matter, a question
back, an offer of help, advice that an article of the playbook gives.

Rules: ``off_topic`` (medium): what a reply states shares next to no content word with the question,
the intent, the passages found for it and the customer's records. ``advice`` (high): medical, legal
or financial advice that no source of the playbook speaks of. English and Spanish; a reply in
another language than the question is left to ``tone.language``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import Field

from handrail.core.verdict import EvidenceSpan, Finding
from handrail.guardrails.contract import CheckContext, CheckSettings, check
from handrail.guardrails.reading import read_published, stems
from handrail.guardrails.record_facts import record_words
from handrail.language.detection import detect_language

_LOOK_BACK = 4
_TOPICS = {
    "medical": re.compile(
        r"\b(?:symptoms?|diagnos\w{1,6}|medications?|medicines?|tablets|dos(?:e|es|age)|antibiotics?"
        r"|ibuprofen|paracetamol|aspirin|infection|prescription|síntomas?|diagnóstico"
        r"|medicamentos?|medicinas?|pastillas|dosis|antibióticos?|ibuprofeno|paracetamol"
        r"|aspirina|infección|receta médica)\b",
        re.IGNORECASE,
    ),
    "legal": re.compile(
        r"\b(?:sue|lawsuit|lawyers?|attorneys?|court|legally binding|legal action|liab(?:le|ility)"
        r"|statute|damages|demand(?:ar|arlos)|abogad[oa]s?|tribunal(?:es)?|juicio|acciones legales)"
        r"\b",
        re.IGNORECASE,
    ),
    "financial": re.compile(
        r"\b(?:invest(?:ing|ments?)?|stocks?|shares|cryptocurrenc\w{1,4}|bitcoin|mortgage|pension"
        r"|taxes|tax (?:return|deduct\w{1,6})|inver(?:tir|tirlo|sión|siones)|acciones"
        r"|criptomonedas?|hipoteca|pensión|impuestos)\b",
        re.IGNORECASE,
    ),
}
_ADVISES = re.compile(
    r"\b(?:you (?:should|must|need to|ought to|could always|can safely|may want to|have a (?:good|"
    r"strong) case)|i(?:'d| would)? (?:recommend|advise|suggest)|we (?:recommend|advise|suggest)"
    r"|my advice|it(?:'s| is) (?:safe|best|wise) to|(?:take|stop taking|buy|sell) (?:the|your|two"
    r"|more|some|a|an)|debe(?:s|ría|rías)?|tiene(?:s)? que|(?:le|te) (?:recomiendo|aconsejo"
    r"|recomendamos|aconsejamos)|mi consejo|es (?:mejor|seguro|recomendable)|(?:tome|deje de tomar"
    r"|compre|venda))\b",
    re.IGNORECASE,
)
_REFERS = re.compile(
    r"\b(?:doctor|physician|pharmacist|professional|advis[oe]r|specialist|médico|farmacéutic[oa]"
    r"|profesional|asesor|especialista)\b",
    re.IGNORECASE,
)


class RelevanceSettings(CheckSettings):
    """How little a reply may have in common with the question."""

    min_words: int = Field(default=5, ge=1)
    """Replies that state fewer content words are not judged."""
    overlap: float = Field(default=0.04, ge=0, le=1)
    """Least share of a reply's content words that must be of the matter, where the intent is known;
    where it is not, one word is enough."""
    scope: tuple[str, ...] = ()
    """Kinds of advice the team does give: ``medical``, ``legal``, ``financial``."""


def _matter(ctx: CheckContext) -> frozenset[str]:
    """The content words of all that the matter is known by."""
    wrote = [m.text for m in ctx.snapshot.messages if m.role in ("customer", "ai")][-_LOOK_BACK:]
    texts = [ctx.said, *wrote, record_words(ctx.snapshot), ctx.playbook.brand.name]
    words = stems(" ".join(texts))
    if ctx.draft is not None:
        for passage in ctx.draft.passages:
            words |= read_published(f"{passage.title}\n{passage.text}").stems
    intent = ctx.playbook.intents.get(ctx.intent or "")
    if intent is None:
        return words
    templates = (template.text for template in intent.templates)
    known = "\n".join((intent.description, *intent.examples, *templates))
    return words | read_published(known).stems


def _same_language(ctx: CheckContext) -> bool:
    asked, reply = (detect_language(text).tag for text in (ctx.said, ctx.text))
    return asked is None or reply is None or asked == reply


def _off_topic(ctx: CheckContext, settings: RelevanceSettings) -> Iterator[Finding]:
    stated = " ".join(claim.text for claim in ctx.claims if claim.kind == "statement")
    words = stems(stated)
    if len(words) < settings.min_words or not stems(ctx.said):
        return
    common = words & _matter(ctx)
    least = settings.overlap * len(words) if ctx.intent in ctx.playbook.intents else 0
    if len(common) > least or not _same_language(ctx):
        return
    asked = EvidenceSpan(source="message:said", quote=ctx.said.strip()[:200], relation="absent")
    yield conv_relevance.finding(
        "off_topic",
        0,
        len(ctx.text),
        "The reply has nothing in common with what the customer asked.",
        evidence=(asked,),
        confidence=0.6,
    )


def _advice(ctx: CheckContext, settings: RelevanceSettings) -> Iterator[Finding]:
    for topic, pattern in _TOPICS.items():
        if topic in settings.scope:
            continue
        for hit in ctx.search(pattern):
            claim = ctx.claim_at(hit.start, hit.end)
            if claim is None or not _ADVISES.search(claim.text) or _REFERS.search(claim.text):
                continue
            if stems(hit.match[0]) <= ctx.evidence.stems:
                continue
            scope = EvidenceSpan(source="rule:playbook", quote="", relation="absent")
            yield conv_relevance.finding(
                "advice",
                claim.start,
                claim.end,
                f"This is {topic} advice, which no source of the team gives.",
                severity="high",
                evidence=(scope,),
                confidence=0.8,
            )
            break


@check("conv.relevance", severity="medium", settings=RelevanceSettings)
def conv_relevance(ctx: CheckContext, settings: RelevanceSettings) -> Iterator[Finding]:
    """Flag a reply beside the question, and advice that is not the team's to give."""
    if ctx.draft is None or ctx.draft.answers:  # a question back or a holding reply answers nothing
        yield from _off_topic(ctx, settings)
    yield from _advice(ctx, settings)
