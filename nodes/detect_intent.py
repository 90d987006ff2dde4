"""Detect what the customer wants, and under which mode that is answered."""

from __future__ import annotations

from langgraph.runtime import Runtime
from opentelemetry import trace

from handrail.core import attributes as a
from handrail.core.conversation import Mode
from handrail.core.decisions import CorrectIntent, Decided
from handrail.core.drafting import IntentGuess, IntentResult
from handrail.core.modes import tighter
from handrail.nodes.contract import node
from handrail.nodes.services import Services
from handrail.nodes.state import SupportState
from handrail.playbook.models import Playbook


@node()
async def detect_intent(state: SupportState, runtime: Runtime[Services]) -> SupportState:
    """Classify the words, unless a person said what the intent is."""
    services = runtime.context
    decided = state.get("decided") or state["turn"].decided
    result = _corrected(decided) or services.intents.classify(state["turn"].text)
    mode = _mode(services.playbook, result, state)
    trace.get_current_span().set_attributes(
        {a.INTENT: result.top or "", a.CONFIDENCE: result.confidence, a.MODE: mode}
    )
    services.journal.describe(
        intent=result.top,
        confidence=result.confidence,
        intent_decision=result.decision,
        mode=mode,
    )
    services.journal.audit(
        "intent_set", intent=result.top, confidence=result.confidence, decision=result.decision
    )
    return {"intent": result, "mode": mode}


def _corrected(decided: Decided | None) -> IntentResult | None:
    """Return the intent that a person set: certain, and theirs."""
    if decided is None or not isinstance(decided.decision, CorrectIntent):
        return None
    guess = IntentGuess(intent=decided.decision.intent, probability=1.0)
    return IntentResult(
        ranked=(guess,), out_of_scope=0.0, decision="accept", corrected_by=decided.actor
    )


def _mode(playbook: Playbook, result: IntentResult, state: SupportState) -> Mode:
    """Return the intent's own mode, tightened by its risk and by what the input checks found."""
    screened = state.get("mode", playbook.default_mode)
    flagged = any(f.severity in ("high", "critical") for f in state["screen"].findings)
    intent = playbook.intents.get(result.top or "")
    if intent is None or result.decision != "accept":
        return screened
    mode = tighter(intent.mode, "supervised") if intent.risk == "high" else intent.mode
    return tighter(mode, "supervised") if flagged else mode
