"""What goes wrong in bare LangGraph, and does not here.

Each test is named after a pitfall, its docstring says what bare LangGraph does. Where that is cheap
it is shown first, so that we notice when LangGraph mends it; then the same is tried here.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, Interrupt, StateSnapshot, interrupt
from pydantic import ValidationError

from handrail.core.decisions import Approve, Decided, Edit, Review
from handrail.core.errors import StaleDecisionError
from handrail.core.events import ReviewDecision
from handrail.desk.testing import World, refusal
from handrail.engine.journal import TurnJournal
from handrail.graphs.support import support
from handrail.store import conversations
from handrail.store import tables as t

ASKS_TO_CANCEL = "Please cancel my order LF1001"
ASKS_POLICY = "What is your return policy?"
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


async def test_m1_two_decisions_at_once(world: World, bare: BareGraph) -> None:
    """Two resumes of one interrupt both succeed, and the send runs twice."""
    sent: list[Any] = []
    both = threading.Barrier(2)

    def deliver(answer: Any) -> None:
        both.wait(10)
        sent.append(answer)

    app = bare(deliver)
    app.invoke({"said": "x"}, THREAD)
    resumes = [
        asyncio.to_thread(app.invoke, Command(resume={waiting(app): who}), THREAD) for who in "ab"
    ]
    await asyncio.gather(*resumes)
    assert len(sent) == 2

    review = await paused(world)
    outcomes = await asyncio.gather(
        world.decide(review, Approve(), actor="kim"),
        world.decide(review, Edit(text="We will look into it."), actor="lee"),
        return_exceptions=True,
    )
    await world.work()
    assert len([o for o in outcomes if isinstance(o, StaleDecisionError)]) == 1
    assert len(world.postbox.delivered) == 1


async def test_m2_stale_tab(world: World, bare: BareGraph) -> None:
    """An answer pinned to the old checkpoint is dropped, and the send runs again with the first."""
    sent: list[Any] = []
    app = bare(sent.append)
    app.invoke({"said": "x"}, THREAD)
    seen, name = app.get_state(THREAD).config, waiting(app)
    app.invoke(Command(resume={name: "first"}), THREAD)
    app.invoke(Command(resume={name: "second"}), seen)
    assert len(sent) == 2

    review = await paused(world)
    await world.decide(review, Approve(), actor="kim")
    await world.work()
    error = await refusal(world.decide(review, Edit(text="Something else."), actor="lee"))
    assert isinstance(error, StaleDecisionError)
    assert "kim" in error.message
    await world.work()
    assert len(world.postbox.delivered) == 1


async def test_m3_late_decision(world: World, bare: BareGraph) -> None:
    """A resume of a thread that has ended returns normally, and nobody learns it did nothing."""
    sent: list[Any] = []
    app = bare(sent.append)
    app.invoke({"said": "x"}, THREAD)
    name = waiting(app)
    app.invoke(Command(resume={name: "first"}), THREAD)
    app.invoke(Command(resume={name: "late"}), THREAD)
    assert sent == ["first"]

    review = await paused(world)
    await world.ask("Never mind, keep the order")
    error = await refusal(world.decide(review, Approve()))
    assert isinstance(error, StaleDecisionError)
    assert "superseded by customer" in error.message


async def test_m4_message_while_paused(world: World, bare: BareGraph) -> None:
    """New input throws the pending question away; an answer to it does nothing, silently."""
    sent: list[Any] = []
    app = bare(sent.append)
    app.invoke({"said": "x"}, THREAD)
    name = waiting(app)
    app.invoke({"said": "y"}, THREAD)
    assert waiting(app) != name
    app.invoke(Command(resume={name: "yes"}), THREAD)
    assert sent == []

    first = await paused(world)
    await world.ask("Please cancel it before it leaves")
    second = await world.only_review()
    assert (await world.engine.review(first.id)).status == "superseded"
    assert "superseded" in {row["kind"] for row in await world.rows(t.audit_events)}
    await world.decide(second, Approve())
    await world.work()
    assert len(world.postbox.delivered) == 1


@pytest.mark.parametrize(
    "wrong", [[{"type": "accept"}], {"kind": "approve", "text": "x"}, "yes"], ids=repr
)
async def test_m5_m6_wrong_shaped_answer(world: World, wrong: Any) -> None:
    """A wrong answer is stored, and every right one after it fails as the wrong one did."""

    def strict(answer: Any) -> None:
        assert answer["ok"] is True

    builder: Any = StateGraph
    flow = builder(dict)
    flow.add_node("gate", lambda _: strict(interrupt({})))
    flow.add_edge(START, "gate")
    app = flow.compile(checkpointer=InMemorySaver())
    app.invoke({"said": "x"}, THREAD)
    for answer in ("wrong", {"ok": True}):
        with pytest.raises(TypeError):
            app.invoke(Command(resume=answer), THREAD)

    review = await paused(world)
    with pytest.raises(ValidationError):
        ReviewDecision(review_id=review.id, version=1, digest=None, decision=wrong, actor="kim")
    await world.decide(review, Approve())
    await world.work()
    assert len(world.postbox.delivered) == 1


async def test_m7_0_5_send_failed_after_its_effect(world: World, bare: BareGraph) -> None:
    """A send node that raises after the effect is run again and sends twice."""
    sent: list[Any] = []

    def loses_the_receipt(answer: Any) -> None:
        sent.append(answer)
        if len(sent) == 1:
            raise ConnectionError

    app = bare(loses_the_receipt)
    app.invoke({"said": "x"}, THREAD)
    with pytest.raises(ConnectionError):
        app.invoke(Command(resume={waiting(app): "yes"}), THREAD)
    app.invoke(None, THREAD)
    assert len(sent) == 2

    world.postbox.failures = 1  # keeps the text, then fails
    await world.ask(ASKS_POLICY)
    await world.work()
    assert len(world.postbox.calls) == 2
    assert len({call.id for call in world.postbox.calls}) == 1


async def test_m8_replay_sends_again(world: World, bare: BareGraph) -> None:
    """Going on from an old checkpoint runs the send node, and so sends, again."""
    sent: list[Any] = []
    app = bare(sent.append)
    app.invoke({"said": "x"}, THREAD)
    app.invoke(Command(resume={waiting(app): "yes"}), THREAD)
    before = next(s for s in app.get_state_history(THREAD) if s.next == ("send",))
    app.invoke(None, before.config)
    assert len(sent) == 2

    review = await paused(world)
    engine = world.engine
    app = support.compile(engine.runner._saver)  # pyright: ignore[reportPrivateUsage]
    thread: Any = {"configurable": {"thread_id": review.conversation_id}}
    history = [state async for state in app.aget_state_history(thread)]
    old = next(state for state in history if state.next == ("ask_human",))
    decided = {"decided": Decided(decision=Approve(), actor="kim")}
    fork = await app.aupdate_state(old.config, decided, as_node="ask_human")
    release = engine.kits.active.release.id

    def snapshot(connection: Any) -> Any:
        row = conversations.row_of(connection, review.conversation_id)
        return conversations.snapshot(connection, row, release, world.clock.now())

    journal = TurnJournal()
    context: Any = engine.kits.active.context(await engine.database.read(snapshot), journal)
    await app.ainvoke(None, fork, context=context)
    assert journal.replies, "the send node did not run, so this shows nothing"
    await world.work()
    assert world.postbox.delivered == []
    assert await world.replies() == []


async def test_m9_decision_is_bound_to_a_place(world: World) -> None:
    """The id of an interrupt names where it is asked, not what: two drafts share it."""
    assert Interrupt.from_ns("draft A", "gate:1").id == Interrupt.from_ns("draft B", "gate:1").id

    review = await paused(world)
    unseen = world.engine.decide(
        review.id, version=review.version, digest="0" * 64, decision=Approve(), actor="kim"
    )
    assert isinstance(await refusal(unseen), StaleDecisionError)
    assert world.postbox.delivered == []


async def test_m10_nobody_to_wait_for(world: World) -> None:
    """A paused thread has no assignee, due time, version or reason."""
    wanted = {"claimed_by", "due_at", "version", "reason", "allowed"}
    assert not wanted & set(StateSnapshot._fields)

    review = await paused(world)
    assert wanted <= set(Review.model_fields)
    assert review.due_at is not None
    claimed = await world.engine.claim(review.id, actor="kim")
    assert claimed.claimed_by == "kim"
