"""A draft that waits for a person is judged again when a back office tells what was done."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from handrail.core.conversation import ActionNotice
from handrail.core.decisions import Approve, Edit, Review
from handrail.core.errors import BlockedTextError, StaleDecisionError
from handrail.desk.cards import load_card
from handrail.desk.invariants import broken, check_invariants
from handrail.desk.testing import World, Writes, refusal
from handrail.store import audit

CANCEL = "Please cancel my order LF1001"
CANCELLED = "Your order LF1001 has been cancelled."
NOT_DONE = "act.claim:not_done"


def notice(world: World, name: str, action: str, **changes: Any) -> ActionNotice:
    told: dict[str, Any] = {
        "id": name,
        "customer_id": "cust_001",
        "action": action,
        "record_kind": "order",
        "record": "LF1001",
        "at": world.clock.now(),
    }
    return ActionNotice(**{**told, **changes})


def keys(review: Review) -> set[str]:
    assert review.verdict is not None
    return {finding.key for finding in review.verdict.report.findings}


async def waiting(world: World, text: str = CANCELLED) -> Review:
    """A draft that waits for a person."""
    world.use(drafter=Writes(text))
    await world.ask(CANCEL)
    return await world.only_review()


async def kept(world: World) -> None:
    """The audit chain holds, and so does every promise."""
    assert await world.engine.database.read(audit.verify) == []
    assert broken(await world.engine.database.read(check_invariants)) == []


async def test_what_is_done_by_now_needs_no_tick(world: World) -> None:
    review = await waiting(world)
    assert NOT_DONE in keys(review)
    assert isinstance(await refusal(world.decide(review, Approve())), BlockedTextError)
    last = await world.engine.last_change()
    await world.engine.tell_action(notice(world, "a1", "cancel_order"))
    fresh = await world.only_review()
    assert NOT_DONE not in keys(fresh)
    assert fresh.verdict is not None
    (statement,) = fresh.verdict.report.claims
    assert (statement.support, statement.evidence[0].source) == ("supported", "action:a1")
    told = [change.kind for change in await world.engine.changes_after(last)]
    assert told == ["action", "review"], "the desk loads it anew"
    card = await load_card(world.engine, world.clock.now(), review_id=review.id)
    assert card.change() == "Judged again by what was done for the customer"
    (entry,) = await world.audited("judged_again")
    assert (entry["review_id"], entry["version"]) == (review.id, review.version)
    assert NOT_DONE not in entry["findings"]
    await world.decide(fresh, Approve())
    await world.work()
    assert world.postbox.delivered == [CANCELLED]
    await kept(world)


async def test_a_decision_on_the_graver_findings_from_before_is_as_good(world: World) -> None:
    review = await waiting(world)
    assert review.verdict is not None
    ticked = Approve(acknowledge=tuple(review.verdict.critical_keys))
    await world.engine.tell_action(notice(world, "a1", "cancel_order"))
    await world.decide(review, ticked)
    await world.work()
    assert world.postbox.delivered == [CANCELLED]
    await kept(world)


async def test_a_decision_from_before_something_new_was_found_is_refused(world: World) -> None:
    await world.engine.tell_action(notice(world, "a1", "cancel_order"))
    review = await waiting(world)
    assert NOT_DONE not in keys(review)
    world.clock.move(timedelta(minutes=1))
    await world.engine.tell_action(notice(world, "a2", "reinstate_order"))
    for decision in (Approve(), Approve(acknowledge=(NOT_DONE,)), Edit(text="Hello.")):
        error = await refusal(world.decide(review, decision))
        assert isinstance(error, StaleDecisionError)
        assert "judged again" in error.message
        assert error.details["change"] == "judge"
    fresh = await world.only_review()
    assert (fresh.id, fresh.version, fresh.digest) == (review.id, review.version + 1, review.digest)
    assert NOT_DONE in keys(fresh)
    assert isinstance(await refusal(world.decide(fresh, Approve())), BlockedTextError)
    await world.decide(fresh, Approve(acknowledge=(NOT_DONE,)))
    await world.work()
    assert world.postbox.delivered == [CANCELLED]
    await kept(world)


@pytest.mark.parametrize(
    "changes",
    [
        {"customer_id": "cust_002", "record_kind": None, "record": None},
        {"action": "send_mail", "text": "Which order do you mean?"},
    ],
)
async def test_what_has_nothing_to_do_with_a_draft_leaves_its_review(
    world: World, changes: dict[str, Any]
) -> None:
    review = await waiting(world, changes.get("text", CANCELLED))
    rest = {name: value for name, value in changes.items() if name not in ("text", "action")}
    action = changes.get("action", "cancel_order")
    await world.engine.tell_action(notice(world, "a1", action, **rest))
    assert await world.only_review() == review
    assert await world.audited("judged_again") == []


async def test_what_is_done_while_the_draft_is_written_counts(world: World) -> None:
    slow = Writes(CANCELLED)
    slow.go_on.clear()
    world.use(drafter=slow)
    await world.say(CANCEL)
    turn = asyncio.create_task(world.engine.settle())
    await slow.started.wait()
    await world.engine.tell_action(notice(world, "a1", "cancel_order"))
    slow.go_on.set()
    await turn
    review = await world.only_review()
    assert NOT_DONE not in keys(review)
    assert len(await world.audited("judged_again")) == 1
    await kept(world)


async def test_actions_that_are_told_at_once_all_count(world: World) -> None:
    review = await waiting(world, f"{CANCELLED} I have refunded 20.00 USD for your order LF1001.")
    paid = notice(world, "a2", "refund_order", amount="20.00", currency="USD")
    tell = world.engine.tell_action
    await asyncio.gather(tell(notice(world, "a1", "cancel_order")), tell(paid))
    fresh = await world.only_review()
    assert NOT_DONE not in keys(fresh)
    assert fresh.version == review.version
    await kept(world)
