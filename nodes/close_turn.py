"""Close the turn: note how it ended."""

from __future__ import annotations

from langgraph.runtime import Runtime

from handrail.nodes.contract import node
from handrail.nodes.services import Services
from handrail.nodes.state import SupportState


@node()
async def close_turn(state: SupportState, runtime: Runtime[Services]) -> SupportState:
    """Write the turn's end into the audit chain."""
    runtime.context.journal.audit("turn_closed", route=state.get("route", "send"))
    return {}
