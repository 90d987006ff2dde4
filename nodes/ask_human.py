"""Wait for a person's decision on the draft, at one interrupt."""

from __future__ import annotations

from typing import Any, Final

from langgraph.runtime import Runtime
from langgraph.types import interrupt

from handrail.core.decisions import Decided
from handrail.nodes.contract import node
from handrail.nodes.services import Services
from handrail.nodes.state import SupportState

ALLOWED = (
    "approve",
    "edit",
    "reject",
    "respond",
    "ask_customer",
    "take_over",
    "correct_intent",
    "snooze",
    "escalate",
    "note",
)
"""Decisions that are possible on a draft; without text there is nothing to approve or edit."""

_ANSWER: Final = Decided.model_json_schema()
"""What LangGraph's tools are told of the answer's form; made once, for it takes half a
millisecond."""


@node("ask")
async def ask_human(state: SupportState, runtime: Runtime[Services]) -> SupportState:
    """Pause here; the graph goes on with what the person decided.

    Nothing before the interrupt has an effect, for this node runs again when it is resumed.
    """
    answer: Any = interrupt(
        {
            "reason": state["reason"],
            "explanation": state["explanation"],
            "draft": state["draft"].model_dump(mode="json"),
            "verdict": state["verdict"].model_dump(mode="json"),
            "allowed": list(ALLOWED),
        },
        response_schema=_ANSWER,
    )
    decided = Decided.model_validate(answer)
    runtime.context.journal.describe(decision=decided.decision.kind)
    return {"decided": decided}
