"""Check ``in.human_request``: the customer asks for a person, or is about to go elsewhere.

Fires: "Let me talk to a human", "quiero hablar con una persona", "I want to make a complaint",
"my lawyer will contact you". Does not fire: "Can I talk to my person about it?", "Can the agent
app be updated?", "the person who signed for it".

Rules: ``asks_for_person``, ``complains``, ``legal_threat`` (all high). The span is the evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from handrail.core.verdict import Finding
from handrail.guardrails.contract import CheckContext, CheckSettings, check

_PEOPLE = (
    r"(?:human(?: being)?|(?:real|actual|live|human|physical) (?:person|human|agent|one|being"
    r"|people)"
    r"|person|people|agent|operator|representative|rep|supervisor|manager|someone(?: real| else"
    r"| there)?"
    r"|somebody|advis[eo]r|customer (?:service|care|support)|support (?:agent|team|person))"
)
_GENTE = (
    r"(?:persona(?: real| humana)?|humano|agente|operador[a]?|representante|asesor[a]?"
    r"|supervisor[a]?"
    r"|encargad[oa]|gerente|alguien|ejecutiv[oa])"
)
_ASKS = re.compile(
    rf"\b(?:(?:talk|speak|chat|connected?|transfer(?:red)?|put me through|escalate[d]?|get through"
    rf"|be passed)(?: me| this| it| directly)?(?: to| with)(?: (?:a|an|the|some|your|one of your"
    rf"|any))?(?: (?:real|live|actual|human))? {_PEOPLE}"
    rf"|(?:want|need|give me|get me|prefer|like|demand|find me|is there|are there|connect me)"
    rf"(?: to (?:talk|speak) to| with)?(?: (?:a|an|any|some|the))?"
    rf" (?:human|(?:real|actual|live|human) (?:person|agent|human|one|people)|(?:live"
    rf"|human) (?:support|help)"
    rf"|representative|operator|supervisor|manager|agent)"
    rf"|(?:human|live|real) (?:agent|person|support|representative|operator)\s?(?:please|now|!|$)"
    rf"|^\W{{0,3}}(?:agent|human|operator|representative|supervisor)\b\W{{0,5}}(?:please\W{{0,3}})?$"
    rf"|(?:stop|not|no more|don['’]?t want|hate|tired of)(?: (?:talking|speaking|chatting|to|with"
    rf"|a|the"
    rf"|this|these|your)){{0,4}} (?:bots?|robots?|machines?|chatbots?|ai)"
    rf"|(?:call|phone|ring) me(?: back)?(?! when)"
    rf"|hablar(?:me)? con (?:un |una |el |la |algún |alguna )?{_GENTE}"
    rf"|(?:quiero|necesito|prefiero|p[aá]same|p[aá]seme|comun[ií]queme|comun[ií]came|con[eé]cteme"
    rf"|ponme|póngame)"
    rf"(?: con)? (?:un |una |el |la )?(?:{_GENTE})"
    rf"|(?:atenci[oó]n|agente|asistencia) human[oa]|que me (?:llame|atienda) (?:una persona"
    rf"|alguien))\b",
    re.IGNORECASE,
)
_COMPLAINS = re.compile(
    r"\b(?:(?:make|file|raise|lodge|submit|register|escalate) (?:a |an |my |this )?(?:formal "
    r"|official )?"
    r"complaint|(?:formal|official) complaint|(?:poner|presentar|hacer|interponer) (?:una )?"
    r"(?:queja|reclamaci[oó]n|denuncia)|hoja de reclamaciones)\b",
    re.IGNORECASE,
)
_LEGAL = re.compile(
    r"\b(?:(?:my|our|a) (?:lawyers?|attorneys?|solicitors?)|legal action|(?:sue|suing) (?:you|your)"
    r"|take (?:you|this) to court|small claims|(?:see|meet) you in court|better business bureau"
    r"|trading standards|ombudsman|consumer (?:protection|rights) (?:agency|office|authority)"
    r"|mi abogad[oa]|acciones legales|(?:los|les|te|le) (?:voy|vamos) a demandar|demandarl[oe]s?"
    r"|oficina del consumidor|ir a juicio)\b",
    re.IGNORECASE,
)
RULES = (
    ("asks_for_person", _ASKS, "The customer asks for a person."),
    ("complains", _COMPLAINS, "The customer makes a complaint."),
    ("legal_threat", _LEGAL, "The customer speaks of legal steps."),
)
TELLING = frozenset(
    """
    talk speak chat connecte connected transfer transferred through escalate escalated passed human
    real actual live representative operator supervisor manager agent bot bots robot robots machine
    machines chatbot chatbots ai call phone ring hablar hablarme persona humano humana agente
    operador operadora representante asesor asesora supervisora encargado encargada gerente alguien
    ejecutivo ejecutiva
    complaint queja reclamación reclamacion reclamaciones denuncia
    lawyer lawyers attorney attorneys solicitor solicitors legal legales sue suing court claims
    bureau trading ombudsman consumer consumidor abogado abogada demandar demandarlo demandarle
    demandarlos demandarles juicio
    """.split()  # noqa: SIM905 - a list of words is read as words
)
"""Words without one of which the rules find nothing."""
_DECLINES = re.compile(
    r"(?:n['’]?t|not|never|no)(?: \w{1,12}){0,2} (?:need|want|have) (?:to )?$|(?:n['’]?t|\bnot) $"
    r"|without (?:having )?to $"
    r"|\bno (?:quiero|necesito) $",
    re.IGNORECASE,
)


@check("in.human_request", severity="high", stage="input")
def in_human_request(ctx: CheckContext, settings: CheckSettings) -> Iterator[Finding]:  # noqa: ARG001 - the contract
    """Flag requests for a person, complaints and legal threats."""
    if TELLING.isdisjoint(ctx.words):
        return
    text = ctx.folded.text
    for rule, pattern, message in RULES:
        for hit in ctx.search(pattern):
            begin = hit.match.start()
            if not _DECLINES.search(text, max(0, begin - 40), begin):
                yield in_human_request.finding(rule, hit.start, hit.end, message)
