"""A turn: one run of a graph, caused by one event or a burst of messages."""

from __future__ import annotations

from handrail.core.conversation import Frozen
from handrail.core.decisions import Decided
from handrail.core.drafting import Draft


class TurnInput(Frozen):
    """What a graph is started with, under the state key ``turn``."""

    turn_id: str
    text: str
    """The customer's words that nobody has answered yet, oldest first, one per line."""
    message_ids: tuple[str, ...] = ()
    """The messages those words come from."""
    decided: Decided | None = None
    """What a person decided, where that started the turn."""
    draft: Draft | None = None
    """The reply a person wrote or approved, where the turn is only to send it."""
