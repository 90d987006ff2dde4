"""What only a lead may do: break another's claim, and promise beyond an agent's limits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from handrail.core.decisions import Review
from handrail.core.errors import ClaimedError, RoleError, StaleDecisionError
from handrail.core.verdict import Finding
from handrail.playbook.models import Playbook
from handrail.store import reviews

CLAIM = timedelta(minutes=10)
"""How long a person holds a review without renewing the claim."""


def who_may(playbook: Playbook) -> str:
    """Say who does what only a lead may."""
    leads = playbook.leads
    mend = f"ask {', '.join(leads)}" if leads else "the playbook names none (teams.NAME.leads)"
    return f"Only a lead may: {mend}"


def require_lead(
    playbook: Playbook, actor: str, what: str, *, findings: Sequence[Finding] = ()
) -> None:
    """Refuse whoever is no lead.

    Raises:
        RoleError: the text begins with ``what``, and says who may.
    """
    if playbook.role_of(actor) == "lead":
        return
    raise RoleError(
        f"{what} {who_may(playbook)}",
        leads=list(playbook.leads),
        findings=[finding.model_dump(mode="json") for finding in findings],
    )


def require_authority(playbook: Playbook, actor: str, beyond: Sequence[Finding]) -> None:
    """Refuse a promise that is beyond the limits of whoever makes it, unless a lead does.

    Raises:
        RoleError: ``details['findings']`` has each limit as evidence.
    """
    if beyond:
        what = f"{beyond[0].message} Promise less, or leave it to others."
        require_lead(playbook, actor, what, findings=beyond)


def claim(
    connection: Connection,
    review_id: str,
    playbook: Playbook,
    *,
    actor: str,
    force: bool,
    now: datetime,
) -> Review:
    """Reserve an open review for a person, or prolong that.

    Raises:
        ClaimedError: somebody else holds it, or this person let it lapse, and no force was used.
        RoleError: force was used on another's claim by somebody who is no lead.
        StaleDecisionError: it is no longer open.
    """
    row = reviews.row_of(connection, review_id)
    holder, until = row["claimed_by"], row["claim_until"]
    if holder not in (None, actor) and until > now:
        held = f"{holder} holds this review until {until:%H:%M} UTC."
        if not force:
            raise ClaimedError(f"{held} A lead can break the claim", claimed_by=holder)
        require_lead(playbook, actor, held)
    if holder != actor and row["lapsed_by"] == actor and not force:
        raise ClaimedError(
            "this review was due while you had it, so it is offered to others: let another "
            "person take it, or claim it all the same with force",
            lapsed_by=actor,
        )
    values = {"claimed_by": actor, "claim_until": now + CLAIM}
    if not reviews.change(connection, review_id, row["version"], values):
        raise StaleDecisionError(f"the review is {row['status']}; nothing to claim")
    if holder != actor:
        reviews.announce(connection, row, now)
    return reviews.review(reviews.row_of(connection, review_id))
