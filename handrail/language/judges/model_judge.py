"""Asks a chat model whether evidence bears statements out; its quotes are looked up by others."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, Field

from handrail.core.ports import ChatModel, Judgement
from handrail.core.verdict import Support
from handrail.language.prompt import read_prompt


class JudgedStatement(BaseModel):
    """What the model says of one statement."""

    number: int
    support: Support
    source: str = ""
    quote: str = ""


class Judgements(BaseModel):
    """What the model is asked to answer."""

    statements: list[JudgedStatement] = Field(default_factory=list)


class ModelJudge:
    """A ``Judge`` that asks a chat model once about all statements.

    A statement the model does not answer for stays ``unverified``.
    """

    def __init__(self, model: ChatModel) -> None:
        self.name = model.name
        self._model = model

    async def judge(
        self, claims: Sequence[str], evidence: Mapping[str, str]
    ) -> Sequence[Judgement]:
        """Judge each statement.

        Raises:
            ModelCallError: the call failed, or the answer does not have the form.
        """
        answer: Judgements = await self._model.complete(_messages(claims, evidence), Judgements)
        said = {one.number: one for one in reversed(answer.statements)}
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
