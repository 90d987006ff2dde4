"""Sums up a conversation with a language model, for who goes on with it."""

from __future__ import annotations

import asyncio

from handrail.core.conversation import Snapshot
from handrail.core.ports import Gist
from handrail.language.answering import Answered
from handrail.language.model_calls import ModelCalls
from handrail.language.prompt import SUMMARY_CHARS, summary_messages
from handrail.playbook.models import Release

SECONDS = 10.0
"""Longest time a summary may take, in seconds: a person waits for the conversation."""


class ModelSummary(Answered):
    """What the model is asked to answer."""

    summary: str


class ModelSummarizer:
    """Asks a model for the gist; where it fails, the summary goes without.

    Args:
        release: Brand and prompts.
        calls: The language model.
        budget: Tokens that one conversation may cost; ``None`` is no limit.
        timeout_s: Longest time for all attempts, in seconds.
    """

    def __init__(
        self,
        release: Release,
        calls: ModelCalls,
        *,
        budget: int | None = None,
        timeout_s: float = SECONDS,
    ) -> None:
        self.release = release
        self.calls = calls
        self.budget = budget
        self.timeout_s = timeout_s

    async def summarize(self, snapshot: Snapshot) -> Gist:
        """Return the model's words, on one line and not longer than asked for."""
        about = snapshot.conversation
        if not snapshot.messages or (self.budget is not None and about.tokens >= self.budget):
            return Gist()
        messages = summary_messages(snapshot, self.release)
        try:
            async with asyncio.timeout(self.timeout_s):
                answer = await self.calls.ask(messages, ModelSummary, conversation_id=about.id)
        except TimeoutError:
            return Gist()
        text = " ".join(answer.value.summary.split())[:SUMMARY_CHARS] if answer.value else ""
        return Gist(text=text, tokens=answer.tokens)
