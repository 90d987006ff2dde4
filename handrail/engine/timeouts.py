"""What a timer does when it fires, and how people set one.

Everything happens under the conversation's row lock and is judged by what is stored then: whoever
was first has won, and a timer whose review is closed finds nothing to do.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, select

from handrail.core.errors import NotAllowedError
from handrail.core.events import FollowUp, TimerFired
from handrail.engine.asking import insert_review, possible
from handrail.engine.change import Change, note, visible, write_teamnote
from handrail.engine.deadlines import (
    LONGEST_SNOOZE,
    REMINDER,
    SNOOZE_OVER,
    UNCLAIMED,
    change_review,
    move_to_team,
)
from handrail.engine.journal import ReviewRequest
from handrail.playbook.models import OtherTeam
from handrail.store import reviews, timers
from handrail.store import tables as t
from handrail.store.prepared import Row

LOOK_AGAIN, IDLE = "look_again", "idle"
SYSTEM = "system"


def apply_timer(connection: Connection, change: Change, body: TimerFired, now: datetime) -> None:
    """Apply a timer that fired."""
    if body.timer == IDLE:
        _close_conversation(change, now)
    elif body.timer == LOOK_AGAIN:
        _look_again(connection, change, body.subject, now)
    else:
        row = reviews.row_of(connection, body.subject)
        if row["status"] == "open":
            _on_review(connection, change, body, row, now)


def _on_review(
    connection: Connection, change: Change, body: TimerFired, row: Row, now: datetime
) -> None:
    if body.timer == REMINDER:
        # No new version: a reminder must not refuse the decision it asks for.
        reviews.change(connection, row["id"], row["version"], {"reminded_at": now})
        note(change, "reminded", SYSTEM, now, review_id=row["id"], team=row["team"])
    elif body.timer == SNOOZE_OVER:
        values = {"snoozed_until": None, "change": "wake"}
        change_review(connection, row, values, by=SYSTEM, now=now)
        note(change, "snooze_over", SYSTEM, now, review_id=row["id"])
    else:
        _lapse(connection, change, row, now)
    change.changes.append(("review", row["id"]))


def _lapse(connection: Connection, change: Change, row: Row, now: datetime) -> None:
    """Offer a review again that was due undecided, and do what its team's fallback says."""
    _, team = change.playbook.team_named(row["team"])
    fallback, facts = team.fallback, {"review_id": row["id"], "team": row["team"]}
    values: dict[str, Any] = {**UNCLAIMED, "lapsed_by": row["claimed_by"] or row["lapsed_by"]}
    if isinstance(fallback, OtherTeam):
        values |= move_to_team(connection, change, row, fallback.other_team, now)
        facts["to"] = values["team"]
    elif fallback == "holding_reply" and change.row["holder"] != "human":
        change.runs = True
    name = "other_team" if isinstance(fallback, OtherTeam) else fallback
    note(change, "lapsed", SYSTEM, now, **facts, by=row["claimed_by"], fallback=name)
    change_review(connection, row, {**values, "change": "lapse"}, by=SYSTEM, now=now)


def _close_conversation(change: Change, now: datetime) -> None:
    change.values["status"] = "closed"
    change.changes.append(("holder", None))
    hours = change.playbook.conversations.close_after_hours
    note(change, "closed", SYSTEM, now, after_hours=hours)


def schedule(
    connection: Connection, change: Change, body: FollowUp, name: str, now: datetime
) -> None:
    """Set the timer of a follow-up, which is called as its event.

    Raises:
        NotAllowedError: the moment is not ahead, or too far ahead.
        InvalidMessageError: the note is empty.
    """
    if not now < body.at <= now + LONGEST_SNOOZE:
        raise NotAllowedError("look again at a moment that is ahead, at most in a year")
    visible(body.note)
    timers.start(connection, change.row["id"], name, {LOOK_AGAIN: body.at})
    note(change, "follow_up_set", body.actor, now, at=body.at.isoformat(), name=name)
    change.changes.append(("review", None))


def _look_again(connection: Connection, change: Change, name: str, now: datetime) -> None:
    """Ask a person to look again, unless the customer has written since that was wanted."""
    event = (
        connection.execute(
            select(t.events.c.seq, t.events.c.body).where(
                t.events.c.channel == "desk", t.events.c.external_id == name
            )
        )
        .mappings()
        .one()
    )
    wanted = FollowUp.model_validate(event["body"], strict=False)
    outcome = _outcome(connection, change, event["seq"])
    if outcome == "asked":
        _ask(connection, change, wanted, now)
    elif outcome == "review_open":
        write_teamnote(connection, change, f"Look again: {wanted.note}", wanted.actor, now)
    note(change, "follow_up", SYSTEM, now, name=name, outcome=outcome)


def _outcome(connection: Connection, change: Change, since_seq: int) -> str:
    events, conversation_id = t.events.c, change.row["id"]
    written = exists().where(
        events.conversation_id == conversation_id,
        events.kind == "message",
        events.seq > since_seq,
    )
    if connection.execute(select(written)).scalar():
        return "customer_wrote"
    waiting = reviews.open_ids(connection, conversation_id)
    return "review_open" if waiting else "asked"


def _ask(connection: Connection, change: Change, wanted: FollowUp, now: datetime) -> None:
    request = ReviewRequest(
        kind="answer",
        reason="follow_up",
        explanation=f"{wanted.actor} wanted to look again: {wanted.note}",
        draft=None,
        verdict=None,
        allowed=possible(draft=False),
    )
    review_id, _ = insert_review(
        connection, change.row["id"], request, change.release, now, team=None
    )
    if change.row["holder"] == "ai":
        change.values["holder"] = "waiting"
    note(
        change,
        "asked_human",
        SYSTEM,
        now,
        review_id=review_id,
        kind=request.kind,
        reason=request.reason,
    )
    change.changes.append(("review", review_id))
