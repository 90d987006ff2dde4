"""What goes wrong between bare LangGraph and its storage, and does not here.

As in ``test_pitfalls``, named after the findings on LangGraph 1.2: several processes, deploys,
growth, commits, connections, and what can be read in the tables.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Command
from sqlalchemy import text

from handrail.core.decisions import Approve, Review
from handrail.core.errors import NotFoundError
from handrail.desk.testing import World, Writes, open_world, refusal
from handrail.engine import saver
from handrail.graphs.definition import GraphDefinition
from handrail.graphs.support import support
from handrail.store import tables as t

ASKS_TO_CANCEL = "Please cancel my order LF1001"
ASKS_POLICY = "What is your return policy?"
ASKS_OTHERS = ("How much is shipping?", "How do I reset my password?", "Where is my order LF1001?")
THREAD: Any = {"configurable": {"thread_id": "one"}}


BareGraph = Callable[..., Any]
"""The fixture ``bare``: a graph as the tutorials write it."""


def waiting(app: Any) -> str:
    """Id of the interrupt that waits."""
    return app.get_state(THREAD).interrupts[0].id


async def paused(world: World) -> Review:
    """Let a conversation wait for a person."""
    await world.ask(ASKS_TO_CANCEL)
    return await world.only_review()


async def test_0_1_two_processes(world: World) -> None:
    """Two processes on one thread both run it: sends happen twice, or one message is lost."""
    async with open_world(world.url, world.home) as other:
        review = await paused(world)
        await world.decide(review, Approve())
        name = review.conversation_id
        other.clock.move(world.clock.now() - other.clock.now())
        await asyncio.gather(
            world.engine.handle("conversation", name), other.engine.handle("conversation", name)
        )
        await world.work()
        assert len(world.postbox.delivered + other.postbox.delivered) == 1
        other.clock.move(world.clock.now() - other.clock.now())
        await asyncio.gather(world.say(ASKS_POLICY), other.say("And how do I pay?"))
        await asyncio.gather(world.engine.settle(), other.engine.settle())
    said = [row["text"] for row in await world.rows(t.messages) if row["role"] == "customer"]
    assert sorted(said) == sorted([ASKS_TO_CANCEL, ASKS_POLICY, "And how do I pay?"])
    assert all(row["processed_at"] for row in await world.rows(t.events))


async def test_0_2_renamed_node(world: World, bare: BareGraph) -> None:
    """Who waits in a node that was renamed is lost: the resume returns, and nothing is sent."""
    sent: list[Any] = []
    kept = InMemorySaver()
    app = bare(sent.append, kept=kept)
    app.invoke({"said": "x"}, THREAD)
    name = waiting(app)
    new = bare(sent.append, gate="gate_of_today", kept=kept)
    assert new.get_state(THREAD).next == ()
    new.invoke(Command(resume={name: "yes"}), THREAD)
    assert sent == []

    review = await paused(world)
    world.deploy(GraphDefinition("support", "2", _renamed, support.bounded))
    await world.decide(review, Approve())
    await world.work()
    assert (await world.only_review()).kind == "failure"


def _renamed() -> Any:
    built = support.build()
    built.nodes["ask_person"] = built.nodes.pop("ask_human")
    built.branches["ask_person"] = built.branches.pop("ask_human")
    for branch in built.branches["choose_route"].values():
        assert branch.ends is not None
        branch.ends["ask"] = "ask_person"
    return built


async def test_0_4_answer_without_a_question(world: World, bare: BareGraph) -> None:
    """A resume of a thread nobody knows starts it; a goto runs the send without approval."""
    sent: list[Any] = []
    app = bare(sent.append)
    app.invoke({"said": "x"}, THREAD)
    app.invoke(Command(goto="send"), THREAD)
    assert sent == [None]

    unknown = world.engine.decide(
        "rev_unknown", version=1, digest=None, decision=Approve(), actor="kim"
    )
    assert isinstance(await refusal(unknown), NotFoundError)
    assert await world.rows(t.turns) == []


async def test_0_6_storage_grows_with_the_square(world: World) -> None:
    """With messages in the state every checkpoint holds all of them: each turn stores more."""

    class Talk(TypedDict):
        messages: Annotated[list[Any], add_messages]

    flow: Any = StateGraph(Talk)
    flow.add_node("reply", lambda _: {"messages": [("ai", "word " * 40)]})
    flow.add_edge(START, "reply")
    app = flow.compile(checkpointer=(kept := InMemorySaver()))
    sizes: list[int] = []
    for _ in range(8):
        app.invoke({"messages": [("user", "word " * 40)]}, THREAD)
        sizes.append(len(kept.serde.dumps_typed(app.get_state(THREAD).values)[1]))
    assert sizes[-1] > 4 * sizes[0]

    early = await _bytes_at_a_pause(world)
    for asks in 2 * (ASKS_POLICY, *ASKS_OTHERS):
        await world.ask(asks)
    assert await world.engine.reviews() == ()
    assert await _bytes_at_a_pause(world) < 1.2 * early


async def _bytes_at_a_pause(world: World) -> int:
    """Size of a paused turn's newest checkpoint; the turn is ended then."""
    await world.ask("Please cancel my order LF1001")
    review = await world.only_review()
    size = await _checkpoint_bytes(world)
    await world.decide(review, Approve())
    await world.work()
    return size


