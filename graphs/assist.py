"""While a person holds the conversation: suggest, and never send."""

from __future__ import annotations

from langgraph.graph import END, START, StateGraph

from handrail.graphs.definition import graph
from handrail.nodes.close_turn import close_turn
from handrail.nodes.detect_intent import detect_intent
from handrail.nodes.draft_reply import draft_reply
from handrail.nodes.hand_over import hand_over
from handrail.nodes.load_context import load_context
from handrail.nodes.services import Services
from handrail.nodes.state import SupportState
from handrail.nodes.verify_reply import verify_reply


@graph("assist", version="1")
def assist() -> StateGraph[SupportState, Services, SupportState, SupportState]:
    """Prepare context, intent and a checked suggestion for the person who answers."""
    flow = StateGraph(SupportState, context_schema=Services)
    flow.add_sequence(
        [load_context, detect_intent, draft_reply, verify_reply, hand_over, close_turn]
    )
    flow.add_edge(START, "load_context")
    flow.add_edge("close_turn", END)
    return flow
