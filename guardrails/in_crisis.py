"""Check ``in.crisis``: the customer is in danger, or speaks of harm to themselves or others.

Fires: "I want to kill myself", "me quiero morir", "there is a gas leak", "I will hurt her".
Does not fire: "How do I kill a process?", "this is killing me", "my phone died", "I'm dying to
try it", "bath bomb".

Rules: ``self_harm``, ``threat``, ``emergency`` (all critical). The span is the evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from handrail.core.verdict import Finding
from handrail.guardrails.contract import CheckContext, CheckSettings, check

_SELF_HARM = re.compile(
    r"\b(?:kill(?:ing)? myself|(?:end(?:ing)?|tak(?:e|ing)) my (?:own )?life|hurt(?:ing)? myself"
    r"|harm(?:ing)? myself|cut(?:ting)? myself (?:again|on purpose)|self[ -]?harm(?:ing)?"
    r"|(?:want|going|wish|ready|prefer) to die\b(?! for)|(?:don['’]?t|do not) want to (?:live"
    r"|be alive|wake up)"
    r"|(?:no|any) reason (?:left )?to live|better off (?:dead|without me)|wish i (?:was|were) dead"
    r"|suicid(?:e|al)|end it all|can['’]?t go on (?:living|anymore|any more)"
    r"|(?:quiero|voy a|prefiero) morir(?:me)?|me (?:quiero|voy a) (?:morir|matar)|matarme"
    r"|quitarme la vida|suicid(?:arme|io|arse)|hacerme daño|no quiero (?:vivir|seguir viviendo))\b",
    re.IGNORECASE,
)
_THREAT = re.compile(
    r"\b(?:(?:i['’]?ll|i will|i['’]?m going to|i am going to|gonna|want to|going to) "
    r"(?:kill|murder|shoot|stab|hurt|beat up|attack|bomb|burn down) "
    r"(?:you|him|her|them|someone|somebody|everyone|everybody|people|your (?:\w{2,20}))"
    r"|(?:he|she|they)(?:['’]?s|['’]?re| is| are| will)? (?:going to |gonna )?(?:kill|killing"
    r"|hurt|hurting"
    r"|beating) me|(?:there(?:['’]?s| is)|planted|have) a bomb\b(?! (?:cyclone|dessert))"
    r"|(?:voy|vamos) a (?:matar|disparar|hacer daño)(?:te|le|los|la)?|te (?:voy a matar|mato)"
    r"|me (?:va|van) a matar)\b",
    re.IGNORECASE,
)
_EMERGENCY = re.compile(
    r"\b(?:(?:call|need|send) (?:an |the )?(?:ambulance|911|112|999|police now)|gas leak"
    r"|smell(?:s|ing)? (?:of )?gas"
    r"|(?:caught|is on|are on|on) fire\b(?! (?:sale|stick|tv|tablet|hd|7|10|today))"
    r"|(?:can['’]?t|cannot) breathe|overdos(?:e|ed|ing)|heart attack|(?:is|am|he['’]?s"
    r"|she['’]?s) unconscious"
    r"|(?:swallowed|drank) (?:the |a |some )?(?:battery|batteries|bleach|poison|magnets?)"
    r"|electrocuted|got an electric shock|being (?:attacked|abused|followed|held)"
    r"|fuga de gas|huele a gas|llam(?:e|en) a una ambulancia|no (?:puedo|puede) respirar"
    r"|se está incendiando"
    r"|en llamas|sobredosis|infarto)\b",
    re.IGNORECASE,
)
_HARMLESS = re.compile(
    r"\b(?:(?:kill|stop|end|terminate)(?:ing)? (?:a |the |my )?(?:process|task|job|server|app"
    r"|session|thread)"
    r"|suicide squad|watch(?:ed|ing)?|movie|film|book|game|song|album|novel|película|libro|juego"
    r"|prevention (?:charity|fund|donation))\b",
    re.IGNORECASE,
)
RULES = (
    ("self_harm", _SELF_HARM, "The customer may be in danger from themselves."),
    ("threat", _THREAT, "Somebody is threatened."),
    ("emergency", _EMERGENCY, "The customer describes an emergency."),
)
TELLING = frozenset(
    """
    myself life harm harming selfharm selfharming die live alive wake better dead suicide suicidal
    end go morir morirme matar matarme quitarme suicidarme suicidio suicidarse hacerme vivir
    viviendo
    kill killing murder shoot stab hurt hurting beat beating attack bomb burn matarte matarle
    matarlos matarla disparar dispararte dispararle dispararlos dispararla hacer mato
    ambulance 911 112 999 police gas fire breathe overdose overdosed overdosing heart unconscious
    swallowed drank electrocuted shock attacked abused followed held fuga huele ambulancia respirar
    incendiando llamas sobredosis infarto
    """.split()  # noqa: SIM905 - a list of words is read as words
)
"""Words without one of which the rules find nothing."""
_NEAR = 40


@check("in.crisis", severity="critical", stage="input")
def in_crisis(ctx: CheckContext, settings: CheckSettings) -> Iterator[Finding]:  # noqa: ARG001 - the contract
    """Flag words of danger, for a person to read at once."""
    if TELLING.isdisjoint(ctx.words):
        return
    text = ctx.folded.text
    for rule, pattern, message in RULES:
        for hit in ctx.search(pattern):
            begin, end = hit.match.span()
            around = _HARMLESS.search(text, max(0, begin - _NEAR), min(len(text), end + _NEAR))
            first_person = re.search(
                r"\b(?:i|i['’]?m|me|myself|quiero|voy)\b", hit.match[0], re.IGNORECASE
            )
            if not around or (first_person and rule == "self_harm"):
                yield in_crisis.finding(rule, hit.start, hit.end, message)
