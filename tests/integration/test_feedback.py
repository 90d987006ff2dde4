"""What people say of findings is kept per rule, and counted with what became of the others."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from handrail.core.verdict import Finding, RepairStep
from handrail.store import audit
from handrail.store import tables as t
from handrail.store.judgements import ladder

SUPERVISED = "I would like a refund for order LF1003"


async def review_with_finding(door: Any) -> tuple[Any, Finding]:
    """A review whose draft has a finding and was repaired once, as a run would have stored it."""
    review = await door.waiting(await door.customer("cust_003"), SUPERVISED)
    text = review.draft.text
    finding = Finding(
        check="tone.brand", rule="blame", severity="critical", start=0, end=4, message="Blames."
    )
    mended = finding.model_copy(update={"rule": "slang", "severity": "low"})
    report = review.verdict.report.model_copy(update={"findings": (finding,)})
    verdict = review.verdict.model_copy(
        update={
            "report": report,
            "repairs": (RepairStep(before=f"gonna {text}", after=text, findings=(mended,)),),
        }
    )
    body = verdict.model_dump(mode="json")

    def store(connection: Any) -> None:
        connection.execute(
            t.reviews.update().where(t.reviews.c.id == review.id).values(verdict=body)
        )
        connection.execute(
            t.verdicts.update()
            .where(t.verdicts.c.turn_id == review.turn_id)
            .values(body=body, outcome="critical")
        )

    await door.engine.database.write(store)
    return await door.engine.review(review.id), finding


async def test_a_dismissal_is_kept_audited_and_counted(door: Any) -> None:
    review, finding = await review_with_finding(door)
    path = f"/api/v1/reviews/{review.id}/feedback"
    body = {"check": "tone.brand", "rule": "blame", "start": 0, "reason": "It quotes the customer"}
    ana, ben = await door.agent("Ana"), await door.agent("Ben")
    first = await ana.post(path, json=body)
    assert first.status_code == 200, first.text
    again = (await ana.post(path, json=body)).json()
    assert (first.json()["duplicate"], again["duplicate"]) == (False, True)
    assert (await ben.post(path, json=body)).json()["duplicate"] is False
    card = (await ana.get(f"/desk/reviews/{review.id}")).text
    assert "Ben called this not right: It quotes the customer" in card
    assert "How this text came about" in card
    assert "<del>gonn</del>" not in card
    said = await door.engine.dismissals(review.id)
    assert [(one.actor, one.check, one.rule) for one in said] == [
        ("Ana", "tone.brand", "blame"),
        ("Ben", "tone.brand", "blame"),
    ]
    (tally,) = [one for one in await door.engine.guardrail_tallies() if one.rule == "blame"]
    assert (tally.judged, tally.fired, tally.blocked, tally.dismissed) == (1, 1, 1, 1)
    assert tally.overridden == 0
    query = select(t.audit_events.c.payload, t.audit_events.c.actor).where(
        t.audit_events.c.kind == "finding_dismissed"
    )
    rows = door.engine.database.read_now(lambda c: c.execute(query).all())
    assert [(row.payload["finding"], row.actor) for row in rows] == [
        (finding.key, "Ana"),
        (finding.key, "Ben"),
    ]
    assert all("quotes" not in str(row.payload) for row in rows)
    assert door.engine.database.read_now(audit.verify) == []
    fresh = await door.engine.review(review.id)
    assert (fresh.status, fresh.version) == ("open", review.version)


async def test_an_acknowledged_finding_is_an_override_and_repairs_are_counted(door: Any) -> None:
    review, finding = await review_with_finding(door)
    ana = await door.agent("Ana")
    answer = await ana.post(
        f"/api/v1/reviews/{review.id}/decide",
        json={
            "version": review.version,
            "digest": review.draft.digest,
            "decision": {"kind": "approve", "acknowledge": [finding.key]},
        },
    )
    assert answer.status_code == 200, answer.text
    await door.engine.settle()
    tallies = {one.rule: one for one in await door.engine.guardrail_tallies()}
    assert (tallies["blame"].overridden, tallies["blame"].blocked) == (1, 0)
    assert (tallies["slang"].fired, tallies["slang"].repaired) == (1, 1)
    assert await door.engine.guardrail_tallies(release="rel_other") == ()


async def test_only_a_finding_that_is_there_can_be_dismissed_and_with_a_reason(door: Any) -> None:
    review, _ = await review_with_finding(door)
    path = f"/api/v1/reviews/{review.id}/feedback"
    good = {"check": "tone.brand", "rule": "blame", "start": 0, "reason": "Wrong"}
    ana = await door.agent("Ana")
    for change, status in (
        ({"start": 3}, 422),
        ({"rule": "other"}, 422),
        ({"reason": "  "}, 422),
        ({"colour": 1}, 422),
    ):
        answer = await ana.post(path, json={**good, **change})
        assert answer.status_code == status, answer.text
    assert (await ana.post("/api/v1/reviews/none/feedback", json=good)).status_code == 404
    del ana.headers["X-CSRF"]
    assert (await ana.post(path, json=good)).status_code == 403
    assert await door.engine.dismissals(review.id) == ()


async def test_the_ladder_tells_each_step(door: Any) -> None:
    review, _ = await review_with_finding(door)
    steps = ladder(await door.engine.judgements(review.conversation_id))
    assert [(step.kind, step.outcome) for step in steps] == [
        ("drafted", None),
        ("repaired", review.verdict.outcome),
    ]
    assert steps[0].text == f"gonna {review.draft.text}"
    assert steps[1].text == review.draft.text
    assert [finding.rule for finding in steps[1].findings] == ["slang"]
