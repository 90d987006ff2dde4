"""Intents, drafts, and what a draft relies on."""

from __future__ import annotations

import json
from typing import Literal

from pydantic import Field, field_validator

from handrail.core.conversation import Frozen, Passage
from handrail.core.storable import storable
from handrail.core.verdict import text_digest

IntentDecision = Literal["accept", "clarify", "escalate"]

Courtesy = Literal["greeting", "thanks"]
"""Words that want nothing but an equally kind reply."""


class IntentGuess(Frozen):
    """An intent with the probability that it is the right one."""

    intent: str
    probability: float
    """0 to 1, calibrated."""


class Wish(Frozen):
    """One of several things that a customer wants."""

    intent: str
    text: str
    """The words that ask for it."""


class IntentResult(Frozen):
    """What the customer wants, how sure that is, and why."""

    ranked: tuple[IntentGuess, ...]
    """Most probable first; empty where nothing could be said."""
    out_of_scope: float
    """0 (surely one of the playbook's intents) to 1 (surely none of them)."""
    decision: IntentDecision
    """``accept`` act on it, ``clarify`` ask the customer, ``escalate`` ask a person."""
    nearest: tuple[str, ...] = ()
    """The examples of the playbook that explain the guess."""
    model: str = ""
    """Id of the classifier: digest of its training data."""
    corrected_by: str | None = None
    """The person who set the intent, where one did."""
    others: tuple[str, ...] = ()
    """Further intents that the same words ask for, in their order."""
    wishes: tuple[Wish, ...] = ()
    """Where there are several: each with its words, in the order asked, the top one among them."""
    unclear: bool = False
    """Whether a further question among the words fits none of the intents."""
    courtesy: Courtesy | None = None
    """Set where the words are a greeting or thanks alone; accepted, without an intent."""
    read_with: str | None = None
    """The customer's earlier words that the message only makes sense with, where it was read so."""

    @property
    def top(self) -> str | None:
        """The most probable intent, where there is one."""
        return self.ranked[0].intent if self.ranked else None

    @property
    def wanted(self) -> tuple[str, ...]:
        """All intents that are asked for, the top one first."""
        return (*((self.top,) if self.top is not None else ()), *self.others)

    @property
    def confidence(self) -> float:
        """Probability of the top intent; 0 where there is none."""
        return self.ranked[0].probability if self.ranked else 0.0


class Citation(Frozen):
    """Which source a draft relies on, and for which words."""

    source: str
    """``record:order/W100#total`` or ``article:returns#2``."""
    quote: str
    """The value or words taken from it."""


class ProposedAction(Frozen):
    """An action on the customer's records that a draft comes with; nothing has been done yet."""

    name: str
    """Its name, verb first: ``refund_order``."""
    arguments: dict[str, str | int | float | bool | None] = Field(default_factory=dict)
    """By name; amounts as decimal strings, with their currency in ``currency``."""


PersonRole = Literal["agent", "lead"]
"""What people of the team are; the playbook names those who lead."""

DraftSource = Literal["template", "articles", "model", "person", "clarify", "none"]


class Draft(Frozen):
    """A reply that has not left yet."""

    id: str
    text: str
    """Empty where nothing could be drafted."""
    source: DraftSource
    """What wrote it; ``person`` where an agent did."""
    author: str | None = None
    author_role: PersonRole = "agent"
    """Of a person: whose limits their promises are measured by."""
    citations: tuple[Citation, ...] = ()
    passages: tuple[Passage, ...] = ()
    """The passages that were found for the question."""
    problem: str | None = None
    """Why there is no text, or why a better source failed: for the agent, not the customer."""
    round: int = 0
    """0 for the first draft of a turn, then one more for each redraft."""
    model: str | None = None
    """Name of the language model, where one wrote it."""
    tokens: int = 0
    """Tokens of the language model that this draft cost, in and out, failed calls included."""
    answers: bool = True
    """Whether it answers the customer; a holding reply and a question back do not."""
    actions: tuple[ProposedAction, ...] = ()
    """What it asks to be done with the reply."""
    answered: tuple[str, ...] = ()
    """Of several wishes, the intents of those that the text is known to answer."""

    @field_validator("text")
    @classmethod
    def _storable(cls, text: str) -> str:
        # Or the database would keep another text than was verified.
        return storable(text)

    @property
    def digest(self) -> str:
        """SHA-256 of all that leaves by an approval: the text, and the actions where it has any."""
        if not self.actions:
            return text_digest(self.text)
        proposed = [action.model_dump(mode="json") for action in self.actions]
        # No text holds NUL, so no text alone has such a digest.
        return text_digest(f"{self.text}\x00{json.dumps(proposed, sort_keys=True)}")


def left_open(intent: IntentResult, draft: Draft) -> tuple[str, ...]:
    """Return the intents of several that the draft is not known to answer, in their order."""
    asked = [wish.intent for wish in intent.wishes] or [*intent.others]
    return tuple(name for name in asked if name not in draft.answered)


class DraftNotes(Frozen):
    """What a redraft must take into account."""

    rejections: tuple[str, ...] = ()
    """Reasons people gave for rejecting earlier drafts of this turn."""
    findings: tuple[str, ...] = Field(default=())
    """Messages of the guardrail findings on the draft before."""
