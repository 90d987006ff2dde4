"""The shape of a flow: its nodes with their roles, and its edges."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, get_type_hints

from langgraph.graph import END, START, StateGraph

from handrail.nodes.contract import NodeSpec, spec_of


@dataclass(frozen=True)
class Shape:
    """A flow as a directed graph."""

    specs: dict[str, NodeSpec]
    """Every node, in the order it was added."""
    edges: tuple[tuple[str, str, str], ...]
    """From, to, and the label of a conditional edge (empty for a plain one)."""
    undeclared: tuple[str, ...]
    """Nodes with a conditional edge that does not say where it leads."""
    jumping: frozenset[str]
    """Nodes that name the next one themselves, by a ``Command``, and say which these may be."""
    keys: frozenset[str]
    """Keys of the state."""

    def after(self, name: str) -> frozenset[str]:
        """Where the edges of a node lead."""
        return frozenset(target for source, target, _ in self.edges if source == name)

    def reachable(self, starts: Iterable[str], *, without: frozenset[str]) -> frozenset[str]:
        """Every node that can be reached from ``starts`` without entering ``without``."""
        seen: set[str] = set()
        todo = [name for name in starts if name not in without]
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo.extend(self.after(name) - without)
        return frozenset(seen)


def shape_of(flow: StateGraph[Any, Any, Any, Any]) -> Shape:
    """Read the shape of a flow that was built but not compiled."""
    specs = {name: _spec(name, node.runnable) for name, node in flow.nodes.items()}
    edges = [(source, target, "") for source, target in sorted(flow.edges)]
    edges += [(source, target, "") for sources, target in flow.waiting_edges for source in sources]
    undeclared: list[str] = []
    for source, branches in flow.branches.items():
        for branch in branches.values():
            if branch.ends is None:
                undeclared.append(source)
            else:
                edges += [(source, target, str(label)) for label, target in branch.ends.items()]
    for source, node in flow.nodes.items():
        edges += [(source, target, "") for target in node.ends or ()]
    keys = frozenset(get_type_hints(flow.state_schema))
    order = {START: -1, **{name: index for index, name in enumerate(specs)}, END: len(specs)}
    edges.sort(key=lambda edge: (order.get(edge[0], 0), order.get(edge[1], 0), edge[2]))
    jumping = frozenset(name for name, node in flow.nodes.items() if node.ends)
    return Shape(specs, tuple(edges), tuple(undeclared), jumping, keys)


def _spec(name: str, runnable: Any) -> NodeSpec:
    function = getattr(runnable, "afunc", None) or getattr(runnable, "func", None) or runnable
    spec = spec_of(function)
    return (
        NodeSpec(name, "step", function)
        if spec is None
        else NodeSpec(name, spec.role, spec.function)
    )
