"""Finds where a reply says that something was done: which action, and in which words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from handrail.guardrails.action_words import (
    ABLE,
    ANY,
    DONE,
    NOUNS,
    NOW_HAS,
    OUTCOME,
    PAST_ES,
    WENT,
)
from handrail.guardrails.claims import Claim
from handrail.guardrails.contract import CheckContext
from handrail.guardrails.normalisation import lowered
from handrail.guardrails.terms import plain

Form = Literal["active", "passive", "past", "outcome"]
"""``active`` "I have cancelled", ``passive`` "has been cancelled", ``past`` "was cancelled",
``outcome`` "the cancellation is complete"."""

_ADVERBS = (
    r"(?:(?:just|already|now|successfully|also|both|all|hereby|therefore|then|fully|recently"
    r"|officially|gladly|personally|manually|promptly|gone ahead and|went ahead and|recién|ya"
    r"|correctamente|con éxito|exitosamente|también)\W{1,2}){0,3}"
)
_MATTER = (
    r"(?:[\w-]{1,20} ){0,2}(?:orders?|reservations?|bookings?|flights?|tickets?|refunds?|payments?"
    r"|items?|accounts?|cards?|subscriptions?|appointments?|packages?|parcels?|shipments?|returns?"
    r"|exchanges?|cancell?ations?|changes?|requests?|plans?|lines?|services?|memberships?"
    r"|certificates?|vouchers?|credits?|discounts?|replacements?|fees?|charges?|address|pedidos?"
    r"|reservas?|reembolsos?|pagos?|cuentas?|tarjetas?|suscripci[oó]n|cita|paquetes?|env[ií]os?|solicitud|cambios?|devoluci[oó]n)"
)
_SUBJECT = (
    rf"(?:\b(?:your|you|it|this|that|both|these|those|everything|su|sus|tu|tus|usted)\b"
    rf"|\b(?:the|an?|el|la|los|las|una?) {_MATTER}\b|#?\b[a-z]{{0,4}}\d[\w-]{{2,20}})"
)
_ACTIVE = re.compile(
    r"\b(?:(?:i|we)(?:['’]ve|['’]d| have| had| did)?|(?:our|the|my) (?:[a-z]{2,20} ){0,2}(?:team"
    r"|system|colleagues?|warehouse|specialists?|agents?|department|manager)(?: has| have)?"
    rf"|he|hemos|(?:el|nuestro) equipo(?: ya)? ha) {_ADVERBS}$",
)
_PASSIVE = re.compile(
    rf"(?:(?:\b(?:has|have)|['’](?:s|ve)) {_ADVERBS}been|\bha[ns]?(?: ya)? sido|\bse ha[ns]?"
    rf"|\b(?:ha[ns]? )?(?:queda|quedado)n?|\bestán?|\bquedó) {_ADVERBS}$",
)
_PAST = re.compile(rf"{_SUBJECT}[^,;:.!?\n]{{0,60}}(?<=\s)(?:was|were|got|fue(?:ron)?) {_ADVERBS}$")
PRESENT = re.compile(
    rf"(?:{_SUBJECT}[^,;:.!?\n]{{0,60}}(?<=\s)(?P<be>is|are)|\b(?:it|that|you)['’](?:s|re))"
    rf" (?P<adverbs>{_ADVERBS})$",
)
_ITS_NUMBER = r"(?: [#*]{0,3}[\w-]{3,20}\*{0,2})?"
BARE = re.compile(
    r"\W{0,4}(?:(?:done|great|perfect|good news|all set|listo)\W{1,3})?"
    rf"(?:(?P<noun>(?:(?:your|the|su|tu|el|la) )?{_MATTER}){_ITS_NUMBER} )?"
    rf"(?P<adverbs>{_ADVERBS})$",
)
NOT_BARE = (" be ", " is ", " or ", " we ")
"""What no such words end with, and what many others do."""
_ALSO = re.compile(
    rf"^[^.!?\n]{{0,80}}(?:,|\band\b|\by\b|\be\b)\s(?:(?:i|we|your|the|a|an|su|tu|el|la) )?"
    rf"(?:[a-z]{{2,20}} )?{_ADVERBS}$",
)
_LAST_OF_ADVERBS = (
    "just already now successfully also both all hereby therefore then fully recently officially"
    " gladly personally manually promptly and recién ya correctamente éxito exitosamente también"
)


def _ends(words: str) -> frozenset[str]:
    return frozenset(f"{words} {_LAST_OF_ADVERBS}".split())


LED: tuple[tuple[Form, re.Pattern[str], frozenset[str]], ...] = (
    ("active", _ACTIVE, _ends(
        "i we ve d have had did has team system colleague colleagues warehouse specialist"
        " specialists agent agents department manager he hemos ha")),
    ("passive", _PASSIVE, _ends(
        "been sido ha has han queda quedan quedado quedadon está están quedó")),
    ("past", _PAST, _ends("was were got fue fueron")),
)  # fmt: skip
"""Words before a participle that give it a form, and what the last of them is: a cheap test."""
IS = _ends("is are s re")
"""The same of the present tense."""
_ADVERB = _ends("")
_LAST = 40
"""Characters in which the last word stands."""
_STATES = frozenset({"cancel", "activate", "close", "book", "change", "remove", "waive"})
"""What may be said in the present tense: "your order is cancelled" tells a state."""
_POSSIBLE = re.compile(
    r"\b(?:should|could|would|may|might|must|will|shall|can|to|having|debería|podría|puede|pueda"
    r"|habrá|habría)\W{1,2}(?:(?:have|has|be|been|haber|ser|sido|also|already|now)\W{1,2}){0,4}"
    rf"{_ADVERBS}$",
)
_DENIED = re.compile(
    r"\b(?:not|never|no|none|cannot|unable|nunca|ningún|ninguna|tampoco)\b|n['’]t\b"
)
_RELATIVE = re.compile(
    r"\b(?:(?:any|no) \w{2,20} (?:that |which )?|\w{2,20} (?:that|which|who|whose) |which |who )"
    rf"(?:has|have|is|are|was|were) {_ADVERBS}(?:been )?{_ADVERBS}$",
)
_HEARSAY = re.compile(
    r"(?:\b(?:understand|mention\w{0,3}|said|say(?:ing)?|told|heard?"
    r"|sorry(?! to (?:inform|say|tell))"
    r"|apologi[sz]e\w{0,2}|stated?|stating|indicating|claim(?:ed)?|believe|regret(?! to)"
    r"|assum\w{1,3}|ensur(?:e|es|ing)|mak(?:e|es|ing) sure|verify|double-check|why|how"
    r"|(?:date|day|time|moment) (?:the|your|it|you|that)|entiendo|lamento(?! inform)|dice|dijo"
    r"|indic[aó]|mencion\w{1,3}|aseg[uú]r\w{1,5})\b"
    r"|(?:^|\b(?:and|to|please|then)\s)\W{0,4}(?:confirm|check)\b)[^,;:.!?]{0,80}$",
)
"""What others say, or what is only hoped for: "you said it was", "to ensure it is"."""
_CONDITION = re.compile(
    r"\b(?:if|once|when|whenever|after|before|until|unless|as soon as|in case|whether|were (?:i|we)"
    r"|si|cuando|una vez que?|después de que|hasta que|en cuanto)\b[^.;!?\n]{0,80}$",
)
_OTHERS = re.compile(
    r"\W{1,3}(?:by (?:the|an?|your?)\b(?! (?:team|system|agent))|por (?:el|la)\b|if\b|when\b|once\b"
    r"|unless\b|cuando\b|si\b)",
)
_BREAK = re.compile(r"[,;:–—(]|\b(?:but|however|pero)\b")
_CLAUSE = re.compile(
    r"[,;:]|\b(?:but|and|since|because|as|while|that|which|pero|y|porque|que|ya que)\b",
)
_HANDING = re.compile(
    r"\b(?:you are|you['’]re|i['’]m|i am|we are|we['’]re|estoy|le estamos)"
    r" (?:now |currently )?(?:being )?(?P<hand_over>transferr(?:ed|ing)|escalat(?:ed|ing)"
    r"|forwarding|transfiriendo)\b",
)
_PREPOSITION = re.compile(r"\b(?:for|of|on|to|in|with|de|del|para|en|con)\b")
_SAYS_NOTHING = re.compile(
    r"made|started|handled|confirmed|opened|created|sent|resolved|arranged|registered|requested"
    r"|returned|hech[oa]s?|registrad[oa]s?|enviad[oa]s?|solicitad[oa]s?",
)
_MONEY = re.compile(r"\b(?:money|dinero)\b")
_COLOURLESS_TOO = re.compile(
    r"issued|placed|created|sent|registered|added|returned|emitid[oa]s?|enviad[oa]s?"
)
SAID: tuple[tuple[re.Pattern[str], frozenset[str]], ...] = (
    (OUTCOME, frozenset((
        "complete", "successful", "done", "confirmed", "place", "effective", "through", "way",
        "finished", "listo", "lista", "listos", "listas", "camino"))),
    (PAST_ES, frozenset((
        "cancelé", "cancelamos", "canceló", "anulé", "anulamos", "reembolsé", "reembolsamos",
        "reembolsó", "cambié", "cambiamos", "actualicé", "actualizamos", "modifiqué",
        "modificamos", "envié", "enviamos", "emití", "emitimos", "reemplacé", "reemplazamos",
        "reservé", "reservamos", "agendé", "agendamos", "procesé", "procesamos", "tramité",
        "tramitamos"))),
    (ABLE, frozenset(("able", "managed", "did", "pude", "pudimos", "logré", "logramos"))),
    (NOW_HAS, frozenset(("now", "ahora"))),
    (WENT, frozenset(("out", "left"))),
    (_HANDING, frozenset((
        "transferred", "transferring", "escalated", "escalating", "forwarding",
        "transfiriendo"))),
)  # fmt: skip
"""Other ways to say it, each with the words of which a sentence must hold one."""
_REACH = 120


@dataclass(frozen=True, slots=True)
class ActionClaim:
    """A statement that something was done."""

    family: str
    """One of :data:`~handrail.guardrails.action_words.FAMILIES`, or ``any``."""
    form: Form
    start: int
    end: int
    """The words that say it, in the text as written."""
    sentence: Claim
    head: str
    """The sentence, folded, up to the participle."""
    tail: str
    """The sentence, folded, from behind the participle."""


def claimed_actions(ctx: CheckContext) -> Iterator[ActionClaim]:
    """Find the statements that something was done; conditions, denials and hearsay are none."""
    text = lowered(ctx.folded.text)
    verbs = set(ctx.holding(frozenset(filter(DONE.begins, ctx.words))))
    rules = [
        (rule, set(ctx.holding(telling)))
        for rule, telling in SAID
        if not telling.isdisjoint(ctx.words)
    ]
    for at in sorted(verbs.union(*(held for _, held in rules))):
        sentence = ctx.sentences[at]
        if sentence.kind == "question":
            continue
        part = text[sentence.start : sentence.end]
        done = _with_verbs(part) if at in verbs else ()
        otherwise = _otherwise(part, [rule for rule, held in rules if at in held])
        for family, form, span in (*done, *otherwise):
            yield _made(family, form, sentence, span, ctx)


def _with_verbs(text: str) -> Iterator[tuple[str, Form, tuple[int, int]]]:
    said: int | None = None
    for verb in DONE.find(text):
        begin, end = verb.start, verb.end
        form = _form(text[max(0, begin - _REACH) : begin], verb.family, text[end:])
        if form is None and said is not None and _ALSO.search(text[said:begin]):
            form = "passive"
        if form is None or not _asserted(text, begin, end, form):
            continue
        said = end
        family = _family(verb.family, text, begin, end, form)
        if family is not None:
            yield family, form, (begin, end)


def _otherwise(
    text: str, rules: Iterable[re.Pattern[str]]
) -> Iterator[tuple[str, Form, tuple[int, int]]]:
    for rule in rules:
        for match in rule.finditer(text):
            family = _subject(text, match.start()) if rule is OUTCOME else match.lastgroup
            if family and _asserted(text, *match.span(), "outcome"):
                yield family, "outcome", match.span()


def _made(
    family: str, form: Form, sentence: Claim, span: tuple[int, int], ctx: CheckContext
) -> ActionClaim:
    text, (begin, end) = sentence.text, span
    first = _clause_start(text, begin)
    start, stop = ctx.folded.span(sentence.start + first, sentence.start + end)
    return ActionClaim(family, form, start, stop, sentence, text[:begin], text[end:])


def _clause_start(text: str, begin: int) -> int:
    """Where the clause begins that leads to a participle."""
    head = text[max(0, begin - _REACH) : begin]
    breaks = [match.end() for match in _BREAK.finditer(head)]
    at = max(0, begin - _REACH) + (breaks[-1] if breaks else 0)
    while at < begin and not text[at].isalnum():
        at += 1
    return at


def _form(head: str, family: str, tail: str) -> Form | None:
    last = "".join(plain(head[-_LAST:])[-1:])
    for form, pattern, ends in LED:
        if last in ends and pattern.search(head):
            return form
    if last in (IS if family in _STATES else _ADVERB) and PRESENT.search(head):
        return "passive"
    alone = not tail.strip(" .!\"'”*")
    if not (alone or last in _ADVERB) or head.endswith(NOT_BARE):
        return None
    bare = BARE.match(head)
    told = bare and (bare["adverbs"] or ((bare["noun"] or family in _STATES) and alone))
    return "passive" if told else None


def _asserted(text: str, begin: int, end: int, form: Form) -> bool:
    """Whether the sentence says so of itself: no denial, condition, possibility or hearsay."""
    head = text[max(0, begin - _REACH) : begin]
    clause = head[max((m.end() for m in _BREAK.finditer(head)), default=0) :]
    if _POSSIBLE.search(clause) or _DENIED.search(clause) or _CONDITION.search(head):
        return False
    if form != "active" and (_RELATIVE.search(clause) or _HEARSAY.search(clause)):
        return False
    return not _OTHERS.match(text, end)


def _family(verb: str, text: str, begin: int, end: int, form: Form) -> str | None:
    """The action that a verb and the nouns beside it name; ``None`` where it names none."""
    if verb == "return" and _MONEY.search(text):
        return "refund"
    if verb != ANY and not _COLOURLESS_TOO.fullmatch(text, begin, end):
        return verb
    noun = _object(text, end) if form == "active" else None
    noun = noun or _subject(text, begin) or _object(text, end)
    if noun is not None or verb != ANY:
        return noun or verb
    return None if _SAYS_NOTHING.fullmatch(text, begin, end) else ANY


def _object(text: str, end: int) -> str | None:
    """The action that the words behind a verb name."""
    found = next(NOUNS.find(text, end, min(len(text), end + 60)), None)
    return found.family if found else None


def _subject(text: str, begin: int) -> str | None:
    """The action that the subject of a verb names: the exchange of "the exchange for it"."""
    low = max(0, begin - _REACH)
    start = max((m.end() for m in _CLAUSE.finditer(text, low, begin)), default=low)
    nouns = list(NOUNS.find(text, start, begin))
    joined = _PREPOSITION.search(text, start, begin)
    heads = [noun for noun in nouns if joined is None or noun.end <= joined.start()]
    chosen = heads[-1] if heads else next(iter(nouns), None)
    return chosen.family if chosen else None
