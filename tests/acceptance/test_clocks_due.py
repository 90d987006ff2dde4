"""Due times: teams, reminders, lapses and what follows; each tried to be broken.

``REMOVALS`` takes out what keeps each promise: with it gone the same scenario must fail.
"""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from promises import Removals, promise_tests

from handrail.core.decisions import (
    Approve,
    Reject,
    Respond,
)
from handrail.core.errors import (
    ClaimedError,
    RoleError,
)
from handrail.core.events import TimerFired
from handrail.desk.invariants import broken, check_invariants
from handrail.desk.testing import ROUND_THE_CLOCK, World, open_world, refusal
from handrail.engine import clocks, deadlines, effects, finish, plan, timeouts
from handrail.engine.roles import CLAIM
from handrail.engine.versions import Graphs
from handrail.guardrails.suite import CheckSuite
from handrail.nodes import draft_holding
from handrail.playbook.models import OtherTeam, Playbook, Team
from handrail.playbook.wording import say
from handrail.store import reviews, timers
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


async def review_has_its_team_and_time(world: World) -> None:
    """An intent's review goes to its team, whose hours make it due."""
    intents = dict(world.engine.kits.active.release.playbook.intents)
    intents["cancel_order"] = intents["cancel_order"].model_copy(update={"team": "claims"})
    world.play(**CLOCKS, intents=intents)
    asked = world.clock.now()
    await world.ask(CANCEL)
    review = await world.only_review()
    assert review.team == "claims", "CLOCKS: the review went to another team than the intent's"
    assert review.due_at == asked + 2 * HOUR, "CLOCKS: the due time is not that team's"
    await world.decide(review, Reject(reason="kinder"))
    await world.work()
    again = await world.only_review()
    assert (again.team, again.intent) == ("claims", "cancel_order"), (
        "CLOCKS: a redraft lost its team"
    )


async def reminder_is_shown_and_refuses_nobody(world: World) -> None:
    """Before the due time the desk is told; a decision on the page seen before still counts."""
    world.play(**CLOCKS)
    await world.ask(CANCEL)
    seen, before = await world.only_review(), await world.engine.last_change()
    await world.wait(timedelta(minutes=41))
    review = await world.only_review()
    assert review.reminded_at is not None, "CLOCKS: no reminder"
    told = await world.engine.changes_after(before)
    assert ("review", seen.id) in [(c.kind, c.review_id) for c in told], (
        "CLOCKS: the desk was not told of the reminder"
    )
    assert await world.audited("reminded") == [{"review_id": seen.id, "team": "support"}]
    await world.decide(seen, Approve())
    await world.work()
    assert len(world.postbox.delivered) == 1, "CLOCKS: a reminder refused the decision"


async def lapse_offers_the_review_to_others(world: World) -> None:
    """The claim is broken, and who let it lapse is not offered it again."""
    world.play(**waits("keep_waiting"))
    await world.ask(CANCEL)
    review = await world.only_review()
    await world.engine.claim(review.id, actor="kim")
    await world.wait(HOUR)
    lapsed = await world.only_review()
    assert lapsed.claimed_by is None, "CLOCKS: the claim outlived the due time"
    error = await refusal(world.engine.claim(review.id, actor="kim"))
    assert isinstance(error, ClaimedError), "CLOCKS: offered to who let it lapse"
    assert "another person" in error.message
    assert "force" in error.message
    assert (await world.engine.claim(review.id, actor="lee")).claimed_by == "lee"
    barred = await refusal(world.engine.claim(review.id, actor="kim", force=True))
    assert isinstance(barred, RoleError), "CLOCKS: force broke a claim that no lead broke"
    world.clock.move(CLAIM)
    forced = await world.engine.claim(review.id, actor="kim", force=True)
    assert forced.claimed_by == "kim"
    assert (await world.engine.claim(review.id, actor="kim")).claimed_by == "kim"
    assert [row["by"] for row in await world.audited("lapsed")] == ["kim"]
    await world.wait(5 * HOUR)
    assert len(await world.audited("lapsed")) == 1, "CLOCKS: it lapsed twice"
    assert world.postbox.delivered == []


