"""The customer's side of the web chat, bound to the browser's chat session."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import StreamingResponse

from handrail.core.events import Accepted, CustomerMessage, Event
from handrail.core.ids import new_id
from handrail.desk.api.shapes import ChatMessage, ChatMessages, ChatText
from handrail.desk.doors import TheDesk, TheVisitor
from handrail.desk.streaming import event_stream
from handrail.engine.views import Change

router = APIRouter(prefix="/chat", tags=["chat"])

WEB = "web"
"""Name of the channel."""


@router.post("/messages")
async def say(body: ChatText, request: Request, desk: TheDesk, visitor: TheVisitor) -> Accepted:
    """Write as the customer of this browser; ``id`` makes a repeated message count once."""
    desk.chat_limit.take(visitor.address)
    desk.chat_limit.take(request.client.host if request.client else "")
    return await desk.engine.ingest(
        Event(
            channel=WEB,
            external_id=f"{visitor.address}:{body.id or new_id('say')}",
            body=CustomerMessage(
                text=body.text,
                address=visitor.address,
                customer=visitor.customer,
                verified=visitor.customer is not None,
            ),
        )
    )


@router.get("/messages")
async def read(
    desk: TheDesk, visitor: TheVisitor, after: Annotated[int, Query(ge=0)] = 0
) -> ChatMessages:
    """Read what the customer may see, after a number in the conversation."""
    conversation_id = await desk.engine.open_conversation(WEB, visitor.address)
    if conversation_id is None:
        return ChatMessages(messages=(), holder=None)
    view = await desk.engine.conversation(conversation_id)
    found = await desk.engine.messages(conversation_id, after_seq=after)
    return ChatMessages(
        messages=tuple(
            ChatMessage(**message.model_dump(include=set(ChatMessage.model_fields)))
            for message in found
        ),
        holder=view.facts.holder,
    )


@router.get("/stream", response_class=StreamingResponse)
async def stream(request: Request, desk: TheDesk, visitor: TheVisitor) -> StreamingResponse:
    """Tell by server-sent events when there is something new to read (event ``changed``)."""

    async def tell(change: Change) -> tuple[str, dict[str, Any]] | None:
        mine = await desk.engine.open_conversation(WEB, visitor.address)
        return ("changed", {}) if change.conversation_id == mine else None

    return event_stream(request, desk.feed, tell)
