"""Judges drafts that wait for a person anew when more is known of what was done for the customer.

The draft stays as it is. Findings that are gone, and what now supports a statement, are shown at
once, and a decision on what was shown before is as good as ever: it accepted more than it had to.
Where something is found that was not, the review has a new version, and that decision is refused.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from handrail.core.drafting import Draft
from handrail.core.errors import NotFoundError
from handrail.core.verdict import Verdict
from handrail.engine.correcting import kit_after
from handrail.engine.deadlines import change_review
from handrail.engine.kit import Kits
from handrail.store import audit, conversations, reviews
from handrail.store.conversations import unanswered
from handrail.store.database import Database
from handrail.store.prepared import Row

BACK_OFFICE = "back office"
"""Who tells what was done."""


async def judge_again(database: Database, kits: Kits, customer_id: str, now: datetime) -> None:
    """Judge the drafts in a customer's open reviews by what is known now."""
    for review_id in await database.read(lambda c: reviews.open_of(c, customer_id)):
        with suppress(NotFoundError):  # the customer was erased meanwhile
            while not await _judged(database, kits, review_id, now):
                pass  # it changed meanwhile: another action, a decision


async def _judged(database: Database, kits: Kits, review_id: str, now: datetime) -> bool:
    """Judge one review's draft; say whether the review was still as it was read."""
    row = await database.read(lambda c: reviews.row_of(c, review_id))
    if row["status"] != "open" or not row["draft"] or not row["verdict"]:
        return True
    shown = Verdict.model_validate(row["verdict"], strict=False)
    verdict = await _verdict(database, kits, row, shown, now)
    if verdict.tokens:
        tokens = verdict.tokens
        await database.write(lambda c: conversations.spend(c, row["conversation_id"], tokens))
    if verdict.report.errored or _says(verdict) == _says(shown):
        return True
    return await database.write(lambda c: _store(c, row, shown, verdict, now))


async def _verdict(
    database: Database, kits: Kits, row: Row, shown: Verdict, now: datetime
) -> Verdict:
    kit, conversation_id = await kit_after(kits, row), row["conversation_id"]

    def load(connection: Connection) -> Any:
        facts = conversations.row_of(connection, conversation_id)
        return conversations.snapshot(connection, facts, kit.release.id, now)

    snapshot = await database.read(load)
    checked = await kit.verifier.verify(
        Draft.model_validate(row["draft"], strict=False),
        snapshot,
        mode=shown.mode,
        intent=row["intent"],
        text="\n".join(message.text for message in unanswered(snapshot.messages)),
        repair=False,
    )
    return checked.verdict.model_copy(update={"repairs": shown.repairs})


def _says(verdict: Verdict) -> tuple[object, ...]:
    report = verdict.report
    return verdict.outcome, report.findings, report.errored, report.claims


def _places(verdict: Verdict) -> set[tuple[object, ...]]:
    return {(f.key, f.severity, f.start, f.end) for f in verdict.report.findings}


def _store(
    connection: Connection, row: Row, shown: Verdict, verdict: Verdict, now: datetime
) -> bool:
    conversation = conversations.locked(connection, row["conversation_id"])
    current = reviews.row_of(connection, row["id"])
    if any(current[name] != row[name] for name in ("status", "version", "verdict")):
        return False
    values: dict[str, Any] = {"verdict": verdict, "change": "judge"}
    more = not _places(verdict) <= _places(shown)
    if more:
        change_review(connection, row, values, by=BACK_OFFICE, now=now)
    else:
        values |= {"changed_by": BACK_OFFICE, "changed_at": now}
        reviews.change(connection, row["id"], row["version"], values)
    facts = {
        "review_id": row["id"],
        "digest": row["digest"],
        "version": row["version"] + more,
        "outcome": verdict.outcome,
        "findings": sorted(finding.key for finding in verdict.report.findings),
    }
    _note(connection, conversation, row["turn_id"], facts, now)
    reviews.announce(connection, row, now)
    return True


def _note(
    connection: Connection,
    conversation: Row,
    turn_id: str,
    facts: dict[str, Any],
    now: datetime,
) -> None:
    entry = audit.AuditRow(
        kind="judged_again", actor=BACK_OFFICE, at=now, payload=facts, turn_id=turn_id
    )
    head = audit.Head(conversation["audit_no"], conversation["audit_hash"])
    no, sealed = audit.append(connection, conversation["id"], head, (entry,))
    conversations.save(connection, conversation, {"audit_no": no, "audit_hash": sealed})
