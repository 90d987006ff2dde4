"""Server-sent events from the feed of changes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from typing import Any

from fastapi import Request
from starlette.responses import StreamingResponse

from handrail.desk.feed import BeingWritten, Feed
from handrail.engine.views import Change

RETRY_MS = 2_000
"""Pause before a browser comes back after a lost connection, in milliseconds."""

Tell = Callable[[Change], Awaitable[tuple[str, dict[str, Any]] | None]]
"""Name and data of the event for a change; ``None`` where the page is not told."""


def event_stream(
    request: Request, feed: Feed, tell: Tell, *, drafts_of: str | None = None
) -> StreamingResponse:
    """Answer with a stream that begins after the browser's ``Last-Event-ID``.

    It also tells what a model writes in the conversation ``drafts_of``, event ``writing``.
    """
    known = request.headers.get("last-event-id") or request.query_params.get("after", "")
    after = int(known) if known.isascii() and known.isdigit() and len(known) < 19 else None
    return StreamingResponse(
        _lines(feed, after, tell, drafts_of),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


async def _lines(
    feed: Feed, after: int | None, tell: Tell, drafts_of: str | None
) -> AsyncIterator[str]:
    yield f"retry: {RETRY_MS}\n\n"
    async for item in feed.listen(after, drafts_of=drafts_of):
        if item == "beat":
            yield ": beat\n\n"
        elif isinstance(item, str):
            yield f"event: {item}\ndata: {{}}\n\n"
        elif isinstance(item, BeingWritten):
            # Without an id: it is not one of the changes that a browser comes back to.
            yield f"event: writing\ndata: {json.dumps(asdict(item))}\n\n"
        elif (told := await tell(item)) is not None:
            name, data = told
            yield f"event: {name}\nid: {item.id}\ndata: {json.dumps(data)}\n\n"
