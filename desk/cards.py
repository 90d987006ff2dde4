"""What the desk shows of a review or a conversation, prepared for the templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from handrail.core.conversation import Message
from handrail.core.decisions import Review
from handrail.core.verdict import Finding
from handrail.desk.marking import Piece, mark
from handrail.desk.sources import source_title
from handrail.desk.statements import Statement, statements
from handrail.desk.understood import Read, UnderstoodTurn, read_elsewhere, read_messages, understand
from handrail.engine.correcting import kit_after
from handrail.engine.service import Engine
from handrail.engine.views import ConversationView
from handrail.language.written import answer_language
from handrail.playbook.wording import Words, say
from handrail.store.conversations import ConversationLine
from handrail.store.feedback import Dismissal
from handrail.store.judgements import Step, ladder
from handrail.store.reviews import QueueLine, queue, row_of

REASONS = {
    "critical": "critical finding",
    "finding": "guardrail finding",
    "mode": "policy",
    "suspicious": "tries to steer the assistant",
    "failure": "something failed",
    "human_request": "asks for a person",
    "crisis": "crisis",
    "escalate": "always a person",
    "out_of_scope": "no intent fits",
    "unclear": "still unclear",
    "no_draft": "no draft",
    "left_open": "a wish is left open",
    "undone": "called back",
    "assist": "you hold it",
    "follow_up": "look again",
}
URGENT = frozenset({"critical", "crisis", "failure"})


def why(reason: str) -> str:
    """A review's reason in a few words: ``critical finding · fact.value``."""
    kind, _, detail = reason.partition(":")
    label = REASONS.get(kind, kind.replace("_", " "))
    return f"{label} · {detail}" if detail else label


def is_urgent(reason: str) -> bool:
    """Whether a review is marked as urgent in the queue."""
    return reason.partition(":")[0] in URGENT


@dataclass(frozen=True)
class Queue:
    """What the left column shows."""

    lines: tuple[QueueLine, ...]
    snoozed: tuple[QueueLine, ...]
    """Out of the queue for a while, the next to come back first."""
    held: tuple[ConversationLine, ...]
    """Conversations that a person holds and that wait for nothing."""
    now: datetime


async def load_queue(engine: Engine, now: datetime) -> Queue:
    """Load the open reviews and the conversations people hold."""
    lines = await engine.database.read(queue)
    waiting = {line.review.conversation_id for line in lines}
    held = tuple(
        line
        for line in await engine.conversations(limit=200)
        if line.holder == "human" and line.id not in waiting
    )
    return Queue(*split(lines), held, now)


def split(lines: tuple[QueueLine, ...]) -> tuple[tuple[QueueLine, ...], tuple[QueueLine, ...]]:
    """Part the queue from what is snoozed."""
    snoozed = [line for line in lines if line.review.snoozed_until is not None]
    snoozed.sort(key=lambda line: line.review.snoozed_until or line.review.opened_at)
    return tuple(line for line in lines if line.review.snoozed_until is None), tuple(snoozed)


