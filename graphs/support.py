"""The main flow: understand, draft, verify, then send or ask a person."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from langgraph.graph import END, START, StateGraph

from handrail.graphs.definition import graph
from handrail.nodes.ask_human import ask_human
from handrail.nodes.choose_route import choose_route
from handrail.nodes.close_turn import close_turn
from handrail.nodes.detect_intent import detect_intent
from handrail.nodes.draft_reply import draft_reply
from handrail.nodes.hand_over import hand_over
from handrail.nodes.load_context import load_context
from handrail.nodes.send_reply import send_reply
from handrail.nodes.services import Services
from handrail.nodes.state import SupportState
from handrail.nodes.verify_reply import verify_reply

AFTER_ROUTE: dict[Hashable, str] = {
    "send": "send_reply",
    "redraft": "draft_reply",
    "ask": "ask_human",
    "hand_over": "hand_over",
}
AFTER_DECISION: dict[Hashable, str] = {
    "approve": "send_reply",
    "edit": "draft_reply",
    "respond": "draft_reply",
    "ask_customer": "draft_reply",
    "reject": "draft_reply",
    "correct_intent": "detect_intent",
    "take_over": "hand_over",
}


# Async, for LangGraph calls a plain function in a thread.
async def chosen_route(state: Mapping[str, Any]) -> str:
    """Where the rules lead."""
    return state["route"]


async def decision_kind(state: Mapping[str, Any]) -> str:
    """What the person decided."""
    return state["decided"].decision.kind


@graph("support", version="1", bounded=("choose_route",))
def support() -> StateGraph[SupportState, Services, SupportState, SupportState]:
    """Answer a customer: the AI within its guardrails, people where it matters."""
    flow = StateGraph(SupportState, context_schema=Services)
    for step in (
        load_context,
        detect_intent,
        draft_reply,
        verify_reply,
        choose_route,
        ask_human,
        send_reply,
        hand_over,
        close_turn,
    ):
        flow.add_node(step)
    flow.add_edge(START, "load_context")
    flow.add_edge("load_context", "detect_intent")
    flow.add_edge("detect_intent", "draft_reply")
    flow.add_edge("draft_reply", "verify_reply")
    flow.add_edge("verify_reply", "choose_route")
    flow.add_conditional_edges("choose_route", chosen_route, AFTER_ROUTE)
    flow.add_conditional_edges("ask_human", decision_kind, AFTER_DECISION)
    flow.add_edge("send_reply", "close_turn")
    flow.add_edge("hand_over", "close_turn")
    flow.add_edge("close_turn", END)
    return flow
