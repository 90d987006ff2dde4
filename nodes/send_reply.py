"""Put the verified reply in the outbox."""

from __future__ import annotations

from langgraph.runtime import Runtime

from handrail.core.decisions import Approve, Decided, Worded
from handrail.nodes.contract import node
from handrail.nodes.services import Services
from handrail.nodes.state import SupportState


@node("send")
async def send_reply(state: SupportState, runtime: Runtime[Services]) -> SupportState:
    """Queue the reply under the digest that was verified; delivery is the relay's."""
    decided = state["turn"].draft is not None or _decided(state.get("decided"))
    runtime.context.journal.send(state["draft"], state["verdict"], decided=decided)
    return {}


def _decided(decided: Decided | None) -> bool:
    return decided is not None and isinstance(decided.decision, Approve | Worded)
