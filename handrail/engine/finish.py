"""The last transaction of a run: its checkpoint and all its effects, or nothing.

It locks the conversation, checks that the run still owns it, and refuses replies that no verdict
lets pass.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from handrail.engine import gate
from handrail.engine.asking import open_review, write_holder
from handrail.engine.change import announce
from handrail.engine.ending import Ending, NewerMessageError, RunResult, Written
from handrail.engine.gate import Lease
from handrail.engine.plan import answers_pause
from handrail.engine.replies import verdict_id, write_reply
from handrail.playbook.models import Playbook
from handrail.store import audit, conversations, reviews
from handrail.store import tables as t
from handrail.store.prepared import Prepared, Row

MOST_MERGED = 10
"""Messages of one burst after which a turn is finished even if yet another one came in."""

_EVENTS_DONE = Prepared(
    update(t.events)
    .where(t.events.c.id == bindparam("b_id"))
    .values(processed_at=bindparam("b_at"), turn_id=bindparam("b_turn"))
)
_TURN_FACTS = select(t.turns.c.facts).where(t.turns.c.id == bindparam("id"))
_TURN_DONE = update(t.turns).where(t.turns.c.id == bindparam("b_id"))
_INSERT_TURN = Prepared(insert(t.turns))
# A draft that was suggested in one turn can be approved in another.
_INSERT_DRAFTS = {
    "sqlite": Prepared(sqlite.insert(t.drafts).on_conflict_do_nothing()),
    "postgresql": Prepared(postgresql.insert(t.drafts).on_conflict_do_nothing()),
}
_INSERT_VERDICTS = {
    "sqlite": Prepared(sqlite.insert(t.verdicts).on_conflict_do_nothing()),
    "postgresql": Prepared(postgresql.insert(t.verdicts).on_conflict_do_nothing()),
}


def finish(
    connection: Connection, lease: Lease, result: RunResult, playbook: Playbook, now: datetime
) -> Written:
    """Write all of a run in the caller's transaction.

    Raises:
        LeaseLostError: another run or a person has the conversation; nothing may be written.
        NewerMessageError: the customer wrote again, or a person decided what waits in the
            checkpoint that this would replace; the turn is to be run anew.
        UnverifiedReplyError: a reply has no verdict that lets it pass.
    """
    row = gate.locked(connection, lease)
    _refuse_outdated(connection, row, lease, result)
    end = Ending(connection, lease, result, playbook, now, row)
    if result.flush is not None:
        result.flush(connection)
    _write_turn(end)
    _write_judgements(end)
    for kind, payload in result.journal.notes:
        end.note(kind, **payload)
    for reply in result.journal.replies.values():
        write_reply(end, reply)
    write_holder(end)
    if result.review is not None:
        open_review(end, result.review)
    _write_events(end)
    _write_conversation(end)
    return end.written


def _refuse_outdated(connection: Connection, row: Row, lease: Lease, result: RunResult) -> None:
    by_person = result.plan.review is not None or result.plan.resume is not None
    wrote = row["message_seq"] > lease.row["message_seq"] or result.plan.aside
    if by_person or row["pending"] <= lease.row["pending"]:
        return
    if wrote and len(result.plan.events) < MOST_MERGED:
        raise NewerMessageError
    if result.flush is not None and any(
        answers_pause(event, lambda name: reviews.row_of(connection, name))
        for event in conversations.pending(connection, lease.conversation_id)
    ):
        raise NewerMessageError


def _write_turn(end: Ending) -> None:
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
        # What the run before the pause found out still holds.
        before = end.connection.execute(_TURN_FACTS, {"id": plan.turn_id}).scalar()
        values["facts"] = {**(before or {}), **values["facts"]}
        end.connection.execute(_TURN_DONE.values(**values), {"b_id": plan.turn_id})
        return
    end.values["turn_no"] = end.row["turn_no"] + 1
    _INSERT_TURN.run(
        end.connection,
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


def _write_judgements(end: Ending) -> None:
    journal, turn_id = end.result.journal, end.result.plan.turn_id
    common = {"conversation_id": end.conversation_id, "turn_id": turn_id, "at": end.now}
    drafts = [
        {
            **common,
            "id": draft.id,
            "digest": draft.digest,
            "source": draft.source,
            "round": draft.round,
            "body": draft,
        }
        for draft in journal.drafts.values()
    ]
    _INSERT_DRAFTS[end.connection.dialect.name].run(end.connection, *drafts)
    verdicts = [
        {
            **common,
            "id": verdict_id(turn_id, digest),
            "draft_id": draft.id,
            "digest": digest,
            "mode": verdict.mode,
            "outcome": verdict.outcome,
            "release_id": end.snapshot.release,
            "body": verdict,
        }
        for digest, (draft, verdict) in journal.verdicts.items()
    ]
    _INSERT_VERDICTS[end.connection.dialect.name].run(end.connection, *verdicts)
    for digest, (draft, verdict) in journal.verdicts.items():
        end.note(
            "verified",
            draft_id=draft.id,
            digest=digest,
            outcome=verdict.outcome,
            findings=sorted(finding.key for finding in verdict.report.findings),
        )


def _write_events(end: Ending) -> None:
    turn_id = end.result.plan.turn_id or None
    _EVENTS_DONE.run(
        end.connection,
        *(
            {"b_id": event.id, "b_at": end.now, "b_turn": turn_id}
            for event in end.result.plan.events
        ),
    )


def _write_conversation(end: Ending) -> None:
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
        "tokens": end.row["tokens"] + end.result.journal.tokens,
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
    conversations.save(end.connection, end.row, values)
    announce(end.connection, end.conversation_id, end.changes, end.now)
