"""A run that begins anew goes from node to node in as few supersteps of LangGraph as it can.

A superstep costs as much as a node of ours, and of a fresh turn nothing is stored between two of
them. So a node goes straight on to the one that its edge or its condition names, with the state
that it left; each has its span as ever. A node that waits for a person, one that LangGraph has to
see to, and one that was passed already begin a superstep of their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping
from copy import copy
from inspect import isawaitable, signature
from typing import Any, Literal, get_origin, get_type_hints

from langgraph.channels import LastValue
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command

from handrail.nodes.contract import spec_of

Flow = StateGraph[Any, Any, Any, Any]
Step = Callable[[Any, Runtime[Any]], Awaitable[Mapping[str, Any] | None]]
Condition = Callable[[Any], Hashable | Awaitable[Hashable]]

_OPTIONS = (
    "retry_policy", "cache_policy", "timeout", "trace_policy", "metadata", "defer", "ends",
    "is_error_handler", "error_handler_node",
)  # fmt: skip
"""What a node can be given that LangGraph sees to between supersteps."""


def chained(flow: Flow) -> Flow:
    """Return a flow that does the same in fewer supersteps, for runs that begin at its start.

    It is the same one where several nodes may run at once (a node with two plain edges, a node
    that waits for several, a condition whose annotation is not one name) or a key of the state
    has a reducer.
    """
    if not _one_at_a_time(flow):
        return flow
    steps = dict(_joinable(flow))
    made = copy(flow)
    made.nodes = {name: node for name, node in flow.nodes.items() if name not in steps}
    made.edges = {(source, target) for source, target in flow.edges if source not in steps}
    ways = {name: several for name, several in flow.branches.items() if name not in steps}
    made.branches = defaultdict(dict, ways)
    for name in steps:
        made.add_node(name, _walk(flow, steps, name), destinations=(*flow.nodes, END))
    return made


def _walk(flow: Flow, steps: Mapping[str, Step], first: str) -> Any:
    """A node that does what it and those after it do, up to one that begins a superstep."""
    after = {name: _leads(flow, name) for name in steps}

    async def run(state: Any, runtime: Runtime[Any]) -> Command[Any]:
        known, told = dict(state), dict[str, Any]()
        at, passed = first, set[str]()
        while at in steps and at not in passed:
            passed.add(at)
            update = await steps[at](known, runtime) or {}
            known.update(update)
            told.update(update)
            at = await after[at](known)
        return Command(update=told, goto=at)

    return run


def _leads(flow: Flow, name: str) -> Callable[[Any], Awaitable[str]]:
    """Where a flow goes on from a node, once the state is as that node left it."""
    ways = [(_function(way.path), way.ends) for way in flow.branches.get(name, {}).values()]
    always = next(iter(_after(flow, name)), END)

    async def lead(state: Any) -> str:
        for condition, ends in ways:
            chosen: Any = condition(state)
            if isawaitable(chosen):
                chosen = await chosen
            return ends[chosen] if ends else chosen
        return always

    return lead


def _one_at_a_time(flow: Flow) -> bool:
    conditions = [branch for several in flow.branches.values() for branch in several.values()]
    return (
        not flow.waiting_edges
        and all(len(_after(flow, name)) < 2 for name in (START, *flow.nodes))
        and all(not _after(flow, name) for name, ways in flow.branches.items() if ways)
        and all(len(ways) < 2 for ways in flow.branches.values())
        and all(_names_one(_function(branch.path)) for branch in conditions)
        and all(type(channel) is LastValue for channel in flow.channels.values())
        and all(node.input_schema is flow.state_schema for node in flow.nodes.values())
    )


def _function(path: Any) -> Condition:
    """The function that a condition was written as."""
    return getattr(path, "afunc", None) or getattr(path, "func", None) or path


def _names_one(condition: Condition) -> bool:
    """Whether a condition looks at the state alone, and says that it names one node."""
    returned = get_type_hints(condition).get("return")
    one = returned is str or get_origin(returned) is Literal
    return one and len(signature(condition).parameters) == 1


def _after(flow: Flow, name: str) -> frozenset[str]:
    """Where the plain edges of a node lead."""
    return frozenset(target for source, target in flow.edges if source == name)


def _joinable(flow: Flow) -> Iterator[tuple[str, Step]]:
    """The nodes that wait for nobody, and leave nothing to LangGraph."""
    for name, node in flow.nodes.items():
        runnable: Any = node.runnable
        step: Step = getattr(runnable, "afunc", None) or runnable
        spec = spec_of(step)
        asks = spec is None or spec.role == "ask"
        if not asks and not any(getattr(node, option) for option in _OPTIONS):
            yield name, step
