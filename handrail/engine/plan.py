"""What a run does with the pending events: which graph, started or resumed, with which input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from handrail.core.decisions import (
    Approve,
    AskCustomer,
    CorrectIntent,
    Decided,
    Decision,
    Edit,
    HandBack,
    LeavesOpen,
    Reject,
    Respond,
    TakeOver,
    Worded,
    draft_of,
)
from handrail.core.drafting import Draft, PersonRole
from handrail.core.events import (
    AgentMessage,
    Control,
    DeliveryReceipt,
    EventBody,
    Recall,
    ReviewDecision,
    TimerFired,
)
from handrail.core.ids import new_id
from handrail.core.turn import TurnInput
from handrail.engine.gate import Lease
from handrail.engine.journal import ReviewRequest
from handrail.store.conversations import PendingEvent, awaits_reply, unanswered
from handrail.store.prepared import Row

EVENT_BODY: TypeAdapter[EventBody] = TypeAdapter(EventBody)

SUPPORT = "support"
ASSIST = "assist"
HUMAN_REPLY = "human_reply"
HOLDING_REPLY = "holding_reply"


@dataclass(frozen=True)
class Plan:
    """One run to be."""

    events: tuple[PendingEvent, ...]
    """The events this run deals with."""
    graph: str | None
    """Name of the graph; ``None`` where nothing has to run."""
    input: TurnInput | None = None
    """Input of a fresh turn; ``None`` for a resumed one."""
    review: Row | None = None
    """The review that a person decided, where that caused the run."""
    resume: Decided | None = None
    """What the paused graph is resumed with."""
    summarise: HandBack | None = None
    """The hand-back that ends a stretch of human work."""
    taken: bool = False
    """Whether a person took the conversation by this."""
    ask: ReviewRequest | None = None
    """A review to open without a run."""

    @property
    def aside(self) -> bool:
        """Whether a review goes on waiting, whatever becomes of this run."""
        return self.graph == HOLDING_REPLY

    @property
    def turn_id(self) -> str:
        """The turn that this run is part of."""
        if self.input is not None:
            return self.input.turn_id
        return self.review["turn_id"] if self.review is not None else ""


def make_plan(
    lease: Lease,
    review_of: Callable[[str], Row],
    draft_behind: Callable[[str], Draft],
    role_of: Callable[[str], PersonRole],
) -> Plan:
    """Decide what to do with the first pending events: a burst of messages, or one other event."""

    def by(actor: str, decision: Decision) -> Decided:
        return Decided(decision=decision, actor=actor, role=role_of(actor))

    first = _first(lease.events, review_of)
    if first.kind == "message":
        burst = _leading_messages(lease.events)
        return _fresh(lease, burst, None)
    body = EVENT_BODY.validate_python(first.body, strict=False)
    match body:
        case ReviewDecision():
            decided = by(body.actor, body.decision)
            return _decision(lease, first, decided, review_of(body.review_id))
        case AgentMessage():
            said = Respond(text=body.text, acknowledge=body.acknowledge)
            return _human_reply(lease, first, by(body.actor, said), None)
        case TimerFired():
            return _holding(lease, first)
        case Control(action=HandBack()):
            return _handed_back(lease, first, by(body.actor, body.action))
        case _:
            taken = isinstance(body, Control) and isinstance(body.action, TakeOver)
            asks = _question(body, draft_behind)
            return Plan(events=(first,), graph=None, taken=taken, ask=asks)


def _first(events: tuple[PendingEvent, ...], review_of: Callable[[str], Row]) -> PendingEvent:
    """The event that is dealt with first: the first one, or a decision on what waits.

    A turn that a message begins takes the place of the one that waits in its checkpoint, so what
    was decided there goes on before.
    """
    if events[0].kind != "message":
        return events[0]
    return next((event for event in events if answers_pause(event, review_of)), events[0])


def answers_pause(event: PendingEvent, review_of: Callable[[str], Row]) -> bool:
    """Whether an event decides what a paused graph waits for."""
    return event.kind == "decision" and (
        review_of(event.body["review_id"])["interrupt_id"] is not None
    )


def _question(body: EventBody, draft_behind: Callable[[str], Draft]) -> ReviewRequest | None:
    """Return the review that an event opens without a run, where it opens one."""
    if isinstance(body, DeliveryReceipt):
        draft = draft_behind(body.outbox_id)
        # A holding reply that does not arrive must not void the review that it speaks of.
        aside = not draft.answers and draft.source != "person"
        return None if aside else _undeliverable(body)
    return _recalled(body, draft_behind(body.outbox_id)) if isinstance(body, Recall) else None


def _undeliverable(receipt: DeliveryReceipt) -> ReviewRequest:
    return ReviewRequest(
        kind="failure",
        reason="failure:delivery",
        explanation=f"A reply could not be delivered: {receipt.error}. Reach the customer "
        "another way, or answer again",
        draft=None,
        verdict=None,
        allowed=("respond", "take_over", "snooze", "escalate", "note"),
    )


def _recalled(recall: Recall, draft: Draft) -> ReviewRequest:
    return ReviewRequest(
        kind="undone",
        reason="undone",
        explanation=f"{recall.actor} called this reply back before it left",
        draft=draft,
        verdict=None,
        allowed=(
            "approve",
            "edit",
            "respond",
            "ask_customer",
            "reject",
            "take_over",
            "snooze",
            "escalate",
            "note",
        ),
    )


def _leading_messages(events: tuple[PendingEvent, ...]) -> tuple[PendingEvent, ...]:
    burst: list[PendingEvent] = []
    for event in events:
        if event.kind != "message":
            break
        burst.append(event)
    return tuple(burst)


def _turn(
    lease: Lease, decided: Decided | None, events: tuple[PendingEvent, ...] = ()
) -> TurnInput:
    history = lease.snapshot.messages
    # A reply that was decided before a message came can stand behind it, and does not answer it.
    wanted = {message.id for message in unanswered(history)} | {e.message_id for e in events}
    open_messages = tuple(message for message in history if message.id in wanted)
    return TurnInput(
        turn_id=new_id("trn"),
        said=tuple(message.text for message in open_messages),
        message_ids=tuple(message.id for message in open_messages),
        decided=decided,
    )


def _fresh(lease: Lease, events: tuple[PendingEvent, ...], decided: Decided | None) -> Plan:
    graph = ASSIST if lease.row["holder"] == "human" else SUPPORT
    return Plan(events=events, graph=graph, input=_turn(lease, decided, events))


def _human_reply(lease: Lease, event: PendingEvent, decided: Decided, review: Row | None) -> Plan:
    turn = _turn(lease, decided).model_copy(update={"draft": _reply(decided, review)})
    return Plan(events=(event,), graph=HUMAN_REPLY, input=turn, review=review)


def _holding(lease: Lease, event: PendingEvent) -> Plan:
    """Tell the customer that a person still works on it: once, and while that is so."""
    overtaken = len(lease.events) > 1 or lease.row["holder"] != "waiting"
    waits = unanswered(lease.snapshot.messages)
    since = [m for m in lease.snapshot.messages if waits and m.seq > waits[0].seq]
    told = any(m.role == "ai" for m in since)  # what answered would have ended the wait
    if overtaken or told or not awaits_reply(lease.snapshot.messages):
        return Plan(events=(event,), graph=None)
    return Plan(events=(event,), graph=HOLDING_REPLY, input=_turn(lease, None))


def _reply(decided: Decided, review: Row | None) -> Draft:
    """The person's own words, or the suggestion they approved."""
    decision = decided.decision
    if isinstance(decision, Worded):
        return draft_of(decision, decided)
    assert review is not None
    seen = Draft.model_validate(review["draft"])
    # A turn stores drafts of its own; what this one cost is counted where it was written.
    return seen.model_copy(update={"id": new_id("dft"), "tokens": 0})


def _handed_back(lease: Lease, event: PendingEvent, decided: Decided) -> Plan:
    action: Any = decided.decision
    if not awaits_reply(lease.snapshot.messages):
        return Plan(events=(event,), graph=None, summarise=action)
    return Plan(events=(event,), graph=SUPPORT, input=_turn(lease, decided), summarise=action)


def _decision(lease: Lease, event: PendingEvent, decided: Decided, review: Row) -> Plan:
    if isinstance(decided.decision, LeavesOpen):
        return Plan(events=(event,), graph=None)
    if review["interrupt_id"] is not None:
        return Plan(events=(event,), graph=review["graph"], review=review, resume=decided)
    match decided.decision:
        case Approve() | Edit() | Respond() | AskCustomer():
            return _human_reply(lease, event, decided, review)
        case Reject() | CorrectIntent():
            return _fresh(lease, (event,), decided)
        case HandBack():
            return _handed_back(lease, event, decided)
        case TakeOver():
            return Plan(events=(event,), graph=None, review=review, taken=True)
