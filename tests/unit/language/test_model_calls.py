"""A model is called with patience, left alone when it fails for long, and its tokens counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from handrail.core.attributes import CONVERSATION, COST, ERROR_TYPE, INPUT_TOKENS, OUTPUT_TOKENS
from handrail.core.errors import ModelCallError, ModelUnavailableError
from handrail.core.ports import DraftRequest
from handrail.core.tracing import traced_by
from handrail.language.fallback_drafter import FallbackDrafter
from handrail.language.model_calls import Answer, ModelCalls
from handrail.language.model_drafter import ModelDrafter, ModelReply
from handrail.language.models.function import FunctionModel
from handrail.language.template_drafter import TemplateDrafter
from handrail.language.usage import Prices, count_tokens
from handrail.playbook.models import Release

MakeRequest = Callable[..., DraftRequest]


class Shaky:
    """Fails as often as told, then answers; each call costs tokens."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.asked = 0

    def __call__(self, *_: Any) -> ModelReply:
        self.asked += 1
        count_tokens(input_tokens=100, output_tokens=10)
        if self.failures:
            self.failures -= 1
            raise ModelCallError("overloaded by ada@example.com")
        return ModelReply(confidence=1)


class Seconds:
    """A clock that stands still."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def calls(answer: Callable[..., Any], **options: Any) -> ModelCalls:
    return ModelCalls(FunctionModel(answer, name="test:model"), pause_s=0, **options)


async def ask(called: ModelCalls) -> Answer[ModelReply]:
    return await called.ask([], ModelReply, conversation_id="cnv_1")


async def _span_of(called: ModelCalls) -> ReadableSpan:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with traced_by(provider.get_tracer("test")):
        await ask(called)
    (span,) = exporter.get_finished_spans()
    return span


async def test_the_span_has_the_tokens_of_all_attempts_and_what_they_cost() -> None:
    span = await _span_of(calls(Shaky(1), prices=Prices(input=2.0, output=10.0)))
    attributes = span.attributes or {}
    assert span.name == "chat test:model"
    assert (attributes[INPUT_TOKENS], attributes[OUTPUT_TOKENS]) == (200, 20)
    assert attributes[COST] == pytest.approx(0.0006)
    assert attributes[CONVERSATION] == "cnv_1"
    assert ERROR_TYPE not in attributes
    assert [event.name for event in span.events] == ["retry"]


async def test_a_span_says_that_it_failed_and_not_what_the_error_said() -> None:
    span = await _span_of(calls(Shaky(9)))
    assert (span.attributes or {})[ERROR_TYPE] == "ModelCallError"
    assert COST not in (span.attributes or {})
    assert "ada@example.com" not in span.to_json()


async def test_failures_in_a_row_end_the_calls_for_a_while() -> None:
    clock, model = Seconds(), Shaky(1000)
    called = calls(model, most_failures=3, rest_s=60, monotonic=clock)
    problems = [(await ask(called)).problem for _ in range(5)]
    assert model.asked == 3
    assert "failed 3 times in a row and is left alone for 60 s; last: overloaded" in problems[-1]
    clock.now = 61
    await ask(called)
    assert model.asked == 4, "after the rest one call tries the model, without a second attempt"
    clock.now, model.failures = 122, 0
    assert (await ask(called)).value is not None
    model.failures = 1
    assert (await ask(called)).value is not None, "an answer makes the failures before it void"


async def test_while_one_call_tries_the_model_the_others_wait_for_it() -> None:
    clock, model = Seconds(), Shaky(2)
    called = calls(model, most_failures=2, rest_s=60, monotonic=clock)
    await ask(called)
    clock.now = 61
    seen: list[str] = []

    async def tries(*_: Any) -> ModelReply:
        seen.append((await ask(called)).problem)
        return ModelReply(confidence=1)

    called.model = FunctionModel(tries, name="test:model")
    assert (await ask(called)).value is not None
    assert len(seen) == 1
    assert "left alone" in seen[0]


async def test_an_error_of_the_operator_is_no_failed_call() -> None:
    def missing(*_: Any) -> Any:
        raise ModelUnavailableError("not recorded")

    with pytest.raises(ModelUnavailableError):
        await ask(calls(missing))


async def test_templates_answer_while_the_model_is_left_alone(
    release: Release, make_request: MakeRequest
) -> None:
    called = calls(Shaky(1000), most_failures=2)
    both = FallbackDrafter([ModelDrafter(release, called), TemplateDrafter(release)])
    await both.draft(make_request("Where is LF1001?", "order_status"))
    draft = await both.draft(make_request("Where is LF1001?", "order_status"))
    assert draft.source == "template"
    assert "left alone" in (draft.problem or "")


async def test_a_draft_tells_what_it_cost_whoever_wrote_it(
    release: Release, make_request: MakeRequest
) -> None:
    alone = await ModelDrafter(release, calls(Shaky(0))).draft(make_request("x", "gift_card"))
    assert alone.tokens == 110
    both = FallbackDrafter([ModelDrafter(release, calls(Shaky(9))), TemplateDrafter(release)])
    draft = await both.draft(make_request("Where is LF1001?", "order_status"))
    assert (draft.source, draft.tokens) == ("template", 220)


@pytest.mark.parametrize(("spent", "asked"), [(99, 1), (100, 0)])
async def test_a_spent_budget_leaves_the_model_alone(
    release: Release, make_request: MakeRequest, spent: int, asked: int
) -> None:
    request = make_request("Where is LF1001?", "order_status")
    facts = request.snapshot.conversation.model_copy(update={"tokens": spent})
    snapshot = request.snapshot.model_copy(update={"conversation": facts})
    model = Shaky(0)
    drafter = ModelDrafter(release, calls(model), budget=100)
    draft = await FallbackDrafter([drafter, TemplateDrafter(release)]).draft(
        request.model_copy(update={"snapshot": snapshot})
    )
    assert model.asked == asked
    assert draft.source == "template"
    assert ("has used its 100 tokens" in (draft.problem or "")) == (spent == 100)
