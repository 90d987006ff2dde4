"""P5: what a person approves goes on from where it waits, though a newer message begins a turn."""

from __future__ import annotations

from typing import Any

import pytest
from watching import watch_node

from handrail.core.decisions import Approve, Reject
from handrail.desk.testing import World
from handrail.store import tables as t

ASKS = "Please cancel my order LF1001"
WRITES = "What is your return policy?"


def in_the_second_turn(world: World, node: str, act: Any, patch: pytest.MonkeyPatch) -> list[str]:
    """Let something happen once, while the second turn is in ``node``."""
    turns: list[str] = []

    async def note(state: Any) -> None:
        name = state["turn"].turn_id
        if name not in turns:
            turns.append(name)
            if len(turns) == 2:
                await act()

    watch_node(world, node, note, patch)
    return turns


@pytest.mark.parametrize("node", ["load_context", "draft_reply", "choose_route"])
@pytest.mark.parametrize("text", [WRITES, ASKS], ids=["answered", "waits"])
async def test_an_approval_in_the_middle_of_a_newer_turn_goes_on(
    world: World, node: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    approved: list[str] = []

    async def approve() -> None:
        review = await world.only_review()
        assert review.draft is not None
        approved.append(review.draft.digest)
        await world.decide(review, Approve())

    turns = in_the_second_turn(world, node, approve, monkeypatch)
    await world.ask(ASKS, name="first")
    # The redraft waits for a person although a newer message has come in already.
    await world.decide(await world.only_review(), Reject(reason="other words"))
    await world.say(text, name="second")
    await world.work()
    assert len(approved) == 1, "nobody could approve in the middle of the second turn"
    sent = {(row["turn_id"], row["digest"]) for row in await world.rows(t.outbox)}
    assert (turns[0], approved[0]) in sent, "P5: what was approved did not go on"
    explanations = [row["explanation"] for row in await world.rows(t.reviews)]
    assert not [one for one in explanations if "not carried out" in one], "P5: it was asked anew"
    events = await world.rows(t.events)
    assert all(row["processed_at"] for row in events), "P1: an event was passed over"
    replies, reviews = await world.replies(), await world.engine.reviews()
    assert len(replies) + len(reviews) == 2, f"P2: {replies} and {len(reviews)} reviews"


async def test_a_decision_before_the_newer_turn_goes_on_first(world: World) -> None:
    first = await world.ask(ASKS, name="first")
    review = await world.only_review()
    await world.decide(review, Reject(reason="other words"))
    await world.say(WRITES, name="second")
    await world.engine.runner._run(*await one_run(world, first.conversation_id))  # pyright: ignore[reportPrivateUsage]
    again = await world.only_review()
    await world.decide(again, Approve())
    await world.work()
    turn = {row["turn_id"] for row in await world.rows(t.outbox) if row["decided_by"]}
    assert turn == {again.turn_id}, "P5: what was approved did not go on"


async def one_run(world: World, conversation_id: str) -> Any:
    """Take the lease of a conversation, for a single run."""
    runner: Any = world.engine.runner
    claimed = await runner._claim(conversation_id)
    assert claimed is not None
    return claimed
