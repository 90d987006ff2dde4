"""Calls a language model: with a time limit, again after a failure, and not at all for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from opentelemetry.trace import Span, StatusCode
from pydantic import BaseModel, ValidationError

from handrail.core.attributes import (
    CONVERSATION,
    COST,
    ERROR_TYPE,
    INPUT_TOKENS,
    MODEL,
    MODEL_SPAN,
    OPERATION,
    OUTPUT_TOKENS,
    PROVIDER,
)
from handrail.core.errors import ModelCallError
from handrail.core.ports import ChatModel, StreamingModel, Tell
from handrail.core.tracing import tracer
from handrail.language.usage import Prices, Usage, counted

T = TypeVar("T", bound=BaseModel)
Messages = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Answer(Generic[T]):
    """What came of a call."""

    value: T | None
    """``None`` where the model could not be used."""
    problem: str = ""
    """Why, for a person of the team."""
    tokens: int = 0
    """In and out, of all attempts."""


class ModelCalls:
    """The calls of one model by all turns of a process.

    Args:
        model: The language model.
        timeout_s: Longest time for one attempt, in seconds.
        attempts: How often a failed call is made in all.
        pause_s: Wait before the second attempt, in seconds; doubled each time after.
        most_failures: Failed attempts in a row, of any turns, after which the model is left alone.
        rest_s: For how long, in seconds; then one call tries it, and the others follow when that
            succeeds.
        prices: What tokens cost, where the spans are to say so.
        monotonic: Seconds that only grow.
    """

    def __init__(
        self,
        model: ChatModel,
        *,
        timeout_s: float = 30.0,
        attempts: int = 2,
        pause_s: float = 0.5,
        most_failures: int = 5,
        rest_s: float = 60.0,
        prices: Prices | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.model = model
        self.timeout_s = timeout_s
        self.attempts = attempts
        self.pause_s = pause_s
        self.most_failures = most_failures
        self.rest_s = rest_s
        self.prices = prices
        self._monotonic = monotonic
        self._failures = 0
        self._last_problem = ""
        self._rests_until = 0.0

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    async def ask(
        self, messages: Messages, schema: type[T], *, conversation_id: str, tell: Tell | None = None
    ) -> Answer[T]:
        """Ask for an instance of ``schema``; a model that fails is an answer without value.

        Args:
            messages: With ``role`` and ``content``.
            schema: The form.
            conversation_id: Whose turn it is, for the span.
            tell: Is told of the answer while it grows, where the model can.
        """
        value, problem = None, ""
        named = MODEL_SPAN.format(model=self.name)
        # An error's text can hold what the customer wrote.
        with (
            tracer().start_as_current_span(named, record_exception=False) as span,
            counted() as usage,
        ):
            span.set_attribute(CONVERSATION, conversation_id)
            try:
                value = await self._ask(messages, schema, span, tell)
            except ModelCallError as error:
                problem = error.message
                span.set_attribute(ERROR_TYPE, type(error).__name__)
                span.set_status(StatusCode.ERROR)
            finally:
                self._describe(span, usage)
        return Answer(value, problem, usage.tokens)

    def _describe(self, span: Span, usage: Usage) -> None:
        span.set_attributes(
            {
                OPERATION: "chat",
                MODEL: self.name,
                PROVIDER: self.name.partition(":")[0],
                INPUT_TOKENS: usage.input_tokens,
                OUTPUT_TOKENS: usage.output_tokens,
            }
        )
        if self.prices is not None:
            span.set_attribute(COST, self.prices.cost(usage))

    async def _ask(self, messages: Messages, schema: type[T], span: Span, tell: Tell | None) -> T:
        pause = self.pause_s
        for _ in range(self.attempts - 1):
            try:
                return await self._attempt(messages, schema, tell)
            except ModelCallError as error:
                span.add_event("retry", {ERROR_TYPE: type(error).__name__})
            if tell is not None:
                tell({})
            tell = None  # perhaps it was the telling that failed
            await asyncio.sleep(pause)
            pause *= 2
        return await self._attempt(messages, schema, tell)

    async def _attempt(self, messages: Messages, schema: type[T], tell: Tell | None) -> T:
        self._refuse_at_rest()
        try:
            async with asyncio.timeout(self.timeout_s):
                value: Any = await self._answer(messages, schema, tell)
        except asyncio.CancelledError:
            # Whoever asked lost patience sooner than this does: a check, the turn's limit.
            self._failed(f"{self.name} gave no answer in time")
            raise
        except (TimeoutError, ValidationError, ModelCallError) as error:
            problem = self._failed(self._problem(error))
            raise ModelCallError(problem) from error
        self._failures = 0
        return value

    async def _answer(self, messages: Messages, schema: type[T], tell: Tell | None) -> Any:
        if tell is not None and isinstance(self.model, StreamingModel):
            return await self.model.stream(messages, schema, tell)
        return await self.model.complete(messages, schema)

    def _failed(self, problem: str) -> str:
        self._failures += 1
        self._last_problem = problem
        self._rests_until = self._monotonic() + self.rest_s
        return problem

    def _refuse_at_rest(self) -> None:
        if self._failures < self.most_failures:
            return
        left = self._rests_until - self._monotonic()
        if left > 0:
            raise ModelCallError(
                f"{self.name} failed {self._failures} times in a row and is left alone for "
                f"{left:.0f} s; last: {self._last_problem}"
            )
        # This call tries it; the others go on waiting for what becomes of it.
        self._rests_until = self._monotonic() + self.rest_s

    def _problem(self, error: Exception) -> str:
        match error:
            case ModelCallError():
                return error.message
            case ValidationError():
                return (
                    f"{self.name} did not answer in the asked form: {error.error_count()} error(s)"
                )
            case _:
                return f"{self.name} gave no answer within {self.timeout_s:g} s"
