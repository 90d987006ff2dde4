"""A model that waits in the middle of a draft, and who looks at it meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import StreamingResponse

from handrail.desk.api import chat
from handrail.desk.compose import open_engine
from handrail.desk.identity import Agent, Visitor
from handrail.desk.settings import Settings
from handrail.engine.service import Engine
from handrail.language.model_drafter import ModelReply
from handrail.store import customers

ASKED = "I would like a refund for order LF1003"
FIRST = {"text": "The zebra is on its way.", "evidence": []}
SECOND = {"text": "Refunds take ninety days.", "evidence": []}


class Writer:
    """A model that writes one sentence, waits, and writes another."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.asked = 0

    async def __call__(
        self, _: Sequence[Mapping[str, str]], schema: type[Any]
    ) -> AsyncIterator[dict[str, Any]]:
        assert schema is ModelReply
        self.asked += 1
        yield {"sentences": [FIRST, {"text": "Refunds ta"}]}
        await self.go_on.wait()
        yield {"sentences": [FIRST, SECOND], "records": [], "confidence": 0.9}


@asynccontextmanager
async def opened(home: Path, url: str, *, work: bool = False) -> AsyncGenerator[Engine]:
    """One more process, as far as the database can tell."""
    settings = Settings(home=home, trace=False, model="function:json:writer")
    async with open_engine(database=url, settings=settings, work=work) as engine:
        yield engine


def request() -> Request:
    """Ask for a stream from now on."""
    return Request({"type": "http", "headers": [], "query_string": b""})


ANA = Agent(name="Ana", session="s1")


class Lines:
    """What a stream sent so far."""

    def __init__(self, response: StreamingResponse) -> None:
        self.sent: list[str] = []
        self._more = asyncio.Event()
        self._task = asyncio.create_task(self._read(response))

    async def _read(self, response: StreamingResponse) -> None:
        async for line in response.body_iterator:
            self.sent.append(str(line))
            self._more.set()

    async def has(self, words: str) -> None:
        """Wait until it has sent these words."""
        async with asyncio.timeout(10):
            while words not in "".join(self.sent):
                await self._more.wait()
                self._more.clear()

    async def close(self) -> None:
        """Close the page."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task


async def ask(desk: Any, visitor: Visitor, text: str = ASKED) -> str:
    """Have a customer write; return the conversation."""
    await chat.say(chat.ChatText(text=text), _local(), desk, visitor)
    return (await desk.engine.conversations())[0].id


def _local() -> Request:
    return Request({"type": "http", "headers": [], "query_string": b"", "client": ("127.0.0.1", 1)})


async def visitor_of(engine: Engine, customer: str = "cust_003") -> Visitor:
    """Open the chat as a known customer."""
    known = await engine.database.read(customers.with_records)
    return Visitor("browser-1", next(one for one in known if one.id == customer))


async def shown_to_the_customer(desk: Any, visitor: Visitor) -> list[str]:
    """List the messages that the chat shows."""
    return [message.text for message in (await chat.read(desk, visitor, 0)).messages]
