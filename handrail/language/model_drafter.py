"""Drafts with a language model: structured, every sentence with the evidence it relies on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Literal

from opentelemetry.trace import Span, StatusCode
from pydantic import BaseModel, Field, ValidationError

from handrail.core.attributes import ERROR_TYPE, MODEL, MODEL_SPAN, OPERATION, SOURCE
from handrail.core.drafting import Citation, Draft
from handrail.core.errors import ModelCallError
from handrail.core.ids import new_id
from handrail.core.ports import ChatModel, DraftRequest
from handrail.core.tracing import tracer
from handrail.language.prompt import build_messages, gather_evidence
from handrail.playbook.models import Release


class ReplySentence(BaseModel):
    """One sentence of a reply."""

    text: str
    evidence: list[str] = Field(default_factory=list)
    """Ids of the evidence this sentence relies on."""


class ModelReply(BaseModel):
    """What the model is asked to answer."""

    sentences: list[ReplySentence] = Field(default_factory=list)
    confidence: float = Field(default=0.0, ge=0, le=1)
    needs_human: bool = False
    reason: str = ""
    """Why a person is needed."""


class ModelDrafter:
    """Asks a model for a reply; failures become an empty draft with the problem.

    Args:
        release: Brand, tone and intents for the prompt.
        model: The language model.
        timeout_s: Longest time for one attempt, in seconds.
        attempts: How often a failed call is made in all.
        pause_s: Wait before the second attempt, in seconds; doubled each time after.
        least_confidence: Below it a person is asked, from 0 to 1.
    """

    def __init__(
        self,
        release: Release,
        model: ChatModel,
        *,
        timeout_s: float = 30.0,
        attempts: int = 2,
        pause_s: float = 0.5,
        least_confidence: float = 0.3,
    ) -> None:
        self.playbook = release.playbook
        self.model = model
        self.timeout_s = timeout_s
        self.attempts = attempts
        self.pause_s = pause_s
        self.least_confidence = least_confidence

    async def draft(self, request: DraftRequest) -> Draft:
        """Return the model's reply.

        Source ``model`` with empty text means that the model asks for a person; source ``none``
        that it could not be used, and another drafter may be asked.
        """
        evidence = gather_evidence(request, self.playbook)
        messages = build_messages(request, self.playbook, evidence)
        with tracer().start_as_current_span(MODEL_SPAN.format(model=self.model.name)) as span:
            span.set_attributes({OPERATION: "chat", MODEL: self.model.name})
            try:
                reply = await self._ask(messages, span)
            except ModelCallError as error:
                span.set_attribute(ERROR_TYPE, type(error).__name__)
                span.set_status(StatusCode.ERROR)
                return self._draft(request, "none", problem=error.message)
            span.set_attribute(SOURCE, "model")
        return self._judge(request, reply, evidence)

    async def _ask(self, messages: list[dict[str, str]], span: Span) -> ModelReply:
        pause = self.pause_s
        for _ in range(self.attempts - 1):
            try:
                return await self._attempt(messages)
            except ModelCallError as error:
                span.add_event("retry", {ERROR_TYPE: type(error).__name__})
            await asyncio.sleep(pause)
            pause *= 2
        return await self._attempt(messages)

    async def _attempt(self, messages: list[dict[str, str]]) -> ModelReply:
        try:
            async with asyncio.timeout(self.timeout_s):
                return await self.model.complete(messages, ModelReply)
        except TimeoutError as error:
            raise ModelCallError(
                f"{self.model.name} gave no answer within {self.timeout_s:g} s"
            ) from error
        except ValidationError as error:
            raise ModelCallError(
                f"{self.model.name} did not answer in the asked form: "
                f"{error.error_count()} error(s)"
            ) from error

    def _judge(self, request: DraftRequest, reply: ModelReply, known: Mapping[str, str]) -> Draft:
        text = " ".join(" ".join(s.text.split()) for s in reply.sentences).strip()
        if reply.needs_human:
            return self._draft(
                request,
                "model",
                problem=f"the model asks for a person: {reply.reason or 'no reason'}",
            )
        if not text:
            return self._draft(request, "none", problem=f"{self.model.name} answered without text")
        if reply.confidence < self.least_confidence:
            problem = f"the model is not sure of its reply: {reply.confidence:.2f}"
            return self._draft(request, "model", problem=problem)
        named = dict.fromkeys(key.strip("[] ") for s in reply.sentences for key in s.evidence)
        unknown = [key for key in named if key not in known]
        citations = tuple(Citation(source=key, quote=known[key]) for key in named if key in known)
        problem = f"cited evidence that does not exist: {', '.join(unknown)}" if unknown else None
        return self._draft(request, "model", text, citations, problem)

    def _draft(
        self,
        request: DraftRequest,
        source: Literal["model", "none"],
        text: str = "",
        citations: tuple[Citation, ...] = (),
        problem: str | None = None,
    ) -> Draft:
        return Draft(
            id=new_id("drf"),
            text=text,
            source=source,
            citations=citations,
            passages=request.passages,
            problem=problem,
            round=request.round,
            model=self.model.name,
        )
