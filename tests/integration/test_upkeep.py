"""A database stays small, and what waits in it stays."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, func, insert, select, text, update

from handrail.core.conversation import ActionNotice, Customer
from handrail.core.decisions import Approve
from handrail.core.events import CustomerMessage, Event
from handrail.core.ids import new_id
from handrail.desk.testing import World, open_world
from handrail.desk.upkeep import vacuum
from handrail.engine import pruning
from handrail.engine.pruning import Retention
from handrail.store import audit, sizes
from handrail.store import tables as t

ASKS = "Where is my order?"
PAUSES = "Please cancel my order LF1001"
KEEP = Retention(spans=None, conversations=None)


@pytest.fixture
async def world(database_url: str, model_cache: Path) -> AsyncGenerator[World]:
    """The demo shop on either database."""
    async with open_world(database_url, model_cache) as opened:
        yield opened


def count(connection: Connection, table: str) -> int:
    return connection.execute(text(f"SELECT COUNT(*) FROM {table}")).scalar_one()


async def checkpoints(world: World) -> int:
    return await world.engine.database.read(lambda c: count(c, "checkpoints"))


def prune(world: World, retention: Retention = KEEP) -> dict[str, int]:
    """Remove what may go, as the command does; the count beforehand says the same."""
    database = world.engine.database
    done: dict[str, int] = {}
    for rule in pruning.rules(database, retention, actor="test", now=world.clock.now()):
        expected = pruning.count(database, rule)
        done[rule.name] = sum(pruning.carry_out(database, rule))
        assert done[rule.name] == expected
    return done


async def test_checkpoints_do_not_grow_with_a_conversation(world: World) -> None:
    for question in (ASKS, "What is your return policy?", "How much is shipping?"):
        await world.ask(question)
    assert len(world.postbox.delivered) == 3
    assert await checkpoints(world) == 0
    await world.ask(PAUSES)
    assert await checkpoints(world) == 1
    await world.ask(f"{PAUSES}, please")
    assert await checkpoints(world) == 1
    await world.decide(await world.only_review(), Approve())
    await world.work()
    assert await checkpoints(world) == 0


async def test_pruning_keeps_what_a_paused_conversation_needs(world: World) -> None:
    await ask_as(world, "cust_001", "Please cancel my order LF1001")
    taken = await ask_as(world, "cust_004", "Please cancel my order LF1004")
    await world.engine.take_over(taken, actor="kim")
    await world.work()
    assert await checkpoints(world) == 2

    assert prune(world)["checkpoints"] == 1

    (paused,) = [review for review in await world.engine.reviews() if review.interrupt_id]
    assert await checkpoints(world) == 1
    await world.decide(paused, Approve())
    assert prune(world)["checkpoints"] == 0  # the decision waits for its run
    await world.work()
    assert len(world.postbox.delivered) == 1


async def test_old_conversations_go_whole_and_leave_a_record(world: World) -> None:
    gone = await ask_as(world, None, "What is your return policy?")
    waits = await ask_as(world, "cust_001", "Please cancel my order LF1001")
    await grow_old(world)
    recent = await ask_as(world, "cust_002", ASKS)
    tracer: Any = world.engine._tracer  # pyright: ignore[reportPrivateUsage]
    tracer._sdk.span_processor.force_flush()
    assert gone in {row["conversation_id"] for row in await world.rows(t.spans)}
    retention = Retention(spans=None, conversations=timedelta(days=30))
    assert prune(world, retention)["conversations"] == 1

    database = world.engine.database
    left = {view.id for view in await world.engine.conversations()}
    assert left == {waits, recent}
    for table in t.metadata.sorted_tables:
        if "conversation_id" in table.c and table is not t.removals:
            rows = await world.rows(table)
            assert [row for row in rows if row["conversation_id"] == gone] == [], table.name
    assert "visitor" not in {row["address"] for row in await world.rows(t.identities)}
    (record,) = await world.rows(t.removals)
    assert record["conversation_id"] == gone
    assert record["payload"]["rule"] == "nothing happened for 30 days"
    assert record["payload"]["rows"]["messages"] == 2
    assert record["payload"]["audit_no"] == record["payload"]["rows"]["audit_events"]
    assert await database.read(audit.verify) == []
    # The same stranger comes back, as a new conversation.
    again = await ask_as(world, None, "What is your return policy?")
    assert again != gone

    def tamper(connection: Connection) -> None:
        payload = {**record["payload"], "rule": "nobody knows"}
        connection.execute(update(t.removals).values(payload=payload))

    await database.write(tamper)
    (found,) = await database.read(audit.verify)
    assert found.problem == "the row was changed"


async def test_actions_go_with_the_customer(world: World) -> None:
    async def told(name: str, customer_id: str) -> None:
        at = world.clock.now() - timedelta(minutes=1)
        notice = ActionNotice(id=name, customer_id=customer_id, action="refund", at=at)
        await world.engine.tell_action(notice)

    async def left() -> set[str]:
        return {row["id"] for row in await world.rows(t.actions)}

    await ask_as(world, None, "What is your return policy?")
    (stranger,) = {row["customer_id"] for row in await world.rows(t.conversations)}
    waits = await ask_as(world, "cust_001", "Please cancel my order LF1001")
    await told("of a stranger", stranger)
    await told("of who waits", "cust_001")
    await told("of nobody", "cust_999")
    await grow_old(world)
    await told("lately", "cust_999")
    prune(world)
    assert len(await left()) == 4
    retention = Retention(spans=None, conversations=timedelta(days=30))
    assert prune(world, retention)["actions"] == 1
    assert await left() == {"of who waits", "lately"}
    assert [view.id for view in await world.engine.conversations()] == [waits]


async def test_removals_are_one_chain(world: World) -> None:
    for name in ("cust_001", "cust_002", "cust_003"):
        await ask_as(world, name, ASKS)
    await grow_old(world)
    prune(world, Retention(spans=None, conversations=timedelta(days=30)))
    assert [row["no"] for row in await world.rows(t.removals)] == [1, 2, 3]
    database = world.engine.database
    await database.write(lambda c: c.execute(t.removals.delete().where(t.removals.c.no == 2)))
    assert await database.read(audit.verify) != []


async def test_nothing_that_waits_is_over(world: World) -> None:
    """Whatever waits keeps its conversation: an event, a review, a reply, a timer."""
    conversation = await ask_as(world, "cust_001", ASKS)
    await grow_old(world)
    long = Retention(spans=None, conversations=timedelta(days=30))
    (rule,) = [
        rule
        for rule in pruning.rules(world.engine.database, long, actor="test", now=world.clock.now())
        if rule.name == "conversations"
    ]
    database = world.engine.database
    assert pruning.count(database, rule) == 1
    mine = t.conversations.c.id == conversation
    waiting = [
        update(t.conversations).where(mine).values(pending=1),
        update(t.outbox).values(status="waiting"),
        insert(t.timers).values(
            id="tmr_1",
            conversation_id=conversation,
            kind="follow_up",
            subject="x",
            due_at=world.clock.now(),
        ),
    ]
    for statement in waiting:
        with database.engine.connect() as connection:
            connection.execute(statement)
            found = connection.execute(select(func.count()).select_from(rule.find.subquery()))
            assert found.scalar_one() == 0, str(statement)
            connection.rollback()
    assert pruning.count(database, rule) == 1


async def test_old_spans_timers_and_changes_go(world: World) -> None:
    database, now = world.engine.database, world.clock.now()
    conversation = await ask_as(world, "cust_001", PAUSES)

    set_timers = len(await world.rows(t.timers))

    def fill(connection: Connection) -> None:
        connection.execute(update(t.timers).values(fired_at=now - timedelta(days=8)))
        changes = {"kind": "message", "conversation_id": conversation, "at": now}
        connection.execute(insert(t.desk_changes), [changes] * (pruning.KEPT_CHANGES + 50))
        for name, age in (("old", 100), ("new", 10)):
            ended = int((now - timedelta(days=age)).timestamp()) * 10**9
            span = {"span_id": name, "trace_id": name, "name": name, "kind": "internal"}
            rest = {"status": "ok", "attributes": {}, "events": [], "links": []}
            connection.execute(
                insert(t.spans), {**span, **rest, "start_ns": ended, "end_ns": ended}
            )

    await database.write(fill)
    newest = await world.engine.last_change()
    done = prune(world, Retention(spans=timedelta(days=90), conversations=None))
    assert (done["spans"], done["timers"]) == (1, set_timers)
    assert len(await world.rows(t.desk_changes)) == pruning.KEPT_CHANGES
    assert await world.engine.last_change() == newest
    assert "new" in {row["span_id"] for row in await world.rows(t.spans)}


async def test_sizes_name_every_table(world: World) -> None:
    await ask_as(world, "cust_001", PAUSES)
    measured = sizes.measure(world.engine.database)
    found = {table.name: table for table in measured.tables}
    assert set(t.metadata.tables) <= set(found)
    assert found["checkpoints"].rows == 1
    assert (measured.conversations, measured.turns) == (1, 1)
    assert measured.parts["all"].bytes == sum(table.bytes or 0 for table in measured.tables)
    assert measured.parts["checkpoints"].per_turn > 0
    assert measured.bytes >= measured.parts["all"].bytes


async def test_vacuum_gives_room_back(world: World) -> None:
    database = world.engine.database
    rows = [{"id": f"x{n}", "name": "x" * 900, "tier": "x"} for n in range(2_000)]
    await database.write(lambda c: c.execute(insert(t.customers), rows))
    await database.write(lambda c: c.execute(t.customers.delete().where(t.customers.c.tier == "x")))
    done = vacuum(database)
    assert done.problem is None
    assert done.after < done.before - 1_000_000


async def grow_old(world: World) -> None:
    """Let conversations be closed where nothing waits in them, and time go by."""
    world.clock.move(timedelta(days=40))
    await world.engine.handle("timers", "")
    await world.work()
    world.clock.move(timedelta(days=40))


async def ask_as(world: World, customer: str | None, text: str) -> str:
    """Let somebody write, do the work, and say in which conversation that was."""
    body = CustomerMessage(
        text=text,
        address=customer or "visitor",
        customer=Customer(id=customer) if customer else None,
        verified=customer is not None,
    )
    event = Event(channel="test", external_id=new_id("ext"), body=body)
    accepted = await world.engine.ingest(event)
    await world.work()
    return accepted.conversation_id
