"""A turn: one run of a graph, caused by one event or a burst of messages."""

from __future__ import annotations

from handrail.core.conversation import Frozen
from handrail.core.decisions import Decided
from handrail.core.drafting import Draft, IntentResult
from handrail.core.verdict import Finding


class TurnInput(Frozen):
    """What a graph is started with, under the state key ``turn``."""

    turn_id: str
    said: tuple[str, ...]
    """The customer's messages that nobody has answered yet, oldest first."""
    message_ids: tuple[str, ...] = ()
    """Their ids."""
    decided: Decided | None = None
    """What a person decided, where that started the turn."""
    draft: Draft | None = None
    """The reply a person wrote or approved, where the turn is only to send it."""

    @property
    def text(self) -> str:
        """All of the customer's unanswered words, one message a line."""
        return "\n".join(self.said)


class Understanding(Frozen):
    """What a turn made of what came in; kept with the turn, for people to look at."""

    message_ids: tuple[str, ...] = ()
    """The customer's messages that were read, joined by line ends as in :class:`TurnInput`."""
    findings: tuple[Finding, ...] = ()
    """What the input checks found; spans are those of the joined messages, empty where a record or
    an article is meant, which the evidence then names."""
    intent: IntentResult | None = None
    """``nearest`` holds examples of the playbook alone, not what other customers wrote."""
