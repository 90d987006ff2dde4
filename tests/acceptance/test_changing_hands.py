"""P5: whoever goes on with a conversation is told what happened, a person as well as the AI."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from handrail.core.decisions import Approve, Reject, TakeOver
from handrail.desk.settings import Settings
from handrail.desk.testing import World, open_world
from handrail.language.usage import count_tokens

ASKS_TO_CANCEL = "Please cancel my order LF1001"
ASKS_POLICY = "What is your return policy?"
ASKS_FOR_A_PERSON = "Can I talk to a human? It is about LF1001."

BUDGET = 1000
asked: list[tuple[str, str]] = []
"""The form, and all that the model was told."""


def answer(messages: Sequence[Mapping[str, str]], schema: type[Any]) -> dict[str, Any]:
    """Stand for the language model; each call costs 100 tokens."""
    asked.append((schema.__name__, "\n".join(message["content"] for message in messages)))
    count_tokens(input_tokens=90, output_tokens=10)
    if schema.__name__ == "ModelSummary":
        return {"summary": "Ada wants her money back."}
    return {"sentences": [{"text": "We look into it."}], "confidence": 0.9}


@pytest.fixture
async def modelled(sqlite_url: str, home: Path) -> AsyncIterator[World]:
    """The demo shop with a language model."""
    asked.clear()
    settings = Settings(model=f"function:{__name__}:answer", model_budget=BUDGET)
    async with open_world(sqlite_url, home, settings=settings) as opened:
        yield opened


async def summary(world: World, conversation_id: str) -> str:
    view = await world.engine.conversation(conversation_id)
    return view.facts.summary or ""


async def test_people_are_told_when_the_ai_hands_over(world: World) -> None:
    accepted = await world.ask(ASKS_FOR_A_PERSON)
    assert await summary(world, accepted.conversation_id) == (
        "Open questions:\n- Can I talk to a human?\nRecords: order LF1001"
    )


async def test_who_takes_over_is_told(world: World) -> None:
    accepted = await world.ask(ASKS_TO_CANCEL)
    assert await summary(world, accepted.conversation_id) == "", "one reply is no hand-over"
    await world.engine.take_over(accepted.conversation_id, actor="kim")
    await world.work()
    told = await summary(world, accepted.conversation_id)
    assert told == f"Open questions:\n- {ASKS_TO_CANCEL}\nRecords: order LF1001"


async def test_who_takes_over_at_a_review_is_told(world: World) -> None:
    accepted = await world.ask(ASKS_TO_CANCEL)
    await world.decide(await world.only_review(), TakeOver())
    await world.work()
    assert "Records: order LF1001" in await summary(world, accepted.conversation_id)


async def test_the_ai_is_told_what_people_did(modelled: World) -> None:
    world = modelled
    first = (await world.ask(ASKS_FOR_A_PERSON)).conversation_id
    await world.engine.take_over(first, actor="kim")
    await world.engine.write(first, "I will call you tomorrow.", actor="kim")
    await world.work()
    await world.say(ASKS_POLICY)
    await world.work()
    asked.clear()
    await world.engine.hand_back(first, actor="kim", note="keeps the order")
    await world.work()
    forms = [form for form, _ in asked]
    assert forms[:2] == ["ModelSummary", "ModelReply"]
    for told in (
        "Hand-back note: keeps the order",
        "Ada wants her money back.",
        f"- {ASKS_POLICY}",
        "- kim: I will call you tomorrow.",
    ):
        assert told in asked[1][1], "the next draft does not know what people did"
        assert told in await summary(world, first), "the desk does not show what people did"


async def test_a_model_that_is_used_up_is_not_asked_again(modelled: World) -> None:
    world = modelled
    accepted = await world.ask(ASKS_TO_CANCEL)
    view = await world.engine.conversation(accepted.conversation_id)
    spent = 100 * len(asked)
    assert view.facts.tokens == spent > 0
    while view.facts.tokens < BUDGET:
        await world.decide(await world.only_review(), Reject(reason="say more"))
        await world.work()
        view = await world.engine.conversation(accepted.conversation_id)
        assert view.facts.tokens == 100 * len(asked) > spent
        spent = view.facts.tokens
    calls = len(asked)
    await world.decide(await world.only_review(), Reject(reason="say still more"))
    await world.work()
    assert len(asked) == calls, "the model was asked although its budget is spent"
    review = await world.only_review()
    assert f"has used its {BUDGET} tokens" in (
        (review.draft.problem if review.draft else None) or review.explanation
    )


async def test_an_approved_draft_is_paid_for_once(modelled: World) -> None:
    world = modelled
    accepted = await world.ask(ASKS_TO_CANCEL)
    spent = 100 * len(asked)
    await world.decide(await world.only_review(), Approve())
    await world.work()
    view = await world.engine.conversation(accepted.conversation_id)
    assert world.postbox.delivered == ["We look into it."]
    assert view.facts.tokens == spent


async def test_a_suggestion_that_a_person_approves_is_paid_for_once(modelled: World) -> None:
    world = modelled
    first = (await world.ask(ASKS_FOR_A_PERSON)).conversation_id
    await world.engine.take_over(first, actor="kim")
    await world.work()
    await world.ask(ASKS_POLICY)
    review = await world.only_review()
    assert review.draft is not None
    assert review.draft.tokens > 0
    before = (await world.engine.conversation(first)).facts.tokens
    await world.decide(review, Approve())
    await world.work()
    assert world.postbox.delivered == ["We look into it."]
    assert (await world.engine.conversation(first)).facts.tokens == before


async def test_a_suggestion_is_no_hand_over(modelled: World) -> None:
    accepted = await modelled.ask("My card was charged twice")
    review = await modelled.only_review()
    assert review.kind == "answer"
    assert "ModelSummary" not in [form for form, _ in asked]
    assert await summary(modelled, accepted.conversation_id) == ""
