"""Verify the draft with the exit guardrails, repairs included where the AI wrote it."""

from __future__ import annotations

from langgraph.runtime import Runtime
from opentelemetry import trace

from handrail.core import attributes as a
from handrail.nodes.contract import node
from handrail.nodes.services import Services
from handrail.nodes.state import SupportState


@node("verify")
async def verify_reply(state: SupportState, runtime: Runtime[Services]) -> SupportState:
    """Judge the draft; the text that was judged last is the draft from here on."""
    services = runtime.context
    draft = state["draft"]
    intent = state.get("intent")
    checked = await services.verifier.verify(
        draft,
        services.snapshot,
        mode=state.get("mode", services.playbook.default_mode),
        intent=intent.top if intent else None,
        text=state["turn"].text,
        repair=draft.source != "person",
    )
    services.journal.verified(checked.draft, checked.verdict)
    trace.get_current_span().set_attributes(
        {a.OUTCOME: checked.verdict.outcome, a.FINDINGS: len(checked.verdict.report.findings)}
    )
    return {"draft": checked.draft, "verdict": checked.verdict}
