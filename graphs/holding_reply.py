"""Tell a customer whose review is overdue that a person still works on it."""

from __future__ import annotations

from langgraph.graph import END, START, StateGraph

from handrail.graphs.definition import graph
from handrail.nodes.close_turn import close_turn
from handrail.nodes.draft_holding import draft_holding
from handrail.nodes.send_reply import send_reply
from handrail.nodes.services import Services
from handrail.nodes.state import SupportState
from handrail.nodes.verify_reply import verify_reply
from handrail.nodes.withhold_reply import withhold_reply


@graph("holding_reply", version="1")
def holding_reply() -> StateGraph[SupportState, Services, SupportState, SupportState]:
    """Verify and send the playbook's words; a paused graph of the conversation stays as it is."""
    flow = StateGraph(SupportState, context_schema=Services)
    for step in (draft_holding, verify_reply, send_reply, withhold_reply, close_turn):
        flow.add_node(step)
    flow.add_edge(START, "draft_holding")
    flow.add_edge("draft_holding", "verify_reply")
    flow.add_conditional_edges(
        "verify_reply",
        lambda state: "send" if state["verdict"].outcome == "clean" else "withhold",
        {"send": "send_reply", "withhold": "withhold_reply"},
    )
    flow.add_edge("send_reply", "close_turn")
    flow.add_edge("withhold_reply", "close_turn")
    flow.add_edge("close_turn", END)
    return flow
