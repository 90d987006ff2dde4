"""P9: an erase reaches everything of a customer, and nothing of anybody else."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, MetaData, select
from typer.testing import CliRunner

from handrail.core.conversation import ActionNotice, Customer
from handrail.core.decisions import Approve
from handrail.core.errors import HandrailError, InvalidRequestError, NotFoundError
from handrail.core.ports import Outgoing
from handrail.desk.cli import app
from handrail.desk.testing import World, Writes, open_world, refusal
from handrail.desk.upkeep import erase
from handrail.engine import erasing, pruning
from handrail.engine.pruning import Retention
from handrail.store import audit, removal
from handrail.store import tables as t
from handrail.store.removal import Erased

TELLING = "wombatmoor"
"""A word of the customer's own, by which what is left of them is found."""
GONE = "cust_001"
NO_MODELS = Path("/nowhere")
PAUSES = f"Please cancel my order LF1001, says {TELLING}"


@pytest.fixture
async def world(database_url: str, model_cache: Path) -> AsyncGenerator[World]:
    """The demo shop on either database."""
    async with open_world(database_url, model_cache) as opened:
        yield opened


async def everything(world: World) -> dict[str, list[str]]:
    """All rows of all tables, those of LangGraph and of the queue included, as text."""

    def read(connection: Connection) -> dict[str, list[str]]:
        found = MetaData()
        found.reflect(connection)
        return {
            table.name: [repr(tuple(row)) for row in connection.execute(select(table))]
            for table in found.sorted_tables
        }

    tracer: Any = world.engine._tracer  # pyright: ignore[reportPrivateUsage]
    tracer._sdk.span_processor.force_flush()
    return await world.engine.database.read(read)


async def naming(world: World, *words: str) -> dict[str, int]:
    """How many rows of each table hold any of the words."""
    rows = await everything(world)
    counts = {
        table: sum(any(word in row for word in words) for row in found)
        for table, found in rows.items()
    }
    return {table: number for table, number in counts.items() if number}


async def live(world: World) -> None:
    """Two matters of one customer, one of them paused at a person, and an action."""
    await world.ask(f"Where is my order? {TELLING}")
    world.clock.move(timedelta(days=40))
    await world.engine.handle("timers", "")  # closes it
    world.clock.move(timedelta(days=40))
    await world.ask(PAUSES)
    at = world.clock.now() - timedelta(minutes=1)
    notice = ActionNotice(
        id="act_1", customer_id=GONE, action="refund", at=at, details={"for": TELLING}
    )
    await world.engine.tell_action(notice)


def erased(world: World, customer_id: str = GONE, models: Path = NO_MODELS) -> Erased:
    """Erase as the command does."""
    return erase(world.engine.database, customer_id, models=models, now=world.clock.now())


async def test_an_erase_reaches_every_table_and_nobody_else(world: World) -> None:
    other = Customer(id="cust_002")
    theirs = await world.ask("Where is my order?", customer=other, address="other")
    await live(world)
    mine = [row for row in await world.rows(t.conversations) if row["customer_id"] == GONE]
    ids = {row["id"] for row in mine}
    assert len(ids) == 2
    turns = [row for row in await world.rows(t.turns) if row["conversation_id"] in ids]
    traces = {row["trace_id"] for row in turns}
    assert "spans" not in await naming(world, TELLING), "P9: a customer's word in telemetry"
    held = await naming(world, TELLING, *traces)
    assert {"messages", "spans", "actions", "reviews"} <= set(held)
    assert any(table.startswith("checkpoint") for table in held)
    of_others = await naming(world, theirs.conversation_id, other.id)

    done = erased(world)

    assert set(done.conversations) == ids
    assert await naming(world, TELLING, GONE, "ada@", *traces) == {}, "P9: something is left"
    assert set(await naming(world, *ids)) == {"removals"}
    left = await naming(world, theirs.conversation_id, other.id)
    assert left == of_others, "P1: somebody else's went too"
    assert await world.engine.database.read(audit.verify) == []
    database = world.engine.database
    if database.path is not None:
        for file in database.path.parent.glob(f"{database.path.name}*"):
            assert TELLING.encode() not in file.read_bytes(), f"P9: readable in {file.name}"
    # What they write from now on is a new matter of a new customer.
    again = await world.ask("Where is my order?")
    assert again.conversation_id not in ids


async def test_a_rehearsal_counts_and_changes_nothing(world: World) -> None:
    await live(world)
    before = await everything(world)
    counted = erasing.erase(
        world.engine.database, GONE, actor="test", now=world.clock.now(), rehearsed=True
    )
    assert await everything(world) == before
    assert counted.rows == erased(world).rows
    assert counted.rows["messages"] == 3
    assert counted.rows["customers"] == 1


