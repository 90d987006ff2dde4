"""Nodes that share a superstep do what they do in supersteps of their own."""

from __future__ import annotations

import operator
from collections.abc import Callable
from types import SimpleNamespace
from typing import Annotated, Any, Literal, TypedDict

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, RetryPolicy, interrupt

from handrail.core.registry import registered
from handrail.graphs.chaining import chained
from handrail.graphs.definition import GraphDefinition
from handrail.nodes.contract import node

CONTEXT = SimpleNamespace(conversation_id="cnv_1", journal=SimpleNamespace(waits=lambda _: None))


class State(TypedDict, total=False):
    """State of the flows below."""

    ran: list[str]
    rounds: int
    answer: str


def step(name: str, **update: Callable[[State], Any]) -> Any:
    """A node that notes that it ran, and what it was given."""

    async def run(state: State, runtime: Any) -> Any:
        del runtime
        told = {key: value(state) for key, value in update.items()}
        return {"ran": [*state.get("ran", []), name], **told}

    run.__name__ = name
    return node()(run)


async def wait(state: State, runtime: Any) -> Any:
    """Wait for a person."""
    del runtime
    return {"ran": [*state["ran"], "wait"], "answer": interrupt("go on?")}


def go_round(state: State) -> int:
    return state.get("rounds", 0) + 1


async def enough(state: State) -> Literal["again", "wait"]:
    return "wait" if state["rounds"] > 2 else "again"


async def anything(state: State) -> str:
    return "tell" if state["answer"] else "again"


def flow() -> StateGraph[Any, Any, Any, Any]:
    """Two nodes in a row, a loop of two, a wait, and two in a row again."""
    built: StateGraph[Any, Any, Any, Any] = StateGraph(State, context_schema=SimpleNamespace)
    steps = (step("load"), step("see"), step("write", rounds=go_round), step("judge"))
    for one in (*steps, node("ask")(wait), step("tell"), step("close")):
        built.add_node(one)
    built.add_edge(START, "load")
    built.add_edge("load", "see")
    built.add_edge("see", "write")
    built.add_edge("write", "judge")
    built.add_conditional_edges("judge", enough, {"again": "write", "wait": "wait"})
    built.add_conditional_edges("wait", anything, {"again": "write", "tell": "tell"})
    built.add_edge("tell", "close")
    built.add_edge("close", END)
    return built


async def supersteps(compiled: Any, given: Any, thread: str) -> list[str]:
    """Which nodes LangGraph ran, one for each superstep."""
    config = {"configurable": {"thread_id": thread}}
    parts = compiled.astream(given, config, context=CONTEXT, stream_mode="updates")
    return [name async for part in parts for name in part]


async def test_the_same_happens_in_fewer_supersteps() -> None:
    saver = InMemorySaver()
    plain, joined = flow().compile(saver), chained(flow()).compile(saver)
    loop = ["write", "judge"]
    assert await supersteps(plain, {"rounds": 0}, "plain") == [
        *("load", "see"), *loop, *loop, *loop, "__interrupt__"
    ]  # fmt: skip
    assert await supersteps(joined, {"rounds": 0}, "joined") == [
        "load", "write", "write", "__interrupt__"
    ]  # fmt: skip
    states = [
        await plain.aget_state({"configurable": {"thread_id": thread}})
        for thread in ("plain", "joined")
    ]
    assert states[0].values == states[1].values
    assert states[0].values["ran"] == ["load", "see", *loop, *loop, *loop]
    assert [state.next for state in states] == [("wait",), ("wait",)]


async def test_what_waits_goes_on_in_the_graph_as_it_is_written() -> None:
    saver = InMemorySaver()
    await supersteps(chained(flow()).compile(saver), {"rounds": 0}, "one")
    plain = flow().compile(saver)
    rest = await supersteps(plain, Command(resume="yes"), "one")
    assert rest == ["wait", "tell", "close"]
    state = await plain.aget_state({"configurable": {"thread_id": "one"}})
    assert state.values["ran"][-3:] == ["wait", "tell", "close"]


def unlike(change: Callable[[StateGraph[Any, Any, Any, Any]], object]) -> Any:
    built = flow()
    change(built)
    return built


async def several(state: State) -> list[str]:
    return [state["answer"]]


class Counted(State, total=False):
    """A state whose key is added to."""

    total: Annotated[int, operator.add]


def counting() -> StateGraph[Any, Any, Any, Any]:
    built: StateGraph[Any, Any, Any, Any] = StateGraph(Counted, context_schema=SimpleNamespace)
    built.add_sequence([step("load"), step("close")])
    built.add_edge(START, "load")
    return built


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda: unlike(lambda f: f.add_edge("load", "write")), id="two ways at once"),
        pytest.param(
            lambda: unlike(lambda f: f.add_edge(["tell", "see"], "close")), id="waits for several"
        ),
        pytest.param(
            lambda: unlike(lambda f: f.add_conditional_edges("close", several, ["load"])),
            id="a condition of several names",
        ),
        pytest.param(
            lambda: unlike(
                lambda f: f.add_conditional_edges("close", lambda s: s["answer"], ["load"])
            ),
            id="a condition that does not say",
        ),
        pytest.param(counting, id="a reducer"),
    ],
)
def test_where_several_may_run_at_once_nothing_is_joined(build: Callable[[], Any]) -> None:
    built = build()
    assert chained(built) is built


async def test_a_node_that_langgraph_sees_to_is_left_alone() -> None:
    built: StateGraph[Any, Any, Any, Any] = StateGraph(State, context_schema=SimpleNamespace)

    async def foreign(state: State) -> Any:
        return {"ran": [*state["ran"], "foreign"]}

    built.add_node(step("load"))
    built.add_node("foreign", foreign)
    built.add_node("tried", step("tried"), retry_policy=RetryPolicy(max_attempts=2))
    built.add_node(step("see"))
    built.add_node(step("close"))
    built.add_edge(START, "load")
    for source, target in (("load", "foreign"), ("foreign", "tried"), ("tried", "see")):
        built.add_edge(source, target)
    built.add_edge("see", "close")
    ran = await supersteps(chained(built).compile(), {}, "one")
    assert ran == ["load", "foreign", "tried", "see"]


def shortcut(state: State) -> Literal["done", "more"]:
    return "done" if state["answer"] else "more"


@pytest.mark.parametrize(
    ("answer", "ran"), [("yes", ["load"]), ("", ["load", "see", "close"])], ids=["end", "on"]
)
async def test_a_plain_condition_may_lead_on_or_to_the_end(answer: str, ran: list[str]) -> None:
    built: StateGraph[Any, Any, Any, Any] = StateGraph(State, context_schema=SimpleNamespace)
    for name in ("load", "see", "close"):
        built.add_node(step(name))
    built.add_edge(START, "load")
    built.add_conditional_edges("load", shortcut, {"done": END, "more": "see"})
    built.add_edge("see", "close")
    compiled = chained(built).compile()
    parts = compiled.astream({"answer": answer}, context=CONTEXT, stream_mode="updates")
    told = [part async for part in parts]
    assert told == [{"load": {"ran": ran}}]


@pytest.mark.parametrize("name", ["support", "assist", "human_reply"])
def test_the_built_in_flows_are_joined(name: str) -> None:
    (definition,) = (d for d in registered("graph").values() if d.name == name)
    assert isinstance(definition, GraphDefinition)
    joined = chained(definition.flow)
    begin = {source for source, _ in joined.edges} | {*joined.branches}
    assert begin <= {START, "ask_human"}
    assert definition.compile(fresh=True).nodes.keys() == definition.compile().nodes.keys()
