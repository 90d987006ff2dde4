"""Keep back a reply that the guardrails do not let pass and that nobody is asked about."""

from __future__ import annotations

from langgraph.runtime import Runtime

from handrail.nodes.contract import node
from handrail.nodes.services import Services
from handrail.nodes.state import SupportState


@node()
async def withhold_reply(state: SupportState, runtime: Runtime[Services]) -> SupportState:
    """Note what stood in the way."""
    verdict = state["verdict"]
    found = sorted(finding.key for finding in verdict.report.findings)
    runtime.context.journal.audit("reply_withheld", outcome=verdict.outcome, findings=found)
    return {}
