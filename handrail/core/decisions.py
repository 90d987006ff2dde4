"""A person's answers to a review, and the review they answer."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime
from functools import cache
from typing import Annotated, Any, Literal, Self, cast, get_args

from pydantic import AwareDatetime, Field, TypeAdapter, model_validator

from handrail.core.conversation import Frozen
from handrail.core.drafting import Draft, PersonRole
from handrail.core.ids import new_id
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


class AskCustomer(Frozen):
    """Ask the customer something, after verification; the answer and the matter go on together."""

    kind: Literal["ask_customer"] = "ask_customer"
    text: str
    acknowledge: tuple[str, ...] = ()


class Snooze(Frozen):
    """Take the review out of the queue for a while; its due time waits as long."""

    kind: Literal["snooze"] = "snooze"
    minutes: int | None = Field(default=None, ge=1, le=366 * 24 * 60)
    """How long, in minutes that pass; or name the moment in ``until``."""
    until: AwareDatetime | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.minutes is None) == (self.until is None):
            raise ValueError("give either minutes or until")
        return self


class Escalate(Frozen):
    """Another team decides; the review gets a due time in its hours."""

    kind: Literal["escalate"] = "escalate"
    team: str
    note: str = ""
    """For that team; the customer never sees it."""


Worded = Edit | Respond | AskCustomer
"""Decisions that send a person's own words."""
LeavesOpen = Note | Snooze | Escalate
"""Decisions after which the review is open still."""

Decision = Annotated[
    Approve
    | Edit
    | Reject
    | Respond
    | AskCustomer
    | TakeOver
    | HandBack
    | CorrectIntent
    | Snooze
    | Escalate
    | Note,
    Field(discriminator="kind"),
]
DECISION: TypeAdapter[Decision] = TypeAdapter(Decision)


class Decided(Frozen):
    """A decision that was accepted: what the paused graph is resumed with."""

    decision: Decision
    actor: str
    """Name of the person who decided."""
    role: PersonRole = "agent"
    """Theirs, by the playbook of the moment."""

    @classmethod
    def __get_pydantic_json_schema__(cls, *_: Any) -> dict[str, Any]:
        """Made once: LangGraph asks for it at every pause, and it takes as long as a turn."""
        return deepcopy(_schema_of_decided())


@cache
def _schema_of_decided() -> dict[str, Any]:
    decision = TypeAdapter(Decision).json_schema()
    fields = {
        "decision": _inlined(decision, decision["$defs"]),
        "actor": {"type": "string"},
        "role": {"enum": list(get_args(PersonRole)), "default": "agent"},
    }
    whole = {"type": "object", "additionalProperties": False, "title": "Decided"}
    return {**whole, "properties": fields, "required": ["decision", "actor"]}


def _inlined(schema: Any, definitions: dict[str, Any]) -> Any:
    """Put definitions where they are referred to."""
    if isinstance(schema, list):
        return [_inlined(part, definitions) for part in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    parts = cast("dict[str, Any]", schema)
    if "$ref" in parts:
        return _inlined(definitions[parts["$ref"].rpartition("/")[2]], definitions)
    return {
        key: _inlined(part, definitions)
        for key, part in parts.items()
        if key not in ("$defs", "discriminator")
    }


def draft_of(words: Worded, by: Decided) -> Draft:
    """Make the draft of what a person wrote, word for word."""
    return Draft(
        id=new_id("dft"),
        text=words.text,
        source="person",
        author=by.actor,
        author_role=by.role,
        answers=not isinstance(words, AskCustomer),
    )


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
    digest: str | None = None
    """Digest of the draft, proposed actions included, which a decision names."""
    draft: Draft | None
    verdict: Verdict | None
    allowed: tuple[str, ...]
    """Kinds of decision that are possible."""
    intent: str | None = None
    team: str = ""
    """Who is asked."""
    claimed_by: str | None = None
    claim_until: datetime | None = None
    opened_at: datetime
    due_at: datetime | None = None
    reminded_at: datetime | None = None
    snoozed_until: datetime | None = None
    """Out of the queue until then."""
    lapsed_by: str | None = None
    """Who had claimed it when it was due and undecided; it is offered to others."""
    change: str | None = None
    """What changed it last while open: ``snooze``, ``escalate``, ``lapse``, ``wake``, ``judge``."""
    changed_by: str | None = None
    changed_at: datetime | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None
    decision: str | None = None
    """Kind of the decision that closed it."""
