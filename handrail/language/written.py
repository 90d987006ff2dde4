"""Says in which language a customer writes, and in which one they are answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from handrail.core.conversation import Customer, Message
from handrail.language.detection import detect_language
from handrail.playbook.models import Brand
from handrail.playbook.wording import closest

SURE: Final = 0.65
"""Confidence from which a language counts."""
_LOOK_BACK: Final = 4
"""Earlier messages of the customer that are read."""


class Written(NamedTuple):
    """A language with the words that it was told by."""

    tag: str
    """ISO 639-1 code."""
    message: str
    """Id of the message."""
    text: str


def written_languages(
    said: str, messages: Sequence[Message], least: float = SURE
) -> Iterator[Written]:
    """Yield the languages that a customer surely writes in, told by the newest words first.

    Args:
        said: What they wrote in this turn.
        messages: The conversation, the oldest first; only the customer's own words count.
        least: Confidence from which a language counts.
    """
    wrote = [message for message in messages if message.role == "customer"][-_LOOK_BACK:]
    newest = wrote[-1].id if wrote else "said"
    for name, text in ((newest, said), *((m.id, m.text) for m in reversed(wrote))):
        guess = detect_language(text)
        if guess.tag is not None and guess.confidence >= least:
            yield Written(guess.tag, name, text)


def answer_language(
    brand: Brand, customer: Customer, messages: Sequence[Message], said: str = ""
) -> str:
    """Return the language to answer in (BCP 47), always one that the brand answers in.

    What the customer surely writes in goes before what their record says; short and mixed words
    tell nothing, and leave it to those before them.
    """
    written = written_languages(said, messages)
    spoken = (closest(one.tag, brand.languages) for one in written)
    return next(filter(None, spoken), None) or brand.answers_in(customer.language)
