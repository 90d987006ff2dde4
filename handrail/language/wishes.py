"""Reads what a message asks for: one wish, several, a mere courtesy, or more of what was said."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz, process

from handrail.core.drafting import IntentGuess, IntentResult, Wish
from handrail.core.ports import IntentModel
from handrail.language.clauses import Clause, clauses
from handrail.language.courtesy import courtesy
from handrail.language.features import words
from handrail.language.follow_ups import answers_only, mentions_before, points_only, refers_back
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


_OWN: Final = 0.1
"""Probability of its intent in the whole message from which a remark counts by itself."""

NONE: Final = Corrections()


class WishReader:
    """Reads messages with an intent model.

    Args:
        model: Says what one wish is.
        corrections: What people said lately.
        courteous: Whether words of courtesy are told apart; not where the playbook has an intent
            of its own for them.
        grave: Intents that even a remark counts for.
    """

    def __init__(
        self,
        model: IntentModel,
        corrections: Corrections = NONE,
        *,
        courteous: bool = True,
        grave: Collection[str] = (),
    ) -> None:
        self.model = model
        self.corrections = corrections
        self.courteous = courteous
        self.grave = frozenset(grave)

    @property
    def blocks(self) -> bool:
        """Whether a call takes long."""
        return self.model.blocks

    def classify(self, text: str, *, before: str = "") -> IntentResult:
        """Rank the intents for a message, after words that the customer said ``before``."""
        kind = courtesy(text) if self.courteous else None
        if kind is not None:
            return IntentResult(
                ranked=(), out_of_scope=0.0, decision="accept", model="courtesy", courtesy=kind
            )
        said, whole = words(text), self._one(text)
        if answers_only(said):
            # A bare "No" says nothing by itself, whatever the classifier makes of two letters.
            whole = whole.model_copy(update={"decision": "escalate", "out_of_scope": 1.0})
        pointing = points_only(said)
        if before and (pointing or (whole.decision != "accept" and refers_back(said))):
            return self._after(before, text, pointing=pointing)
        parts = clauses(text)
        if len(parts) < 2:
            return whole
        results = [self._one(part.text) for part in parts]
        kept = [
            result if result.top in self.grave else _of_its_own(part, result, whole)
            for part, result in zip(parts, results, strict=True)
        ]
        return _joined(text, whole, parts, kept)

    def _after(self, before: str, text: str, *, pointing: bool) -> IntentResult:
        """Read a message together with the one before; one that only points adds no meaning."""
        both = self._one(f"{before}\n{text}")
        if pointing and both.decision != "accept":
            alone = self._one(before)
            both = alone if alone.decision == "accept" else both
        return both.model_copy(update={"read_with": before})

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
        grave=[n for n, one in playbook.intents.items() if one.escalate or one.risk == "high"],
    )


def _joined(
    text: str, whole: IntentResult, parts: Sequence[Clause], results: Sequence[IntentResult]
) -> IntentResult:
    """Put together what a message asks for as a whole and part by part.

    The whole decides what comes first, unless it is unclear and a part is not. A question among
    the parts that fits no intent must not be buried under one that does, and neither must what
    the whole says and no part does.
    """
    sure = [result for result in results if result.decision == "accept"]
    main = max(sure, key=lambda r: r.confidence) if whole.decision != "accept" and sure else whole
    said = _by_intent(parts, results)
    if main.decision != "accept" or main.top is None:
        return main
    apart = bool(said) and main.top not in said
    wanted = {main.top: text, **said} if apart else said
    lost = any(p.asks and _is_lost(r, wanted) for p, r in zip(parts, results, strict=True))
    return main.model_copy(
        update={
            "others": tuple(name for name in wanted if name != main.top),
            "wishes": as_wishes(wanted),
            "unclear": lost or apart,
        }
    )


def _of_its_own(part: Clause, result: IntentResult, whole: IntentResult) -> IntentResult:
    """Do not act on a remark such as "I need it by Friday" by itself.

    It goes on from what stands before it, and with that it means what the whole means.
    """
    if result.decision != "accept" or part.asks or not mentions_before(words(part.text)):
        return result
    share = sum(guess.probability for guess in whole.ranked if guess.intent == result.top)
    return result if share >= _OWN else result.model_copy(update={"decision": "clarify"})


def _by_intent(parts: Sequence[Clause], results: Sequence[IntentResult]) -> dict[str, str]:
    """Give each intent its words; a part that asks for nothing goes with the one before it."""
    said: dict[str, str] = {}
    current, leading = None, ""
    for part, result in zip(parts, results, strict=True):
        if result.decision == "accept" and result.top is not None:
            current = result.top
        if current is None:
            leading = f"{leading} {part.text}".strip()
            continue
        said[current] = f"{said.get(current, leading)} {part.text}".strip()
        leading = ""
    return said


def _is_lost(result: IntentResult, wanted: Mapping[str, str]) -> bool:
    """Whether what a question means stands under none of the wishes."""
    return result.decision == "escalate" or (
        result.decision == "clarify" and result.top not in wanted
    )


def as_wishes(wanted: Mapping[str, str]) -> tuple[Wish, ...]:
    """Return wishes by intent and words, where there are several."""
    if len(wanted) < 2:
        return ()
    return tuple(Wish(intent=intent, text=text) for intent, text in wanted.items())
