"""Conversations for people of the team."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from handrail.core.events import Accepted
from handrail.core.verdict import Verdict
from handrail.desk.api.shapes import (
    AgentText,
    CheckText,
    ConversationDetail,
    Conversations,
    HandBackNote,
    LookAgain,
    Messages,
    PlannedLook,
    QueuedReply,
    UnderstoodTurns,
)
from handrail.desk.doors import Reader, TheEngine, Writer
from handrail.desk.understood import understand
from handrail.engine.views import ConversationView

router = APIRouter(tags=["conversations"])


@router.get("/conversations")
async def list_conversations(
    engine: TheEngine, _: Reader, limit: Annotated[int, Query(ge=1, le=500)] = 50
) -> Conversations:
    """List conversations, the last changed first."""
    return Conversations(conversations=await engine.conversations(limit=limit))


@router.get("/conversations/{conversation_id}")
async def get_conversation(
    conversation_id: str, engine: TheEngine, _: Reader
) -> ConversationDetail:
    """Show a conversation with its customer, messages, turns and reviews."""
    return detail(await engine.conversation(conversation_id))


def detail(view: ConversationView) -> ConversationDetail:
    """Make what a program is shown of a conversation; internal fields of records stay inside."""
    return ConversationDetail(
        conversation=view.facts,
        customer=view.customer,
        verified=view.verified,
        messages=view.messages,
        records=tuple(
            record.model_copy(
                update={
                    "fields": {
                        name: value
                        for name, value in record.fields.items()
                        if value.visibility != "internal"
                    }
                }
            )
            for record in view.records
        ),
        actions=view.actions,
        reviews=view.reviews,
        turns=tuple(dict(turn) for turn in view.turns),
        outbox=tuple(
            QueuedReply(**{name: row[name] for name in QueuedReply.model_fields})
            for row in view.outbox
        ),
        follow_ups=tuple(
            PlannedLook(at=item.at, note=item.note, actor=item.actor) for item in view.follow_ups
        ),
    )


@router.get("/conversations/{conversation_id}/understood")
async def get_understood(conversation_id: str, engine: TheEngine, _: Reader) -> UnderstoodTurns:
    """Show what each turn made of what came in: findings, intent, values and their records."""
    view, playbook = await engine.conversation(conversation_id), engine.kits.active.release.playbook
    return UnderstoodTurns(turns=tuple(understand(view, turn, playbook) for turn in view.turns))


@router.get("/conversations/{conversation_id}/messages")
async def list_messages(
    conversation_id: str,
    engine: TheEngine,
    _: Reader,
    after: Annotated[int, Query(ge=0)] = 0,
) -> Messages:
    """List messages after a number in the conversation, notes of the team included."""
    await engine.conversation(conversation_id)
    found = await engine.messages(conversation_id, after_seq=after, customer_view=False)
    return Messages(messages=found)


@router.post("/conversations/{conversation_id}/messages")
async def write_message(
    conversation_id: str, body: AgentText, engine: TheEngine, agent: Writer
) -> Accepted:
    """Write to the customer in a conversation that a person holds.

    422 where a guardrail blocks the text: acknowledge its findings, or change it; 403 where it
    promises more than an agent may.
    """
    return await engine.write(
        conversation_id, body.text, actor=agent.name, acknowledge=body.acknowledge
    )


@router.post("/conversations/{conversation_id}/check")
async def check_text(
    conversation_id: str, body: CheckText, engine: TheEngine, agent: Writer
) -> Verdict:
    """Run the guardrails on a text before it is sent; nothing is stored."""
    return await engine.check_text(conversation_id, body.text, agent.name)


@router.post("/conversations/{conversation_id}/take-over")
async def take_over(conversation_id: str, engine: TheEngine, agent: Writer) -> Accepted:
    """Take a conversation; from now on the AI is silent in it."""
    return await engine.take_over(conversation_id, actor=agent.name)


@router.post("/conversations/{conversation_id}/hand-back")
async def hand_back(
    conversation_id: str, body: HandBackNote, engine: TheEngine, agent: Writer
) -> Accepted:
    """Give a conversation back to the AI."""
    return await engine.hand_back(conversation_id, actor=agent.name, note=body.note)


@router.post("/conversations/{conversation_id}/look-again")
async def look_again(
    conversation_id: str, body: LookAgain, engine: TheEngine, agent: Writer
) -> Accepted:
    """Open a review at a moment, unless the customer writes before; 422 where it is not ahead."""
    return await engine.look_again(conversation_id, at=body.at, note=body.note, actor=agent.name)


@router.post("/outbox/{outbox_id}/recall")
async def recall_reply(outbox_id: str, engine: TheEngine, agent: Writer) -> Accepted:
    """Call back a reply within its undo window; 409 where it has left."""
    return await engine.recall(outbox_id, actor=agent.name)
