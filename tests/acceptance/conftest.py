"""A world for acceptance tests: the demo shop on a database of the test's own."""

from __future__ import annotations

import operator
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

from handrail.core.decisions import Approve, Review
from handrail.core.migration import Rule
from handrail.desk.testing import World, open_world
from handrail.graphs.definition import GraphDefinition
from handrail.graphs.support import AFTER_DECISION, AFTER_ROUTE
from handrail.nodes.ask_human import ask_human
from handrail.nodes.choose_route import choose_route
from handrail.nodes.close_turn import close_turn
from handrail.nodes.contract import node
from handrail.nodes.detect_intent import detect_intent
from handrail.nodes.draft_reply import draft_reply
from handrail.nodes.hand_over import hand_over
from handrail.nodes.load_context import load_context
from handrail.nodes.send_reply import send_reply
from handrail.nodes.services import Services
from handrail.nodes.state import SupportState
from handrail.nodes.verify_reply import verify_reply

ASKS_TO_CANCEL = "Please cancel my order LF1001"


@pytest.fixture(scope="session")
def home(handrail_home: Path) -> Path:
    """A home that keeps the trained classifier for all tests."""
    return handrail_home


@pytest.fixture
async def world(database_url: str, home: Path) -> AsyncIterator[World]:
    """The demo shop, with a channel that keeps what it delivers."""
    async with open_world(database_url, home) as opened:
        yield opened


@pytest.fixture
def stage(world: World) -> Any:
    """What the scenarios of a module act on; override it for another."""
    return world


class Bare(TypedDict, total=False):
    """State of the bare graph."""

    said: str
    answer: Any
    sent: Annotated[list[Any], operator.add]


def _bare(send: Callable[[Any], None], *, gate: str = "gate", kept: Any = None) -> Any:
    """A graph as its tutorials write it: a gate that asks a person, then a send."""

    def ask(state: Bare) -> Bare:
        return {"answer": interrupt({"draft": state.get("said")})}

    def deliver(state: Bare) -> Bare:
        send(state.get("answer"))
        return {"sent": [state.get("answer")]}

    flow: Any = StateGraph(Bare)
    flow.add_node(gate, ask)
    flow.add_node("send", deliver)
    flow.add_edge(START, gate)
    flow.add_edge(gate, "send")
    flow.add_edge("send", END)
    return flow.compile(checkpointer=kept or InMemorySaver())


@pytest.fixture
def bare() -> Callable[..., Any]:
    """Make a bare LangGraph graph, to show what it does by itself."""
    return _bare


Step = Any
"""A node; LangGraph's own type for one asks for more than it needs."""


def step(name: str, does: Callable[[Any], Any]) -> Step:
    """A node of that name."""

    async def run(state: Any, runtime: Any) -> Any:
        del runtime
        return does(state)

    run.__name__ = name
    return node()(run)


def flow(
    *,
    state: Any = SupportState,
    gate: str | None = "ask_human",
    asks: Any = ask_human,
    early: Step | None = None,
    before: Step | None = None,
    after: Step | None = None,
) -> StateGraph[Any, Any, Any, Any]:
    """The support flow with another state, gate, or steps early, before or after the gate."""
    built: StateGraph[Any, Any, Any, Any] = StateGraph(state, context_schema=Services)
    steps: list[Any] = [load_context, detect_intent, draft_reply, verify_reply, choose_route]
    steps += [send_reply, hand_over, close_turn]
    for each in steps:
        built.add_node(each)
    first, asked, approved = "detect_intent", gate or "send_reply", "send_reply"
    if early is not None:
        first = "early"
        built.add_node(first, early)
        built.add_edge(first, "detect_intent")
    if before is not None:
        asked = "before"
        built.add_node(asked, before)
        built.add_edge(asked, gate or "send_reply")
    if after is not None:
        approved = "after"
        built.add_node(approved, after)
        built.add_edge(approved, "send_reply")
    built.add_edge(START, "load_context")
    built.add_edge("load_context", first)
    built.add_edge("detect_intent", "draft_reply")
    built.add_edge("draft_reply", "verify_reply")
    built.add_edge("verify_reply", "choose_route")
    built.add_conditional_edges(
        "choose_route", lambda state: state["route"], {**AFTER_ROUTE, "ask": asked}
    )
    if gate is not None:
        built.add_node(gate, asks)
        decided: dict[Any, str] = {**AFTER_DECISION, "approve": approved}
        built.add_conditional_edges(gate, lambda s: s["decided"].decision.kind, decided)
    built.add_edge("send_reply", "close_turn")
    built.add_edge("hand_over", "close_turn")
    built.add_edge("close_turn", END)
    return built


class Deploys:
    """Graphs that are deployed under conversations of a world, and what must come of it."""

    def __init__(self, world: World) -> None:
        self.world = world

    @staticmethod
    def version(text: str, *rules: Rule, **changes: Any) -> GraphDefinition:
        """A version of the support graph."""
        built = flow(**changes)
        return GraphDefinition("support", text, lambda: built, frozenset({"choose_route"}), rules)

    async def pause(self, *graphs: GraphDefinition) -> Review:
        """Let a conversation wait under these graphs."""
        self.world.deploy(*graphs)
        await self.world.ask(ASKS_TO_CANCEL)
        review = await self.world.only_review()
        assert review.kind == "approval", review.explanation
        return review

    async def approve(self, review: Review) -> None:
        """Approve, and do the work."""
        await self.world.decide(review, Approve())
        await self.world.work()

    async def went_on(self, review: Review) -> None:
        """The approved text left, once, and nobody is asked again."""
        assert await self.world.engine.reviews() == (), "P8: a person is asked again"
        assert review.draft is not None
        assert self.world.postbox.delivered == [review.draft.text], (
            "P8: not exactly the approved text left"
        )

    async def asks_anew(self, review: Review, *words: str) -> Review:
        """Nothing left; one open review says why, and still has the draft that was seen."""
        assert self.world.postbox.delivered == [], (
            "P8: a reply left on a decision about something else"
        )
        reviews = await self.world.engine.reviews()
        assert len(reviews) == 1, "P8: the conversation waits for nobody"
        (anew,) = reviews
        for word in words:
            assert word in anew.explanation, f"P8: {word!r} is not named in {anew.explanation!r}"
        assert anew.draft is not None, "P8: the draft that the person saw is lost"
        assert anew.draft == review.draft, "P8: another draft"
        return anew

    async def stranded(self, review: Review, *words: str) -> None:
        """It is a visible failure, and the next approval of it sends the text, once."""
        anew = await self.asks_anew(review, *words, "kim's decision (approve) was not carried out")
        assert anew.kind == "failure", "P8: no failure"
        await self.approve(anew)
        await self.went_on(review)

    @staticmethod
    def step(name: str, does: Callable[[Any], Any]) -> Step:
        """A node of that name."""
        return step(name, does)

    def deploy(self, text: str, *rules: Rule, **changes: Any) -> None:
        """Deploy a version of the support graph in place of all before it."""
        self.world.deploy(self.version(text, *rules, **changes))

    async def stored(self, review: Review) -> Any:
        """The newest checkpoint; ``None`` once the turn has ended."""
        saver = self.world.engine.runner._saver  # pyright: ignore[reportPrivateUsage]
        found: Any = await saver.aget_tuple(
            {"configurable": {"thread_id": review.conversation_id, "checkpoint_ns": ""}}
        )
        return found and found.checkpoint


@pytest.fixture
def deploys(world: World) -> Deploys:
    """Graphs deployed under the conversations of the world."""
    return Deploys(world)
