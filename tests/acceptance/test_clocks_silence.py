"""Looking again, closing what has gone quiet, and going on with it.

``REMOVALS`` takes out what keeps each promise: with it gone the same scenario must fail.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from promises import Removals, promise_tests
from sqlalchemy import select

from handrail.core.conversation import Customer
from handrail.core.decisions import (
    Respond,
)
from handrail.core.errors import (
    InvalidMessageError,
    NotAllowedError,
)
from handrail.core.events import CustomerMessage, Event, TimerFired
from handrail.desk.testing import ROUND_THE_CLOCK, World
from handrail.engine import ingest, timeouts
from handrail.playbook.models import Conversations, Team
from handrail.store import conversations, timers
from handrail.store import tables as t

CANCEL = "Please cancel my order LF1001"
POLICY = "What is your return policy?"
HOLDING = "We are still working on it; the answer comes here."
HOUR = timedelta(hours=1)
QUIET = Conversations(close_after_hours=24, reopen_within_days=7)


def waits(fallback: Any) -> dict[str, Any]:
    """One team, round the clock, that has an hour."""
    team = Team(hours=ROUND_THE_CLOCK, review_minutes=60, fallback=fallback)
    return {"teams": {"support": team}, "holding_reply": HOLDING}


async def status_of(world: World, conversation_id: str) -> str:
    return (await world.engine.conversation(conversation_id)).facts.status


async def follow_up_comes_back_with_its_note(world: World) -> None:
    """At its moment a review opens with the note, for any person."""
    world.play(**waits("keep_waiting"))
    accepted = await world.ask(POLICY)
    at = world.clock.now() + 48 * HOUR
    name = accepted.conversation_id
    await world.engine.look_again(name, at=at, note="did the parcel arrive?", actor="kim")
    await world.wait(47 * HOUR)
    assert await world.engine.reviews() == ()
    await world.wait(HOUR)
    found = await world.engine.reviews()
    assert [(r.kind, r.reason) for r in found] == [("answer", "follow_up")], (
        "CLOCKS: nobody looks again"
    )
    review = found[0]
    assert "kim" in review.explanation
    assert "did the parcel arrive?" in review.explanation
    assert len(await world.audited("follow_up_set")) == 1
    await world.decide(review, Respond(text="Did the parcel arrive?"))
    await world.work()
    assert world.postbox.delivered[-1] == "Did the parcel arrive?"


async def follow_up_is_dropped_when_the_customer_wrote(world: World) -> None:
    """What the customer wrote was dealt with on its own."""
    world.play(**waits("keep_waiting"))
    accepted = await world.ask(POLICY)
    at = world.clock.now() + 48 * HOUR
    await world.engine.look_again(accepted.conversation_id, at=at, note="well?", actor="kim")
    await world.ask("Where is order LF1001?")
    await world.wait(49 * HOUR)
    assert await world.engine.reviews() == (), "CLOCKS: a follow-up nobody needs"
    assert [row["outcome"] for row in await world.audited("follow_up")] == ["customer_wrote"]


async def follow_up_leaves_an_open_review_alone(world: World) -> None:
    """A review that waits is not replaced; the note stands beside it."""
    world.play(**waits("keep_waiting"))
    accepted = await world.ask(CANCEL)
    before = await world.only_review()
    at = world.clock.now() + HOUR / 2
    await world.engine.look_again(accepted.conversation_id, at=at, note="stock?", actor="kim")
    await world.wait(HOUR / 2)
    assert [r.id for r in await world.engine.reviews()] == [before.id], (
        "CLOCKS: a follow-up voided a paused review"
    )
    notes = await world.engine.messages(accepted.conversation_id, customer_view=False)
    assert [m.text for m in notes if m.role == "note"] == ["Look again: stock?"]


async def quiet_conversation_is_closed_and_reopened(world: World) -> None:
    """After silence it is closed; a message within the window goes on with it."""
    world.play(conversations=QUIET)
    first = await world.ask(POLICY)
    await world.wait(23 * HOUR)
    assert await status_of(world, first.conversation_id) == "open"
    await world.wait(2 * HOUR)
    assert await status_of(world, first.conversation_id) == "closed", "CLOCKS: never closed"
    assert await world.audited("closed") == [{"after_hours": 24.0}]
    await world.wait(6 * 24 * HOUR)
    again = await world.ask("Where is order LF1001?")
    assert again.conversation_id == first.conversation_id, "CLOCKS: a new one within the window"
    assert await status_of(world, first.conversation_id) == "open"
    assert len(await world.audited("reopened")) == 1
    await world.wait(25 * HOUR)
    assert len(await world.audited("closed")) == 2, "CLOCKS: not closed a second time"


async def after_the_window_a_new_one_begins(world: World) -> None:
    """It knows the customer, and nothing of the old matter."""
    world.play(conversations=QUIET)
    first = await world.ask(CANCEL)
    await world.engine.take_over(first.conversation_id, actor="kim")
    await world.engine.hand_back(first.conversation_id, actor="kim", note="wants it cancelled")
    await world.work()
    review = await world.only_review()
    await world.decide(review, Respond(text="It is noted."))
    await world.work()
    await world.wait(25 * HOUR)
    assert await status_of(world, first.conversation_id) == "closed"
    await world.wait(8 * 24 * HOUR)
    second = await world.say("Where is my order?")
    assert second.conversation_id != first.conversation_id, "CLOCKS: an old matter came back"

    def load(connection: Any) -> Any:
        row = conversations.row_of(connection, second.conversation_id)
        return conversations.snapshot(connection, row, "rel", world.clock.now())

    known = await world.engine.database.read(load)
    assert [m.text for m in known.messages] == ["Where is my order?"]
    assert known.conversation.summary is None
    assert known.customer.id == "cust_001"
    assert known.records, "CLOCKS: the customer's records are not known any more"


async def what_waits_is_not_closed(world: World) -> None:
    """An open review, a person who holds it, a follow-up, a reply on its way: none is closed."""
    world.play(conversations=QUIET, **waits("keep_waiting"))
    waiting = await world.ask(CANCEL)

    async def other(name: str) -> str:
        body = CustomerMessage(text=POLICY, address=name, customer=Customer(id=name), verified=True)
        event = Event(channel="test", external_id=name, body=body)
        accepted = await world.engine.ingest(event)
        await world.work()
        return accepted.conversation_id

    held = await other("held")
    await world.engine.take_over(held, actor="kim")
    followed = await other("followed")
    at = world.clock.now() + 100 * HOUR
    await world.engine.look_again(followed, at=at, note="well?", actor="kim")
    world.postbox.failures = 4
    leaving = await other("leaving")
    queued = t.outbox.update().where(t.outbox.c.conversation_id == leaving)
    far = world.clock.now() + 400 * HOUR
    await world.engine.database.write(lambda c: c.execute(queued.values(send_after=far)))
    await world.wait(90 * HOUR)
    found = [
        await status_of(world, name) for name in (waiting.conversation_id, held, followed, leaving)
    ]
    assert found == ["open"] * 4, f"CLOCKS: closed while something waited: {found}"


async def message_and_close_at_once(world: World) -> None:
    """Whoever is first, the message is answered in an open conversation."""
    world.play(conversations=QUIET)
    first = await world.ask(POLICY)
    world.clock.move(30 * HOUR)
    said, _ = await asyncio.gather(world.say("Where is order LF1001?"), world.engine.clocks.fire())
    await world.work()
    assert said.conversation_id == first.conversation_id, "CLOCKS: a message in a closed one"
    assert await status_of(world, said.conversation_id) == "open", "P1: a message was closed over"
    assert len(world.postbox.delivered) == 2, "P1: a message was not answered"


async def close_decided_before_a_message_came(world: World) -> None:
    """A worker that found it quiet, and is late, closes nothing."""
    world.play(conversations=QUIET)
    accepted = await world.ask(POLICY)
    world.clock.move(30 * HOUR)
    await world.say("Where is order LF1001?")
    closed = await world.engine.clocks.close_quiet(accepted.conversation_id)
    assert closed is False, "P1: a message was closed over"
    assert await status_of(world, accepted.conversation_id) == "open"


async def taking_a_closed_conversation_opens_it(world: World) -> None:
    """A person may go on with what was closed; the customer then writes into it."""
    world.play(conversations=Conversations(close_after_hours=24, reopen_within_days=0))
    first = await world.ask(POLICY)
    await world.wait(25 * HOUR)
    await world.engine.take_over(first.conversation_id, actor="kim")
    assert await status_of(world, first.conversation_id) == "open", "CLOCKS: held, and closed"
    second = await world.ask("Hello")
    assert second.conversation_id == first.conversation_id


async def test_a_follow_up_is_for_later_and_says_something(world: World) -> None:
    accepted = await world.ask(POLICY)
    for at, note, error in (
        (world.clock.now(), "late", NotAllowedError),
        (world.clock.now() + timedelta(days=900), "never", NotAllowedError),
        (world.clock.now() + HOUR, " ", InvalidMessageError),
    ):
        with pytest.raises(error):
            await world.engine.look_again(accepted.conversation_id, at=at, note=note, actor="kim")
    assert await world.rows(t.timers) == []


@pytest.mark.postgres
@pytest.mark.parametrize("backend", ["postgres"], indirect=True)
async def test_a_message_that_waits_for_the_lock_of_a_close(world: World) -> None:
    """It finds the conversation open, and holds its row when it is closed."""
    world.play(conversations=Conversations(close_after_hours=24, reopen_within_days=0))
    first = await world.ask(POLICY)
    world.clock.move(30 * HOUR)
    name, now, release = first.conversation_id, world.clock.now(), world.engine.kits.active.release
    body = TimerFired(timer="idle", subject=name)
    event = Event(channel="timer", external_id="close", conversation_id=name, body=body)
    with world.engine.database.engine.begin() as connection:
        ingest.ingest(connection, event, now, release)
        late = asyncio.create_task(world.say("Where is order LF1001?"))
        await asyncio.sleep(0.3)
        assert not late.done()
    assert (await late).conversation_id != name
    assert await status_of(world, name) == "closed"


# Taking the mechanisms out


def fire_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(timers, "due", lambda *_: ())


def look_at_no_message(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(timeouts, "_outcome", lambda *_: "asked")


def close_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(conversations, "quiet", lambda *_: ())


def reopen_for_ever(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ingest, "timedelta", lambda **_: timedelta(days=900))


def close_by_silence_alone(patch: pytest.MonkeyPatch) -> None:
    def quiet(connection: Any, before: datetime) -> Any:
        query = select(t.conversations.c.id).where(t.conversations.c.updated_at <= before)
        return tuple(connection.execute(query).scalars())

    patch.setattr(conversations, "quiet", quiet)
    patch.setattr(conversations, "is_quiet", lambda *_: True)


def close_without_looking(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(conversations, "is_quiet", lambda *_: True)


def leave_closed_what_is_closed(patch: pytest.MonkeyPatch) -> None:
    inner: Any = ingest
    real = inner._store

    def store(connection: Any, change: Any, *rest: Any) -> Any:
        if change.values.get("status") == "open":
            del change.values["status"]
        return real(connection, change, *rest)

    patch.setattr(ingest, "_store", store)


REMOVALS: Removals = {
    follow_up_comes_back_with_its_note: fire_nothing,
    follow_up_is_dropped_when_the_customer_wrote: look_at_no_message,
    follow_up_leaves_an_open_review_alone: look_at_no_message,
    quiet_conversation_is_closed_and_reopened: close_nothing,
    after_the_window_a_new_one_begins: reopen_for_ever,
    what_waits_is_not_closed: close_by_silence_alone,
    close_decided_before_a_message_came: close_without_looking,
    taking_a_closed_conversation_opens_it: leave_closed_what_is_closed,
}


test_promise, test_promise_needs_its_mechanism = promise_tests(
    REMOVALS, message_and_close_at_once, says=r"^(P\d+|CLOCKS): "
)
