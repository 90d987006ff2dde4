"""What a node is: an async function of state and run-time context, with a role in the flow."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

from langgraph.config import get_config
from langgraph.errors import GraphBubbleUp
from langgraph.runtime import Runtime
from opentelemetry.trace import Status, StatusCode

from handrail.core import attributes as a
from handrail.core.tracing import tracer
from handrail.nodes.services import Services

Role = Literal["step", "draft", "verify", "ask", "send"]
"""``draft`` writes the reply, ``verify`` judges it, ``ask`` waits for a person, ``send`` puts it
in the outbox; every other node is a ``step``. The static checks of a graph rely on it."""

S_contra = TypeVar("S_contra", bound=Mapping[str, Any], contravariant=True)


class NodeFunction(Protocol[S_contra]):
    """A node: an async function of state and run-time context that returns an update."""

    def __call__(self, state: S_contra, runtime: Runtime[Services]) -> Awaitable[Mapping[str, Any]]:
        """Return what changes in the state."""
        ...


@dataclass(frozen=True)
class NodeSpec:
    """What the static checks know of a node."""

    name: str
    role: Role
    function: Callable[..., Any]
    """The function as it was written, for reading its source."""


def node(role: Role = "step") -> Callable[[NodeFunction[S_contra]], NodeFunction[S_contra]]:
    """Make an async function a node: named after it, with a span around each call.

    An interrupt is no error and leaves no exception on the span.
    """

    def decorate(function: NodeFunction[S_contra]) -> NodeFunction[S_contra]:
        name: str = getattr(function, "__name__", type(function).__name__)
        attributes = {a.NODE: name, a.SPAN_KIND: "CHAIN"}

        @functools.wraps(function)
        async def run(state: S_contra, runtime: Runtime[Services]) -> Mapping[str, Any]:
            with tracer().start_as_current_span(
                a.NODE_SPAN.format(node=name),
                attributes={**attributes, a.CONVERSATION: runtime.context.conversation_id},
                record_exception=False,
                set_status_on_exception=False,
            ) as span:
                try:
                    return await function(state, runtime)
                except GraphBubbleUp:
                    runtime.context.journal.waits(_name_in_graph(name))
                    span.set_attribute(a.OUTCOME, "interrupted")
                    raise
                except Exception as error:
                    span.set_attribute(a.ERROR_TYPE, type(error).__qualname__)
                    span.set_status(Status(StatusCode.ERROR, type(error).__qualname__))
                    raise

        run.__handrail_node__ = NodeSpec(name, role, function)  # pyright: ignore[reportAttributeAccessIssue]
        return run

    return decorate


def _name_in_graph(name: str) -> str:
    """What the graph calls the node that runs; a graph may name it other than its function."""
    return str(get_config().get("metadata", {}).get("langgraph_node", name))


def spec_of(function: object) -> NodeSpec | None:
    """Return the spec of a function that was made a node."""
    spec = getattr(function, "__handrail_node__", None)
    return spec if isinstance(spec, NodeSpec) else None
