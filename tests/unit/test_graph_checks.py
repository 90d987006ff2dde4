"""Static rules of graphs: each is broken once, and the text names the mend."""

from __future__ import annotations

from typing import Any, TypedDict

import pytest
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt
from pydantic import BaseModel

from handrail.core.errors import GraphError
from handrail.core.registry import registered
from handrail.graphs.definition import GraphDefinition
from handrail.graphs.drawing import draw_svg, draw_text
from handrail.nodes.contract import node


class State(TypedDict, total=False):
    """State of the graphs below."""

    route: str
    draft: str


class Answer(BaseModel):
    """What a person answers."""

    ok: bool


@node("draft")
async def write(state: Any, runtime: Any) -> Any:
    """Draft."""
    del state, runtime
    return {"draft": "text"}


@node("verify")
async def judge(state: Any, runtime: Any) -> Any:
    """Verify."""
    del state, runtime
    return {}


@node("send")
async def send_it(state: Any, runtime: Any) -> Any:
    """Send."""
    runtime.context.journal.send(state["draft"], None, decided=False)
    return {}


@node("ask")
async def ask(state: Any, runtime: Any) -> Any:
    """Ask."""
    del state, runtime
    return {"route": interrupt({}, response_schema=Answer)}


@node("ask")
async def ask_without_schema(state: Any, runtime: Any) -> Any:
    """Ask carelessly."""
    del state, runtime
    return {"route": interrupt({})}


@node("ask")
async def ask_twice(state: Any, runtime: Any) -> Any:
    """Ask two things."""
    del state, runtime
    first = interrupt({}, response_schema=Answer)
    return {"route": [first, interrupt({}, response_schema=Answer)]}


@node()
async def ask_in_passing(state: Any, runtime: Any) -> Any:
    """Wait in a node that says it does not."""
    del state, runtime
    return {"route": interrupt({}, response_schema=Answer)}


@node()
async def smuggle(state: Any, runtime: Any) -> Any:
    """Send from a node that is no send node."""
    runtime.context.journal.send(state["draft"], None, decided=False)
    return {}


@node("send")
async def deliver_it(state: Any, runtime: Any) -> Any:
    """Send under a name that hides it."""
    del state, runtime
    return {}


@node()
async def misspell(state: Any, runtime: Any) -> Any:
    """Write a key that the state does not have."""
    del state, runtime
    return {"drfat": "text"}


@node()
async def jump(state: Any, runtime: Any) -> Any:
    """Name the next node, unseen by the rules."""
    del state, runtime
    return Command(goto="judge")


def flow(*edges: tuple[Any, Any]) -> StateGraph[Any, Any, Any, Any]:
    """Build a graph of the functions named in the edges."""
    built: StateGraph[Any, Any, Any, Any] = StateGraph(State)
    steps = {step for edge in edges for step in edge if callable(step)}
    for step in sorted(steps, key=lambda step: step.__name__):
        built.add_node(step)
    for source, target in edges:
        built.add_edge(
            source if isinstance(source, str) else source.__name__,
            target if isinstance(target, str) else target.__name__,
        )
    return built


def rules(built: StateGraph[Any, Any, Any, Any], *bounded: str) -> set[str]:
    """Names of the rules that a graph breaks."""
    definition = GraphDefinition("test", "1", lambda: built, frozenset(bounded))
    return {problem.rule for problem in definition.check()}


def test_safe_graph_breaks_no_rule() -> None:
    safe = flow((START, write), (write, judge), (judge, ask), (ask, send_it), (send_it, END))
    assert rules(safe) == set()


def test_send_without_verification() -> None:
    assert "P3" in rules(flow((START, write), (write, send_it), (send_it, END)))


def test_draft_after_verification_needs_another_one() -> None:
    late = flow((START, judge), (judge, write), (write, send_it), (send_it, END))
    assert "P3" in rules(late)


def test_unreachable_node() -> None:
    assert "unreachable" in rules(flow((START, judge), (judge, END), (write, END)))


def test_node_that_leads_nowhere() -> None:
    built = flow((START, judge), (judge, END), (START, write))
    assert "no_end" in rules(built)


def test_endless_loop_and_its_bound() -> None:
    built = flow((START, write), (write, judge), (judge, write), (judge, END))
    assert "loop" in rules(built)
    assert "loop" not in rules(built, "judge")


def test_loop_through_a_person_is_fine() -> None:
    built = flow((START, write), (write, ask), (ask, write), (ask, END))
    assert "loop" not in rules(built)


@pytest.mark.parametrize(
    ("step", "rule"),
    [
        (ask_without_schema, "response_schema"),
        (ask_twice, "interrupts"),
        (ask_in_passing, "interrupts"),
        (smuggle, "send_role"),
        (deliver_it, "send_name"),
        (misspell, "state_key"),
    ],
)
def test_node_rules(step: Any, rule: str) -> None:
    assert rule in rules(flow((START, judge), (judge, step), (step, END)))


def test_undeclared_destinations() -> None:
    built = flow((START, judge), (judge, END))
    built.add_conditional_edges("judge", lambda _: END)
    assert "destinations" in rules(built)


def test_a_command_says_where_it_may_lead() -> None:
    unsaid, said = flow((START, jump), (jump, judge), (judge, END)), flow((judge, END))
    said.add_node(jump, destinations=("judge",))
    said.add_edge(START, "jump")
    assert "destinations" in rules(unsaid)
    assert rules(said) == set()


def test_broken_graph_does_not_compile_and_says_why() -> None:
    built = flow((START, write), (write, send_it), (send_it, END))
    definition = GraphDefinition("careless", "1", lambda: built)
    with pytest.raises(GraphError, match="put a verify node on every such path"):
        definition.compile()


def test_built_in_graphs_are_registered_and_safe() -> None:
    graphs = registered("graph")
    assert {"support@1", "assist@1", "human_reply@1"} <= set(graphs)
    for definition in graphs.values():
        assert definition.check() == ()


def test_pictures_show_every_node_and_escape() -> None:
    for definition in registered("graph").values():
        text, svg = draw_text(definition), draw_svg(definition, current="ask_human")
        for name in definition.shape.specs:
            assert name in text
            assert f">{name}</text>" in svg
        assert "<script" not in svg
        assert "style=" not in svg