async def holding_reply_leaves_once_and_the_graph_waits_on(world: World) -> None:
    """The customer is told once per wait; the paused graph goes on as if nothing had been."""
    world.play(**waits("holding_reply"))
    await world.ask(CANCEL)
    await world.wait(HOUR)
    assert world.postbox.delivered == [HOLDING], "CLOCKS: no holding reply"
    first = await world.only_review()
    assert first.interrupt_id is not None
    await world.ask("Are you still there?")
    second = await world.only_review()
    assert second.id != first.id
    await world.wait(2 * HOUR)
    assert world.postbox.delivered == [HOLDING], "CLOCKS: a second holding reply in one wait"
    turn = next(r for r in await world.rows(t.turns) if r["id"] == second.turn_id)
    assert turn["intent"] == "cancel_order", "CLOCKS: the holding reply buried the question"
    await world.decide(await world.only_review(), Approve())
    await world.work()
    assert len(world.postbox.delivered) == 2, "CLOCKS: the paused graph was lost"
    assert second.draft is not None
    assert world.postbox.delivered[1] == second.draft.text
    await world.ask(CANCEL.replace("cancel", "really cancel"))
    await world.wait(2 * HOUR)
    assert world.postbox.delivered[2:] == [HOLDING], "CLOCKS: no holding reply in the next wait"


async def holding_reply_passes_the_guardrails(world: World) -> None:
    """A holding reply that promises money does not leave; the review stays as it was."""
    bad = "We refund you 900.00 USD today. Visit http://evil.example now."
    world.play(**waits("holding_reply") | {"holding_reply": bad})
    await world.ask(CANCEL)
    before = await world.only_review()
    await world.wait(HOUR)
    assert world.postbox.delivered == [], "P3: a holding reply left that the guardrails flag"
    assert len(await world.audited("reply_withheld")) == 1, "CLOCKS: nobody can see why"
    assert (await world.only_review()).id == before.id, "CLOCKS: the review is gone"


async def holding_reply_that_fails_leaves_the_review(world: World) -> None:
    """When the holding reply cannot even be tried, people still have the review."""
    world.play(**waits("holding_reply"))
    await world.ask(CANCEL)
    before = await world.only_review()
    graphs = world.engine.runner.graphs
    world.engine.runner.graphs = Graphs(v for k, v in graphs.items() if k != "holding_reply")
    await world.wait(HOUR)
    assert (await world.only_review()).id == before.id, "CLOCKS: a failure voided the review"
    await world.decide(await world.only_review(), Approve())
    await world.work()
    assert len(world.postbox.delivered) == 1, "CLOCKS: the paused graph was lost"


async def holding_reply_that_does_not_arrive_leaves_the_review(world: World) -> None:
    """A provider that is away costs the customer a notice, not the draft that waits."""
    world.play(**waits("holding_reply"))
    await world.ask(CANCEL)
    before = await world.only_review()
    world.postbox.failures = 8
    await world.wait(HOUR)
    for _ in range(12):
        await world.wait(timedelta(minutes=15))
    assert [row["status"] for row in await world.rows(t.outbox)] == ["failed"]
    assert (await world.only_review()).id == before.id, "CLOCKS: a failure voided the review"
    assert len(await world.audited("delivery_failed")) == 1
    assert broken(await world.engine.database.read(check_invariants)) == []
    await world.decide(await world.only_review(), Approve())
    await world.work()
    assert before.draft is not None
    assert world.postbox.delivered[-1] == before.draft.text


