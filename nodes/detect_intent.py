"""Detect what the customer wants, and under which mode that is answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from langgraph.runtime import Runtime
from opentelemetry import trace

from handrail.core import attributes as a
from handrail.core.conversation import Mode, Snapshot
from handrail.core.decisions import CorrectIntent, Decided
from handrail.core.drafting import IntentGuess, IntentResult
from handrail.core.modes import tighter, trusted_less
from handrail.core.ports import IntentModel
from handrail.core.turn import TurnInput
from handrail.core.verdict import Report
from handrail.language.clauses import Clause
from handrail.language.courtesy import acknowledges, courtesy
from handrail.language.wishes import as_wishes
from handrail.nodes.aside import aside
from handrail.nodes.contract import node
from handrail.nodes.services import Services
from handrail.nodes.state import SupportState
from handrail.playbook.models import Intent, Playbook

_HEARD = IntentResult(
    ranked=(), out_of_scope=0.0, decision="accept", model="courtesy", courtesy="thanks"
)
"""What "ok" is after an answer: it wants nothing."""
MOST_MESSAGES = 10
"""Unanswered messages that are looked at one by one, the newest."""


@node()
async def detect_intent(state: SupportState, runtime: Runtime[Services]) -> SupportState:
    """Classify the words, unless a person said what the intent is."""
    services, turn = runtime.context, state["turn"]
    snapshot, intents = services.snapshot, services.intents
    before, asked = said_before(snapshot, turn), _asked(snapshot)
    result = await aside(
        lambda: _classify(intents, turn, before, asked=asked), blocks=intents.blocks
    )
    result = _without_orders(result, turn, state["screen"])
    result = _corrected(state.get("decided") or turn.decided, result)
    mode = _mode(services.playbook, result, state)
    trace.get_current_span().set_attributes(
        {a.INTENT: result.top or "", a.CONFIDENCE: result.confidence, a.MODE: mode}
    )
    services.journal.describe(
        intent=result.top,
        confidence=result.confidence,
        intent_decision=result.decision,
        other_intents=sorted(result.others),
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
    return next((t for t in earlier if courtesy(t) is None and not acknowledges(t)), "")


def _asked(snapshot: Snapshot) -> bool:
    """Say whether our last message asks something, so that "ok" may be the answer."""
    ours = next((m for m in reversed(snapshot.messages) if m.role in ("ai", "agent")), None)
    return ours is None or not ours.answers or "?" in ours.text


def _classify(
    intents: IntentModel, turn: TurnInput, before: str = "", *, asked: bool = True
) -> IntentResult:
    """Return the intent of the last message, with all that the unanswered messages ask for.

    A last message that is unclear by itself is read together with those before it; courtesies
    count only where nothing else was said.
    """
    said = turn.said[-MOST_MESSAGES:]
    results = [
        _HEARD if not asked and acknowledges(text) else intents.classify(text, before=before)
        for text in said
    ]
    if not results:
        return intents.classify("")
    pairs = [pair for pair in zip(said, results, strict=True) if pair[1].courtesy is None]
    text, last = (pairs or [(said[-1], results[-1])])[-1]
    if len(pairs) < 2:
        return last
    if last.decision != "accept":
        text, last = turn.text, intents.classify(turn.text)
    return _with_all(last, text, pairs)


def _with_all(
    last: IntentResult, text: str, pairs: Sequence[tuple[str, IntentResult]]
) -> IntentResult:
    """Add to the last message's intent what the messages before it ask for."""
    wanted: dict[str, str] = {}
    for words, result in (*pairs, (text, last)):
        for intent, part in _wishes(words, result):
            known = wanted.get(intent)
            wanted[intent] = part if known is None or known in part else f"{known}\n{part}"
    unclear = last.unclear or any(map(_is_unclear, *zip(*pairs[:-1], strict=True)))
    return last.model_copy(
        update={
            "others": tuple(name for name in wanted if name != last.top),
            "wishes": as_wishes(wanted),
            "unclear": unclear,
        }
    )


def _is_unclear(text: str, result: IntentResult) -> bool:
    lost = result.decision == "escalate" and Clause(text).asks
    return result.unclear or lost


def _wishes(text: str, result: IntentResult) -> Iterator[tuple[str, str]]:
    for wish in result.wishes:
        yield wish.intent, wish.text
    if not result.wishes and result.decision == "accept" and result.top is not None:
        yield result.top, text


def _without_orders(result: IntentResult, turn: TurnInput, screen: Report) -> IntentResult:
    """Leave out further wishes whose words are an order to the assistant, as a check found."""
    orders = [turn.text[f.start : f.end] for f in screen.findings if f.check == "in.injection"]
    meant = {
        wish.intent: wish.text
        for wish in result.wishes
        if wish.intent == result.top
        or not any(order in wish.text or wish.text in order for order in orders)
    }
    if len(meant) == len(result.wishes):
        return result
    others = tuple(name for name in result.others if name in meant)
    return result.model_copy(update={"others": others, "wishes": as_wishes(meant)})


def _corrected(decided: Decided | None, result: IntentResult) -> IntentResult:
    """Put the intent that a person set first: certain, and theirs; the other wishes stay."""
    if decided is None or not isinstance(decided.decision, CorrectIntent):
        return result
    intent = decided.decision.intent
    return IntentResult(
        ranked=(IntentGuess(intent=intent, probability=1.0),),
        out_of_scope=0.0,
        decision="accept",
        corrected_by=decided.actor,
        others=tuple(name for name in result.others if name != intent),
    )


def _mode(playbook: Playbook, result: IntentResult, state: SupportState) -> Mode:
    """Return the strictest mode of all wishes, tightened by what the input checks found."""
    screened = state.get("mode", playbook.default_mode)
    if result.courtesy is not None:
        kind = playbook.courtesy.mode or screened
        return trusted_less(kind, state["screen"].findings)
    if result.decision != "accept" or result.top not in playbook.intents:
        return screened
    wanted = [playbook.intents[name] for name in result.wanted if name in playbook.intents]
    mode = _own_mode(wanted[0])
    for intent in wanted[1:]:
        mode = tighter(mode, _own_mode(intent))
    if result.unclear:
        # A reply to what is clear would leave the rest unanswered.
        mode = tighter(mode, "supervised")
    return trusted_less(mode, state["screen"].findings)


def _own_mode(intent: Intent) -> Mode:
    return tighter(intent.mode, "supervised") if intent.risk == "high" else intent.mode
