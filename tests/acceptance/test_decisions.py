"""What each decision of a person does, from the review to the customer."""

from __future__ import annotations

import pytest

from handrail.core.decisions import CorrectIntent, Edit, Note, Reject, Respond
from handrail.core.errors import BlockedTextError, NotAllowedError
from handrail.desk.testing import World
from handrail.store import tables as t

CANCEL = "Please cancel my order LF1001"
INVENTED = "Order LF1001 is cancelled and I refunded 999.00 USD to your card."


async def test_a_corrected_intent_is_answered_under_its_own_mode(world: World) -> None:
    await world.ask(CANCEL)
    await world.decide(await world.only_review(), CorrectIntent(intent="return_policy"))
    await world.work()
    assert await world.engine.reviews() == ()
    (text,) = world.postbox.delivered
    assert "30 days" in text
    (turn,) = await world.rows(t.turns)
    assert (turn["intent"], turn["mode"], turn["status"]) == ("return_policy", "autonomous", "done")


async def test_critical_findings_are_sent_only_when_each_is_acknowledged(world: World) -> None:
    await world.ask(CANCEL)
    review = await world.only_review()
    with pytest.raises(BlockedTextError) as blocked:
        await world.decide(review, Edit(text=INVENTED))
    missing = tuple(blocked.value.details["missing"])
    assert {"act.claim:not_done"} <= set(missing)
    with pytest.raises(BlockedTextError):
        await world.decide(review, Edit(text=INVENTED, acknowledge=missing[:1]))
    await world.decide(review, Edit(text=INVENTED, acknowledge=missing))
    await world.work()
    assert world.postbox.delivered == [INVENTED]
    (row,) = [r for r in await world.rows(t.audit_events) if r["kind"] == "decided"]
    assert row["payload"]["decision"]["acknowledge"] == list(missing)


async def test_a_rejected_draft_is_not_offered_again(world: World) -> None:
    await world.ask(CANCEL)
    first = await world.only_review()
    await world.decide(first, Reject(reason="too curt"))
    await world.work()
    second = await world.only_review()
    assert first.draft is not None
    assert second.draft is None or second.draft.text != first.draft.text
    await world.decide(second, Respond(text="I am looking into it for you."))
    await world.work()
    assert world.postbox.delivered == ["I am looking into it for you."]


async def test_a_note_is_for_the_team_and_leaves_the_review_open(world: World) -> None:
    accepted = await world.ask(CANCEL)
    review = await world.only_review()
    await world.decide(review, Note(text="called the warehouse"))
    await world.work()
    assert [r.id for r in await world.engine.reviews()] == [review.id]
    mine = await world.engine.messages(accepted.conversation_id, customer_view=False)
    theirs = await world.engine.messages(accepted.conversation_id, customer_view=True)
    assert [m.text for m in mine if m.role == "note"] == ["called the warehouse"]
    assert [m.text for m in theirs] == [CANCEL]


async def test_a_decision_that_is_not_possible_names_those_that_are(world: World) -> None:
    await world.ask("I want to talk to a human")
    review = await world.only_review()
    assert review.reason == "human_request"
    with pytest.raises(NotAllowedError, match="possible are"):
        await world.decide(review, Edit(text="Hello"))