@dataclass(frozen=True)
class Card:
    """What the middle and the right column show."""

    view: ConversationView
    review: Review | None
    pieces: tuple[Piece, ...]
    turn: Mapping[str, Any] | None
    intents: tuple[str, ...]
    teams: tuple[str, ...]
    approved_words: str
    """What the playbook suggests to say in a case like this."""
    now: datetime
    steps: tuple[Step, ...] = ()
    """How the draft came about."""
    dismissals: tuple[Dismissal, ...] = ()
    """What people said of its findings."""
    read: Mapping[str, Read] = field(default_factory=dict[str, Read])
    """The customer's messages in which the input checks found something, by id."""
    elsewhere: tuple[Finding, ...] = ()
    """What they found in records and articles."""
    understood: UnderstoodTurn | None = None
    """What the AI made of the customer's words."""

    @property
    def statements(self) -> tuple[Statement, ...]:
        """The statements of the draft, the wrong first."""
        review = self.review
        if review is None or review.draft is None or review.verdict is None:
            return ()
        report, draft = review.verdict.report, review.draft
        return statements(draft.text, report.claims, report.findings, draft.passages)

    def title(self, source: str) -> str:
        """What a person reads in place of the key of a source."""
        draft = self.review.draft if self.review else None
        return source_title(source, draft.passages if draft else ())

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings on the draft."""
        verdict = self.review.verdict if self.review else None
        return verdict.report.findings if verdict else ()

    @property
    def errored(self) -> tuple[str, ...]:
        """Keys of the checks that could not judge and count as critical."""
        verdict = self.review.verdict if self.review else None
        return tuple(f"{item.check}:errored" for item in verdict.report.errored) if verdict else ()

    @property
    def critical(self) -> tuple[str, ...]:
        """What must be acknowledged before the draft may be approved."""
        verdict = self.review.verdict if self.review else None
        return tuple(sorted(verdict.critical_keys)) if verdict else ()

    @property
    def draft_text(self) -> str:
        """The draft; empty where there is none."""
        return self.review.draft.text if self.review and self.review.draft else ""

    @property
    def told(self) -> str:
        """Changes with what is known to have been done."""
        return " ".join(f"{action.id}={action.outcome}" for action in self.view.actions)

    def called_wrong(self, finding: Finding) -> Dismissal | None:
        """Who said last that a finding is not right, and why."""
        place = (finding.check, finding.rule, finding.start)
        said = [one for one in self.dismissals if (one.check, one.rule, one.start) == place]
        return said[-1] if said else None

    def can(self, kind: str) -> bool:
        """Whether the review is open and this decision possible."""
        return (
            self.review is not None and self.review.status == "open" and kind in self.review.allowed
        )

    def change(self) -> str:
        """What changed the open review last, in words; empty where nothing did."""
        review = self.review
        if review is None or review.status != "open" or review.change is None:
            return ""
        return {
            "judge": "Judged again by what was done for the customer",
            "lapse": "Nobody decided it in time, so it is offered again",
            "wake": "Its snooze is over",
            "snooze": f"Snoozed by {review.changed_by}",
            "escalate": f"Given to {review.team} by {review.changed_by}",
        }[review.change]

    @property
    def may_write(self) -> bool:
        """Whether a person may write in the conversation without a review."""
        return self.view.facts.holder == "human" and (
            self.review is None or self.review.status != "open"
        )

    def queued(self, message: Message) -> Mapping[str, Any] | None:
        """The outbox row of a message that has not left."""
        return next((row for row in self.view.outbox if row["message_id"] == message.id), None)


def proposal(finding: Finding, text: str) -> str:
    """The stretch a finding wants replaced, as the draft has it."""
    return text[finding.proposal.start : finding.proposal.end] if finding.proposal else ""


async def _intents(engine: Engine, review: Review | None) -> tuple[str, ...]:
    """Return what an intent can be corrected to: a graph that waits keeps its playbook."""
    kit = engine.kits.active
    if review is not None and review.status == "open":
        row = await engine.database.read(lambda c: row_of(c, review.id))
        kit = await kit_after(engine.kits, row)
    return tuple(sorted(kit.release.playbook.intents))


async def load_card(
    engine: Engine, now: datetime, *, review_id: str | None = None, conversation_id: str = ""
) -> Card:
    """Load what a person needs to decide a review, or to write in a conversation.

    Raises:
        NotFoundError: there is no such review or conversation.
    """
    review = await engine.review(review_id) if review_id else None
    view = await engine.conversation(review.conversation_id if review else conversation_id)
    if review is None:
        review = next((item for item in view.reviews if item.status == "open"), None)
    turn = next((t for t in view.turns if review and t["id"] == review.turn_id), None)
    last = turn or (view.turns[-1] if view.turns else None)
    findings = review.verdict.report.findings if review and review.verdict else ()
    text = review.draft.text if review and review.draft else ""
    playbook = engine.kits.active.release.playbook
    manner = playbook.manner(answer_language(playbook.brand, view.customer, view.messages))
    words: dict[str, Words] = {
        "human_request": playbook.human_request_reply,
        "crisis": playbook.crisis_reply,
    }
    judged = await engine.judgements(view.facts.id, turn_id=review.turn_id) if review else ()
    return Card(
        view=view,
        review=review,
        pieces=mark(text, findings),
        turn=turn,
        intents=await _intents(engine, review),
        teams=tuple(playbook.teams),
        approved_words=(say(words.get(review.reason, ""), manner) or "") if review else "",
        now=now,
        steps=ladder(judged),
        dismissals=await engine.dismissals(review.id) if review else (),
        read=read_messages(view),
        elsewhere=read_elsewhere(last) if last else (),
        understood=understand(view, last, playbook) if last else None,
    )
