"""Puts replies in the outbox, and refuses those that no verdict lets pass."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import bindparam, insert, select

from handrail.core.drafting import Draft
from handrail.core.errors import LeaseLostError, UnverifiedReplyError
from handrail.core.ids import new_id
from handrail.engine.ending import Ending
from handrail.engine.journal import Reply
from handrail.engine.plan import Plan
from handrail.store import tables as t
from handrail.store.prepared import Prepared

_INSERT_MESSAGE = Prepared(insert(t.messages))
_INSERT_REPLY = Prepared(insert(t.outbox))
_OUTCOME = select(t.verdicts.c.outcome).where(
    t.verdicts.c.id == bindparam("id"), t.verdicts.c.digest == bindparam("digest")
)


def verdict_id(turn_id: str, digest: str) -> str:
    """Name the verdict of a turn on a text."""
    return f"{turn_id}:{digest[:24]}"


def write_reply(end: Ending, reply: Reply) -> None:
    """Put a reply in the outbox, where the customer's channel and address are taken from.

    Raises:
        UnverifiedReplyError: no verdict on this very text is stored, or it is not clean and no
            person decided.
        LeaseLostError: a person holds the conversation and this is not their reply.
    """
    digest = reply.draft.digest
    _refuse(end, reply, digest)
    draft, actor = reply.draft, plan_actor(end.result.plan) if reply.decided else None
    message_id, outbox_id = _write_message(end, draft, actor), new_id("out")
    wait = end.playbook.sending.undo_seconds if reply.decided else 0
    send_after = end.now + timedelta(seconds=wait)
    turn_id = end.result.plan.turn_id
    _INSERT_REPLY.run(
        end.connection,
        {
            "id": outbox_id,
            "conversation_id": end.conversation_id,
            "turn_id": turn_id,
            "message_id": message_id,
            "channel": end.row["channel"],
            "address": end.row["address"],
            "digest": digest,
            "verdict_id": verdict_id(turn_id, digest),
            "status": "waiting",
            "send_after": send_after,
            "decided_by": actor,
            "created_at": end.now,
        },
    )
    if draft.answers:
        asked = draft.source == "clarify"
        end.values["clarifications"] = end.row["clarifications"] + 1 if asked else 0
    end.written.outbox.append(send_after)
    end.note("reply_queued", outbox_id=outbox_id, digest=digest, decided=reply.decided)
    end.changes.append(("message", None))


def _refuse(end: Ending, reply: Reply, digest: str) -> None:
    """Let nothing leave that was not verified, and no reply of the AI while a person holds."""
    outcome = _stored_outcome(end, digest)
    if outcome is None:
        raise UnverifiedReplyError("a reply was to leave without a verdict on its text")
    if outcome != "clean" and not reply.decided:
        raise UnverifiedReplyError(
            f"a reply was to leave whose verdict is {outcome!r} and that no person decided"
        )
    if end.row["holder"] == "human" and not reply.decided:
        raise LeaseLostError("a person holds the conversation; the AI is silent")


def _write_message(end: Ending, draft: Draft, actor: str | None) -> str:
    seq = end.values.get("message_seq", end.row["message_seq"]) + 1
    end.values["message_seq"] = seq
    message_id = new_id("msg")
    _INSERT_MESSAGE.run(
        end.connection,
        {
            "id": message_id,
            "conversation_id": end.conversation_id,
            "seq": seq,
            "role": "agent" if draft.source == "person" else "ai",
            "author": draft.author or actor,
            "channel": end.row["channel"],
            "text": draft.text,
            "turn_id": end.result.plan.turn_id,
            "intent": end.result.journal.facts.get("intent"),
            "answers": draft.answers,
            "at": end.now,
        },
    )
    return message_id


def _stored_outcome(end: Ending, digest: str) -> str | None:
    """Outcome of this turn's verdict on a text: written just now, or at the pause before."""
    if digest in end.result.journal.verdicts:
        return end.result.journal.verdicts[digest][1].outcome
    name = verdict_id(end.result.plan.turn_id, digest)
    return end.connection.execute(_OUTCOME, {"id": name, "digest": digest}).scalar()


def plan_actor(plan: Plan) -> str | None:
    """The person whose decision the run carries out, where there is one."""
    if plan.resume is not None:
        return plan.resume.actor
    if plan.input is not None and plan.input.decided is not None:
        return plan.input.decided.actor
    return None
