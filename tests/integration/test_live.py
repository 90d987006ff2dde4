"""Live changes: told once and in order, replayed after a gap, stopped when nobody listens."""

from __future__ import annotations

import asyncio
from typing import Any

from handrail.desk import feed as feeds
from handrail.desk.feed import Feed
from handrail.engine.views import Change


async def say(door: Any, text: str) -> None:
    customer = await door.customer("cust_001")
    answer = await customer.post("/api/v1/chat/messages", json={"text": text})
    assert answer.status_code == 200


async def test_changes_are_told_to_all_and_replayed_after_a_gap(door: Any) -> None:
    feed = Feed(door.engine)
    first, second = feed.listen(None), feed.listen(None)
    assert [await anext(first), await anext(second)] == ["beat", "beat"]
    await say(door, "I want a human")
    seen = [await anext(first), await anext(second)]
    assert isinstance(seen[0], Change)
    assert seen[0] == seen[1]
    await first.aclose()
    await door.engine.settle()
    again = feed.listen(0)
    replayed = [await anext(again)]
    assert replayed[0] == seen[0]
    await again.aclose()
    await second.aclose()
    third = feed.listen(None)  # right after the last one left
    assert await anext(third) == "beat"
    await say(door, "Hello?")
    async with asyncio.timeout(5):
        assert isinstance(await anext(third), Change)
    await feed.close()
    async with asyncio.timeout(5):
        assert [item async for item in third if item != "beat"] == []


async def test_after_too_long_a_gap_the_page_loads_anew(door: Any, monkeypatch: Any) -> None:
    await say(door, "I want a human")
    await door.engine.settle()
    monkeypatch.setattr(feeds, "MOST_REPLAYED", 0)
    feed = Feed(door.engine)
    listener = feed.listen(0)
    assert await anext(listener) == "reset"
    await listener.aclose()
    await feed.close()
