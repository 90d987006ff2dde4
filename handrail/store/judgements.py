"""What became of a turn's drafts: each text with its verdict, and the ladder of repairs between."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, Connection, select

from handrail.core.drafting import Draft, DraftSource
from handrail.core.verdict import ClaimVerdict, Finding, Outcome, Verdict
from handrail.store.tables import drafts, verdicts


@dataclass(frozen=True, slots=True)
class Judgement:
    """A draft as it was judged last, and the verdict on it."""

    turn_id: str
    draft: Draft
    verdict: Verdict
    at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """One rung of the ladder: a text was drafted, drafted again, or repaired."""

    kind: Literal["drafted", "redrafted", "repaired"]
    source: DraftSource
    round: int
    """0 for the first draft of a turn."""
    before: str | None
    """The text before; ``None`` for a first draft."""
    text: str | None
    """The text after; ``None`` where an old verdict did not keep it."""
    findings: tuple[Finding, ...]
    """What caused it; after a repair each with the edit that was applied to ``before``."""
    outcome: Outcome | None
    """What was said of the text where the ladder ends or a new draft begins."""
    claims: tuple[ClaimVerdict, ...] = ()
    """What the evidence says of each of its statements, there too."""


def judgements(connection: Connection, of: ColumnElement[bool]) -> tuple[Judgement, ...]:
    """Read the judgements that fit, in the order in which they were made.

    Args:
        connection: For reading.
        of: A condition on ``verdicts``: of a turn, of a conversation.
    """
    query = (
        select(verdicts.c.turn_id, verdicts.c.at, verdicts.c.body, drafts.c.body)
        .join(drafts, drafts.c.id == verdicts.c.draft_id)
        .where(of)
        .order_by(verdicts.c.at, drafts.c.round, verdicts.c.id)
    )
    return tuple(
        Judgement(
            turn_id,
            Draft.model_validate(draft, strict=False),
            Verdict.model_validate(verdict, strict=False),
            at,
        )
        for turn_id, at, verdict, draft in connection.execute(query)
    )


def ladder(of_one_turn: Iterable[Judgement]) -> tuple[Step, ...]:
    """Tell step by step how a turn's text came about."""
    steps: list[Step] = []
    last: Judgement | None = None
    for one in of_one_turn:
        steps.extend(_rungs(one, last))
        last = one
    return tuple(steps)


def _rungs(one: Judgement, last: Judgement | None) -> Iterator[Step]:
    draft, repairs, outcome = one.draft, one.verdict.repairs, one.verdict.outcome
    yield Step(
        kind="drafted" if last is None else "redrafted",
        source=draft.source,
        round=draft.round,
        before=last.draft.text if last else None,
        text=repairs[0].before if repairs else draft.text,
        findings=last.verdict.report.findings if last else (),
        outcome=None if repairs else outcome,
        claims=() if repairs else one.verdict.report.claims,
    )
    for number, repair in enumerate(repairs, 1):
        ends = number == len(repairs)
        yield Step(
            kind="repaired",
            source=draft.source,
            round=draft.round,
            before=repair.before,
            text=draft.text if ends else repair.after,
            findings=repair.findings,
            outcome=outcome if ends else None,
            claims=one.verdict.report.claims if ends else (),
        )
