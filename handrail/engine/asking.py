"""Opens reviews: for an interrupt, for people to answer, for a turn that failed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert

from handrail.core.ids import new_id
from handrail.engine.deadlines import start_clocks
from handrail.engine.ending import Ending
from handrail.engine.journal import ReviewRequest
from handrail.playbook.models import Release
from handrail.store import reviews
from handrail.store import tables as t

ANSWER = (
    "respond",
    "ask_customer",
    "approve",
    "edit",
    "reject",
    "take_over",
    "hand_back",
    "correct_intent",
    "snooze",
    "escalate",
    "note",
)
_WITHOUT_DRAFT = frozenset({"approve", "edit", "reject"})


def possible(*, draft: bool) -> tuple[str, ...]:
    """Decisions on a review that people answer, with a suggestion or without."""
    return tuple(kind for kind in ANSWER if draft or kind not in _WITHOUT_DRAFT)


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
    request = ReviewRequest(
        kind="answer",
        reason=handed.reason,
        explanation=handed.explanation,
        draft=handed.draft,
        verdict=handed.verdict,
        allowed=possible(draft=handed.draft is not None),
    )
    open_review(end, request)


def open_review(end: Ending, request: ReviewRequest) -> None:
    """Open a review with its due time; an older open one is void."""
    for void in reviews.supersede(
        end.connection, end.conversation_id, by="ai", cause="newer_review", at=end.now
    ):
        end.note("superseded", review_id=void, cause="newer_review")
        end.changes.append(("review", void))
    intent, team = _intent_and_team(end)
    review_id, due_at = insert_review(
        end.connection,
        end.conversation_id,
        request,
        Release.model_construct(id=end.snapshot.release, playbook=end.playbook),
        end.now,
        team=team,
        turn_id=end.result.plan.turn_id,
        graph=end.result.plan.graph or "",
        graph_version=end.result.graph_version,
        intent=intent,
    )
    if end.values.get("holder", end.row["holder"]) == "ai":
        end.values["holder"] = "waiting"
    end.written.timers.append(due_at)
    end.written.outdated = end.row["audit_no"] > end.lease.row["audit_no"]
    end.note("asked_human", review_id=review_id, kind=request.kind, reason=request.reason)
    end.changes.append(("review", review_id))


def _intent_and_team(end: Ending) -> tuple[str | None, str | None]:
    """Whose an intent is, the playbook says; a matter that comes up again stays with its team."""
    intent = end.result.journal.facts.get("intent")
    before = end.result.plan.review or reviews.voided(end.connection, end.conversation_id)
    if before is not None and intent in (None, before["intent"]):
        return before["intent"], before["team"]
    known = end.playbook.intents.get(intent or "")
    return intent, known.team if known else None


def insert_review(
    connection: Connection,
    conversation_id: str,
    request: ReviewRequest,
    release: Release,
    now: datetime,
    *,
    team: str | None,
    **origin: str | None,
) -> tuple[str, datetime]:
    """Store a review and start its clocks.

    Args:
        connection: The caller's transaction, which has locked the conversation.
        conversation_id: The conversation.
        request: What is asked.
        release: The playbook it is asked under.
        now: When.
        team: Who is asked; the first team where ``None``.
        origin: The turn, graph and intent it comes from.

    Returns:
        Its id, and when it is due.
    """
    review_id = new_id("rev")
    team, asked = release.playbook.team_named(team)
    due_at = start_clocks(connection, conversation_id, review_id, asked, now)
    connection.execute(
        insert(t.reviews),
        {
            "id": review_id,
            "conversation_id": conversation_id,
            "turn_id": "",
            "kind": request.kind,
            "status": "open",
            "version": 1,
            "interrupt_id": request.interrupt_id,
            "node": request.node,
            "graph": "",
            "graph_version": "",
            "release_id": release.id,
            "reason": request.reason,
            "explanation": request.explanation,
            "digest": request.draft.digest if request.draft else None,
            "draft": request.draft,
            "verdict": request.verdict,
            "allowed": list(request.allowed),
            "team": team,
            "opened_at": now,
            "due_at": due_at,
            "traceparent": request.traceparent,
            **origin,
        },
    )
    return review_id, due_at
