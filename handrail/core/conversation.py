"""Who talks, where, about what: customers, messages, records and the state of a conversation."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from handrail.core.storable import storable

Mode = Literal["shadow", "collaborative", "supervised", "autonomous"]
"""Who answers: ``shadow`` people, the AI is only recorded; ``collaborative`` people, the AI
suggests; ``supervised`` the AI drafts, people approve; ``autonomous`` the AI within guardrails."""

Holder = Literal["ai", "waiting", "human"]
"""Who holds a conversation: the AI, nobody until a review is decided, or a person."""

Role = Literal["customer", "ai", "agent", "note"]
"""Who wrote a message; a ``note`` is seen by people of the team only."""

Visibility = Literal["customer", "agent", "internal"]
"""Who may see a record field: the customer, people of the team, or nobody in clear text."""

FieldType = Literal[
    "text", "name", "email", "phone", "address", "id", "status", "url",
    "money", "percent", "quantity", "date", "duration", "boolean",
]  # fmt: skip


class Frozen(BaseModel):
    """A value: immutable, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FieldValue(Frozen):
    """One typed fact of a record."""

    type: FieldType
    value: str | int | float | bool | None
    """Money as a decimal string (``"89.90"``), dates as ISO 8601, durations in days."""
    currency: str | None = None
    """ISO 4217 code; only for money."""
    visibility: Visibility = "customer"


class Record(Frozen):
    """A typed fact sheet about a customer: an order, a card, a booking."""

    kind: str
    """What it is, in the singular: ``order``."""
    id: str
    """Its number as the customer knows it."""
    customer_id: str
    """The owner. Nobody else's conversation may show it."""
    fields: dict[str, FieldValue]


class Customer(Frozen):
    """A person who writes to the team."""

    id: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    language: str | None = None
    """BCP 47 tag, such as ``en`` or ``es``."""
    time_zone: str | None = None
    """IANA name, such as ``Europe/Madrid``."""
    tier: str | None = None
    since: datetime | None = None


class Message(Frozen):
    """One message of a conversation."""

    id: str
    conversation_id: str
    seq: int
    """Order within the conversation, from 1."""
    role: Role
    author: str | None = None
    """Name of the person of the team who wrote or approved it."""
    channel: str
    text: str
    at: datetime
    delivered_at: datetime | None = None
    """When the customer could see it; ``None`` while it waits in the outbox."""
    intent: str | None = None
    answers: bool = True
    """Whether it answers the customer; a holding reply and a question back do not."""


class Passage(Frozen):
    """A piece of an article, found for a question."""

    id: str
    """``article#n``; stable while the article's text is the same."""
    article_id: str
    title: str
    text: str
    score: float = 0.0
    """BM25 score; larger is better, comparable within one search only."""
    internal: bool = False
    """May inform a person, never reaches a customer."""


Label = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(storable)]
"""A short text of another system: an id, a name."""
Remark = Annotated[str, Field(max_length=2000), AfterValidator(storable)]
"""A longer one: a reason, a summary."""


class ActionEvent(Frozen):
    """Something that was done for a customer, or was tried: a refund, a change of address."""

    id: Label
    """Its id where it was done, such as the back office; told again, it counts once."""
    action: Label
    """Its name, verb first: ``cancel_order``."""
    at: AwareDatetime
    record_kind: Label | None = None
    record: Label | None = None
    """Number of the record it was done on; ``None`` where it concerns the customer as a whole."""
    outcome: Literal["done", "failed", "pending"] = "done"
    """``pending`` until a receipt says which of the others it is."""
    amount: Annotated[str, Field(pattern=r"^\d{1,12}(\.\d{1,4})?$")] | None = None
    """As a decimal string, ``"20.00"``; money only, with its currency."""
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] | None = None
    """ISO 4217 code."""
    actor: Label | None = None
    """Who did it: a person or a system."""
    details: dict[Label, Remark] = Field(default_factory=dict, max_length=50)
    """What was asked and what came of it, by name: ``{"reason": "arrived broken"}``."""

    @model_validator(mode="after")
    def _with_currency(self) -> Self:
        if (self.amount is None) != (self.currency is None):
            raise ValueError("amount and currency go together; give both or neither")
        return self

    @property
    def worded(self) -> str:
        """All of it in one line: ``refund order LF1001 20.00 EUR (done)``."""
        name = self.action.replace("_", " ")
        kind = None if self.record_kind in name.split() else self.record_kind
        parts = (name, kind, self.record, self.amount, self.currency)
        details = (f"{name.replace('_', ' ')} {value}" for name, value in self.details.items())
        return f"{' '.join(part for part in (*parts, *details) if part)} ({self.outcome})"


class ActionNotice(ActionEvent):
    """An action event as another system tells it: with the customer it was done for."""

    customer_id: Label

    @property
    def event(self) -> ActionEvent:
        """The event alone."""
        return ActionEvent.model_construct(
            **{name: getattr(self, name) for name in ActionEvent.model_fields}
        )


class ConversationFacts(Frozen):
    """The state of one conversation."""

    id: str
    customer_id: str
    channel: str
    """Where the customer wrote last; replies leave there."""
    address: str
    """The customer's address on that channel."""
    status: Literal["open", "closed"] = "open"
    holder: Holder = "ai"
    holder_agent: str | None = None
    """The person who holds it, where one does."""
    summary: str | None = None
    """What happened so far, for who goes on: written when people take it and hand it back."""
    tokens: int = 0
    """Tokens of the language model it has cost so far, in and out."""
    clarifications: int = 0
    """Clarifying questions the AI asked since it last gave an answer."""


class Snapshot(Frozen):
    """All that is known of a conversation when a turn begins."""

    conversation: ConversationFacts
    customer: Customer
    verified: bool
    """Whether the customer's identity on this channel is verified; without it no records."""
    messages: tuple[Message, ...]
    """The newest messages, oldest first."""
    records: tuple[Record, ...]
    now: datetime
    release: str
    """Id of the playbook release this turn runs under."""
    actions: tuple[ActionEvent, ...] = ()
    """What was done for this customer, oldest first, for a verified identity only; besides
    records, what shows that a reply that speaks of something done tells the truth."""
