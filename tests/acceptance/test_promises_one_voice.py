"""P2, P3, P4, P6: one voice, verified, as decided; each tried to be broken.

A scenario is a plain function that fails with the name of its promise. ``REMOVALS`` takes out what
keeps the promise: with it gone the same scenario must fail, or it proves nothing.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from promises import Removals, promise_tests

from handrail.core.decisions import Approve, Edit
from handrail.core.drafting import Draft
from handrail.core.errors import BlockedTextError, GraphError, StaleDecisionError
from handrail.core.events import Event
from handrail.core.ids import new_id
from handrail.core.verdict import Verdict
from handrail.desk.testing import Writes, refusal
from handrail.engine import effects, finish, gate, relay, replies, runner, service
from handrail.graphs import checking
from handrail.graphs.support import support
from handrail.store import conversations, reviews
from handrail.store import tables as t

ASKS_TO_CANCEL = "Please cancel my order LF1001"
ASKS_POLICY = "What is your return policy?"


async def run_until_drafting(world: Any, drafter: Writes) -> asyncio.Task[None]:
    """Start a turn and stop it in the middle, while the draft is being written."""
    drafter.go_on.clear()
    world.use(drafter=drafter)
    accepted = await world.say(ASKS_POLICY)
    run = asyncio.create_task(world.engine.handle("conversation", accepted.conversation_id))
    await asyncio.wait_for(drafter.started.wait(), 10)
    return run


# P2: no double reply


async def p2_duplicate_event_counts_once(world: Any) -> None:
    """A webhook that is delivered twice is answered once."""
    first = await world.ask(ASKS_POLICY, name="same")
    second = await world.ask(ASKS_POLICY, name="same")
    assert second.event_id == first.event_id, "P2: a duplicate event was stored"
    assert len(world.postbox.delivered) == 1, "P2: a duplicate event was answered"


async def p2_two_people_one_reply(world: Any) -> None:
    """Two people approve at once: one wins, the other is told who."""
    await world.ask(ASKS_TO_CANCEL)
    review = await world.only_review()
    outcomes = await asyncio.gather(
        world.decide(review, Approve(), actor="kim"),
        world.decide(review, Edit(text="We will look into it."), actor="lee"),
        return_exceptions=True,
    )
    await world.work()
    assert len(world.postbox.delivered) == 1, "P2: two decisions sent two replies"
    refused = [o for o in outcomes if isinstance(o, StaleDecisionError)]
    assert len(refused) == 1, "P2: the second decision was not refused"
    assert refused[0].details["decided_by"] in ("kim", "lee"), "P2: the winner is not named"


async def p2_double_click_is_one_decision(world: Any) -> None:
    """The same decision twice is accepted twice and acted upon once."""
    await world.ask(ASKS_TO_CANCEL)
    review = await world.only_review()
    await world.decide(review, Approve())
    (again,) = await asyncio.gather(world.decide(review, Approve()), return_exceptions=True)
    await world.work()
    assert getattr(again, "duplicate", False), "P2: the second click was a second decision"
    assert len(world.postbox.delivered) == 1, "P2: a double click sent two replies"


async def p2_retry_keeps_the_idempotency_key(world: Any) -> None:
    """A delivery that is tried again carries the same key."""
    world.postbox.failures = 2
    await world.ask(ASKS_POLICY)
    for _ in range(4):
        world.clock.move(timedelta(minutes=1))
        await world.work()
    keys = {call.id for call in world.postbox.calls}
    assert len(world.postbox.calls) == 3, "P2: the delivery was not tried again"
    assert len(keys) == 1, "P2: a retry carried another idempotency key"


async def p2_late_worker_writes_nothing(world: Any) -> None:
    """A worker that was stopped and comes back after its lease ran out writes nothing."""
    drafter = Writes()
    run = await run_until_drafting(world, drafter)
    world.clock.move(gate.LEASE + timedelta(seconds=1))
    drafter.go_on.set()
    other = asyncio.create_task(world.engine.sweep())
    await other
    await world.engine.settle()  # the second worker
    await asyncio.gather(run, return_exceptions=True)
    await world.work()
    assert len(await world.replies()) == 1, "P2: the worker that came back replied too"


# P3: nothing unverified leaves


async def p3_outbox_wants_a_verdict(world: Any) -> None:
    """A send without a stored verdict on that very text is refused, and a person is asked."""
    kit = world.engine.kits.active

    class Forged:
        async def screen(self, text: str, snapshot: Any, **options: Any) -> Any:
            return await kit.verifier.screen(text, snapshot, **options)

        async def verify(self, draft: Draft, snapshot: Any, **options: Any) -> Any:
            checked = await kit.verifier.verify(draft, snapshot, **options)
            other = draft.model_copy(update={"text": f"{draft.text} And a car for 1 EUR."})
            verdict = checked.verdict.model_copy(update={"digest": other.digest})
            return checked.model_copy(update={"draft": other, "verdict": verdict})

    class Forgetful(runner.TurnJournal):
        """Keeps no verdicts, as a node would that forges one in the state."""

        def verified(self, draft: Draft, verdict: Verdict) -> None:
            del draft, verdict

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "TurnJournal", Forgetful)
        world.use(verifier=Forged())
        await world.ask(ASKS_POLICY)
    assert world.postbox.delivered == [], "P3: a text without a verdict left"
    assert (await world.only_review()).kind == "failure", "P3: nobody was told"


async def p3_graph_with_a_bypass_is_refused(world: Any) -> None:
    """A graph with a path to a send that passes no verification does not compile."""
    del world
    flow = support.build()
    flow.add_conditional_edges("detect_intent", lambda _: "now", {"now": "send_reply"})
    definition = type(support)("bypass", "1", lambda: flow, support.bounded)
    error = await refusal(asyncio.to_thread(definition.compile))
    assert isinstance(error, GraphError), "P3: a graph that can send unverified text compiled"
    assert "[P3] send_reply" in error.message, "P3: the text does not name the bypass"


async def p3_edited_text_is_verified_again(world: Any) -> None:
    """What a person edits in is judged too, and blocked where it is critical."""
    await world.ask(ASKS_TO_CANCEL)
    review = await world.only_review()
    secret = Edit(text="My password is hunter2, key sk-live-" + "a1B2" * 8)
    error = await refusal(world.decide(review, secret))
    assert isinstance(error, BlockedTextError), "P3: an edited text with a secret was accepted"
    assert error.details["findings"], "P3: the finding is not shown"
    assert world.postbox.delivered == [], "P3: a blocked text left"


# P4: a decision binds what was seen


async def p4_stale_decision_is_refused(world: Any) -> None:
    """A decision on a review that a new message made void names what happened."""
    await world.ask(ASKS_TO_CANCEL)
    seen = await world.only_review()
    await world.ask("Forget it, send it to me as planned")
    error = await refusal(world.decide(seen, Approve()))
    assert isinstance(error, StaleDecisionError), "P4: a superseded draft was approved"
    assert "customer" in error.message, "P4: the refusal does not say who was first"
    await world.work()
    assert world.postbox.delivered == [], "P4: a draft left that nobody approved as it was"


async def p4_digest_must_match(world: Any) -> None:
    """A decision on another text than the stored one is refused."""
    await world.ask(ASKS_TO_CANCEL)
    review = await world.only_review()
    unseen = world.engine.decide(
        review.id, version=review.version, digest="0" * 64, decision=Approve(), actor="kim"
    )
    error = await refusal(unseen)
    assert isinstance(error, StaleDecisionError), "P4: a text that nobody saw was approved"


# P6: the AI is silent while a person holds the conversation


async def p6_take_over_in_the_middle_of_a_run(world: Any) -> None:
    """A person takes over while the AI drafts: what it drafted does not leave."""
    drafter = Writes()
    run = await run_until_drafting(world, drafter)
    (row,) = await world.rows(t.conversations)
    await world.engine.take_over(row["id"], actor="kim")
    drafter.go_on.set()
    await asyncio.gather(run, return_exceptions=True)
    await world.work()
    assert await world.replies() == [], "P6: the AI spoke over a person"
    assert (await world.only_review()).kind == "answer", "P6: the person got no suggestion"


def _refuse(*_: Any) -> Any:
    raise RuntimeError("no audit row today")


# Taking the mechanisms out


def give_each_event_a_new_name(patch: pytest.MonkeyPatch) -> None:
    real = service.Engine.ingest

    async def renaming(self: Any, event: Event) -> Any:
        return await real(self, event.model_copy(update={"external_id": new_id("ext")}))

    patch.setattr(service.Engine, "ingest", renaming)


def accept_decisions_on_anything(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(effects, "check_open", lambda *_: None)
    patch.setattr(reviews, "close", lambda *_, **__: True)


def new_key_for_each_try(patch: pytest.MonkeyPatch) -> None:
    real: Any = relay.Outgoing
    patch.setattr(relay, "Outgoing", lambda **values: real(**{**values, "id": new_id("out")}))


def ignore_the_fencing_token(patch: pytest.MonkeyPatch) -> None:
    def locked(connection: Any, lease: Any) -> Any:
        row = conversations.locked(connection, lease.conversation_id)
        return {**row, "holder": lease.row["holder"]}

    patch.setattr(finish.gate, "locked", locked)


def ask_for_no_verdict(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(replies, "_stored_outcome", lambda *_: "clean")


def allow_bypasses(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(checking, "_unverified_sends", lambda _: ())


def block_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(service, "block", lambda *_: None)


REMOVALS: Removals = {
    p2_duplicate_event_counts_once: give_each_event_a_new_name,
    p2_two_people_one_reply: accept_decisions_on_anything,
    p2_double_click_is_one_decision: give_each_event_a_new_name,
    p2_retry_keeps_the_idempotency_key: new_key_for_each_try,
    p2_late_worker_writes_nothing: ignore_the_fencing_token,
    p3_outbox_wants_a_verdict: ask_for_no_verdict,
    p3_graph_with_a_bypass_is_refused: allow_bypasses,
    p3_edited_text_is_verified_again: block_nothing,
    p4_stale_decision_is_refused: accept_decisions_on_anything,
    p4_digest_must_match: accept_decisions_on_anything,
    p6_take_over_in_the_middle_of_a_run: ignore_the_fencing_token,
}


test_promise, test_promise_needs_its_mechanism = promise_tests(REMOVALS)
