"""Choose what happens to the verified draft: send, draft again, ask a person, or let people answer.

The rules stand in one table, tried from the top; the first that applies decides.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from langgraph.runtime import Runtime
from opentelemetry import trace

from handrail.core import attributes as a
from handrail.core.conversation import Mode
from handrail.core.decisions import Worded
from handrail.core.drafting import Draft, DraftNotes, IntentResult, left_open
from handrail.core.verdict import Report, Verdict
from handrail.nodes.contract import node
from handrail.nodes.services import Services
from handrail.nodes.state import Route, SupportState
from handrail.playbook.models import Playbook


@dataclass(frozen=True)
class Situation:
    """What the table looks at."""

    mode: Mode
    draft: Draft
    verdict: Verdict
    intent: IntentResult
    screen: Report
    playbook: Playbook
    clarifications: int
    written_by_person: bool
    acknowledged: frozenset[str]

    @property
    def unacknowledged(self) -> frozenset[str]:
        """Critical findings on a person's text that the person did not accept."""
        return self.verdict.critical_keys - self.acknowledged

    @property
    def suspicion(self) -> str:
        """Id of the input check that saw an order to the assistant; empty where none did."""
        found = (
            f.check for f in self.screen.findings if f.check in ("in.injection", "in.indirect")
        )
        return next(found, "")

    def screened(self, check: str) -> bool:
        """Whether an input check fired on the customer's words."""
        return any(finding.check == check for finding in self.screen.findings)

    @property
    def escalates(self) -> bool:
        """Whether the playbook says that a person answers one of the intents."""
        if self.intent.decision != "accept":
            return False
        known = self.playbook.intents
        return any(known[name].escalate for name in self.intent.wanted if name in known)

    @property
    def left_open(self) -> str:
        """What the customer wants besides, as far as the draft is not known to answer it."""
        return " and ".join(name.replace("_", " ") for name in left_open(self.intent, self.draft))

    @property
    def worst(self) -> str:
        """Id of the check with the gravest finding."""
        report = self.verdict.report
        worst = report.worst
        gravest = (f.check for f in report.findings if f.severity == worst)
        return next(gravest, report.errored[0].check if report.errored else "")

    @property
    def may_redraft(self) -> bool:
        """Whether another draft could help and is allowed."""
        fixed = self.draft.source in ("model", "articles")
        return fixed and self.draft.round < self.playbook.guardrails.repairs


@dataclass(frozen=True)
class Rule:
    """One row: where it applies, where it leads, and what a person is told."""

    applies: Callable[[Situation], bool]
    route: Route
    reason: str
    explanation: str
    hold: bool = False
    """People keep the conversation until they hand it back."""


RULES: tuple[Rule, ...] = (
    Rule(
        lambda s: s.written_by_person and not s.unacknowledged,
        "send",
        "decided",
        "A person wrote this reply",
    ),
    Rule(
        lambda s: s.written_by_person,
        "ask",
        "critical:{worst}",
        "Your text has a critical finding: accept it or change the text",
    ),
    Rule(
        lambda s: s.screened("in.crisis"),
        "hand_over",
        "crisis",
        "The customer may be in danger: answer yourself, now",
        hold=True,
    ),
    Rule(
        lambda s: s.screened("in.human_request"),
        "hand_over",
        "human_request",
        "The customer asks for a person",
        hold=True,
    ),
    Rule(lambda s: s.mode == "shadow", "hand_over", "mode:shadow", "People answer this intent"),
    Rule(lambda s: s.escalates, "hand_over", "escalate", "The playbook gives this to people"),
    Rule(
        lambda s: s.mode == "collaborative",
        "hand_over",
        "mode:collaborative",
        "People answer this intent; the AI suggests",
    ),
    Rule(
        lambda s: s.draft.source == "clarify" and s.clarifications >= s.playbook.clarify.limit,
        "ask",
        "unclear",
        "It is still unclear what the customer wants after a question was asked",
    ),
    Rule(
        lambda s: s.intent.decision == "escalate" and not s.draft.text,
        "hand_over",
        "out_of_scope",
        "None of the playbook's intents fits",
    ),
    Rule(
        lambda s: not s.draft.text,
        "hand_over",
        "no_draft",
        "No reply could be drafted: {problem}",
    ),
    Rule(
        lambda s: s.verdict.outcome != "clean" and s.may_redraft and s.mode == "autonomous",
        "redraft",
        "repair:{worst}",
        "",
    ),
    Rule(
        lambda s: s.verdict.outcome == "critical",
        "ask",
        "critical:{worst}",
        "A guardrail found something critical: {finding}",
    ),
    Rule(
        lambda s: s.verdict.outcome == "flagged",
        "ask",
        "finding:{worst}",
        "A guardrail found something: {finding}",
    ),
    Rule(
        lambda s: s.intent.decision == "escalate",
        "ask",
        "out_of_scope",
        "None of the playbook's intents fits; please check this draft",
    ),
    Rule(
        lambda s: s.mode == "supervised" and bool(s.suspicion),
        "ask",
        "suspicious:{suspicion}",
        "Something in this turn tries to steer the assistant; please check this draft",
    ),
    Rule(
        lambda s: bool(s.left_open),
        "ask",
        "left_open",
        "The customer also wants: {left_open}. This draft may not answer that",
    ),
    Rule(
        lambda s: s.mode == "supervised",
        "ask",
        "mode:supervised",
        "The playbook wants a person's approval for this",
    ),
    Rule(lambda _: True, "send", "clean", ""),
)


@node()
async def choose_route(state: SupportState, runtime: Runtime[Services]) -> SupportState:
    """Apply the first rule of the table that fits."""
    services = runtime.context
    situation = _situation(state, services)
    rule = next(rule for rule in RULES if rule.applies(situation))
    facts = _facts(situation)
    reason = rule.reason.format(**facts)
    trace.get_current_span().set_attributes({a.ROUTE: rule.route, a.OUTCOME: reason})
    services.journal.describe(route=rule.route, reason=reason)
    services.journal.audit("route_chosen", route=rule.route, reason=reason)
    return {
        "route": rule.route,
        "reason": reason,
        "explanation": rule.explanation.format(**facts),
        "notes": _notes(state.get("notes", DraftNotes()), situation, rule),
    }


def keeps_hold(reason: str) -> bool:
    """Whether people keep the conversation after a hand-over for this reason."""
    return any(rule.hold and rule.reason == reason for rule in RULES)


def _situation(state: SupportState, services: Services) -> Situation:
    decided = state.get("decided")
    decision = decided.decision if decided else None
    written = isinstance(decision, Worded)
    return Situation(
        mode=state["mode"],
        draft=state["draft"],
        verdict=state["verdict"],
        intent=state["intent"],
        screen=state["screen"],
        playbook=services.playbook,
        clarifications=services.snapshot.conversation.clarifications,
        written_by_person=written,
        acknowledged=frozenset(decision.acknowledge)
        if isinstance(decision, Worded)
        else frozenset(),
    )


def _facts(situation: Situation) -> dict[str, str]:
    findings = situation.verdict.report.findings
    worst = situation.worst
    first = next((f.message for f in findings if f.check == worst), "a check failed")
    return {
        "worst": worst,
        "suspicion": situation.suspicion,
        "finding": first,
        "problem": situation.draft.problem or "nothing fits",
        "left_open": situation.left_open,
    }


def _notes(notes: DraftNotes, situation: Situation, rule: Rule) -> DraftNotes:
    if rule.route != "redraft":
        return notes
    messages = tuple(finding.message for finding in situation.verdict.report.findings)
    return notes.model_copy(update={"findings": messages})
