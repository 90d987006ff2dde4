"""Snooze, escalate, ask the customer, and decisions that race with a clock.

``REMOVALS`` takes out what keeps each promise: with it gone the same scenario must fail.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from promises import Removals, promise_tests

from handrail.core.decisions import (
    Approve,
    AskCustomer,
    Escalate,
    Snooze,
)
from handrail.core.errors import (
    BlockedTextError,
    NotAllowedError,
    StaleDecisionError,
)
from handrail.core.events import TimerFired
from handrail.desk.testing import ROUND_THE_CLOCK, World, refusal
from handrail.engine import deadlines, effects, ingest, plan, timeouts
from handrail.playbook.models import OtherTeam, Team
from handrail.store import conversations, reviews
from handrail.store import tables as t

CANCEL = "Please cancel my order LF1001"
POLICY = "What is your return policy?"
HOLDING = "We are still working on it; the answer comes here."
HOUR = timedelta(hours=1)
CLOCKS: dict[str, Any] = {
    "holding_reply": HOLDING,
    "teams": {
        "support": Team(
            hours=ROUND_THE_CLOCK,
            review_minutes=60,
            remind_minutes=40,
            fallback=OtherTeam(other_team="claims"),
        ),
        "claims": Team(hours=ROUND_THE_CLOCK, review_minutes=120, fallback="holding_reply"),
        "leads": Team(hours=ROUND_THE_CLOCK, review_minutes=30),
    },
}


def waits(fallback: Any) -> dict[str, Any]:
    """One team, round the clock, that has an hour."""
    team = Team(hours=ROUND_THE_CLOCK, review_minutes=60, fallback=fallback)
    return {"teams": {"support": team}, "holding_reply": HOLDING}


async def snooze_stops_the_clock(world: World) -> None:
    """Out of the queue until then, with the time that was left when it comes back."""
    world.play(**CLOCKS)
    await world.ask(CANCEL)
    seen = await world.only_review()
    assert seen.due_at is not None
    left = seen.due_at - world.clock.now()
    await world.decide(seen, Snooze(minutes=300))
    assert await world.engine.reviews() == (), "CLOCKS: a snoozed review is in the queue"
    (snoozed,) = await world.engine.reviews(status="snoozed")
    until = world.clock.now() + timedelta(minutes=300)
    assert snoozed.snoozed_until == until
    assert snoozed.due_at == until + left, "CLOCKS: the due clock ran on while it slept"
    await world.wait(timedelta(minutes=299))
    assert await world.engine.reviews() == ()
    assert await world.audited("reminded") == []
    assert isinstance(await refusal(world.decide(seen, Approve())), StaleDecisionError)
    await world.wait(timedelta(minutes=1))
    back = await world.only_review()
    assert (back.id, back.snoozed_until, back.change) == (seen.id, None, "wake")
    await world.wait(timedelta(minutes=42))
    assert (await world.only_review()).reminded_at is not None, "CLOCKS: its reminder is lost"
    await world.decide(await world.only_review(), Approve())
    await world.work()
    assert len(world.postbox.delivered) == 1


async def message_ends_a_snooze(world: World) -> None:
    """The customer is not kept waiting by a snooze."""
    world.play(**CLOCKS)
    await world.ask(CANCEL)
    seen = await world.only_review()
    await world.decide(seen, Snooze(until=world.clock.now() + 24 * HOUR))
    await world.ask("Are you there?")
    before = await world.engine.review(seen.id)
    assert (before.status, before.decision) == ("superseded", "new_message"), (
        "CLOCKS: a message waited for a snooze"
    )
    assert (await world.only_review()).id != seen.id, "CLOCKS: a message waited for a snooze"
    await world.wait(25 * HOUR)
    assert await world.audited("snooze_over") == []


async def escalation_moves_the_review_to_another_team(world: World) -> None:
    """Another team, its due time, its note; the claim is free and the graph still waits."""
    world.play(**CLOCKS)
    accepted = await world.ask(CANCEL)
    seen = await world.only_review()
    await world.engine.claim(seen.id, actor="kim")
    await world.decide(seen, Escalate(team="leads", note="asks for more than I may give"))
    moved = await world.only_review()
    assert (moved.id, moved.team, moved.claimed_by) == (seen.id, "leads", None), (
        "CLOCKS: the review is not the other team's"
    )
    assert moved.due_at == world.clock.now() + timedelta(minutes=30)
    notes = await world.engine.messages(accepted.conversation_id, customer_view=False)
    assert [m.text for m in notes if m.role == "note"] == ["asks for more than I may give"]
    error = await refusal(world.decide(seen, Approve(), actor="lee"))
    assert isinstance(error, StaleDecisionError), "P4: a decision on what was escalated"
    assert "kim" in error.message
    for wrong in ("leads", "nobody"):
        assert isinstance(await refusal(world.decide(moved, Escalate(team=wrong))), NotAllowedError)
    await world.decide(moved, Approve(), actor="lee")
    await world.work()
    assert len(world.postbox.delivered) == 1
    kinds = [row["decision"]["kind"] for row in await world.audited("decided")]
    assert kinds == ["escalate", "approve"]


async def escalated_matter_stays_with_its_team(world: World) -> None:
    """The customer's next words on it do not throw it back to the team that passed it on."""
    world.play(**CLOCKS)
    await world.ask(CANCEL)
    await world.decide(await world.only_review(), Escalate(team="leads"))
    await world.ask("Please cancel it soon")
    review = await world.only_review()
    assert (review.version, review.team) == (1, "leads"), "CLOCKS: an escalation was forgotten"
    await world.decide(review, Approve())
    await world.ask("Please cancel my order LF1001 now")
    assert (await world.only_review()).team == "support", "CLOCKS: escalated for ever"