async def _checkpoint_bytes(world: World) -> int:
    (row,) = await world.rows(t.conversations)
    kept = world.engine.runner._saver  # pyright: ignore[reportPrivateUsage]
    found = await kept.aget_tuple({"configurable": {"thread_id": row["id"]}})
    assert found is not None
    return len(kept.serde.dumps_typed(found.checkpoint)[1])


async def test_0_7_many_commits_a_turn(
    world: World, bare: BareGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step commits its checkpoint and its writes; a turn of two nodes commits seven times."""
    with closing(sqlite3.connect(":memory:", check_same_thread=False)) as connection:
        commits: list[str] = []
        connection.set_trace_callback(lambda s: commits.append(s) if s == "COMMIT" else None)
        kept = SqliteSaver(connection)
        kept.setup()
        app = bare(lambda _: None, kept=kept)
        commits.clear()
        app.invoke({"said": "x"}, THREAD)
        app.invoke(Command(resume={waiting(app): "yes"}), THREAD)
        assert len(commits) >= 7

    accepted = await world.say(ASKS_POLICY)
    database, writes = world.engine.database, list[Any]()
    real = database.write

    async def counted(work: Any, **options: Any) -> Any:
        writes.append(work)
        return await real(work, **options)

    monkeypatch.setattr(database, "write", counted)
    await world.engine.handle("conversation", accepted.conversation_id)
    assert len(writes) == 2, "one for the lease, one for everything the turn does"


@pytest.mark.parametrize("backend", ["postgres"], indirect=True)
async def test_0_8_one_connection_at_a_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The official saver holds one lock around every call, however many connections it has."""
    together, real = threading.Barrier(4), saver._official  # pyright: ignore[reportPrivateUsage]

    def meeting(connection: Any, serde: Any) -> Any:
        together.wait(20)  # four reads have their connections at the same moment, or this breaks
        return real(connection, serde)

    monkeypatch.setattr(saver, "_official", meeting)
    kept = world.engine.runner._saver  # pyright: ignore[reportPrivateUsage]
    found = await asyncio.gather(
        *(
            kept.aget_tuple({"configurable": {"thread_id": f"t{n}", "checkpoint_ns": ""}})
            for n in range(4)
        )
    )
    assert found == [None] * 4


async def test_0_9_customer_text_in_plain_columns(world: World, bare: BareGraph) -> None:
    """Top-level text of the state and all of ``configurable`` are stored as readable JSON."""
    with closing(sqlite3.connect(":memory:", check_same_thread=False)) as connection:
        app = bare(lambda _: None, kept=SqliteSaver(connection))
        app.invoke({"said": "x"}, {"configurable": {"thread_id": "one", "who": "Zerbinetta"}})
        rows = connection.execute("SELECT CAST(metadata AS TEXT) FROM checkpoints").fetchall()
    assert any("Zerbinetta" in row[0] for row in rows)

    world.use(drafter=Writes("Your Zerbinetta gets 999.00 USD by carrier pigeon."))
    await world.ask("Zerbinetta wants a pigeon for order LF1001")
    review = await world.only_review()
    assert review.draft is not None
    assert "Zerbinetta" in review.draft.text
    query = (
        "SELECT CAST(metadata AS TEXT) FROM checkpoints"
        if world.engine.database.is_sqlite
        else "SELECT checkpoint::text || metadata::text FROM checkpoints"
    )
    plain = await world.engine.database.read(lambda c: c.execute(text(query)).scalars().all())
    assert plain
    for word in ("Zerbinetta", "pigeon", "999.00"):
        assert not [row for row in plain if word in str(row)], f"{word!r} is readable"
