"""Reviews: what waits for a person, and the answers."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter

from handrail.core.decisions import Review
from handrail.core.events import Accepted
from handrail.desk.api.shapes import (
    ClaimRequest,
    DecisionRequest,
    FindingFeedback,
    Reviews,
)
from handrail.desk.doors import Reader, TheEngine, Writer

router = APIRouter(tags=["reviews"])

Status = Literal["open", "snoozed", "decided", "superseded", "expired", "all"]


@router.get("/reviews")
async def list_reviews(engine: TheEngine, _: Reader, status: Status = "open") -> Reviews:
    """List reviews, the most urgent first."""
    return Reviews(reviews=await engine.reviews(status=None if status == "all" else status))


@router.get("/reviews/{review_id}")
async def get_review(review_id: str, engine: TheEngine, _: Reader) -> Review:
    """Show a review with its draft and verdict."""
    return await engine.review(review_id)


@router.post("/reviews/{review_id}/claim")
async def claim_review(
    review_id: str, body: ClaimRequest, engine: TheEngine, agent: Writer
) -> Review:
    """Reserve a review, or prolong that; 409 names who holds it, 403 says that a lead may."""
    return await engine.claim(review_id, actor=agent.name, force=body.force)


@router.post("/reviews/{review_id}/decide")
async def decide_review(
    review_id: str, body: DecisionRequest, engine: TheEngine, agent: Writer
) -> Accepted:
    """Answer a review.

    409 where somebody else decided or it changed (``details`` names who did what), 410 where it
    is over, 403 where it promises more than an agent may, 422 where a guardrail blocks the text or
    this decision is not possible.
    """
    return await engine.decide(
        review_id,
        version=body.version,
        digest=body.digest,
        decision=body.decision,
        actor=agent.name,
    )


@router.post("/reviews/{review_id}/feedback")
async def give_feedback(
    review_id: str, body: FindingFeedback, engine: TheEngine, agent: Writer
) -> Accepted:
    """Say that a finding on the draft is not right, and why.

    It counts once for each person; the finding stays, and 422 tells that there is none like it.
    """
    return await engine.dismiss_finding(
        review_id,
        check=body.check,
        rule=body.rule,
        start=body.start,
        reason=body.reason,
        actor=agent.name,
    )
