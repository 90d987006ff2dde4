"""Tells words of courtesy, such as a greeting or thanks, from words that want something."""

from __future__ import annotations

import re
from typing import Final

from handrail.core.drafting import Courtesy
from handrail.language.features import words

_LONGEST: Final = 14
"""Words of courtesy are few; a longer message is read as one that wants something."""

_GREETING: Final = re.compile(
    r"\b(?:hi|hello|hey|hiya|howdy|greetings|good (?:morning|afternoon|evening|day)"
    r"|hola|buen[oa]s(?: d[ií]as| tardes| noches)?|saludos)\b"
)
_THANKS: Final = re.compile(
    r"\b(?:thanks?|thank you|thx|ty|tysm|cheers|much appreciated|appreciate (?:it|that)"
    r"|bye|goodbye|see you|gracias|agradecid[oa]|adi[oó]s|hasta luego)\b"
)
_OPENING: Final = re.compile(
    r"\b(?:(?:can|could|would) (?:you|someone|somebody|anyone|anybody)(?: please)? help(?: me| us)?"
    r"|i (?:have|need|got) (?:a (?:quick )?question|some help|help)"
    r"|(?:is )?(?:anyone|anybody) there|are you there"
    r"|(?:me )?(?:puedes?|pueden|podrías?|podrían) ayudar(?:me|nos)?"
    r"|tengo una (?:pregunta|duda|consulta)|necesito ayuda|hay alguien(?: ah[ií])?)\b"
)
"""Asks for help without saying with what."""
_HEARD: Final = re.compile(
    r"\b(?:ok|okay|k|got it|i see|understood|noted|alright|fine|great|perfect|cool|nice|good|sure"
    r"|right|vale|entendido|de acuerdo|perfecto|genial|bien|bueno|claro|está bien)\b"
)
"""Says that a message was read."""
_AROUND_HEARD: Final = frozenset(("all", "very", "well", "that", "is", "it", "muy", "todo"))
_FILLING: Final = frozenset((
    "a", "again", "all", "and", "any", "appreciate", "appreciated", "are", "as", "awesome", "be",
    "brilliant", "bye", "cheers", "day", "dear", "evening", "everyone", "excellent", "for",
    "friend", "good", "goodbye", "great", "greetings", "have", "hello", "help", "helping", "hey",
    "hi", "hiya", "howdy", "i", "is", "it", "lot", "lots", "lovely", "madam", "many", "morning",
    "afternoon", "much", "nice", "night", "no", "of", "ok", "okay", "perfect", "please", "reply",
    "answer", "quick", "rest", "see", "sir", "so", "super", "support", "sure", "team", "thank",
    "thanks",
    "that", "that's", "the", "there", "this", "thx", "time", "to", "too", "ty", "tysm", "very",
    "was", "weekend", "well", "wonderful", "yep", "yes", "you", "your",
    "adiós", "adios", "agradecida", "agradecido", "amable", "atención", "ayuda", "bien", "buen",
    "buena", "buenas", "buenos", "de", "día", "días", "dia", "dias", "el", "equipo", "estimados",
    "genial", "gracias", "gran", "hasta", "hola", "la", "las", "los", "luego", "mil", "mucha",
    "muchas", "muchísimas", "muy", "noche", "noches", "perfecto", "por", "que", "qué",
    "respuesta", "saludos", "señor", "señora", "su", "tal", "tarde", "tardes", "todo", "todos",
    "tu", "un", "una", "usted", "ustedes", "vale", "y",
))  # fmt: skip
"""Words that may stand beside them without asking for anything."""


def courtesy(text: str) -> Courtesy | None:
    """Return what kind of courtesy the text is, where it is nothing else.

    "Hi there!" and "¡Muchas gracias por su ayuda!" are; "Thanks, and where is my order?",
    "thanks for nothing" and "yes" are not.
    """
    said = words(text)
    if not 0 < len(said) <= _LONGEST:
        return None
    plain = " ".join(said)
    rest = _OPENING.sub(" ", plain)
    if not _FILLING.issuperset(rest.split()):
        return None
    if _THANKS.search(rest):
        return "thanks"
    return "greeting" if rest != plain or _GREETING.search(rest) else None


def acknowledges(text: str) -> bool:
    """Say whether the text only lets us know that it was read: "ok", "got it", "vale, perfecto".

    After a question of ours it may be the answer; "yes" and "no" always may.
    """
    plain = " ".join(words(text)[: _LONGEST + 1])
    rest = _HEARD.sub(" ", plain)
    return rest != plain and "?" not in text and _AROUND_HEARD.issuperset(rest.split())
