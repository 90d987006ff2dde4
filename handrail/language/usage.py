"""Counts the tokens that language models use, whichever package calls them."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class Usage:
    """Tokens used so far."""

    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def tokens(self) -> int:
        """Tokens in and out."""
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True)
class Prices:
    """What tokens cost, for a million of them; any currency."""

    input: float = 0.0
    output: float = 0.0

    def cost(self, usage: Usage) -> float:
        """Return what this use cost."""
        return (usage.input_tokens * self.input + usage.output_tokens * self.output) / 1_000_000


_current: ContextVar[Usage | None] = ContextVar("handrail_usage", default=None)


@contextmanager
def counted() -> Generator[Usage]:
    """Count the tokens of all calls in the block; a block around it counts them too."""
    usage, around = Usage(), _current.get()
    token = _current.set(usage)
    try:
        yield usage
    finally:
        _current.reset(token)
        if around is not None:
            around.input_tokens += usage.input_tokens
            around.output_tokens += usage.output_tokens


def count_tokens(*, input_tokens: int, output_tokens: int) -> None:
    """Tell what a call used; a model says so each time the provider charges for an answer."""
    usage = _current.get()
    if usage is not None:
        usage.input_tokens += input_tokens
        usage.output_tokens += output_tokens
