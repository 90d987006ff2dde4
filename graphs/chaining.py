"""Nodes that always follow one another, run in one superstep of LangGraph.

A superstep costs as much as a node of ours, and of a fresh turn nothing is stored between two of
them. So a node goes straight on to the one after it, with the state that it left; each has its
span as ever. What waits for a person, or from where several ways lead, ends a chain.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from copy import copy
from typing import Any, Literal, get_origin, get_type_hints

from langgraph.channels import LastValue
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from handrail.nodes.contract import spec_of

Flow = StateGraph[Any, Any, Any, Any]
Step = Callable[[Any, Runtime[Any]], Awaitable[Mapping[str, Any] | None]]

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
    made = copy(flow)
    made.nodes, made.edges, made.branches = {}, set(), defaultdict(dict)
    todo = [START]
    while todo:
        first = todo.pop()
        chain = _chain(flow, first)
        if len(chain) > 1:
            made.add_node(first, _in_turn([_step(flow, name) for name in chain]))
        elif first != START:
            made.nodes[first] = flow.nodes[first]
        made.branches[first] = flow.branches.get(chain[-1], {})
        made.edges |= {(first, target) for target in _after(flow, chain[-1])}
        leads = {*_after(flow, chain[-1]), *_ways(flow, chain[-1])}
        todo += leads - {END, *made.nodes, *todo}
    return made


def _one_at_a_time(flow: Flow) -> bool:
    conditions = [branch for several in flow.branches.values() for branch in several.values()]
    return (
        not flow.waiting_edges
        and all(len(_after(flow, name)) < 2 for name in (START, *flow.nodes))
        and all(not _after(flow, name) for name, ways in flow.branches.items() if ways)
        and all(len(ways) < 2 for ways in flow.branches.values())
        and all(_returns_one_name(branch.path) for branch in conditions)
        and all(type(channel) is LastValue for channel in flow.channels.values())
        and all(node.input_schema is flow.state_schema for node in flow.nodes.values())
    )


def _returns_one_name(path: Any) -> bool:
    function = getattr(path, "afunc", None) or getattr(path, "func", None) or path
    returned = get_type_hints(function).get("return")
    return returned is str or get_origin(returned) is Literal


def _after(flow: Flow, name: str) -> frozenset[str]:
    """Where the plain edges of a node lead."""
    return frozenset(target for source, target in flow.edges if source == name)


def _ways(flow: Flow, name: str) -> Iterator[str]:
    """Where its condition can lead."""
    for branch in flow.branches.get(name, {}).values():
        yield from (branch.ends or {}).values()


def _chain(flow: Flow, first: str) -> list[str]:
    """A node and those that always follow it, up to one that ends the chain."""
    chain = [first]
    while _goes_on(flow, chain[-1]):
        after = [name for name in _after(flow, chain[-1]) if _goes_on(flow, name)]
        if not after or after[0] in chain:
            break
        chain += after
    return chain


def _goes_on(flow: Flow, name: str) -> bool:
    """Whether a node can be in a chain: it waits for nobody, and leaves nothing to LangGraph."""
    node = flow.nodes.get(name)
    spec = spec_of(_step(flow, name)) if node else None
    if spec is None or spec.role == "ask":
        return False
    return not any(getattr(node, option) for option in _OPTIONS)


def _step(flow: Flow, name: str) -> Step:
    runnable: Any = flow.nodes[name].runnable
    return getattr(runnable, "afunc", None) or runnable


def _in_turn(steps: Sequence[Step]) -> Any:
    """One function that calls several, each with the state that those before it left."""

    async def run(state: Any, runtime: Runtime[Any]) -> Mapping[str, Any]:
        known, told = dict(state), dict[str, Any]()
        for step in steps:
            update = await step(known, runtime) or {}
            known.update(update)
            told.update(update)
        return told

    return run
