"""Names, versions and checks a graph. The graph itself stays a plain LangGraph ``StateGraph``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import StateGraph
from langgraph.graph.state import CompiledStateGraph

from handrail.core.errors import GraphError
from handrail.core.migration import Rule, version_key
from handrail.core.registry import register
from handrail.graphs.chaining import chained
from handrail.graphs.checking import Problem, check_flow, check_migrations
from handrail.graphs.shape import Shape, shape_of

Build = Callable[[], StateGraph[Any, Any, Any, Any]]


@dataclass(eq=False)
class GraphDefinition:
    """A named, versioned flow."""

    name: str
    """How the engine and the command line call it."""
    version: str
    """Changes when a conversation that waits in it could not go on unchanged."""
    build: Build
    """Makes the ``StateGraph``."""
    bounded: frozenset[str] = frozenset()
    """Nodes that end the loops they are on after a number of rounds."""
    migrations: tuple[Rule, ...] = ()
    """How a conversation that waits in an older version goes on in this one."""

    @cached_property
    def flow(self) -> StateGraph[Any, Any, Any, Any]:
        """The ``StateGraph``, built once."""
        return self.build()

    @cached_property
    def shape(self) -> Shape:
        """Nodes and edges, as the static checks and the pictures see them."""
        return shape_of(self.flow)

    @cached_property
    def _problems(self) -> tuple[Problem, ...]:
        return (
            *check_flow(self.shape, self.bounded),
            *check_migrations(self.shape, self.version, self.migrations),
        )

    @property
    def description(self) -> str:
        """First line of the build function's docstring."""
        return (self.build.__doc__ or "").strip().partition("\n")[0]

    @property
    def interrupts(self) -> bool:
        """Whether it can wait for a person, and so needs checkpoints."""
        return any(spec.role == "ask" for spec in self.shape.specs.values())

    def check(self) -> tuple[Problem, ...]:
        """Return what breaks the static rules; empty for a graph that is safe to run."""
        return self._problems

    def before(self, node: str) -> tuple[str, ...]:
        """Return the nodes from which an edge leads to ``node``."""
        found = {source for source, target, _ in self.shape.edges if target == node}
        return tuple(name for name in self.shape.specs if name in found)

    def compile(
        self, saver: BaseCheckpointSaver[str] | None = None, *, fresh: bool = False
    ) -> CompiledStateGraph[Any, Any, Any, Any]:
        """Check the graph and compile it.

        Args:
            saver: Keeps the checkpoint of a turn that waits.
            fresh: For runs that begin at the start: nodes go on to the next one within a
                superstep. What they store, the graph as it is written goes on from.

        Raises:
            GraphError: it breaks a static rule; the text says which, and the mend of each.
        """
        problems = self.check()
        if problems:
            lines = "\n".join(f"- {problem}" for problem in problems)
            raise GraphError(f"graph {self.name!r} is not safe to run:\n{lines}")
        flow = chained(self.flow) if fresh else self.flow
        return flow.compile(checkpointer=saver, name=self.name)

    def __call__(self) -> CompiledStateGraph[Any, Any, Any, Any]:
        """Compile without a saver, for LangGraph's own tools (see ``langgraph.json``)."""
        return self.compile()


def graph(
    name: str,
    *,
    version: str,
    bounded: tuple[str, ...] = (),
    migrations: tuple[Rule, ...] = (),
) -> Callable[[Callable[[], Any]], GraphDefinition]:
    """Make a function that builds a ``StateGraph`` a graph of that name.

    Args:
        name: How the engine and the command line call it.
        version: Changes when a paused conversation could not go on unchanged; ``"2"``, ``"2.1"``.
        bounded: Nodes that end the loops they are on after a number of rounds.
        migrations: How a conversation that waits in an older version goes on in this one.

    Raises:
        DefinitionError: a version is none.
    """
    for text in (version, *(rule.since for rule in migrations)):
        version_key(text)

    def decorate(build: Callable[[], Any]) -> GraphDefinition:
        definition = GraphDefinition(
            name, version, cast("Build", build), frozenset(bounded), migrations
        )
        return register(definition, "graph", f"{name}@{version}")

    return decorate
