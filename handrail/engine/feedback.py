"""Keeps what people say of findings that are not right; text and review stay as they are."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert

from handrail.core.errors import NotAllowedError
from handrail.core.events import FindingDismissed
from handrail.core.ids import new_id
from handrail.core.verdict import Finding, Verdict
from handrail.engine.change import Change, visible
from handrail.store import reviews
from handrail.store import tables as t
from handrail.store.audit import AuditRow
from handrail.store.prepared import Row


def dismiss(connection: Connection, change: Change, body: FindingDismissed, now: datetime) -> None:
    """Store a dismissal with its reason, and note it in the audit chain.

    Raises:
        NotAllowedError: the draft of this review has no such finding.
        InvalidMessageError: there is no reason.
    """
    row = reviews.row_of(connection, body.review_id)
    found = _finding(row, body)
    if found is None or row["conversation_id"] != change.row["id"]:
        raise NotAllowedError(
            f"the draft of this review has no finding {body.check}:{body.rule} at {body.start}; "
            "read the review again"
        )
    feedback_id = new_id("fbk")
    connection.execute(
        insert(t.finding_feedback).values(
            id=feedback_id,
            conversation_id=row["conversation_id"],
            turn_id=row["turn_id"],
            review_id=body.review_id,
            release_id=row["release_id"],
            digest=body.digest,
            check_id=body.check,
            rule=body.rule,
            start=body.start,
            severity=found.severity,
            reason=visible(body.reason),
            actor=body.actor,
            at=now,
        )
    )
    facts = {
        "feedback_id": feedback_id,
        "review_id": body.review_id,
        "digest": body.digest,
        "finding": found.key,
        "start": body.start,
    }
    change.entries.append(
        AuditRow(
            kind="finding_dismissed",
            actor=body.actor,
            at=now,
            payload=facts,
            turn_id=row["turn_id"],
        )
    )


def _finding(row: Row, body: FindingDismissed) -> Finding | None:
    """The finding that is meant, where the review's draft is still the one that was seen."""
    if not row["verdict"] or row["digest"] != body.digest:
        return None
    place = (body.check, body.rule, body.start)
    found = Verdict.model_validate(row["verdict"], strict=False).report.findings
    return next((one for one in found if (one.check, one.rule, one.start) == place), None)
