"""A customer writes, or a person takes over, while a run is in any one of its nodes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from watching import watch_node

from handrail.desk.testing import World
from handrail.store import tables as t

PATHS = {
    "How do I reset my password?": (
        "load_context",
        "detect_intent",
        "draft_reply",
        "verify_reply",
        "choose_route",
        "send_reply",
        "close_turn",
    ),
    "Please cancel my order": ("ask_human",),
    "I want to talk to a human being": ("hand_over",),
}
CASES = [(node, text) for text, nodes in PATHS.items() for node in nodes]


def in_the_middle_of(
    world: World, node: str, act: Callable[[], Awaitable[object]], patch: pytest.MonkeyPatch
) -> None:
    """Let something happen once, while the run is in ``node``."""
    happened: list[str] = []

    async def once(state: Any) -> None:
        del state
        if not happened:
            happened.append(node)
            await act()

    watch_node(world, node, once, patch)


@pytest.mark.parametrize(("node", "text"), CASES, ids=[node for node, _ in CASES])
async def test_a_message_in_the_middle_is_part_of_the_turn(
    world: World, node: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def write_again() -> None:
        await world.say("What is your return policy?", name="second")

    in_the_middle_of(world, node, write_again, monkeypatch)
    await world.ask(text, name="first")

    events = [row for row in await world.rows(t.events) if row["kind"] == "message"]
    assert [row["external_id"] for row in events] == ["first", "second"]
    assert all(row["processed_at"] for row in events), "P1: a message was passed over"
    assert len({row["turn_id"] for row in events}) == 1, "the burst is one turn"
    replies, reviews = await world.replies(), await world.engine.reviews()
    assert len(replies) + len(reviews) == 1, f"P2: {replies} and {len(reviews)} reviews"


@pytest.mark.parametrize(("node", "text"), CASES, ids=[node for node, _ in CASES])
async def test_the_ai_is_silent_from_a_take_over_on(
    world: World, node: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def take_over() -> None:
        (conversation,) = await world.engine.conversations()
        await world.engine.take_over(conversation.id, actor="kim")

    in_the_middle_of(world, node, take_over, monkeypatch)
    await world.ask(text)

    assert await world.replies() == [], "P6: the AI spoke while a person held the conversation"
    (conversation,) = await world.engine.conversations()
    assert (conversation.holder, conversation.holder_agent) == ("human", "kim")
    assert all(row["graph"] != "support" for row in await world.rows(t.turns))
