"""Opens reviews: for an interrupt, for people to answer, for a turn that failed."""

from __future__ import annotations

from sqlalchemy import insert

from handrail.core.ids import new_id
from handrail.engine.ending import Ending
from handrail.engine.journal import ReviewRequest
from handrail.playbook.hours import due_after
from handrail.store import reviews
from handrail.store import tables as t

ANSWER = (
    "respond",
    "approve",
    "edit",
    "reject",
    "take_over",
    "hand_back",
    "correct_intent",
    "note",
)
WITHOUT_DRAFT = frozenset({"approve", "edit", "reject"})
"""Decisions that need a draft."""


def write_holder(end: Ending) -> None:
    """Change who holds the conversation, as the run's journal wants it."""
    journal = end.result.journal
    if journal.taken_by is not None:
        end.values |= {"holder": "human", "holder_agent": journal.taken_by}
    handed = journal.handed_over
    if handed is None:
        return
    if end.row["holder"] != "human":
        end.values["holder"] = "human" if handed.hold else "waiting"
        end.note("handed_over", reason=handed.reason)
        end.changes.append(("holder", None))
    allowed = tuple(
        kind for kind in ANSWER if handed.draft is not None or kind not in WITHOUT_DRAFT
    )
    request = ReviewRequest(
        kind="answer",
        reason=handed.reason,
        explanation=handed.explanation,
        draft=handed.draft,
        verdict=handed.verdict,
        allowed=allowed,
    )
    open_review(end, request)


def open_review(end: Ending, request: ReviewRequest) -> None:
    """Open a review with its due time; an older open one is void."""
    reviews.supersede(
        end.connection, end.conversation_id, by="ai", cause="newer_review", at=end.now
    )
    team = next(iter(end.playbook.teams.values()))
    due_at = due_after(team.hours, end.now, team.review_minutes)
    review_id = new_id("rev")
    end.connection.execute(
        insert(t.reviews),
        {
            "id": review_id,
            "conversation_id": end.conversation_id,
            "turn_id": end.result.plan.turn_id,
            "kind": request.kind,
            "status": "open",
            "version": 1,
            "interrupt_id": request.interrupt_id,
            "graph": end.result.plan.graph or "",
            "graph_version": end.result.graph_version,
            "release_id": end.snapshot.release,
            "reason": request.reason,
            "explanation": request.explanation,
            "digest": request.draft.digest if request.draft else None,
            "draft": request.draft,
            "verdict": request.verdict,
            "allowed": list(request.allowed),
            "intent": end.result.journal.facts.get("intent"),
            "opened_at": end.now,
            "due_at": due_at,
            "traceparent": request.traceparent,
        },
    )
    end.connection.execute(
        insert(t.timers),
        {
            "id": new_id("tmr"),
            "conversation_id": end.conversation_id,
            "kind": "review_due",
            "subject": review_id,
            "due_at": due_at,
        },
    )
    if end.values.get("holder", end.row["holder"]) == "ai":
        end.values["holder"] = "waiting"
    end.written.timers.append(due_at)
    end.note("asked_human", review_id=review_id, kind=request.kind, reason=request.reason)
    end.changes.append(("review", review_id))
