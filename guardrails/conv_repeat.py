"""Check ``conv.repeat``: the AI does not go round in circles.

Fires (medium): the same 60-character answer for the third time. Fires (low, only shown): for the
second time. Does not fire: "You're welcome!" twice, or an answer that differs in its facts.

Rules: ``repeated`` (low), ``loop`` (medium). The evidence is the earlier message.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field
from rapidfuzz import fuzz

from handrail.core.verdict import EvidenceSpan, Finding
from handrail.guardrails.contract import CheckContext, CheckSettings, check


class RepeatSettings(CheckSettings):
    """What counts as a repetition."""

    similarity: float = Field(default=95, ge=0, le=100)
    """Least similarity to an earlier reply, in percent of matching characters."""
    min_chars: int = Field(default=40, ge=1)
    """Shorter replies may be repeated."""
    look_back: int = Field(default=6, ge=1)
    """How many of the AI's last replies are compared."""


@check("conv.repeat", severity="medium", settings=RepeatSettings)
def conv_repeat(ctx: CheckContext, settings: RepeatSettings) -> Iterator[Finding]:
    """Flag a reply that is nearly the same as earlier ones of the AI."""
    text = ctx.text
    if len(text) < settings.min_chars:
        return
    earlier = [m for m in ctx.snapshot.messages if m.role == "ai" and m.answers][
        -settings.look_back :
    ]
    same = [
        message
        for message in earlier[-settings.look_back :]
        if fuzz.ratio(text, message.text, score_cutoff=settings.similarity)
    ]
    if not same:
        return
    again = len(same) > 1
    evidence = [
        EvidenceSpan(source=f"message:{message.id}", quote=message.text, relation="contradicts")
        for message in same
    ]
    yield conv_repeat.finding(
        "loop" if again else "repeated",
        0,
        len(text),
        "The AI has already said this twice or more." if again else "The AI has already said this.",
        severity="medium" if again else "low",
        evidence=evidence,
    )
