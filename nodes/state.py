"""The working set of a turn. Messages live in their table, never here."""

from __future__ import annotations

from typing import Literal, TypedDict

from handrail.core.conversation import Mode
from handrail.core.decisions import Decided
from handrail.core.drafting import Draft, DraftNotes, IntentResult
from handrail.core.turn import TurnInput
from handrail.core.verdict import Report, Verdict

Route = Literal["send", "redraft", "ask", "hand_over"]


class SupportState(TypedDict, total=False):
    """State of the built-in graphs. A fresh turn starts with ``turn`` alone."""

    turn: TurnInput
    mode: Mode
    """The mode of this turn; nodes may only tighten it."""
    screen: Report
    """What the input checks say of the customer's words."""
    intent: IntentResult
    draft: Draft
    verdict: Verdict
    notes: DraftNotes
    """What the next draft must take into account."""
    route: Route
    reason: str
    """Why a person is asked: ``mode:supervised``, ``critical:fact.value``, ..."""
    explanation: str
    """The same in a sentence for that person."""
    decided: Decided
