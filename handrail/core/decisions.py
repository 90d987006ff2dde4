"""A person's answers to a review, and the review they answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from handrail.core.conversation import Frozen
from handrail.core.drafting import Draft
from handrail.core.verdict import Verdict

ReviewKind = Literal["approval", "answer", "failure", "undone"]
"""``approval``: a graph waits at an interrupt. ``answer``: people answer, the draft is a
suggestion. ``failure``: a turn could not be finished. ``undone``: a reply was called back."""

ReviewStatus = Literal["open", "decided", "superseded", "expired"]


class Approve(Frozen):
    """Send the draft as it was shown."""

    kind: Literal["approve"] = "approve"
    acknowledge: tuple[str, ...] = ()
    """``check:rule`` of each critical finding the person accepts."""


class Edit(Frozen):
    """Send this text in place of the draft, after verification."""

    kind: Literal["edit"] = "edit"
    text: str
    acknowledge: tuple[str, ...] = ()


class Reject(Frozen):
    """Do not send; draft again with this reason in mind."""

    kind: Literal["reject"] = "reject"
    reason: str


class Respond(Frozen):
    """Answer in the person's own words, after verification."""

    kind: Literal["respond"] = "respond"
    text: str
    acknowledge: tuple[str, ...] = ()


class TakeOver(Frozen):
    """The person holds the conversation from now on; the AI is silent."""

    kind: Literal["take_over"] = "take_over"


class HandBack(Frozen):
    """The AI goes on from here."""

    kind: Literal["hand_back"] = "hand_back"
    note: str = ""
    """What was agreed meanwhile; the next turn reads it."""


class CorrectIntent(Frozen):
    """The intent was another one; draft again for it."""

    kind: Literal["correct_intent"] = "correct_intent"
    intent: str


class Note(Frozen):
    """A remark for the team; the review stays open."""

    kind: Literal["note"] = "note"
    text: str


Decision = Annotated[
    Approve | Edit | Reject | Respond | TakeOver | HandBack | CorrectIntent | Note,
    Field(discriminator="kind"),
]
DECISION: TypeAdapter[Decision] = TypeAdapter(Decision)


class Decided(Frozen):
    """A decision that was accepted: what the paused graph is resumed with."""

    decision: Decision
    actor: str
    """Name of the person who decided."""


class Review(Frozen):
    """A task for a person: decide what happens to a draft."""

    id: str
    conversation_id: str
    turn_id: str
    kind: ReviewKind
    status: ReviewStatus
    version: int
    """Grows with every change; a decision must carry the one it saw."""
    interrupt_id: str | None
    reason: str
    """Why a person is asked: ``critical:fact.value``, ``mode:supervised``, ``failure``."""
    explanation: str
    """The same in a sentence for the person."""
    draft: Draft | None
    verdict: Verdict | None
    allowed: tuple[str, ...]
    """Kinds of decision that are possible."""
    intent: str | None = None
    claimed_by: str | None = None
    claim_until: datetime | None = None
    opened_at: datetime
    due_at: datetime | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None
    decision: str | None = None
    """Kind of the decision that closed it."""
