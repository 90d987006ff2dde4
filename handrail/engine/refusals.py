"""Refuses a decision at the door: findings that were not accepted, another's decision."""

from __future__ import annotations

from sqlalchemy import Connection, select

from handrail.core.errors import BlockedTextError, StaleDecisionError
from handrail.core.events import ReviewDecision
from handrail.core.verdict import Verdict
from handrail.store import tables as t


def refuse_second(connection: Connection, body: ReviewDecision) -> None:
    """Refuse another decision on a decided review; the very same one again is fine.

    Raises:
        StaleDecisionError: it names who decided what.
    """
    decided = select(t.decisions).where(
        t.decisions.c.review_id == body.review_id, t.decisions.c.version == body.version
    )
    row = connection.execute(decided).mappings().first()
    same = row is not None and (row["actor"], row["body"]) == (
        body.actor,
        body.decision.model_dump(mode="json"),
    )
    if not same and row is not None:
        raise StaleDecisionError(
            f"the review was decided by {row['actor']} ({row['kind']}) at "
            f"{row['at']:%H:%M:%S} UTC; look at the conversation as it is now",
            decided_by=row["actor"],
            decision=row["kind"],
        )


def block(verdict: Verdict, acknowledged: tuple[str, ...]) -> None:
    """Refuse a text with critical findings that the person did not accept."""
    missing = verdict.critical_keys - frozenset(acknowledged)
    if missing:
        raise BlockedTextError(
            f"a guardrail blocks this text: {', '.join(sorted(missing))}. Change the text, or "
            "acknowledge each finding",
            missing=sorted(missing),
            findings=[
                finding.model_dump(mode="json")
                for finding in verdict.report.findings
                if finding.key in missing
            ],
        )
