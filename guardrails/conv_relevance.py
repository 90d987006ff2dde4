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
from collections.abc import Iterable, Iterator

from pydantic import Field

from handrail.core.verdict import EvidenceSpan, Finding
from handrail.guardrails.contract import CheckContext, CheckSettings, check
from handrail.guardrails.reading import read_published, stems
from handrail.language.courtesy import courtesy
from handrail.language.detection import detect_language
from handrail.playbook.wording import texts

_LOOK_BACK = 4
_ENOUGH_ASKED = 2
"""Content words of a message of which no intent is known, from which it asks something."""
_TELLING = {
    "medical": frozenset(
        """
        symptom symptoms diagnosis diagnose diagnosed medication medications medicine medicines
        tablets dose doses dosage antibiotic antibiotics ibuprofen paracetamol aspirin infection
        prescription síntoma síntomas diagnóstico medicamento medicamentos medicina medicinas
        pastillas dosis antibiótico antibióticos ibuprofeno aspirina infección
        """.split()  # noqa: SIM905 - a list of words is read as words
    ),
    "legal": frozenset(
        """
        sue lawsuit lawsuits lawyer lawyers attorney attorneys court liable liability damages
        demandar demandarlos abogado abogada abogados tribunal tribunales juicio
        """.split()  # noqa: SIM905
    ),
    "financial": frozenset(
        """
        invest investing investment investments stock stocks shares cryptocurrency cryptocurrencies
        bitcoin mortgage pension taxes invertir invertirlo inversión inversiones acciones
        criptomoneda criptomonedas hipoteca pensión impuestos
        """.split()  # noqa: SIM905
    ),
}
"""Words that a kind of advice is known by."""
_TOPICS = {
    topic: re.compile(rf"\b(?:{'|'.join(sorted(words))})\b", re.IGNORECASE)
    for topic, words in _TELLING.items()
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
    overlap: float = Field(default=0.06, ge=0, le=1)
    """Least share of a reply's content words that must be of the matter, where the intent is known;
    where it is not, one word is enough."""
    scope: tuple[str, ...] = ()
    """Kinds of advice the team does give: ``medical``, ``legal``, ``financial``."""


def _matter(ctx: CheckContext) -> Iterator[frozenset[str]]:
    """The content words of all that the matter is known by, what is read already first."""
    for passage in ctx.draft.passages if ctx.draft else ():
        yield read_published(f"{passage.title}\n{passage.text}").stems
    intent = ctx.playbook.intents.get(ctx.intent or "")
    if intent is not None:
        written = (intent.description, *(template.text for template in intent.templates))
        said = (text for words in written for _, text in texts(words))
        translated = (text for told in intent.translated_examples.values() for text in told)
        known = "\n".join((*said, *intent.examples, *translated))
        yield read_published(known).stems
    wrote = [m.text for m in ctx.snapshot.messages if m.role in ("customer", "ai")][-_LOOK_BACK:]
    yield stems(" ".join([ctx.said, *wrote, ctx.playbook.brand.name]))
    yield ctx.evidence.records.stems


def _is_of_the_matter(ctx: CheckContext, words: frozenset[str], least: float) -> bool:
    """Whether more than ``least`` of the words are of the matter."""
    common: set[str] = set()
    for known in _matter(ctx):
        common |= words & known
        if len(common) > least:
            return True
    return False


def _all(words: Iterable[frozenset[str]]) -> frozenset[str]:
    return frozenset[str]().union(*words)


def _same_language(ctx: CheckContext) -> bool:
    asked, reply = (detect_language(text).tag for text in (ctx.said, ctx.text))
    return asked is None or reply is None or asked == reply


def _off_topic(ctx: CheckContext, settings: RelevanceSettings) -> Iterator[Finding]:
    said = zip(ctx.claims, ctx.content, strict=True)
    stated = _all(words for claim, words in said if claim.kind == "statement")
    known = ctx.intent in ctx.playbook.intents
    if len(stated) < settings.min_words or len(stems(ctx.said)) < (1 if known else _ENOUGH_ASKED):
        return
    least = settings.overlap * len(stated) if known else 0
    if _is_of_the_matter(ctx, _all(ctx.content), least) or not _same_language(ctx):
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
        if _TELLING[topic].isdisjoint(ctx.words):
            continue
        for hit in ctx.search(pattern):
            claim = ctx.claim_at(hit.start, hit.end)
            if claim is None or not _ADVISES.search(claim.text) or _REFERS.search(claim.text):
                continue
            if not ctx.evidence.unknown(stems(hit.match[0])):
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
    # A question back or a holding reply answers nothing, and thanks are no question.
    answers = ctx.draft is None or ctx.draft.answers
    if answers and courtesy(ctx.said) is None:
        yield from _off_topic(ctx, settings)
    yield from _advice(ctx, settings)
