"""A draft is seen at the desk while a model writes it, and by no customer."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import StreamingResponse

from handrail.desk.api import chat, stream
from handrail.desk.app import create_app
from handrail.desk.compose import open_engine
from handrail.desk.feed import BeingWritten, Feed
from handrail.desk.identity import Agent, Visitor
from handrail.desk.settings import Settings
from handrail.engine.service import Engine
from handrail.language.model_drafter import ModelReply, sentences_so_far
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


@pytest.fixture
def writer(monkeypatch: pytest.MonkeyPatch) -> Writer:
    made = Writer()
    monkeypatch.setattr(json, "writer", made.__call__, raising=False)
    return made


@pytest.fixture
async def engine(
    writer: Writer, tmp_path: Path, sqlite_template: Path, model_cache: Path
) -> AsyncIterator[Engine]:
    del writer
    shutil.copy(sqlite_template, tmp_path / "handrail.db")
    (tmp_path / "models").symlink_to(model_cache)
    settings = Settings(home=tmp_path, trace=False, model="function:json:writer")
    async with open_engine(settings=settings, work=False) as opened:
        yield opened


def request() -> Request:
    return Request({"type": "http", "headers": [], "query_string": b""})


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
        async with asyncio.timeout(10):
            while words not in "".join(self.sent):
                await self._more.wait()
                self._more.clear()

    async def close(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task


async def test_the_desk_sees_a_draft_grow_and_the_chat_does_not(
    engine: Engine, writer: Writer, tmp_path: Path
) -> None:
    desk = create_app(engine, Settings(home=tmp_path)).state.desk
    visitor = await _visitor(engine)
    seen = Lines(await stream.follow(request(), desk, Agent(name="Ana", session="s1")))
    told = Lines(await chat.stream(request(), desk, visitor))
    await seen.has("beat")
    await told.has("beat")
    await chat.say(chat.ChatText(text=ASKED), _local(), desk, visitor)
    turn = asyncio.create_task(engine.settle())
    await seen.has("event: writing")
    (event,) = [line for line in seen.sent if "event: writing" in line]
    assert f'"text": "{FIRST["text"]}"' in event, "only whole sentences"
    assert not any(line.startswith("id:") for line in event.splitlines()), (
        "a browser would come back to it"
    )
    assert await _shown_to_the_customer(desk, visitor) == [ASKED]
    writer.go_on.set()
    await turn
    await seen.has('"text": null')
    await told.has("event: changed")
    for words in ("zebra", "ninety", "writing"):
        assert words not in "".join(told.sent)
    assert await _shown_to_the_customer(desk, visitor) == [ASKED], "it waits for a person"
    assert engine.writing is not None
    assert engine.writing.texts == {}
    (review,) = await engine.reviews()
    assert review.draft is not None
    assert review.draft.text == f"{FIRST['text']} {SECOND['text']}"
    await seen.close()
    await told.close()
    await desk.feed.close()


def _local() -> Request:
    return Request({"type": "http", "headers": [], "query_string": b"", "client": ("127.0.0.1", 1)})


async def _visitor(engine: Engine) -> Visitor:
    known = await engine.database.read(customers.with_records)
    return Visitor("browser-1", next(one for one in known if one.id == "cust_003"))


async def _shown_to_the_customer(desk: Any, visitor: Visitor) -> list[str]:
    return [message.text for message in (await chat.read(desk, visitor, 0)).messages]


async def test_a_page_that_comes_later_sees_how_far_it_is(engine: Engine) -> None:
    assert engine.writing is not None
    feed = Feed(engine)
    first = feed.listen(None, drafts=True)
    assert await anext(first) == "beat"
    engine.writing.writing("c1", "One.")
    engine.writing.writing("c1", "One. Two.")
    assert await anext(first) == BeingWritten("c1", "One. Two."), "told once for both"
    later = feed.listen(None, drafts=True)
    assert [await anext(later), await anext(later)] == ["beat", BeingWritten("c1", "One. Two.")]
    engine.writing.written("c1")
    assert [await anext(first), await anext(later)] == [BeingWritten("c1", None)] * 2
    for listener in (first, later):
        await listener.aclose()
    assert not engine.writing.watched
    await feed.close()


async def test_nobody_who_looks_means_nothing_is_told(
    engine: Engine, writer: Writer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert engine.writing is not None
    writer.go_on.set()
    told: list[str] = []
    monkeypatch.setattr(engine.writing, "writing", lambda _, text: told.append(text))
    door = create_app(engine, Settings(home=tmp_path)).state.desk
    visitor = await _visitor(engine)
    await chat.say(chat.ChatText(text=ASKED), _local(), door, visitor)
    await engine.settle()
    assert writer.asked
    assert told == []


async def test_only_with_an_embedded_database_there_is_something_to_see(
    database_url: str, model_cache: Path, tmp_path: Path
) -> None:
    (tmp_path / "models").symlink_to(model_cache)
    settings = Settings(home=tmp_path, trace=False)
    async with open_engine(database=database_url, settings=settings, work=False) as engine:
        assert (engine.writing is not None) == database_url.startswith("sqlite")
        feed = Feed(engine)
        listener = feed.listen(None, drafts=True)
        assert await anext(listener) == "beat"
        await listener.aclose()
        await feed.close()


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ({}, ""),
        ({"sentences": []}, ""),
        ({"sentences": [{}]}, ""),
        ({"sentences": [{"text": "Hel"}]}, ""),
        ({"sentences": [{"text": "Hello.", "evidence": ["a"]}]}, "Hello."),
        ({"sentences": [{"text": "Hello."}, {"text": "You"}]}, "Hello."),
        ({"sentences": [{"text": "Hello."}], "records": []}, "Hello."),
        ({"sentences": "prose", "records": None}, ""),
        ({"sentences": [None, {"text": 3, "evidence": []}]}, ""),
        ({"sentences": [{"evidence": [], "text": "Hel"}]}, ""),
    ],
)
def test_only_whole_sentences_of_a_growing_reply_are_shown(
    reply: dict[str, Any], text: str
) -> None:
    assert sentences_so_far(reply) == text
