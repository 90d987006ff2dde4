"""Detect what the customer wants, and under which mode that is answered."""

from __future__ import annotations

from langgraph.runtime import Runtime
from opentelemetry import trace

from handrail.core import attributes as a
from handrail.core.conversation import Mode, Snapshot
from handrail.core.decisions import CorrectIntent, Decided
from handrail.core.drafting import IntentGuess, IntentResult
from handrail.core.modes import tighter, trusted_less
from handrail.core.ports import IntentModel
from handrail.core.turn import TurnInput
from handrail.language.courtesy import courtesy
from handrail.nodes.contract import node
from handrail.nodes.services import Services
from handrail.nodes.state import SupportState
from handrail.playbook.models import Playbook

MOST_MESSAGES = 10
"""Unanswered messages that are looked at one by one, the newest."""


@node()
async def detect_intent(state: SupportState, runtime: Runtime[Services]) -> SupportState:
    """Classify the words, unless a person said what the intent is."""
    services = runtime.context
    decided = state.get("decided") or state["turn"].decided
    turn = state["turn"]
    result, others = _classify(services.intents, turn, said_before(services.snapshot, turn))
    result = _corrected(decided) or result
    mode = _mode(services.playbook, result, state)
    if others or result.unclear:
        # A reply to one wish alone would leave the others unanswered.
        mode = tighter(mode, "supervised")
    trace.get_current_span().set_attributes(
        {a.INTENT: result.top or "", a.CONFIDENCE: result.confidence, a.MODE: mode}
    )
    services.journal.describe(
        intent=result.top,
        confidence=result.confidence,
        intent_decision=result.decision,
        other_intents=sorted(others),
        mode=mode,
    )
    services.understood(turn, state["screen"], result)
    services.journal.audit(
        "intent_set", intent=result.top, confidence=result.confidence, decision=result.decision
    )
    return {"intent": result, "mode": mode}


def said_before(snapshot: Snapshot, turn: TurnInput) -> str:
    """Return the customer's last message before those that nobody has answered; may be empty."""
    earlier = (
        message.text
        for message in reversed(snapshot.messages)
        if message.role == "customer" and message.id not in turn.message_ids
    )
    return next((text for text in earlier if courtesy(text) is None), "")


def _classify(
    intents: IntentModel, turn: TurnInput, before: str = ""
) -> tuple[IntentResult, frozenset[str]]:
    """Return the intent of the last message, and what else the unanswered messages ask for.

    A last message that is unclear by itself is read together with those before it; courtesies
    count only where nothing else was said.
    """
    results = [intents.classify(text, before=before) for text in turn.said[-MOST_MESSAGES:]]
    if not results:
        return intents.classify(""), frozenset()
    wishes = [result for result in results if result.courtesy is None] or results[-1:]
    last = wishes[-1]
    if last.decision != "accept" and len(wishes) > 1:
        last = intents.classify(turn.text)
    accepted = {result.top for result in wishes if result.decision == "accept"}
    named = {*accepted, *(name for result in wishes for name in result.others)}
    return last, frozenset(name for name in named - {last.top} if name is not None)


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
    if result.courtesy is not None:
        kind = playbook.courtesy.mode or screened
        return trusted_less(kind, state["screen"].findings)
    intent = playbook.intents.get(result.top or "")
    if intent is None or result.decision != "accept":
        return screened
    mode = tighter(intent.mode, "supervised") if intent.risk == "high" else intent.mode
    return trusted_less(mode, state["screen"].findings)