async def question_back_keeps_the_matter(world: World) -> None:
    """The question is sent verified; what the customer then writes is drafted with the matter."""
    world.play(**CLOCKS)
    await world.ask(CANCEL)
    seen = await world.only_review()
    leak = AskCustomer(text="Is sk-live-" + "a1B2" * 8 + " your key?")
    assert isinstance(await refusal(world.decide(seen, leak)), BlockedTextError)
    question = "Would you rather have it sent later?"
    await world.decide(seen, AskCustomer(text=question))
    await world.work()
    assert world.postbox.delivered == [question], "CLOCKS: the question did not leave"
    assert await world.engine.reviews() == (), "CLOCKS: people wait for themselves"
    await world.ask("No, not later")
    review = await world.only_review()
    turn = next(r for r in await world.rows(t.turns) if r["id"] == review.turn_id)
    assert turn["intent"] == "cancel_order", "CLOCKS: the answer alone was drafted for"


async def question_in_a_held_conversation(world: World) -> None:
    """Where people answer, a question leaves the same way; handed back, the AI waits for it."""
    world.play(**CLOCKS)
    accepted = await world.ask("I want to talk to a human")
    question = "What is it about, please?"
    await world.decide(await world.only_review(), AskCustomer(text=question))
    await world.work()
    await world.engine.hand_back(accepted.conversation_id, actor="kim")
    await world.work()
    assert world.postbox.delivered == [question]
    assert await world.engine.reviews() == (), "CLOCKS: the AI did not wait for the answer"
    await world.ask("The return of my tent")
    assert (await world.only_review()).reason == "human_request", "CLOCKS: the matter is lost"


async def decision_before_the_lapse(world: World) -> None:
    """A decision that is stored first leaves the timer nothing to do."""
    world.play(**waits("holding_reply"))
    await world.ask(CANCEL)
    seen = await world.only_review()
    world.clock.move(HOUR)
    await world.decide(seen, Approve())
    await world.work()
    assert seen.draft is not None
    assert world.postbox.delivered == [seen.draft.text], "CLOCKS: both won"
    assert await world.audited("lapsed") == [], "CLOCKS: a decided review lapsed"


async def lapse_before_the_decision(world: World) -> None:
    """A decision that comes second is told what happened."""
    world.play(**CLOCKS)
    await world.ask(CANCEL)
    seen = await world.only_review()
    world.clock.move(HOUR)
    await world.engine.clocks.fire()
    error = await refusal(world.decide(seen, Approve()))
    assert isinstance(error, StaleDecisionError), "P4: a decision on a review that had moved"
    assert "due" in error.message, "P4: the refusal does not say what happened"
    assert error.details["change"] == "lapse"
    assert world.postbox.delivered == []


async def snooze_end_before_the_decision(world: World) -> None:
    """The end of a snooze is a change like others."""
    world.play(**CLOCKS)
    await world.ask(CANCEL)
    await world.decide(await world.only_review(), Snooze(minutes=10))
    (seen,) = await world.engine.reviews(status="snoozed")
    world.clock.move(timedelta(minutes=10))
    await world.engine.clocks.fire()
    error = await refusal(world.decide(seen, Approve()))
    assert isinstance(error, StaleDecisionError), "P4: the end of the snooze was not seen"
    assert "snooze ended" in error.message


