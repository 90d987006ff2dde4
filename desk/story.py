"""A conversation as one story: messages, turns and reviews in the order they happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handrail.core.conversation import Message
from handrail.core.decisions import Review
from handrail.engine.views import ConversationView
from handrail.store.judgements import Judgement, Step, ladder


@dataclass(frozen=True)
class Moment:
    """One thing that happened; exactly one of message, turn and review is set."""

    at: datetime
    order: int
    """Among things of the same instant: what was said, then what was done."""
    message: Message | None = None
    turn: Mapping[str, Any] | None = None
    review: Review | None = None
    steps: tuple[Step, ...] = ()
    """How a turn's text came about."""


def tell(view: ConversationView, judged: Iterable[Judgement] = ()) -> tuple[Moment, ...]:
    """Put a conversation in order; with its judgements, each turn shows its repairs."""
    of_turn: dict[str, list[Judgement]] = {}
    for one in judged:
        of_turn.setdefault(one.turn_id, []).append(one)
    moments = [
        Moment(item.at, 0 if item.role == "customer" else 3, message=item) for item in view.messages
    ]
    moments += [
        Moment(item["started_at"], 1, turn=item, steps=ladder(of_turn.get(item["id"], ())))
        for item in view.turns
    ]
    moments += [Moment(item.opened_at, 2, review=item) for item in view.reviews]
    return tuple(sorted(moments, key=lambda moment: (moment.at, moment.order)))
