"""The run-time context of a turn: the ports that its nodes use."""

from __future__ import annotations

from dataclasses import dataclass

from handrail.core.conversation import Snapshot
from handrail.core.ports import Drafter, IntentModel, Journal, Knowledge, Verifier
from handrail.playbook.models import Playbook


@dataclass(frozen=True)
class Services:
    """What LangGraph hands each node as ``runtime.context``; never checkpointed."""

    snapshot: Snapshot
    """What is known of the conversation, read when this run began."""
    journal: Journal
    """What the turn wants to happen."""
    playbook: Playbook
    intents: IntentModel
    knowledge: Knowledge
    drafter: Drafter
    verifier: Verifier

    @property
    def conversation_id(self) -> str:
        """Id of the conversation, which is the thread id."""
        return self.snapshot.conversation.id

    def answer_language(self, text: str = "") -> str:
        """Return the language to answer in: the customer's, where the team answers in it.

        ``text`` is what the customer wrote in this turn. This is the one place that decides; a
        detector of the language of ``text`` belongs here.
        """
        del text
        return self.playbook.brand.answers_in(self.snapshot.customer.language)