async def other_team_gets_it_with_its_own_time(world: World) -> None:
    """The review moves, is due by the other team's hours, and then that team's fallback counts."""
    world.play(**CLOCKS)
    await world.ask(CANCEL)
    await world.wait(HOUR)
    moved = await world.only_review()
    assert (moved.team, moved.version) == ("claims", 2), "CLOCKS: the review did not move"
    assert moved.due_at == world.clock.now() - timedelta(seconds=30) + 2 * HOUR, (
        "CLOCKS: the other team's time did not begin"
    )
    assert world.postbox.delivered == []
    await world.wait(2 * HOUR)
    assert world.postbox.delivered == [HOLDING], "CLOCKS: the second team's fallback is lost"
    assert [row.get("to") for row in await world.audited("lapsed")] == ["claims", None]


async def clock_of_a_closed_review_does_nothing(world: World) -> None:
    """What was decided in time is not touched by its clocks."""
    world.play(**waits("holding_reply"))
    await world.ask(CANCEL)
    await world.decide(await world.only_review(), Respond(text="I will see to it."))
    await world.work()
    sent, events = list(world.postbox.delivered), len(await world.rows(t.events))
    await world.wait(3 * HOUR)
    assert world.postbox.delivered == sent, "CLOCKS: a closed review spoke"
    assert len(await world.rows(t.events)) == events, "CLOCKS: a closed review's clock was an event"
    assert all(row["fired_at"] for row in await world.rows(t.timers))


async def timer_fires_once_for_many_workers(world: World) -> None:
    """Two engines fire the same timers at once; each counts once."""
    world.play(**waits("holding_reply"))
    await world.ask(CANCEL)
    async with open_world(world.url, world.home) as other:
        other.play(**waits("holding_reply"))
        world.clock.move(HOUR)
        other.clock.set(world.clock.now())
        due = await world.engine.database.read(lambda c: timers.due(c, world.clock.now()))
        await asyncio.gather(
            *(w.engine.clocks.fire_timer(timer) for timer in due for w in (world, other, world))
        )
        await world.work()
        delivered = world.postbox.delivered + other.postbox.delivered
    assert len(await world.audited("lapsed")) == 1, "CLOCKS: a timer counted twice"
    assert (await world.only_review()).version == 2, "CLOCKS: a timer counted twice"
    assert delivered == [HOLDING]


async def clocks_outlive_the_process(world: World) -> None:
    """What was due while nobody worked happens when somebody does."""
    world.play(**waits("holding_reply"))
    await world.ask(CANCEL)
    async with open_world(world.url, world.home) as later:
        later.play(**waits("holding_reply"))
        later.clock.set(world.clock.now() + 9 * HOUR)
        await later.engine.sweep()
        await later.work()
        assert later.postbox.delivered == [HOLDING], "CLOCKS: a clock died with its process"


async def holding_reply_is_silent_while_a_person_holds(world: World) -> None:
    """P6 counts for the playbook's words too."""
    world.play(**waits("holding_reply"))
    accepted = await world.ask(CANCEL)
    await world.engine.take_over(accepted.conversation_id, actor="kim")
    await world.ask("Are you still there?")
    assert (await world.only_review()).kind == "answer"
    await world.wait(2 * HOUR)
    assert world.postbox.delivered == [], "P6: the AI spoke while a person held the conversation"


async def test_the_demo_shop_passes_on_what_waits_and_tells_the_customer(world: World) -> None:
    """Its support team opens at eight in New York, its leads at nine; it is five there now."""
    await world.ask(CANCEL)
    await world.wait(3 * HOUR + timedelta(minutes=11))
    assert (await world.only_review()).reminded_at is not None
    await world.wait(timedelta(minutes=5))
    assert (await world.only_review()).team == "leads"
    assert world.postbox.delivered == []
    await world.wait(2 * HOUR)
    playbook = world.engine.kits.active.release.playbook
    assert world.postbox.delivered == [say(playbook.holding_reply, playbook.manner("en"))]


# Taking the mechanisms out


def first_team_for_all(patch: pytest.MonkeyPatch) -> None:
    real = Playbook.team_named
    patch.setattr(Playbook, "team_named", lambda self, _: real(self, None))


def fire_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(timers, "due", lambda *_: ())


