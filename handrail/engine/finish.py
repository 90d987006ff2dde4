"""The last transaction of a run: its checkpoint and all its effects, or nothing.

It locks the conversation, checks that the run still owns it, and refuses replies that no verdict
lets pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, bindparam, insert, update

from handrail.core.conversation import Snapshot
from handrail.core.errors import LeaseLostError, UnverifiedReplyError
from handrail.core.ids import new_id
from handrail.engine import gate
from handrail.engine.gate import Lease
from handrail.engine.journal import Reply, ReviewRequest, TurnJournal
from handrail.engine.plan import Plan
from handrail.playbook.hours import due_after
from handrail.playbook.models import Playbook
from handrail.store import audit, reviews
from handrail.store import tables as t
from handrail.store.customers import insert_for

MOST_MERGED = 10
"""Messages of one burst after which a turn is finished even if yet another one came in."""

APPROVAL = ("approve", "edit", "reject", "respond", "take_over", "correct_intent", "note")
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

_EVENTS_DONE = (
    update(t.events)
    .where(t.events.c.id == bindparam("b_id"))
    .values(processed_at=bindparam("b_at"), turn_id=bindparam("b_turn"))
)
_TURN_DONE = update(t.turns).where(t.turns.c.id == bindparam("b_id"))
_CONVERSATION = update(t.conversations).where(t.conversations.c.id == bindparam("b_id"))


class NewerMessageError(Exception):
    """The customer wrote again while the turn ran; it is run anew for all messages."""


@dataclass
class RunResult:
    """How a run ended, and what it wants written."""

    plan: Plan
    journal: TurnJournal
    graph_version: str = ""
    status: str = "done"
    """``done``, ``waiting`` for a person, or ``failed``."""
    review: ReviewRequest | None = None
    flush: Callable[[Connection], None] | None = None
    """Writes the run's checkpoints."""
    trace_id: str | None = None
    traceparent: str | None = None
    started_at: datetime | None = None
    summary: str | None = None


@dataclass
class Written:
    """What the transaction left behind for others to act upon."""

    more: bool = False
    """Events wait still."""
    outbox: list[datetime] = field(default_factory=list)
    """When replies may leave."""
    timers: list[datetime] = field(default_factory=list)


@dataclass
class _Finish:
    """One run of :func:`finish`."""

    connection: Connection
    lease: Lease
    result: RunResult
    playbook: Playbook
    now: datetime
    row: RowMapping
    values: dict[str, Any] = field(default_factory=dict)
    entries: list[audit.AuditRow] = field(default_factory=list)
    changes: list[tuple[str, str | None]] = field(default_factory=list)
    written: Written = field(default_factory=Written)

    @property
    def conversation_id(self) -> str:
        return self.lease.conversation_id

    @property
    def snapshot(self) -> Snapshot:
        return self.lease.snapshot

    def note(self, kind: str, actor: str = "ai", /, **payload: Any) -> None:
        self.entries.append(
            audit.AuditRow(
                kind=kind,
                actor=actor,
                at=self.now,
                payload=payload,
                turn_id=self.result.plan.turn_id or None,
                trace_id=self.result.trace_id,
            )
        )


def finish(
    connection: Connection, lease: Lease, result: RunResult, playbook: Playbook, now: datetime
) -> Written:
    """Write all of a run in the caller's transaction.

    Raises:
        LeaseLostError: another run or a person has the conversation; nothing may be written.
        NewerMessageError: the customer wrote again; the turn is to be run anew.
        UnverifiedReplyError: a reply has no verdict that lets it pass.
    """
    row = gate.locked(connection, lease)
    _refuse_outdated(row, lease, result)
    end = _Finish(connection, lease, result, playbook, now, row)
    if result.flush is not None:
        result.flush(connection)
    _write_turn(end)
    _write_judgements(end)
    for kind, payload in result.journal.notes:
        end.note(kind, **payload)
    for reply in result.journal.replies.values():
        _write_reply(end, reply)
    _write_holder(end)
    if result.review is not None:
        _open_review(end, result.review)
    _write_events(end)
    _write_conversation(end)
    return end.written


def _refuse_outdated(row: RowMapping, lease: Lease, result: RunResult) -> None:
    by_person = result.plan.review is not None or result.plan.resume is not None
    came_in = (
        row["message_seq"] > lease.row["message_seq"] and row["pending"] > lease.row["pending"]
    )
    if came_in and not by_person and len(result.plan.events) < MOST_MERGED:
        raise NewerMessageError


def _write_turn(end: _Finish) -> None:
    plan, result, facts = end.result.plan, end.result, end.result.journal.facts
    if plan.graph is None or not plan.turn_id:
        return
    values: dict[str, Any] = {
        name: facts[name] for name in ("mode", "intent", "confidence", "route") if name in facts
    }
    values |= {
        "status": result.status,
        "trace_id": result.trace_id,
        "traceparent": result.traceparent,
        "facts": {k: v for k, v in facts.items() if k not in values},
        "ended_at": None if result.status == "waiting" else end.now,
    }
    if plan.input is None:
        end.connection.execute(_TURN_DONE.values(**values), {"b_id": plan.turn_id})
        return
    end.values["turn_no"] = end.row["turn_no"] + 1
    end.connection.execute(
        insert(t.turns),
        {
            "id": plan.turn_id,
            "conversation_id": end.conversation_id,
            "no": end.values["turn_no"],
            "graph": plan.graph,
            "graph_version": result.graph_version,
            "release_id": end.snapshot.release,
            "started_at": result.started_at or end.now,
            **values,
        },
    )


