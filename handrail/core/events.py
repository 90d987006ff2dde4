"""Everything that can happen to a conversation, in the one form that ``ingest`` accepts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BeforeValidator, Field

from handrail.core.conversation import Customer, Frozen
from handrail.core.decisions import Decision, HandBack, TakeOver
from handrail.core.storable import storable

MAX_MESSAGE_CHARS = 20_000
"""Longest message that is accepted, in characters."""


def _told(value: object) -> str | None:
    return None if value is None else storable(str(value))


Foreign = Annotated[str, BeforeValidator(_told)]
"""What a provider says, whatever that is: a receipt must not fail because of it."""


class CustomerMessage(Frozen):
    """The customer wrote something."""

    kind: Literal["message"] = "message"
    text: str
    address: str
    """Who wrote, as the channel names them: a session, an e-mail address, a number."""
    customer: Customer | None = None
    """Who that is, where the channel knows."""
    verified: bool = False
    """Whether the channel vouches for ``customer``."""


class ReviewDecision(Frozen):
    """A person decided a review."""

    kind: Literal["decision"] = "decision"
    review_id: str
    version: int
    digest: str | None = None
    """Digest of the draft that was shown; ``None`` where there was none."""
    decision: Decision
    actor: str


class Control(Frozen):
    """A person takes or gives back a conversation outside a review."""

    kind: Literal["control"] = "control"
    action: Annotated[TakeOver | HandBack, Field(discriminator="kind")]
    actor: str


class AgentMessage(Frozen):
    """A person who holds the conversation writes to the customer."""

    kind: Literal["agent_message"] = "agent_message"
    text: str
    actor: str
    acknowledge: tuple[str, ...] = ()


Timer = Literal["review_reminder", "review_due", "snooze_over", "look_again", "idle"]
"""What a timer is for."""


class FollowUp(Frozen):
    """A person wants to look at the conversation again, unless the customer writes before."""

    kind: Literal["follow_up"] = "follow_up"
    at: AwareDatetime
    note: str
    """What to look for."""
    actor: str


class TimerFired(Frozen):
    """A timer came due."""

    kind: Literal["timer"] = "timer"
    timer: Timer
    subject: str
    """Id of what it is about: a review, a follow-up, or the conversation."""


class DeliveryReceipt(Frozen):
    """A channel says what became of a reply."""

    kind: Literal["receipt"] = "receipt"
    outbox_id: str
    status: Literal["sent", "failed"]
    provider_id: Foreign | None = None
    error: Foreign | None = None


class Recall(Frozen):
    """A person calls back a reply that has not left yet."""

    kind: Literal["recall"] = "recall"
    outbox_id: str
    actor: str


class FindingDismissed(Frozen):
    """A person says that a finding on a review's draft is not right, and why."""

    kind: Literal["finding_dismissed"] = "finding_dismissed"
    review_id: str
    digest: str
    """Digest of the draft that was shown."""
    check: str
    rule: str
    start: int
    """Where the finding begins, which tells it from others of its rule."""
    reason: str
    actor: str


EventBody = Annotated[
    CustomerMessage
    | ReviewDecision
    | Control
    | AgentMessage
    | FollowUp
    | TimerFired
    | DeliveryReceipt
    | Recall
    | FindingDismissed,
    Field(discriminator="kind"),
]


class Event(Frozen):
    """One thing that happened, named so that it counts once."""

    channel: str
    """The door it came through: ``web``, ``webhook``, ``desk``, ``timer``, ``outbox``."""
    external_id: str
    """Its name at that door; the pair is unique for ever."""
    conversation_id: str | None = None
    """Left out for customer messages, where the customer's open conversation is found."""
    body: EventBody


class Accepted(Frozen):
    """Receipt of ``ingest``: the event is stored and will be acted upon."""

    event_id: str
    conversation_id: str
    seq: int
    message_id: str | None = None
    duplicate: bool = False
    """The same event had been accepted before; nothing happens again."""
