"""A conversation has a checkpoint while a graph of it waits, and none once the turn has ended."""

from __future__ import annotations

from sqlalchemy import text

from handrail.core.decisions import Respond
from handrail.desk.testing import World, Writes


async def _checkpoints(world: World) -> int:
    return await world.engine.database.read(
        lambda c: c.execute(text("SELECT count(*) FROM checkpoints")).scalar_one()
    )


async def test_a_turn_without_a_pause_leaves_no_checkpoint(world: World) -> None:
    await world.ask("What is your return policy?")

    assert len(await world.replies()) == 1
    assert await _checkpoints(world) == 0


async def test_a_pause_keeps_its_checkpoint_until_the_turn_has_ended(world: World) -> None:
    world.use(drafter=Writes("Your refund of 987.65 USD is on its way."))
    await world.ask("Where is my order LF1001?")
    assert await _checkpoints(world) > 0

    await world.decide(await world.only_review(), Respond(text="It is on its way."))
    await world.work()

    assert await world.replies() == ["It is on its way."]
    assert await _checkpoints(world) == 0