def _write_judgements(end: _Finish) -> None:
    journal, turn_id = end.result.journal, end.result.plan.turn_id
    common = {"conversation_id": end.conversation_id, "turn_id": turn_id, "at": end.now}
    drafts = [
        {
            **common,
            "id": draft.id,
            "digest": draft.digest,
            "source": draft.source,
            "round": draft.round,
            "body": draft.model_dump(mode="json"),
        }
        for draft in journal.drafts.values()
    ]
    if drafts:
        end.connection.execute(insert(t.drafts), drafts)
    verdicts = [
        {
            **common,
            "id": verdict_id(turn_id, digest),
            "draft_id": draft.id,
            "digest": digest,
            "mode": verdict.mode,
            "outcome": verdict.outcome,
            "release_id": end.snapshot.release,
            "body": verdict.model_dump(mode="json"),
        }
        for digest, (draft, verdict) in journal.verdicts.items()
    ]
    if verdicts:
        statement = insert_for(end.connection.dialect)(t.verdicts).on_conflict_do_nothing()
        end.connection.execute(statement, verdicts)
    for digest, (draft, verdict) in journal.verdicts.items():
        end.note(
            "verified",
            draft_id=draft.id,
            digest=digest,
            outcome=verdict.outcome,
            findings=sorted(finding.key for finding in verdict.report.findings),
        )


def verdict_id(turn_id: str, digest: str) -> str:
    """Name the verdict of a turn on a text."""
    return f"{turn_id}:{digest[:24]}"


def _write_reply(end: _Finish, reply: Reply) -> None:
    draft, verdict, plan = reply.draft, reply.verdict, end.result.plan
    if draft.digest not in end.result.journal.verdicts and plan.resume is None:
        raise UnverifiedReplyError("a reply was to leave without a verdict on its text")
    if verdict.digest != draft.digest or not (reply.decided or verdict.outcome == "clean"):
        raise UnverifiedReplyError(
            f"a reply was to leave whose verdict is {verdict.outcome!r} and that no person decided"
        )
    if end.row["holder"] == "human" and not reply.decided:
        raise LeaseLostError("a person holds the conversation; the AI is silent")
    seq = end.values.get("message_seq", end.row["message_seq"]) + 1
    end.values["message_seq"] = seq
    message_id, outbox_id = new_id("msg"), new_id("out")
    by_person = draft.source == "person"
    actor = plan_actor(plan)
    end.connection.execute(
        insert(t.messages),
        {
            "id": message_id,
            "conversation_id": end.conversation_id,
            "seq": seq,
            "role": "agent" if by_person else "ai",
            "author": draft.author or (actor if reply.decided else None),
            "channel": end.row["channel"],
            "text": draft.text,
            "turn_id": plan.turn_id,
            "intent": end.result.journal.facts.get("intent"),
            "at": end.now,
        },
    )
    wait = end.playbook.sending.undo_seconds if reply.decided else 0
    send_after = end.now + timedelta(seconds=wait)
    end.connection.execute(
        insert(t.outbox),
        {
            "id": outbox_id,
            "conversation_id": end.conversation_id,
            "turn_id": plan.turn_id,
            "message_id": message_id,
            "channel": end.row["channel"],
            "address": end.row["address"],
            "digest": draft.digest,
            "verdict_id": verdict_id(plan.turn_id, draft.digest),
            "status": "waiting",
            "send_after": send_after,
            "decided_by": actor if reply.decided else None,
            "created_at": end.now,
        },
    )
    end.values["clarifications"] = end.row["clarifications"] + 1 if draft.source == "clarify" else 0
    end.written.outbox.append(send_after)
    end.note("reply_queued", outbox_id=outbox_id, digest=draft.digest, decided=reply.decided)
    end.changes.append(("message", None))


def plan_actor(plan: Plan) -> str | None:
    """The person whose decision the run carries out, where there is one."""
    if plan.resume is not None:
        return plan.resume.actor
    if plan.input is not None and plan.input.decided is not None:
        return plan.input.decided.actor
    return None


def _write_holder(end: _Finish) -> None:
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
    _open_review(end, request)


def _open_review(end: _Finish, request: ReviewRequest) -> None:
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
            "draft": request.draft.model_dump(mode="json") if request.draft else None,
            "verdict": request.verdict.model_dump(mode="json") if request.verdict else None,
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


def _write_events(end: _Finish) -> None:
    turn_id = end.result.plan.turn_id or None
    end.connection.execute(
        _EVENTS_DONE,
        [
            {"b_id": event.id, "b_at": end.now, "b_turn": turn_id}
            for event in end.result.plan.events
        ],
    )


def _write_conversation(end: _Finish) -> None:
    no, sealed = audit.append(
        end.connection,
        end.conversation_id,
        audit.Head(end.row["audit_no"], end.row["audit_hash"]),
        end.entries,
    )
    pending = end.row["pending"] - len(end.result.plan.events)
    end.written.more = pending > 0
    values = {
        **end.values,
        "pending": pending,
        "attempts": 0,
        "lease_owner": None,
        "lease_until": None,
        "audit_no": no,
        "audit_hash": sealed,
        "updated_at": end.now,
    }
    if end.result.summary is not None:
        values["summary"] = end.result.summary
    if end.result.traceparent is not None:
        values["last_trace"] = end.result.traceparent
    end.connection.execute(_CONVERSATION.values(**values), {"b_id": end.conversation_id})
    if end.changes:
        end.connection.execute(
            insert(t.desk_changes),
            [
                {
                    "kind": kind,
                    "conversation_id": end.conversation_id,
                    "review_id": review_id,
                    "at": end.now,
                }
                for kind, review_id in end.changes
            ],
        )
