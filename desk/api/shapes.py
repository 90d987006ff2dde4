"""What the REST doors take and give, beside the engine's own models."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from handrail.core.conversation import ActionEvent, ConversationFacts, Customer, Message, Record
from handrail.core.decisions import Decision, Review
from handrail.core.drafting import PersonRole
from handrail.desk.understood import UnderstoodTurn
from handrail.store.conversations import ConversationLine


class Body(BaseModel):
    """The body of a request; an unknown field is an error."""

    model_config = ConfigDict(extra="forbid")


class AgentText(Body):
    """A message of a person of the team."""

    text: str
    acknowledge: tuple[str, ...] = ()
    """``check:rule`` of each critical finding the person accepts."""


class CheckText(Body):
    """A text to be judged by the guardrails."""

    text: str


class HandBackNote(Body):
    """What was agreed while a person held the conversation."""

    note: str = ""


class LookAgain(Body):
    """When the conversation comes up for review again, unless the customer writes before."""

    at: AwareDatetime
    note: str
    """What to look for."""


class ClaimRequest(Body):
    """A claim on a review."""

    force: bool = False
    """Break somebody else's claim; for leads."""


class DecisionRequest(Body):
    """An answer to a review, bound to what the person saw."""

    version: int
    digest: str | None = None
    """Digest of the draft that was shown; ``null`` where there was none."""
    decision: Decision


class FindingFeedback(Body):
    """What a person says of a finding that is not right."""

    check: str
    rule: str
    start: int = Field(ge=0)
    """Where the finding begins in the draft, in characters."""
    reason: str = Field(max_length=2000)


class ChatText(Body):
    """What the customer writes in the chat."""

    text: str
    id: str | None = Field(default=None, max_length=64)
    """A name the page gives the message, so that sending it again counts once."""


class WebhookCustomer(Body):
    """Who wrote, as the sender of the webhook vouches: an id, an e-mail address, or both."""

    id: str | None = Field(default=None, min_length=1, max_length=200)
    email: str | None = Field(default=None, min_length=3, max_length=200)
    name: str | None = Field(default=None, max_length=200)


class WebhookMessage(Body):
    """A customer's message that came in by another system."""

    id: str = Field(min_length=1, max_length=200)
    """The message's name at the sender; sent again, it counts once."""
    address: str = Field(min_length=1, max_length=200)
    """Where replies go, as the sender names it."""
    text: str
    customer: WebhookCustomer | None = None


class ToldAction(ActionEvent):
    """What was done for a customer, as the back office tells it."""

    customer: WebhookCustomer


class Conversations(BaseModel):
    """A list of conversations."""

    conversations: tuple[ConversationLine, ...]


class Reviews(BaseModel):
    """A list of reviews."""

    reviews: tuple[Review, ...]


class Messages(BaseModel):
    """A list of messages."""

    messages: tuple[Message, ...]


class UnderstoodTurns(BaseModel):
    """What the turns of a conversation made of what came in."""

    turns: tuple[UnderstoodTurn, ...]


class QueuedReply(BaseModel):
    """A reply that has not left yet."""

    id: str
    message_id: str
    send_after: datetime
    decided_by: str | None


class PlannedLook(BaseModel):
    """A follow-up that a person asked for."""

    at: datetime
    note: str
    actor: str


class ConversationDetail(BaseModel):
    """All that is known of a conversation."""

    conversation: ConversationFacts
    customer: Customer
    verified: bool
    messages: tuple[Message, ...]
    records: tuple[Record, ...]
    actions: tuple[ActionEvent, ...]
    """What was done for the customer, oldest first."""
    reviews: tuple[Review, ...]
    turns: tuple[dict[str, Any], ...]
    outbox: tuple[QueuedReply, ...]
    follow_ups: tuple[PlannedLook, ...]


class ChatMessage(BaseModel):
    """A message as the customer sees it."""

    id: str
    seq: int
    role: str
    author: str | None
    text: str
    at: datetime


class ChatMessages(BaseModel):
    """The chat from some message on."""

    messages: tuple[ChatMessage, ...]
    holder: str | None
    """Who answers: ``ai``, ``waiting`` for a person, ``human``; ``null`` before the first
    message."""


class Session(BaseModel):
    """Who a program is at this desk."""

    agent: str
    role: PersonRole
    """``lead`` where the playbook says that this person leads a team."""
    csrf: str
    """Goes into the header ``X-CSRF`` of every change, together with the cookie."""
