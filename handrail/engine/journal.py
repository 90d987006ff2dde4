"""What a turn wants to happen, gathered while its graph runs and written when it ends."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from handrail.core.drafting import Draft
from handrail.core.errors import UnverifiedReplyError
from handrail.core.verdict import Verdict


@dataclass(frozen=True)
class Reply:
    """A reply for the outbox."""

    draft: Draft
    verdict: Verdict
    decided: bool


@dataclass(frozen=True)
class HandOver:
    """The conversation goes to people."""

    reason: str
    explanation: str
    draft: Draft | None
    verdict: Verdict | None
    hold: bool


@dataclass
class ReviewRequest:
    """A review to open."""

    kind: str
    reason: str
    explanation: str
    draft: Draft | None
    verdict: Verdict | None
    allowed: tuple[str, ...]
    interrupt_id: str | None = None
    node: str | None = None
    """Name of the node that waits, where one does."""
    traceparent: str | None = None


@dataclass
class TurnJournal:
    """The :class:`~handrail.core.ports.Journal` of one run."""

    drafts: dict[str, Draft] = field(default_factory=dict)
    verdicts: dict[str, tuple[Draft, Verdict]] = field(default_factory=dict)
    replies: dict[str, Reply] = field(default_factory=dict)
    handed_over: HandOver | None = None
    waiting_node: str | None = None
    taken_by: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    notes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    tokens: int = 0
    """Tokens of the language model that this run cost."""

    def drafted(self, draft: Draft) -> None:
        """Keep a draft; the same draft counts once."""
        self.tokens += 0 if draft.id in self.drafts else draft.tokens
        self.drafts[draft.id] = draft

    def verified(self, draft: Draft, verdict: Verdict) -> None:
        """Keep the verdict on a draft's text."""
        self.tokens += verdict.tokens
        self.drafts[draft.id] = draft
        self.verdicts[verdict.digest] = (draft, verdict)

    def send(self, draft: Draft, verdict: Verdict, *, decided: bool) -> None:
        """Put a reply in the outbox.

        Raises:
            UnverifiedReplyError: the verdict is on another text.
        """
        if verdict.digest != draft.digest:
            raise UnverifiedReplyError(
                "the text to send is not the text that was verified; let every path to a send "
                "node pass verify_reply"
            )
        self.replies[draft.digest] = Reply(draft, verdict, decided)

    def hand_over(
        self,
        *,
        reason: str,
        explanation: str,
        draft: Draft | None,
        verdict: Verdict | None,
        hold: bool,
    ) -> None:
        """Let people answer; with ``hold`` they keep the conversation until they hand it back."""
        self.handed_over = HandOver(reason, explanation, draft, verdict, hold)

    def take_over(self, actor: str) -> None:
        """Give the conversation to this person."""
        self.taken_by = actor

    def waits(self, node: str) -> None:
        """Name the node that waits for a person; the last one counts."""
        self.waiting_node = node

    def describe(self, **facts: Any) -> None:
        """Set facts of the turn row."""
        self.facts |= facts

    def audit(self, kind: str, **payload: Any) -> None:
        """Add a row to the audit chain."""
        self.notes.append((kind, payload))
