"""The wall clock jumps: a lease and a reply are neither used twice nor stranded."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from handrail.core.decisions import Approve
from handrail.core.errors import LeaseLostError
from handrail.desk.testing import World, open_world, refusal
from handrail.engine import gate
from handrail.engine.gate import Lease
from handrail.store import audit
from handrail.store import tables as t

ASKS = "What is your return policy?"
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that keeps the trained classifier."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture
async def world(database_url: str, home: Path) -> AsyncGenerator[World]:
    async with open_world(database_url, home) as opened:
        yield opened


async def claim(world: World, conversation_id: str) -> Lease | None:
    now = world.clock.now()
    release = world.engine.kits.active.release.id
    return await world.engine.database.write(
        lambda c: gate.claim(c, conversation_id, owner="other", release=release, now=now)
    )


async def test_forward_a_lease_ends_early_and_its_run_writes_nothing(world: World) -> None:
    accepted = await world.say(ASKS)
    lease = await claim(world, accepted.conversation_id)
    assert lease is not None
    world.clock.move(HOUR)
    await world.work()
    assert len(world.postbox.delivered) == 1
    late = world.engine.database.write(lambda c: gate.locked(c, lease))
    assert isinstance(await refusal(late), LeaseLostError)
    assert await world.engine.database.read(audit.verify) == []


async def test_forward_and_back_in_the_middle_of_a_run(world: World) -> None:
    await world.say(ASKS)
    world.clock.move(HOUR)
    await world.engine.settle()
    world.clock.move(-HOUR)
    await world.say("How much is shipping?")
    await world.work()
    world.clock.move(HOUR)
    await world.work()
    assert len(world.postbox.delivered) == 2
    assert [call.id for call in world.postbox.calls] == list(
        dict.fromkeys(call.id for call in world.postbox.calls)
    )


async def test_back_a_lease_strands_no_conversation(world: World) -> None:
    accepted = await world.say(ASKS)
    assert await claim(world, accepted.conversation_id) is not None
    world.clock.move(-HOUR)
    await world.work()
    assert len(world.postbox.delivered) == 1


async def test_a_lease_that_somebody_holds_is_left_alone(world: World) -> None:
    """What the test before rests on: only a lease that no clock can have given is void."""
    accepted = await world.say(ASKS)
    assert await claim(world, accepted.conversation_id) is not None
    world.clock.move(-timedelta(seconds=1))
    await world.engine.settle()
    assert world.postbox.delivered == []


async def test_back_a_delivery_that_was_under_way_is_taken_up(world: World) -> None:
    await world.say(ASKS)
    world.postbox.failures = 1
    await world.engine.settle()
    await world.engine.database.write(
        lambda c: c.execute(
            update(t.outbox).values(status="sending", send_after=world.clock.now() + HOUR)
        )
    )
    world.clock.move(-HOUR)
    await world.work()
    assert len(world.postbox.delivered) == 1
    (row,) = await world.rows(t.outbox)
    assert row["status"] == "sent"


async def test_back_a_reply_in_its_undo_window_leaves(world: World) -> None:
    await world.ask("Please cancel my order LF1001")
    await world.decide(await world.only_review(), Approve())
    await world.engine.settle()
    assert world.postbox.delivered == []
    world.clock.move(-HOUR)
    await world.work()
    assert len(world.postbox.delivered) == 1
