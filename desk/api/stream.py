"""Live changes for the desk."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import StreamingResponse

from handrail.desk.doors import Reader, TheDesk
from handrail.desk.streaming import event_stream
from handrail.engine.views import Change

router = APIRouter(tags=["stream"])


@router.get("/stream", response_class=StreamingResponse)
async def follow(
    request: Request,
    desk: TheDesk,
    _: Reader,
    conversation: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9_]{1,64}$")] = None,
) -> StreamingResponse:
    """Tell of changes by server-sent events.

    The data of ``message``, ``review``, ``holder``, ``action`` and ``reset`` holds ids only. After
    a gap the browser's ``Last-Event-ID`` is continued from. ``writing`` has no id, and comes only
    for the ``conversation`` that is open: the text that a model has drafted so far, unverified and
    stored nowhere, or ``null`` where it writes no more.
    """
    return event_stream(request, desk.feed, _tell, drafts_of=conversation)


async def _tell(change: Change) -> tuple[str, dict[str, Any]]:
    return change.kind, {
        "conversation_id": change.conversation_id,
        "review_id": change.review_id,
    }
