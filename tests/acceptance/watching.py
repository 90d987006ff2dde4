"""Something happens while a run of the flow ``support`` is in one of its nodes."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from handrail.desk.testing import World
from handrail.graphs import support as flow
from handrail.graphs.definition import GraphDefinition


def watch_node(
    world: World,
    node: str,
    before: Callable[[Any], Awaitable[object]],
    patch: pytest.MonkeyPatch,
) -> None:
    """Have ``before`` called with the state each time the node is about to run."""
    original: Any = getattr(flow, node)

    @functools.wraps(original)
    async def watched(state: Any, runtime: Any) -> Any:
        await before(state)
        return await original(state, runtime)

    patch.setattr(flow, node, watched)
    registered: Any = world.engine.graphs["support"]
    changed = GraphDefinition(
        "support", registered.version, registered.build, bounded=registered.bounded
    )
    world.engine.runner.graphs = world.engine.runner.graphs.put("support", changed)
