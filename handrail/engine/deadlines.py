"""When a review is due: its clocks are started, started anew for another team, put off.

The clocks of a review are timer rows, set in the transaction that changes the review.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from handrail.core.decisions import Snooze
from handrail.core.errors import NotAllowedError
from handrail.engine.change import Change
from handrail.playbook.hours import due_after, worked_between
from handrail.playbook.models import Team
from handrail.store import reviews, timers
from handrail.store.prepared import Row

REMINDER, DUE, SNOOZE_OVER = "review_reminder", "review_due", "snooze_over"
_CLOCKS = (REMINDER, DUE)
LONGEST_SNOOZE = timedelta(days=366)
UNCLAIMED: dict[str, Any] = {"claimed_by": None, "claim_until": None}


def start_clocks(
    connection: Connection, conversation_id: str, review_id: str, team: Team, now: datetime
) -> datetime:
    """Start the clocks of a review in a team's hours; return when it is due."""
    due_at = due_after(team.hours, now, team.review_minutes)
    moments = {DUE: due_at}
    if team.remind_minutes is not None:
        moments[REMINDER] = due_after(team.hours, now, team.remind_minutes)
    timers.start(connection, conversation_id, review_id, moments)
    return due_at


def change_review(
    connection: Connection, row: Row, values: dict[str, Any], *, by: str, now: datetime
) -> bool:
    """Change an open review so that decisions on what it was before are refused.

    Returns whether it was still as ``row`` has it; ``values`` names the change.
    """
    values = {**values, "version": row["version"] + 1, "changed_by": by, "changed_at": now}
    return reviews.change(connection, row["id"], row["version"], values)


def move_to_team(
    connection: Connection, change: Change, row: Row, name: str, now: datetime
) -> dict[str, Any]:
    """Give a review's clocks to another team; return what that changes in its row."""
    name, team = change.playbook.team_named(name)
    timers.stop(connection, row["id"], (*_CLOCKS, SNOOZE_OVER))
    due_at = start_clocks(connection, change.row["id"], row["id"], team, now)
    return {"team": name, "due_at": due_at, "reminded_at": None, "snoozed_until": None}


def escalate(
    connection: Connection, change: Change, row: Row, team: str, now: datetime
) -> dict[str, Any]:
    """Give a review to another team, free for anyone there; return what changes in its row.

    Raises:
        NotAllowedError: there is no such team, or the review is with it.
    """
    if team not in change.playbook.teams:
        known = ", ".join(change.playbook.teams)
        raise NotAllowedError(f"there is no team {team!r}; the teams are {known}")
    if team == row["team"]:
        raise NotAllowedError(f"the review is with {team!r} already; name another team")
    return {**move_to_team(connection, change, row, team, now), **UNCLAIMED, "lapsed_by": None}


def snooze(
    connection: Connection, change: Change, row: Row, decision: Snooze, now: datetime
) -> dict[str, Any]:
    """Put a review off; return what changes in its row.

    What was left of its working time until it is due is left when it comes back.

    Raises:
        NotAllowedError: the moment is not ahead, or too far ahead.
    """
    until = decision.until or now + timedelta(minutes=decision.minutes or 0)
    if not now < until <= now + LONGEST_SNOOZE:
        raise NotAllowedError("snooze until a moment that is ahead, at most a year")
    _, team = change.playbook.team_named(row["team"])
    # A snooze on top of another: the clocks run from the end of the first.
    since = max(now, row["snoozed_until"] or now)
    left = timers.running(connection, row["id"], _CLOCKS)
    moments = {
        kind: due_after(team.hours, until, worked_between(team.hours, since, at))
        for kind, at in left.items()
    }
    timers.stop(connection, row["id"], (*left, SNOOZE_OVER))
    timers.start(connection, change.row["id"], row["id"], {**moments, SNOOZE_OVER: until})
    due_at = moments.get(DUE, row["due_at"])
    return {**UNCLAIMED, "snoozed_until": until, "due_at": due_at}
