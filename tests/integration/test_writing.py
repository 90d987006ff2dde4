"""A draft is seen at the desk while a model writes it, and by no customer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from handrail.desk.api import chat, stream
from handrail.desk.app import create_app
from handrail.desk.feed import BeingWritten, Feed
from handrail.desk.settings import Settings
from handrail.engine.service import Engine
from handrail.engine.shared_drafts import newest_part
from handrail.language.model_drafter import sentences_so_far
from tests.integration.drafting import (
    ANA,
    ASKED,
    FIRST,
    SECOND,
    Lines,
    Writer,
    ask,
    opened,
    request,
    shown_to_the_customer,
    visitor_of,
)


@pytest.fixture
async def engine(writer: Writer, home: Path, database_url: str) -> AsyncIterator[Engine]:
    del writer
    async with opened(home, database_url) as one:
        yield one


async def test_the_desk_sees_a_draft_grow_and_the_chat_does_not(
    engine: Engine, writer: Writer, tmp_path: Path
) -> None:
    desk = create_app(engine, Settings(home=tmp_path)).state.desk
    visitor = await visitor_of(engine)
    told = Lines(await chat.stream(request(), desk, visitor))
    await told.has("beat")
    conversation = await ask(desk, visitor)
    seen = Lines(await stream.follow(request(), desk, ANA, conversation))
    elsewhere = Lines(await stream.follow(request(), desk, ANA, "cnv_other"))
    unopened = Lines(await stream.follow(request(), desk, ANA))
    await seen.has('"text": null')
    seen.sent.clear()
    turn = asyncio.create_task(engine.settle())
    await seen.has("event: writing")
    (event,) = [line for line in seen.sent if "event: writing" in line]
    assert f'"text": "{FIRST["text"]}"' in event, "only whole sentences"
    assert not any(line.startswith("id:") for line in event.splitlines()), (
        "a browser would come back to it"
    )
    assert await shown_to_the_customer(desk, visitor) == [ASKED]
    writer.go_on.set()
    await turn
    await seen.has('"text": null')
    await told.has("event: changed")
    for words in ("zebra", "ninety", "writing"):
        assert words not in "".join(told.sent)
    assert await shown_to_the_customer(desk, visitor) == [ASKED], "it waits for a person"
    for other in (elsewhere, unopened):
        await other.has("event: review")
        assert "zebra" not in "".join(other.sent), "a page is told what it has open"
    assert engine.writing.texts == {}
    (review,) = await engine.reviews()
    assert review.draft is not None
    assert review.draft.text == f"{FIRST['text']} {SECOND['text']}"
    for lines in (seen, told, elsewhere, unopened):
        await lines.close()
    await desk.feed.close()


async def test_a_page_that_comes_later_sees_how_far_it_is(engine: Engine) -> None:
    feed = Feed(engine)
    first = feed.listen(None, drafts_of="c1")
    assert [await anext(first), await anext(first)] == ["beat", BeingWritten("c1", None)]
    engine.writing.writing("c1", "One.")
    engine.writing.writing("c1", "One. Two.")
    assert await anext(first) == BeingWritten("c1", "One. Two."), "told once for both"
    later = feed.listen(None, drafts_of="c1")
    assert [await anext(later), await anext(later)] == ["beat", BeingWritten("c1", "One. Two.")]
    engine.writing.written("c1")
    assert [await anext(first), await anext(later)] == [BeingWritten("c1", None)] * 2
    await first.aclose()
    assert engine.writing.watched("c1")
    await later.aclose()
    assert not engine.writing.watched("c1")
    await feed.close()


async def test_a_conversation_that_nobody_has_open_is_not_told_of(
    engine: Engine, writer: Writer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    writer.go_on.set()
    told: list[str] = []
    monkeypatch.setattr(engine.writing, "writing", lambda _, text: told.append(text))
    door = create_app(engine, Settings(home=tmp_path)).state.desk
    page = Lines(await stream.follow(request(), door, ANA, "cnv_other"))
    await page.has("event: writing")
    await ask(door, await visitor_of(engine))
    await engine.settle()
    assert writer.asked
    assert told == []
    await page.close()
    await door.feed.close()


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


@pytest.mark.parametrize("char", ["a", "ö", "語", "🦓", "\x00", "\ud800"])
def test_a_long_text_is_told_from_its_end(char: str) -> None:
    short = newest_part(f"{char}.", 100)
    assert short.endswith(".")
    assert "\x00" not in short
    long = newest_part(char * 20_000 + " The end.", 100)
    assert long.startswith("…") or char == "\x00"
    assert long.endswith(" The end.")
    assert len(long.encode()) <= 100