async def test_a_turn_under_way_writes_nothing_any_more(world: World) -> None:
    drafter = Writes(f"Thank you, {TELLING}.")
    drafter.go_on.clear()
    world.use(drafter=drafter)
    await world.say(f"Where is my order? {TELLING}")
    working = asyncio.ensure_future(world.work())
    await drafter.started.wait()
    erased(world)
    drafter.go_on.set()
    await working
    assert world.postbox.delivered == []
    # The spans that ended since say only when; the next pruning takes them.
    assert set(await naming(world, TELLING, GONE)) == set()
    kept = Retention(spans=None, conversations=None)
    now, database = world.clock.now(), world.engine.database
    (rule,) = [
        rule
        for rule in pruning.rules(database, kept, actor="test", now=now)
        if rule.name == "spans_of_erased"
    ]
    assert sum(pruning.carry_out(database, rule)) > 0
    assert pruning.count(database, rule) == 0


async def test_a_delivery_under_way_ends_without_an_error(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver = world.postbox.deliver

    @functools.wraps(deliver)
    async def meanwhile(outgoing: Outgoing) -> str | None:
        await asyncio.to_thread(erased, world)
        return await deliver(outgoing)

    monkeypatch.setattr(world.postbox, "deliver", meanwhile)
    await world.ask("Where is my order?")
    assert len(world.postbox.delivered) == 1
    assert await naming(world, GONE) == {}


@pytest.mark.parametrize("days", [0, 40], ids=["open", "closed"])
async def test_a_message_that_comes_during_an_erase_is_taken(
    world: World, monkeypatch: pytest.MonkeyPatch, days: int
) -> None:
    await world.ask("Where is my order?")
    world.clock.move(timedelta(days=days))
    await world.engine.handle("timers", "")  # closes it
    world.clock.move(timedelta(days=days))
    loop, held, original = asyncio.get_running_loop(), asyncio.Event(), removal.erase_customer

    def slow(connection: Connection, customer_id: str, **options: Any) -> Erased | None:
        done = original(connection, customer_id, **options)
        loop.call_soon_threadsafe(held.set)
        time.sleep(0.5)  # the message waits for the rows
        return done

    monkeypatch.setattr(removal, "erase_customer", slow)
    erasing_now = asyncio.ensure_future(asyncio.to_thread(erased, world))
    await held.wait()
    accepted = await world.say("How much is shipping?")
    await erasing_now
    await world.work()
    assert [row["id"] for row in await world.rows(t.conversations)] == [accepted.conversation_id]
    assert len(world.postbox.delivered) == 2, "P1: the message was lost"


async def test_a_decision_on_what_is_erased_is_refused(world: World) -> None:
    await world.ask(PAUSES)
    review = await world.only_review()
    erased(world)
    problem = await refusal(world.decide(review, Approve()))
    assert isinstance(problem, NotFoundError)
    assert await world.engine.reviews() == ()


async def test_trained_classifiers_go(world: World, tmp_path: Path) -> None:
    await world.ask(PAUSES)
    learned = tmp_path / "x-en.intents"
    learned.write_text(TELLING)
    erased(world, models=tmp_path)
    assert not learned.exists()


@pytest.mark.parametrize(("name", "expected"), [(GONE, GONE), ("ada", GONE), ("nobody", "nobody")])
async def test_a_customer_is_found_by_id_and_address(
    world: World, name: str, expected: str
) -> None:
    await world.ask("Where is my order?")
    found = await world.engine.database.read(lambda c: erasing.find_customer(c, name))
    assert found == expected


async def test_an_address_of_several_customers_is_refused(world: World) -> None:
    await world.say("Where is my order?", address="shared", channel="test")
    await world.say(
        "Where is my order?", address="shared", channel="web", customer=Customer(id="cust_002")
    )
    with pytest.raises(InvalidRequestError, match="cust_001, cust_002"):
        await world.engine.database.read(lambda c: erasing.find_customer(c, "shared"))


async def test_an_unknown_customer_is_refused(world: World) -> None:
    with pytest.raises(HandrailError, match="there is no customer 'nobody'"):
        erased(world, "nobody")


async def test_the_command_asks_first(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.ask(PAUSES)
    monkeypatch.setenv("HANDRAIL_DATABASE", world.url)
    monkeypatch.setenv("HANDRAIL_HOME", str(tmp_path))
    runner = CliRunner()

    def run(*words: str, typed: str = "") -> Any:
        return runner.invoke(app, ["db", "erase", *words], input=typed)

    rehearsed = await asyncio.to_thread(run, "ada", "--dry-run")
    assert "would remove 1 messages" in rehearsed.stdout
    refused = await asyncio.to_thread(run, "ada", typed="n\n")
    assert refused.exit_code == 1
    assert await naming(world, TELLING) != {}
    done = await asyncio.to_thread(run, "ada", typed="y\n")
    assert done.exit_code == 0, done.output
    assert "removed 1 messages" in done.stdout
    assert await naming(world, TELLING) == {}
