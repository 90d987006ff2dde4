"""Draft the playbook's holding reply."""

from __future__ import annotations

from langgraph.runtime import Runtime

from handrail.core.drafting import Draft
from handrail.core.ids import new_id
from handrail.nodes.contract import node
from handrail.nodes.services import Services
from handrail.nodes.state import SupportState
from handrail.playbook.wording import say


@node("draft")
async def draft_holding(state: SupportState, runtime: Runtime[Services]) -> SupportState:
    """Take the playbook's words; they answer nothing, so the customer's matter stays open."""
    del state
    services = runtime.context
    manner = services.playbook.manner(services.answer_language())
    # Where it is not written in the customer's language they are told nothing, and wait for us.
    text = (say(services.playbook.holding_reply, manner) or "").strip()
    draft = Draft(id=new_id("dft"), text=text, source="template", answers=False)
    services.journal.drafted(draft)
    return {"draft": draft}
