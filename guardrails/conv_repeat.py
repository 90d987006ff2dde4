"""Check ``conv.repeat``: the AI does not go round in circles.

Fires (medium): the same 60-character answer for the third time. Fires (low, only shown): for the
second time. Does not fire: "You're welcome!" twice, or an answer that differs in its facts.

Rules: ``repeated`` (low), ``loop`` (medium). Case, spaces, punctuation and the order of sentences
do not count; amounts, dates and numbers do. The evidence is the earlier message.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic import Field
from rapidfuzz import fuzz

from handrail.core.conversation import Message
from handrail.core.verdict import EvidenceSpan, Finding
from handrail.guardrails.contract import CheckContext, CheckSettings, check
from handrail.guardrails.normalisation import fold
from handrail.guardrails.terms import plain
from handrail.guardrails.values import Value, find_values


class RepeatSettings(CheckSettings):
    """What counts as a repetition."""

    similarity: float = Field(default=95, ge=0, le=100)
    """Least similarity to an earlier reply, in percent of matching characters."""
    min_chars: int = Field(default=40, ge=1)
    """Shorter replies may be repeated."""
    look_back: int = Field(default=6, ge=1)
    """How many of the AI's last replies are compared."""


def _facts(values: Iterable[Value]) -> frozenset[str]:
    return frozenset(name for value in values for name in value.names)


def _may_be(shorter: int, longer: int, least: float) -> bool:
    """Whether texts of these lengths can be so alike, in percent."""
    return 200 * shorter >= least * (shorter + longer)


def _likeness(words: str, earlier: str, least: float) -> float:
    """How alike two texts are, in percent, whatever the order of their words."""
    shorter, longer = sorted((len(words), len(earlier)))
    if not _may_be(shorter, longer, least):
        return 0.0
    return fuzz.ratio(words, earlier, score_cutoff=least) or fuzz.token_sort_ratio(
        words, earlier, score_cutoff=least
    )


def _same(ctx: CheckContext, settings: RepeatSettings) -> Iterator[Message]:
    earlier = [m for m in ctx.snapshot.messages if m.role == "ai" and m.answers]
    words, least = " ".join(ctx.spoken), settings.similarity
    for message in earlier[-settings.look_back :]:
        said = fold(message.text).text
        lower = said.casefold()  # its words take no more room
        if not _may_be(len(lower), max(len(words), len(lower)), least):
            continue
        if _likeness(words, " ".join(plain(lower)), least) and (
            said == ctx.folded.text or _facts(ctx.values) == _facts(find_values(said))
        ):
            yield message


@check("conv.repeat", severity="medium", settings=RepeatSettings)
def conv_repeat(ctx: CheckContext, settings: RepeatSettings) -> Iterator[Finding]:
    """Flag a reply that is nearly the same as earlier ones of the AI."""
    if len(ctx.folded.text) < settings.min_chars:
        return
    same = list(_same(ctx, settings))
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
        len(ctx.text),
        "The AI has already said this twice or more." if again else "The AI has already said this.",
        severity="medium" if again else "low",
        evidence=evidence,
    )
