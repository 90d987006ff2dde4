"""What became of findings: repaired, overridden, blocked or called wrong, per release and rule."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from handrail.core.verdict import Verdict
from handrail.store.tables import finding_feedback, outbox, verdicts

_BATCH = 500
_LEFT = ("waiting", "sending", "sent")


@dataclass(frozen=True, slots=True)
class Dismissal:
    """A person's word that a finding is not right."""

    check: str
    rule: str
    start: int
    reason: str
    actor: str
    at: datetime


@dataclass(slots=True)
class Tally:
    """What became of the findings of one rule under one release; all figures count texts."""

    release: str
    check: str
    rule: str
    judged: int = 0
    """Texts that the check judged: what the other figures are shares of."""
    fired: int = 0
    """Texts with such a finding, before or after repair."""
    repaired: int = 0
    """Of these, texts from which a repair took it."""
    overridden: int = 0
    """Texts that a person let leave with it: acknowledged, or approved all the same."""
    blocked: int = 0
    """Texts that a critical finding of this rule kept from leaving."""
    dismissed: int = 0
    """Texts on which a person said that it is not right."""


def dismissals(connection: Connection, review_id: str) -> tuple[Dismissal, ...]:
    """List what people said of the findings on a review's draft, in order."""
    f = finding_feedback.c
    query = (
        select(f.check_id, f.rule, f.start, f.reason, f.actor, f.at)
        .where(f.review_id == review_id)
        .order_by(f.at, f.id)
    )
    return tuple(Dismissal(*row) for row in connection.execute(query))


def tallies(connection: Connection, *, release: str | None = None) -> tuple[Tally, ...]:
    """Count what became of findings, by release, check and rule.

    Args:
        connection: For reading.
        release: Only this one, by its id.
    """
    found: dict[tuple[str, str, str], Tally] = {}
    judged: defaultdict[tuple[str, str], int] = defaultdict(int)

    def of(release_id: str, check: str, rule: str) -> Tally:
        key = (release_id, check, rule)
        return found.setdefault(key, Tally(*key))

    query = (
        select(verdicts.c.release_id, verdicts.c.body, outbox.c.decided_by, outbox.c.id)
        .outerjoin(outbox, (outbox.c.verdict_id == verdicts.c.id) & outbox.c.status.in_(_LEFT))
        .execution_options(yield_per=_BATCH)
    )
    if release is not None:
        query = query.where(verdicts.c.release_id == release)
    for release_id, body, decided_by, left in connection.execute(query):
        verdict = Verdict.model_validate(body, strict=False)
        for check in verdict.report.ran:
            judged[release_id, check] += 1
        _count(verdict, lambda c, r, i=release_id: of(i, c, r), decided_by, left)
    for release_id, check, rule, count in _dismissed(connection, release):
        of(release_id, check, rule).dismissed = count
    for tally in found.values():
        tally.judged = judged[tally.release, tally.check]
    return tuple(found[key] for key in sorted(found))


def _count(verdict: Verdict, of: Any, decided_by: str | None, left: str | None) -> None:
    last = {(f.check, f.rule) for f in verdict.report.findings}
    critical = {(f.check, f.rule) for f in verdict.report.findings if f.severity == "critical"}
    mended = {(f.check, f.rule) for step in verdict.repairs for f in step.findings}
    for check, rule in last | mended:
        tally: Tally = of(check, rule)
        tally.fired += 1
        tally.repaired += (check, rule) not in last
        tally.overridden += (check, rule) in last and decided_by is not None
        tally.blocked += (check, rule) in critical and left is None


def _dismissed(connection: Connection, release: str | None) -> list[tuple[str, str, str, int]]:
    f = finding_feedback.c
    query = select(f.release_id, f.check_id, f.rule, f.review_id).distinct()
    if release is not None:
        query = query.where(f.release_id == release)
    counted: defaultdict[tuple[str, str, str], int] = defaultdict(int)
    for release_id, check, rule, _ in connection.execute(query):
        counted[release_id, check, rule] += 1
    return [(*key, count) for key, count in counted.items()]