def remember_nobody(patch: pytest.MonkeyPatch) -> None:
    real = timeouts.change_review

    def forgetful(connection: Any, row: Any, values: Any, **options: Any) -> bool:
        return real(connection, row, {**values, "lapsed_by": None}, **options)

    patch.setattr(timeouts, "change_review", forgetful)


def holding_reply_answers(patch: pytest.MonkeyPatch) -> None:
    real: Any = draft_holding.Draft
    patch.setattr(draft_holding, "Draft", lambda **v: real(**{**v, "answers": True}))


def find_everything_clean(patch: pytest.MonkeyPatch) -> None:
    real = CheckSuite.verify

    async def lenient(self: Any, draft: Any, *args: Any, **options: Any) -> Any:
        checked = await real(self, draft, *args, **options)
        verdict = checked.verdict.model_copy(update={"outcome": "clean"})
        return checked.model_copy(update={"verdict": verdict})

    patch.setattr(CheckSuite, "verify", lenient)


def failures_open_reviews(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(plan.Plan, "aside", False)


def keep_the_old_team(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(timeouts, "move_to_team", lambda _c, _h, row, *_: {"team": row["team"]})
    patch.setattr(deadlines, "move_to_team", lambda _c, _h, row, *_: {"team": row["team"]})


def act_on_closed_reviews(patch: pytest.MonkeyPatch) -> None:
    inner: Any = timeouts
    real = inner._on_review

    def always(connection: Any, change: Any, body: TimerFired, now: datetime) -> None:
        real(connection, change, body, reviews.row_of(connection, body.subject), now)

    patch.setattr(reviews, "is_open", lambda *_: True)
    patch.setattr(effects, "apply_timer", always)


def fire_whatever_was_seen(patch: pytest.MonkeyPatch) -> None:
    inner: Any = clocks
    real, count = inner._event, itertools.count()
    mark = t.timers.update()

    def take(connection: Any, timer_id: str, now: datetime) -> bool:
        connection.execute(mark.where(t.timers.c.id == timer_id).values(fired_at=now))
        return True

    patch.setattr(timers, "take", take)
    patch.setattr(clocks, "_event", lambda name, *rest: real(f"{name}:{next(count)}", *rest))


def hold_whatever_happens(patch: pytest.MonkeyPatch) -> None:
    inner: Any = plan
    real = inner._holding

    def always(lease: Any, event: Any) -> Any:
        row = {**lease.row, "holder": "waiting"}
        return real(replace(lease, events=(event,), row=row), event)

    patch.setattr(plan, "_holding", always)


def speak_while_held(patch: pytest.MonkeyPatch) -> None:
    hold_whatever_happens(patch)
    inner: Any = timeouts
    lapse, write = inner._lapse, finish.write_reply

    def eager(connection: Any, change: Any, row: Any, now: datetime) -> None:
        lapse(connection, change, row, now)
        change.runs = True

    def careless(end: Any, reply: Any) -> None:
        end.row = {**end.row, "holder": "waiting"}
        write(end, reply)

    patch.setattr(timeouts, "_lapse", eager)
    patch.setattr(finish, "write_reply", careless)


REMOVALS: Removals = {
    review_has_its_team_and_time: first_team_for_all,
    reminder_is_shown_and_refuses_nobody: fire_nothing,
    lapse_offers_the_review_to_others: remember_nobody,
    holding_reply_leaves_once_and_the_graph_waits_on: holding_reply_answers,
    holding_reply_passes_the_guardrails: find_everything_clean,
    holding_reply_that_fails_leaves_the_review: failures_open_reviews,
    holding_reply_that_does_not_arrive_leaves_the_review: holding_reply_answers,
    other_team_gets_it_with_its_own_time: keep_the_old_team,
    clock_of_a_closed_review_does_nothing: act_on_closed_reviews,
    timer_fires_once_for_many_workers: fire_whatever_was_seen,
    clocks_outlive_the_process: fire_nothing,
    holding_reply_is_silent_while_a_person_holds: speak_while_held,
}


test_promise, test_promise_needs_its_mechanism = promise_tests(REMOVALS, says=r"^(P\d+|CLOCKS): ")
