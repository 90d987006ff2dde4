"""The run-time context of a turn: the ports that its nodes use."""

from __future__ import annotations

from dataclasses import dataclass

from handrail.core.conversation import Snapshot
from handrail.core.drafting import IntentResult
from handrail.core.ports import Drafter, IntentModel, Journal, Knowledge, Verifier
from handrail.core.turn import TurnInput, Understanding
from handrail.core.verdict import Report
from handrail.language.written import answer_language
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

    def understood(
        self, turn: TurnInput, screen: Report, intent: IntentResult | None = None
    ) -> None:
        """Keep what this turn makes of what came in."""
        if intent is not None:
            # A corrected intent is taught by what customers wrote, and theirs stays with them.
            known = tuple(t for t in intent.nearest if self.playbook.has_example(t, intent.top))
            if known != intent.nearest:
                intent = intent.model_copy(update={"nearest": known})
        made = Understanding(message_ids=turn.message_ids, findings=screen.findings, intent=intent)
        self.journal.describe(understood=made.model_dump(mode="json", exclude_defaults=True))

    @property
    def conversation_id(self) -> str:
        """Id of the conversation, which is the thread id."""
        return self.snapshot.conversation.id

    def answer_language(self, text: str = "") -> str:
        """Return the language to answer in: the one the customer writes, where the team speaks it.

        ``text`` is what the customer wrote in this turn.
        """
        snapshot = self.snapshot
        return answer_language(self.playbook.brand, snapshot.customer, snapshot.messages, text)
