"""Finds in a conversation what is open, what was promised, and which records it is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from handrail.core.conversation import Message, Record
from handrail.language.quoting import sentences

_PROMISES: Final = re.compile(
    # English
    r"\b(?:(?:i|we)(?:['’]ll| will| shall| promise| guarantee|['’]?(?: am|m| are|re) going to)"
    r"|you(?:['’]ll| will| are going to) (?:get|receive|have|be (?:sent|refunded|contacted))"
    r"|(?:will|['’]ll) (?:be (?:sent|refunded|replaced|delivered|credited)"
    r"|(?:call|contact|write to|get back to) you)"
    # Spanish, Portuguese
    r"|(?:le|te|les|lhe|lhes|se|nos|o|a|la|lo)? ?\w{2,20}(?:aremos|eremos|iremos)"
    r"|(?:voy|vamos|vou) (?:a )?\w{2,20}[aei]r(?:le|te|les|lo|la|se|lhe)?"
    r"|recibirás?|recibirán|receberá|prometo|prometemos"
    # French, German
    r"|(?:je|nous) (?:vous |te |le |la )?\w{2,20}(?:erai|irai|rons)|vous recevrez"
    r"|(?:ich|wir) werden?|(?:sie|du) (?:erhalten|erhältst|bekommen|bekommst)"
    r")\b(?! not\b| never\b| nicht\b| pas\b)",
    re.IGNORECASE,
)
_DENIED: Final = re.compile(r"\b(?:no|não|ne|nunca|never|nicht|kein\w{0,2})\b", re.IGNORECASE)


def open_questions(unanswered: Iterable[Message]) -> list[str]:
    """Return what the customer asks in these messages; a message without a question opens with it.

    Args:
        unanswered: The customer's messages that nobody has answered.
    """
    found: list[str] = []
    for message in unanswered:
        said = sentences(message.text)
        found += [each for each in said if each.endswith(("?", "؟", "？"))] or said[:1]
    return found


def promises(messages: Iterable[Message]) -> list[tuple[str, str]]:
    """Return who promised the customer what, in the words it was promised with.

    Fires on "I will call you tomorrow", "You will receive it on Monday"; not on "We will not
    refund this", "Will you send a photo?" or on what the customer or a team note says.
    """
    return [
        (message.author or ("AI" if message.role == "ai" else "agent"), sentence)
        for message in messages
        if message.role in ("ai", "agent")
        for sentence in sentences(message.text)
        if _promises(sentence)
    ]


def _promises(sentence: str) -> bool:
    hit = None if sentence.endswith("?") else _PROMISES.search(sentence)
    # A word before the verb denies it in Romance languages, one behind it in German.
    return hit is not None and not _DENIED.search(sentence[max(0, hit.start() - 12) : hit.end()])


def records_touched(messages: Sequence[Message], records: Iterable[Record]) -> list[str]:
    """Return kind and id of the customer's records that a message names by their number."""
    said = " ".join(message.text for message in messages).casefold()
    return [
        f"{record.kind} {record.id}"
        for record in records
        if re.search(rf"(?<!\w){re.escape(record.id.casefold())}(?!\w)", said)
    ]
