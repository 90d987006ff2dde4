"""Load what this turn starts from, and look at what the customer wrote."""

from __future__ import annotations

from langgraph.runtime import Runtime

from handrail.core.modes import trusted_less
from handrail.nodes.contract import node
from handrail.nodes.services import Services
from handrail.nodes.state import SupportState


@node()
async def load_context(state: SupportState, runtime: Runtime[Services]) -> SupportState:
    """Screen the customer's words; an unverified identity tightens nothing but hides records."""
    services = runtime.context
    turn = state["turn"]
    screen = await services.verifier.screen(turn.text, services.snapshot)
    mode = trusted_less(services.playbook.default_mode, screen.findings)
    for finding in screen.findings:
        services.journal.audit("input_flagged", finding=finding.key)
    services.understood(turn, screen)
    return {"screen": screen, "mode": mode}
