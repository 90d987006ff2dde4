"""Reads what a message asks for: one wish, several, a mere courtesy, or more of what was said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz, process

from handrail.core.drafting import IntentGuess, IntentResult
from handrail.core.ports import IntentModel
from handrail.language.clauses import Clause, clauses
from handrail.language.courtesy import courtesy
from handrail.language.features import words
from handrail.language.follow_ups import answers_only, refers_back
from handrail.playbook.models import Playbook

_SAME: Final = 92.0
"""Likeness of two messages, of 100, from which a correction of one holds for the other: a changed
number or ending, not a changed matter."""
_TAUGHT: Final = 0.95
"""Probability of an intent that a person set for nearly the same words."""


@dataclass(frozen=True)
class Corrections:
    """What people said that messages mean; it holds at once, before anything is trained anew."""

    texts: tuple[str, ...] = ()
    intents: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    """The texts, folded for comparison."""

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]]) -> Corrections:
        """Keep ``(text, intent)`` pairs, of repeated texts the last."""
        latest = {" ".join(words(text)): (text, intent) for text, intent in pairs if words(text)}
        kept = list(latest.values())
        return cls(tuple(t for t, _ in kept), tuple(i for _, i in kept), tuple(latest))

    def find(self, text: str) -> tuple[str, str] | None:
        """Return the intent of nearly the same words, and how they stood."""
        if not self.said:
            return None
        found = process.extractOne(
            " ".join(words(text)), self.said, scorer=fuzz.ratio, score_cutoff=_SAME
        )
        return (self.intents[found[2]], self.texts[found[2]]) if found else None


NONE: Final = Corrections()


class WishReader:
    """Reads messages with an intent model.

    Args:
        model: Says what one wish is.
        corrections: What people said lately.
        courteous: Whether words of courtesy are told apart; not where the playbook has an intent
            of its own for them.
    """

    def __init__(
        self,
        model: IntentModel,
        corrections: Corrections = NONE,
        *,
        courteous: bool = True,
    ) -> None:
        self.model = model
        self.corrections = corrections
        self.courteous = courteous

    def classify(self, text: str, *, before: str = "") -> IntentResult:
        """Rank the intents for a message, after words that the customer said ``before``."""
        kind = courtesy(text) if self.courteous else None
        if kind is not None:
            return IntentResult(
                ranked=(), out_of_scope=0.0, decision="accept", model="courtesy", courtesy=kind
            )
        whole = self._one(text)
        if answers_only(text):
            # A bare "No" says nothing by itself, whatever the classifier makes of two letters.
            whole = whole.model_copy(update={"decision": "escalate", "out_of_scope": 1.0})
        if before and whole.decision != "accept" and refers_back(text):
            return self._one(f"{before}\n{text}").model_copy(update={"read_with": before})
        parts = clauses(text)
        return (
            _joined(whole, parts, [self._one(p.text) for p in parts]) if len(parts) > 1 else whole
        )

    def _one(self, text: str) -> IntentResult:
        result = self.model.classify(text)
        taught = self.corrections.find(text)
        if taught is None:
            return result
        intent, example = taught
        left = sum(guess.probability for guess in result.ranked if guess.intent != intent) or 1.0
        others = tuple(
            guess.model_copy(update={"probability": guess.probability / left * (1 - _TAUGHT)})
            for guess in result.ranked
            if guess.intent != intent
        )
        return result.model_copy(
            update={
                "ranked": (IntentGuess(intent=intent, probability=_TAUGHT), *others),
                "out_of_scope": 0.0,
                "decision": "accept",
                "nearest": (example, *result.nearest),
            }
        )


def reader(
    model: IntentModel, playbook: Playbook, corrections: Iterable[tuple[str, str]] = ()
) -> WishReader:
    """Make the reader of a playbook; corrections towards intents it has no more are left out."""
    examples = (text for intent in playbook.intents.values() for text in intent.examples)
    return WishReader(
        model,
        Corrections.of(pair for pair in corrections if pair[1] in playbook.intents),
        courteous=not any(map(courtesy, examples)),
    )


def _joined(
    whole: IntentResult, parts: Sequence[Clause], results: Sequence[IntentResult]
) -> IntentResult:
    """Put together what a message asks for as a whole and part by part.

    The whole decides what is answered, unless it is unclear and a part is not. A question among
    the parts that fits no intent must not be buried under one that does.
    """
    sure = [result for result in results if result.decision == "accept"]
    main = max(sure, key=lambda r: r.confidence) if whole.decision != "accept" and sure else whole
    names = dict.fromkeys(result.top for result in sure if result.top != main.top)
    lost = any(p.asks and r.decision == "escalate" for p, r in zip(parts, results, strict=True))
    return main.model_copy(
        update={
            "others": tuple(name for name in names if name is not None),
            "unclear": lost and main.decision == "accept",
        }
    )
