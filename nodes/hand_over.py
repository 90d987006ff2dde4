"""Give the conversation to people, with what the AI has prepared."""

from __future__ import annotations

from langgraph.runtime import Runtime

from handrail.core.decisions import TakeOver
from handrail.nodes.choose_route import keeps_hold
from handrail.nodes.contract import node
from handrail.nodes.services import Services
from handrail.nodes.state import SupportState


@node()
async def hand_over(state: SupportState, runtime: Runtime[Services]) -> SupportState:
    """Hand over to the person who takes it, or to the queue with a suggestion.

    A suggestion with a critical finding is withheld, its findings are shown; in shadow mode
    nothing is suggested.
    """
    journal = runtime.context.journal
    decided = state.get("decided")
    if decided is not None and isinstance(decided.decision, TakeOver):
        journal.take_over(decided.actor)
        return {}
    draft, verdict = state["draft"], state["verdict"]
    shown = bool(draft.text) and verdict.outcome != "critical" and state["mode"] != "shadow"
    reason = state.get("reason", "assist")
    journal.hand_over(
        reason=reason,
        explanation=state.get("explanation", "The customer wrote; you hold this conversation"),
        draft=draft if shown else None,
        verdict=verdict if draft.text and state["mode"] != "shadow" else None,
        hold=keeps_hold(reason),
    )
    return {}
