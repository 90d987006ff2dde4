"""Traces and graphs: why a reply was sent, and by which path."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from handrail.core.errors import NotFoundError
from handrail.desk.doors import Reader, TheEngine
from handrail.desk.error_replies import json_response
from handrail.engine.service import Engine
from handrail.graphs.definition import GraphDefinition
from handrail.traces.reading import find_traces, read_trace

router = APIRouter()


@router.get("/traces", tags=["traces"])
async def list_traces(
    engine: TheEngine,
    _: Reader,
    conversation: str | None = None,
    status: Literal["ok", "waiting", "error"] | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """List traces, newest first."""
    found = await engine.database.read(
        lambda c: find_traces(c, conversation_id=conversation, status=status, limit=limit)
    )
    return json_response({"traces": found})


@router.get("/traces/{reference}", tags=["traces"])
async def get_trace(reference: str, engine: TheEngine, _: Reader) -> Response:
    """Show a trace as a tree, with the audit rows of its turn.

    ``reference`` is a trace id or its beginning, a turn or a conversation.
    """
    return json_response(await engine.database.read(lambda c: read_trace(c, reference)))


@router.get("/graphs", tags=["graphs"])
async def list_graphs(engine: TheEngine, _: Reader) -> dict[str, Any]:
    """List the graphs."""
    return {
        "graphs": [
            {"name": graph.name, "version": graph.version, "interrupts": graph.interrupts}
            for graph in engine.graphs.values()
        ]
    }


@router.get("/graphs/{name}", tags=["graphs"])
async def get_graph(name: str, engine: TheEngine, _: Reader) -> dict[str, Any]:
    """Show a graph's nodes with their roles, its edges, and which static rules it breaks."""
    return describe_graph(graph_named(engine, name))


def describe_graph(graph: GraphDefinition) -> dict[str, Any]:
    """Nodes, edges and problems of a graph as plain values."""
    shape = graph.shape
    return {
        "name": graph.name,
        "version": graph.version,
        "description": graph.description,
        "interrupts": graph.interrupts,
        "nodes": [{"name": name, "role": spec.role} for name, spec in shape.specs.items()],
        "edges": [{"from": a, "to": b, "label": label} for a, b, label in shape.edges],
        "problems": [str(problem) for problem in graph.check()],
    }


def graph_named(engine: Engine, name: str) -> GraphDefinition:
    """Find a graph.

    Raises:
        NotFoundError: there is none of that name.
    """
    found = engine.graphs.get(name)
    if not isinstance(found, GraphDefinition):
        raise NotFoundError(f"no graph {name!r}; there are {', '.join(sorted(engine.graphs))}")
    return found
