"""Splits a reply into sentences with their places, and says what each one does.

Only a statement claims something about the world; greetings, thanks, apologies, questions and
offers of help do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from handrail.guardrails.lazily import cached_property
from handrail.guardrails.normalisation import fold, lowered
from handrail.guardrails.rule_words import Phrase, phrase_of
from handrail.guardrails.terms import LONGEST, cut, has_long_word, plain_lines, shortened, telling

ClaimKind = Literal["statement", "question", "courtesy", "offer"]

_BREAK = re.compile(r"[.!?…\n](?:(?<=\n)\n{0,2}|(?<!\n)[.!?…]{0,2}[\"')\]”’»]{0,2}(?=\s))")
_ABBREVIATED = (
    "mr", "mrs", "ms", "dr", "st", "vs", "approx", "e.g", "i.e", "etc", "inc", "ltd", "sr", "sra",
    "ext", "a.m", "p.m", "jan", "feb", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov",
    "dec",
)  # fmt: skip
_NUMBERING = ("no", "nr", "art", "núm")
_DOTTED = tuple(f"{word}." for word in (*_ABBREVIATED, *_NUMBERING))
_DOTTED_ENDS = frozenset(word[-3:] for word in _DOTTED)
_ABBREVIATION = re.compile(
    rf"(?:\b(?=[\w.]{{2,6}}\.$)(?:{'|'.join(map(re.escape, _ABBREVIATED))})|(?<![^\W\d_])[A-Z])\.$",
    re.IGNORECASE,
)
_NUMBERED = re.compile(rf"\b(?=\w{{2,3}}\.$)(?:{'|'.join(_NUMBERING)})\.$", re.IGNORECASE)
"""Stands before a number; elsewhere "The answer is no." ends a sentence."""
_ITEM = re.compile(r"\s{0,8}(?:[-*•]|\d{1,2}[.)])\s{1,8}")
COURTESY = re.compile(
    r"\W{0,4}(?:hi|hello|hey|dear|good (?:morning|afternoon|evening|day)|thanks?|thank you"
    r"|many thanks|(?:i am|i'm|we are|we're)? ?(?:very |so |really |truly )?(?:sorry|glad|happy)"
    r"|i apologi[sz]e|we apologi[sz]e|apologies|my apologies|you'?re (?:very )?welcome|no problem"
    r"|(?:kind |best |warm )?regards|sincerely|cheers|(?:have|enjoy) (?:a|an|your)\b|take care"
    r"|great|perfect|sure|of course|certainly|absolutely|understood|got it|okay|ok"
    r"|i (?:fully |completely |totally )?understand|hola|buen[oa]s|estimad[oa]|gracias"
    r"|muchas gracias|lo siento|lamento|lamentamos|sentimos|saludos|un saludo|de nada|por supuesto"
    r"|claro|entiendo)\b",
)
COURTEOUS = frozenset(
    """hi hello hey dear good thank thanks many i we very so really truly sorry glad happy apologies
    my you youre no kind best warm regards sincerely cheers have enjoy take great perfect sure of
    certainly absolutely understood got okay ok hola buenos buenas estimado estimada gracias muchas
    lo lamento lamentamos sentimos saludos un de por claro entiendo""".split()  # noqa: SIM905
)
"""The first words of such an opening: looking for them is cheap."""
OFFER = re.compile(
    r"\b(?:let (?:me|us) know|feel free|please |(?:happy|here) to help\b|glad to (?:help|assist)\b"
    r"|do(?:n't| not) hesitate\b|if you (?:have|need|want|would|'d|prefer)|should you (?:have|need)"
    r"|i(?:'ll| will) (?:check|look|find out|be (?:happy|glad))|we(?:'ll| will) (?:check|look)"
    r"|to (?:help|assist) you|i (?:can|could) (?:help|check|look)|is there anything\b|anything else"
    r"|reach out|get back to you|would you|could you|can you|no dudes?\b|puedo ayudar"
    r"|si (?:tiene|necesita|desea|tienes|necesitas|quieres)|por favor|quedo a|estamos aquí)",
)
OFFERING = frozenset(
    """let feel please help assist hesitate if should would will ll can could anything reach back
    dude dudes puedo si por quedo estamos""".split()  # noqa: SIM905
)
"""Words of which an offer has one: looking for them is cheap."""
NEGATION = re.compile(
    r"n(?:['’]t|(?<!\w.)(?:o|ot|one|or|ever|either|unca|ingún|inguna))\b"
    r"|c(?<!\w.)annot\b|u(?<!\w.)nable\b|t(?<!\w.)ampoco\b",
)
NEGATING = frozenset(
    """not never no none cannot unable nor neither nunca ningún ninguna tampoco""".split()  # noqa: SIM905
)
SHORT_NOT = ("'t", "’t", "'T", "’T")
"""Without one of these a sentence does not say no; looking for them is cheap."""
ANSWER = re.compile(
    r"\W{0,3}(?:(?:no|yes|yeah|sí|unfortunately|regrettably|lamentablemente)[,.;!:–-]{1,2}\s"
    r"|(?:no|yes)\s(?=(?:you|we|they|there|it|this|that|i|the|all|he|she)\b)){1,2}"
    r"|\b(?:with|at) no\b",
)
ANSWERING = re.compile(
    r"no(?:[,.;!:–-]|\s(?:you|we|they|there|it|this|that|i|the|all|he|she)\b"
    r"|(?:(?<=with no)|(?<=at no))\b)|yes|yeah|sí|unfortunately|regrettably|lamentablemente"
)
"""What an answer must hold: looking for that is cheap."""
_SHORT_COURTESY = 12
"""Longest sentence, in words, that a courtesy opening turns into a courtesy as a whole."""


@dataclass
class Claim:
    """One sentence or list item of a text, each thing of it read when first asked for."""

    start: int
    end: int
    text: str
    kind: ClaimKind
    plain: list[str] = field(compare=False)
    """Its words and numbers, in order and lower case."""
    words: frozenset[str] = field(compare=False)
    """The same, each once, long ones cut in pieces."""
    stems: frozenset[str] = field(compare=False)
    """Its content words, shortened."""

    def moved(self, start: int, end: int) -> Claim:
        """Return it at another place."""
        return replace(self, start=start, end=end)

    @cached_property
    def spoken(self) -> list[str]:
        """Its words, in order, of two letters or more."""
        return telling(cut(self.plain, LONGEST))

    @cached_property
    def phrase(self) -> Phrase:
        """Its words in the form rules are compared in."""
        if self.text.isascii():
            return phrase_of(self.text, self.plain)
        return phrase_of(fold(self.text).text)

    @cached_property
    def negated(self) -> bool:
        """Whether it says no."""
        return says_no(self.text, self.words)

    def holds(self, start: int, end: int) -> bool:
        """Whether the span lies in this sentence."""
        return self.start <= start and end <= self.end


def says_no(text: str, words: Iterable[str]) -> bool:
    """Whether a sentence of these words says no; the "No," that answers a question is none."""
    if NEGATING.isdisjoint(words) and not any(map(text.__contains__, SHORT_NOT)):
        return False
    text = lowered(text)
    if not NEGATION.search(text):
        return False
    return not ANSWERING.search(text) or bool(NEGATION.search(ANSWER.sub("", text)))


def _kind(text: str, words: Sequence[str]) -> ClaimKind:
    """What a sentence in lower case does."""
    if "?" in text and text.rstrip("\"')]”’» ").endswith("?"):
        return "question"
    opens = words and words[0] in COURTEOUS and len(text.split()) <= _SHORT_COURTESY
    if opens and COURTESY.match(text):
        return "courtesy"
    if not OFFERING.isdisjoint(words) and OFFER.search(text):
        return "offer"
    return "statement"


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    if text[start + 1 : start + 2].isalpha():  # as behind the blank before most sentences
        if text[start] == " " and not text[end - 1].isspace():
            return start + 1, end
    else:
        marker = _ITEM.match(text, start, end)
        start = marker.end() if marker else start
    part = text[start:end].rstrip()
    end = start + len(part)
    return end - len(part.lstrip()), end


def _ends_sentence(text: str, lower: str, mark: re.Match[str]) -> bool:
    end = mark.end()
    ending = lower[end - 3 : end]
    if (ending not in _DOTTED_ENDS and ending[:2].isalpha()) or mark[0] != ".":  # as most
        return True
    tail = text[max(0, end - 12) : end]
    if not tail[-2:-1].isalpha():  # as in no abbreviation
        return not tail.strip().rstrip(".").isdigit()
    if ending[:1].isalpha() and not (ending in _DOTTED_ENDS and lower.endswith(_DOTTED, 0, end)):
        return True
    if _NUMBERED.search(tail):
        return not text[end : end + 3].strip(" #")[:1].isdigit()
    return not _ABBREVIATION.search(tail)


def _places(text: str, lower: str) -> Iterator[tuple[int, int]]:
    """Where the sentences of a text stand, which is given in lower case too."""
    start = 0
    bounds = [m.end() for m in _BREAK.finditer(text) if _ends_sentence(text, lower, m)]
    for bound in (*bounds, len(text)):
        left, right = _trimmed(text, start, bound)
        if left < right:
            yield left, right
        start = bound


def split_claims(text: str) -> tuple[Claim, ...]:
    """Split a text into its sentences and list items, in order; their spans do not overlap."""
    lower = lowered(text)
    places = list(_places(text, lower))
    lines = "\n".join([text[start:end] for start, end in places]).casefold()
    cuts = has_long_word(lines)
    claims: list[Claim] = []
    for (start, end), said in zip(places, plain_lines(lines), strict=False):
        kind = _kind(lower[start:end], said)
        words = frozenset(cut(said, LONGEST) if cuts else said)
        one = Claim(start, end, text[start:end], kind, said, words, shortened(words))
        claims.append(one)
    return tuple(claims)
