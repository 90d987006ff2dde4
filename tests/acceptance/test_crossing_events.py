"""Events that cross each other: found by simulated people, kept here one by one."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from handrail.core.decisions import Approve, Respond, TakeOver
from handrail.core.drafting import Draft
from handrail.core.ports import DraftRequest
from handrail.desk.invariants import broken, check_invariants
from handrail.desk.testing import World, Writes
from handrail.store import tables as t

ASKS_TO_CANCEL = "Please cancel my order LF1001"
ASKS_POLICY = "What is your return policy?"


class FailsOnce(Writes):
    """Fails at the first draft, after the pause that is wanted."""

    failed = False

    async def draft(self, request: DraftRequest) -> Draft:
        draft = await super().draft(request)
        if not self.failed:
            self.failed = True
            raise ConnectionError("the model is away")
        return draft


async def test_a_suggestion_can_be_approved(world: World) -> None:
    """Its draft is known already, from the turn that suggested it."""
    await world.ask("I want to talk to a human about your return policy")
    review = await world.only_review()
    assert review.kind == "answer"
    assert review.draft is not None
    await world.decide(review, Approve())
    await world.work()
    assert await world.engine.reviews() == ()
    assert world.postbox.delivered == [review.draft.text]


async def test_a_message_during_a_turn_that_fails_is_in_the_next_try(world: World) -> None:
    drafter = FailsOnce()
    drafter.go_on.clear()
    world.use(drafter=drafter)
    accepted = await world.say(ASKS_POLICY)
    run = asyncio.create_task(world.engine.handle("conversation", accepted.conversation_id))
    await asyncio.wait_for(drafter.started.wait(), 10)
    await world.say("How long do I have to return the lantern?")
    drafter.go_on.set()
    await run  # an error here would leave the conversation to whoever waits for its lease
    await world.work()
    assert world.postbox.delivered == [drafter.text]
    assert await world.engine.reviews() == ()


async def test_a_message_between_a_decision_and_its_run_is_answered(world: World) -> None:
    await world.ask(ASKS_TO_CANCEL)
    await world.decide(await world.only_review(), Approve())
    await world.say(ASKS_POLICY)
    await world.work()
    assert len(world.postbox.delivered) == 2
    assert "30 days" in world.postbox.delivered[1]
    assert await world.engine.reviews() == ()


async def test_a_reply_behind_another_is_no_work_yet(world: World) -> None:
    """The first can still be called back; until it has left, the second waits."""
    await world.ask(ASKS_TO_CANCEL)
    await world.decide(await world.only_review(), Approve())
    await world.say(ASKS_POLICY)
    await world.engine.settle()  # without an end, where the second counts as work
    assert world.postbox.calls == []
    world.clock.move(timedelta(seconds=30))
    await world.engine.settle()
    assert len(world.postbox.delivered) == 2


async def test_what_was_never_delivered_has_answered_nothing(world: World) -> None:
    """The customer asks something else while a failed delivery waits for a person."""
    world.postbox.failures = 8
    await world.ask(ASKS_TO_CANCEL)
    await world.decide(await world.only_review(), Respond(text="I look into it for you now."))
    for _ in range(12):
        world.clock.move(timedelta(minutes=15))
        await world.work()
    assert (await world.only_review()).reason == "failure:delivery"
    await world.ask(ASKS_POLICY)
    assert world.postbox.delivered == [], "the first question was passed over"
    assert (await world.only_review()).reason == "mode:supervised"


async def test_words_that_never_arrived_are_no_reason_to_wait(world: World) -> None:
    """A person's reply gets lost, and they give the conversation back to the AI."""
    accepted = await world.ask(ASKS_TO_CANCEL)
    await world.decide(await world.only_review(), TakeOver())
    await world.work()
    world.postbox.failures = 8
    await world.engine.write(accepted.conversation_id, "I look into it for you now.", actor="kim")
    for _ in range(12):
        await world.wait(timedelta(minutes=15))
    assert (await world.only_review()).reason == "failure:delivery"
    await world.engine.hand_back(accepted.conversation_id, actor="kim")
    await world.work()
    assert (await world.only_review()).reason == "mode:supervised", "nobody answers"
    facts = await world.engine.database.read(check_invariants)
    assert broken(facts) == []


async def test_a_review_that_a_newer_one_replaces_is_on_record(world: World) -> None:
    """A reply is called back while the next question waits for a person already."""
    await world.ask(ASKS_TO_CANCEL)
    await world.decide(await world.only_review(), Approve())
    await world.engine.settle()
    await world.say("Please cancel my order LF1001 today")
    await world.engine.settle()
    first = await world.only_review()
    (row,) = await world.rows(t.outbox)
    await world.engine.recall(row["id"], actor="kim")
    await world.work()
    assert (await world.only_review()).kind == "undone"
    noted = [r["payload"] for r in await world.rows(t.audit_events) if r["kind"] == "superseded"]
    assert {"review_id": first.id, "cause": "newer_review"} in noted


async def test_a_clock_a_little_behind_keeps_the_undo_window(world: World) -> None:
    await world.ask(ASKS_TO_CANCEL)
    await world.decide(await world.only_review(), Approve())
    await world.engine.runner.advance((await world.rows(t.conversations))[0]["id"])
    world.clock.move(timedelta(milliseconds=-50))
    await world.engine.settle()
    assert world.postbox.calls == []