async def decision_before_the_snooze_end(world: World) -> None:
    """A snoozed review can be decided; its end then finds nothing."""
    world.play(**CLOCKS)
    await world.ask(CANCEL)
    await world.decide(await world.only_review(), Snooze(minutes=10))
    (seen,) = await world.engine.reviews(status="snoozed")
    world.clock.move(timedelta(minutes=10))
    await world.decide(seen, Approve())
    await world.work()
    assert len(world.postbox.delivered) == 1
    assert await world.audited("snooze_over") == [], "CLOCKS: both won"


async def lapse_and_decision_at_once(world: World) -> None:
    """Whoever gets the row lock first; never both."""
    world.play(**CLOCKS)
    await world.ask(CANCEL)
    seen = await world.only_review()
    world.clock.move(HOUR)
    outcome, _ = await asyncio.gather(
        refusal(world.decide(seen, Approve())), world.engine.clocks.fire()
    )
    await world.work()
    lapsed = len(await world.audited("lapsed"))
    refused = isinstance(outcome, StaleDecisionError)
    assert (lapsed, len(world.postbox.delivered)) == ((1, 0) if refused else (0, 1)), (
        "CLOCKS: both won, or neither"
    )


async def answer_overtakes_the_holding_reply(world: World) -> None:
    """Decided between the lapse and its holding reply: only the answer leaves."""
    world.play(**waits("holding_reply"))
    await world.ask(CANCEL)
    world.clock.move(HOUR)
    await world.engine.clocks.fire()
    review = await world.only_review()
    await world.decide(review, Approve())
    await world.work()
    assert review.draft is not None
    assert world.postbox.delivered == [review.draft.text], "CLOCKS: told to wait after the answer"


async def test_a_snooze_is_for_later(world: World) -> None:
    await world.ask(CANCEL)
    review = await world.only_review()
    with pytest.raises(NotAllowedError, match="ahead"):
        await world.decide(review, Snooze(until=world.clock.now()))
    with pytest.raises(ValueError, match="either minutes or until"):
        Snooze()


# Taking the mechanisms out


def let_the_clock_run_on(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(deadlines, "worked_between", lambda *_: timedelta(0))
    patch.setattr(deadlines, "due_after", lambda _h, start, length: start + _length(length))


def _length(length: int | timedelta) -> timedelta:
    return length if isinstance(length, timedelta) else timedelta(minutes=length)


def supersede_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ingest, "supersede", lambda *_, **__: None)


def keep_the_old_team(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(timeouts, "move_to_team", lambda _c, _h, row, *_: {"team": row["team"]})
    patch.setattr(deadlines, "move_to_team", lambda _c, _h, row, *_: {"team": row["team"]})


def forget_what_was_voided(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reviews, "voided", lambda *_: None)


def question_answers(patch: pytest.MonkeyPatch) -> None:
    real = conversations.unanswered

    def until_any_reply(history: Any) -> Any:
        return real(tuple(m.model_copy(update={"answers": True}) for m in history))

    patch.setattr(plan, "unanswered", until_any_reply)


def go_on_after_a_question(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(plan, "awaits_reply", conversations.unanswered)


def act_on_closed_reviews(patch: pytest.MonkeyPatch) -> None:
    inner: Any = timeouts
    real = inner._on_review

    def always(connection: Any, change: Any, body: TimerFired, now: datetime) -> None:
        real(connection, change, body, reviews.row_of(connection, body.subject), now)

    patch.setattr(reviews, "is_open", lambda *_: True)
    patch.setattr(effects, "apply_timer", always)


def accept_decisions_on_anything(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(effects, "check_open", lambda *_: None)
    patch.setattr(reviews, "close", lambda *_, **__: True)


def hold_whatever_happens(patch: pytest.MonkeyPatch) -> None:
    inner: Any = plan
    real = inner._holding

    def always(lease: Any, event: Any) -> Any:
        row = {**lease.row, "holder": "waiting"}
        return real(replace(lease, events=(event,), row=row), event)

    patch.setattr(plan, "_holding", always)


REMOVALS: Removals = {
    snooze_stops_the_clock: let_the_clock_run_on,
    message_ends_a_snooze: supersede_nothing,
    escalation_moves_the_review_to_another_team: keep_the_old_team,
    escalated_matter_stays_with_its_team: forget_what_was_voided,
    question_back_keeps_the_matter: question_answers,
    question_in_a_held_conversation: go_on_after_a_question,
    decision_before_the_lapse: act_on_closed_reviews,
    lapse_before_the_decision: accept_decisions_on_anything,
    snooze_end_before_the_decision: accept_decisions_on_anything,
    decision_before_the_snooze_end: act_on_closed_reviews,
    answer_overtakes_the_holding_reply: hold_whatever_happens,
}


test_promise, test_promise_needs_its_mechanism = promise_tests(
    REMOVALS, lapse_and_decision_at_once, says=r"^(P\d+|CLOCKS): "
)
