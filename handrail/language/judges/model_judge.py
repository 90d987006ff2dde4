"""Asks a chat model whether evidence bears statements out; its quotes are looked up by others."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence

from pydantic import Field

from handrail.core.conversation import ConversationFacts
from handrail.core.errors import ModelCallError
from handrail.core.ports import Judgement
from handrail.core.verdict import Support
from handrail.language.answering import Answered
from handrail.language.model_calls import ModelCalls
from handrail.language.prompt import read_prompt


class JudgedStatement(Answered):
    """What the model says of one statement."""

    number: int
    support: Support
    source: str = ""
    quote: str = ""


class Judgements(Answered):
    """What the model is asked to answer."""

    statements: list[JudgedStatement] = Field(default_factory=list)


class ModelJudge:
    """A ``Judge`` that asks a chat model once about all statements.

    A statement the model does not answer for stays ``unverified``.

    Args:
        calls: The language model, left alone while it fails.
        budget: Tokens that one conversation may cost; then the model is not asked any more.
            ``None`` is no limit.
        conversation: The one in whose name it is asked.
    """

    def __init__(
        self,
        calls: ModelCalls,
        *,
        budget: int | None = None,
        conversation: ConversationFacts | None = None,
    ) -> None:
        self.name = calls.name
        self._calls = calls
        self._budget = budget
        self._conversation = conversation

    def within(self, conversation: ConversationFacts) -> ModelJudge:
        """Return the same judge, asked in the name of a conversation and within its budget."""
        return ModelJudge(self._calls, budget=self._budget, conversation=conversation)

    async def judge(
        self, claims: Sequence[str], evidence: Mapping[str, str]
    ) -> Sequence[Judgement]:
        """Judge each statement.

        Raises:
            ModelCallError: the call failed, the answer does not have the form, the model is left
                alone, or the conversation has used its tokens.
        """
        about = self._conversation
        if about and self._budget is not None and about.tokens >= self._budget:
            raise ModelCallError(f"the conversation has used its {self._budget} tokens")
        answer = await self._calls.ask(
            _messages(claims, evidence), Judgements, conversation_id=about.id if about else ""
        )
        if answer.value is None:
            raise ModelCallError(answer.problem)
        said = {one.number: one for one in reversed(answer.value.statements)}
        return [_judgement(said.get(number)) for number in range(1, len(claims) + 1)]


def _judgement(said: JudgedStatement | None) -> Judgement:
    if said is None:
        return Judgement(support="unverified")
    return Judgement(support=said.support, source=said.source.strip("[] "), quote=said.quote)


def _messages(claims: Sequence[str], evidence: Mapping[str, str]) -> list[dict[str, str]]:
    fence = f"=== {secrets.token_hex(8)} ==="
    statements = "\n".join(f"{number}. {claim}" for number, claim in enumerate(claims, start=1))
    sources = "\n".join(f"[{key}] {text}" for key, text in evidence.items()) or "none"
    return [
        {"role": "system", "content": read_prompt("judge").format(fence=fence)},
        {
            "role": "user",
            "content": f"{fence}\nEvidence:\n{sources}\n\nStatements:\n{statements}\n{fence}",
        },
    ]
