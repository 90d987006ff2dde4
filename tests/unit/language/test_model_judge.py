"""A chat model as judge is left alone while it fails, and kept within the conversation's tokens."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from handrail.core.conversation import ConversationFacts
from handrail.core.errors import ModelCallError
from handrail.core.ports import CostlyJudge
from handrail.language.judges.model_judge import Judgements, ModelJudge
from handrail.language.judges.opening import open_judge
from handrail.language.model_calls import ModelCalls
from handrail.language.models.function import FunctionModel
from handrail.language.usage import count_tokens, counted


class Model:
    """Counts how often it is asked; fails where it is told to."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.asked = 0

    def __call__(self, *_: Any) -> dict[str, Any]:
        self.asked += 1
        count_tokens(input_tokens=90, output_tokens=10)
        if self.fails:
            raise ModelCallError("overloaded")
        return {"statements": [{"number": 1, "support": "unsupported"}]}


def calls(model: Any, **options: Any) -> ModelCalls:
    return ModelCalls(FunctionModel(model, name="test:model"), pause_s=0, **options)


def conversation(tokens: int) -> ConversationFacts:
    return ConversationFacts(id="k1", customer_id="c1", channel="web", address="a", tokens=tokens)


async def test_a_judge_that_fails_is_tried_again_and_then_left_alone() -> None:
    model = Model(fails=True)
    judge = ModelJudge(calls(model, most_failures=4))
    for _ in range(4):
        with pytest.raises(ModelCallError):
            await judge.judge(["One."], {})
    assert model.asked == 4


async def test_judge_and_drafter_of_one_model_are_left_alone_together() -> None:
    model = Model(fails=True)
    shared = calls(model, most_failures=2)
    judge = open_judge("test:model", calls=lambda _: shared)
    with pytest.raises(ModelCallError):
        await judge.judge(["One."], {})
    answer = await shared.ask([], Judgements, conversation_id="k1")
    assert "left alone" in answer.problem
    assert model.asked == 2


async def test_a_judge_whose_answer_nobody_waits_for_counts_as_failing() -> None:
    started = 0

    async def hang(*_: Any) -> Any:
        nonlocal started
        started += 1
        await asyncio.sleep(60)

    judge = ModelJudge(calls(hang, most_failures=2))
    for _ in range(2):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await judge.judge(["One."], {})
    with pytest.raises(ModelCallError, match="left alone"):
        await judge.judge(["One."], {})
    assert started == 2


async def test_a_conversation_without_tokens_left_is_not_judged() -> None:
    model = Model()
    judge = ModelJudge(calls(model), budget=500)
    assert isinstance(judge, CostlyJudge)
    with pytest.raises(ModelCallError, match="used its 500 tokens"):
        await judge.within(conversation(500)).judge(["One."], {})
    assert model.asked == 0
    (said,) = await judge.within(conversation(499)).judge(["One."], {})
    assert said.support == "unsupported"


async def test_what_it_costs_is_counted_by_who_asks() -> None:
    with counted() as usage:
        await ModelJudge(calls(Model())).judge(["One."], {})
    assert usage.tokens == 100
