"""Send what a person wrote or approved, verified like every other reply."""

from __future__ import annotations

from langgraph.graph import END, START, StateGraph

from handrail.graphs.definition import graph
from handrail.nodes.close_turn import close_turn
from handrail.nodes.draft_reply import draft_reply
from handrail.nodes.send_reply import send_reply
from handrail.nodes.services import Services
from handrail.nodes.state import SupportState
from handrail.nodes.verify_reply import verify_reply


@graph("human_reply", version="1")
def human_reply() -> StateGraph[SupportState, Services, SupportState, SupportState]:
    """Verify and send a person's reply; what blocks it was asked at the door."""
    flow = StateGraph(SupportState, context_schema=Services)
    flow.add_sequence([draft_reply, verify_reply, send_reply, close_turn])
    flow.add_edge(START, "draft_reply")
    flow.add_edge("close_turn", END)
    return flow
