"""Draft the reply: from templates, articles or a model, or in a person's own words.

Passages are judged before they are relied on: one that gives orders to the assistant loses these
words, and the turn becomes supervised.
"""

from __future__ import annotations

from functools import partial

from langgraph.runtime import Runtime
from opentelemetry import trace

from handrail.core import attributes as a
from handrail.core.conversation import Passage
from handrail.core.decisions import Decided, Reject, Worded, draft_of
from handrail.core.drafting import Draft, DraftNotes
from handrail.core.modes import trusted_less
from handrail.core.ports import DraftRequest
from handrail.core.verdict import Report
from handrail.nodes.contract import node
from handrail.nodes.services import Services
from handrail.nodes.state import SupportState

PASSAGES = 5
"""Article passages that a draft may rely on."""
INTERNAL_PASSAGES = 2
"""Passages for the team that are shown beside a draft; no draft relies on them."""


@node("draft")
async def draft_reply(state: SupportState, runtime: Runtime[Services]) -> SupportState:
    """Write a draft; what a person wrote or approved is taken word for word."""
    services = runtime.context
    decided = state.get("decided")
    given = state["turn"].draft or _written_by(decided)
    if given is not None:
        services.journal.drafted(given)
        return {"draft": given}
    notes = _notes(state.get("notes", DraftNotes()), decided or state["turn"].decided)
    language = services.answer_language(state["turn"].text)
    passages = find_passages(services, state["turn"].text, language)
    # What only the team may read tells people what to do, and no drafter is given it.
    published = tuple(passage for passage in passages if not passage.internal)
    screen = state["screen"]
    if published:
        screen = await services.verifier.screen("", services.snapshot, passages=published)
    passages = tuple(_without_orders(passage, screen) for passage in passages)
    before = state.get("draft")
    draft = await services.drafter.draft(
        DraftRequest(
            snapshot=services.snapshot,
            text=state["turn"].text,
            intent=state["intent"],
            passages=passages,
            language=language,
            notes=notes,
            round=before.round + 1 if before else 0,
        )
    )
    services.journal.drafted(draft)
    trace.get_current_span().set_attributes({a.SOURCE: draft.source, a.ROUND: draft.round})
    return {"draft": draft, "notes": notes, **_suspected(state, services, screen)}


def _without_orders(passage: Passage, screen: Report) -> Passage:
    """Take out of a passage what a finding names in it."""
    named = [
        (span.start, span.end)
        for finding in screen.findings
        for span in finding.evidence
        if span.source == f"article:{passage.id}"
    ]
    text = passage.text
    for start, end in sorted(named, key=lambda span: span[0] or 0, reverse=True):
        text = text[:start] + text[end:] if start is not None and end is not None else ""
    return passage if text == passage.text else passage.model_copy(update={"text": text})


def _suspected(state: SupportState, services: Services, screen: Report) -> SupportState:
    """Return how the turn goes on where a check found something in the passages."""
    before = state["screen"]
    new = [finding for finding in screen.findings if finding not in before.findings]
    if not new:
        return {}
    for finding in new:
        services.journal.audit("input_flagged", finding=finding.key)
    joined = before.model_copy(update={"findings": (*before.findings, *new)})
    mode = trusted_less(state["mode"], new)
    services.journal.describe(mode=mode)
    services.understood(state["turn"], joined, state["intent"])
    return {"screen": joined, "mode": mode}


def find_passages(services: Services, text: str, language: str) -> tuple[Passage, ...]:
    """Find what customers may read, and after it what only people of the team may."""
    snapshot = services.snapshot
    search = partial(services.knowledge.search, text, language=language, on=snapshot.now.date())
    tier = snapshot.customer.tier if snapshot.verified else None
    inside = [p for p in search(limit=PASSAGES, internal=True) if p.internal]
    return (*search(limit=PASSAGES, tier=tier), *inside[:INTERNAL_PASSAGES])


def _written_by(decided: Decided | None) -> Draft | None:
    if decided is None or not isinstance(decided.decision, Worded):
        return None
    return draft_of(decided.decision, decided)


def _notes(notes: DraftNotes, decided: Decided | None) -> DraftNotes:
    if decided is None or not isinstance(decided.decision, Reject):
        return notes
    return notes.model_copy(update={"rejections": (*notes.rejections, decided.decision.reason)})
