"""Judges a text by the guardrails without an engine, and says what each mode would do with it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from handrail.core.conversation import (
    ActionNotice,
    ConversationFacts,
    Customer,
    Mode,
    Record,
    Snapshot,
)
from handrail.core.drafting import Draft, IntentResult
from handrail.core.modes import trusted_less
from handrail.core.ports import owner_key
from handrail.core.verdict import Finding, Report, Severity, Verdict, text_digest
from handrail.guardrails.contract import Stage
from handrail.guardrails.resolver import FOUND
from handrail.guardrails.suite import CheckSuite
from handrail.language.knowledge import ArticleIndex
from handrail.language.prompt import prompt_texts
from handrail.nodes.choose_route import RULES, Situation
from handrail.playbook.models import Playbook, Release
from handrail.playbook.records import read_actions, read_records

MODES: tuple[Mode, ...] = ("autonomous", "supervised", "collaborative", "shadow")
PASSAGES = 5
_ACCEPTED = IntentResult(ranked=(), out_of_scope=0.0, decision="accept")
_CLEAN = Report(digest="")
_SAID = {
    "send": "send",
    "redraft": "draft again with the findings",
    "ask": "ask a person",
    "hand_over": "people answer; the findings are shown",
}


@dataclass(frozen=True)
class Trial:
    """What became of a text."""

    text: str
    """The text as it was judged last."""
    findings: tuple[Finding, ...]
    report: Report
    verdict: Verdict | None
    """``None`` where a customer's words were judged."""
    mode: Mode
    action: str
    """What the table of the mode would do."""


class RecordOwners:
    """Whose the ids and contacts in a file of records are."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._owners: dict[str, set[str]] = {}
        for record in records:
            self._owners.setdefault(owner_key(record.id), set()).add(record.customer_id)
            for field in record.fields.values():
                if field.type in ("name", "email", "phone", "address", "id") and field.value:
                    key = owner_key(str(field.value))
                    self._owners.setdefault(key, set()).add(record.customer_id)

    async def owners(self, values: Collection[str]) -> Mapping[str, frozenset[str]]:
        """Map each known value to the customers it belongs to."""
        return {v: frozenset(self._owners[v]) for v in values if v in self._owners}


def action(mode: Mode, stage: Stage, check: str, severity: Severity, playbook: Playbook) -> str:
    """Say what a mode does by default with a finding of this severity that no repair took away.

    The graph's own table decides, so that what is printed is what happens.
    """
    finding = Finding(check=check, rule="x", severity=severity, start=0, end=0, message="")
    report = Report(digest="", findings=(finding,))
    seen, judged = (_CLEAN, report) if stage == "exit" else (report, _CLEAN)
    taken: list[str] = []
    for round_ in range(playbook.guardrails.repairs + 1):
        draft = Draft(id="d", text="x", source="model", round=round_)
        found = FOUND[severity] if stage == "exit" else "clean"
        verdict = Verdict(digest="", mode=mode, outcome=found, report=judged)
        route = _route(mode, draft, verdict, seen, playbook)
        if not taken or taken[-1] != route:
            taken.append(route)
    said = ", then ".join(_SAID[route] for route in taken)
    acknowledged = severity == "critical" and stage == "exit" and taken[-1] == "ask"
    return f"{said}, who must accept the finding to approve" if acknowledged else said


def _route(mode: Mode, draft: Draft, verdict: Verdict, screen: Report, playbook: Playbook) -> str:
    situation = Situation(
        mode=trusted_less(mode, screen.findings),
        draft=draft,
        verdict=verdict,
        intent=_ACCEPTED,
        screen=screen,
        playbook=playbook,
        clarifications=0,
        written_by_person=False,
        acknowledged=frozenset(),
    )
    return next(rule.route for rule in RULES if rule.applies(situation))


async def try_text(
    text: str,
    release: Release,
    *,
    said: str = "",
    records: Path | None = None,
    actions: Path | None = None,
    customer: str | None = None,
    intent: str | None = None,
    mode: Mode = "supervised",
    repair: bool = True,
    as_customer: bool = False,
) -> Trial:
    """Judge a text as a reply, or as what a customer wrote.

    Args:
        text: What is judged.
        release: Playbook and articles.
        said: What the customer wrote.
        records: File of records; those of others tell what must not be shown.
        actions: File of what was done for customers.
        customer: Whose conversation it is; the first record's customer where left out.
        intent: The intent that was detected.
        mode: Who answers.
        repair: Whether proposals are applied and the text is judged again.
        as_customer: Judge it by the input checks.
    """
    rows = read_records(records, release.playbook).strict() if records else ()
    owner = customer or next((row.customer_id for row in rows), "customer")
    done = read_actions(actions).strict() if actions else ()
    snapshot = _snapshot(owner, rows, done, release)
    suite = CheckSuite(
        release, owners=RecordOwners(rows) if rows else None, protected=prompt_texts(release)
    )
    if as_customer:
        report = await suite.screen(text, snapshot)
        verdict = Verdict(digest=text_digest(""), mode=mode, outcome="clean", report=_CLEAN)
        draft = Draft(id="trial", text="x", source="model")
        route = _route(mode, draft, verdict, report, release.playbook)
        return Trial(text, report.findings, report, None, mode, _SAID[route])
    passages = ArticleIndex(release.articles).search(said or text, limit=PASSAGES)
    checked = await suite.verify(
        Draft(id="trial", text=text, source="model", passages=passages),
        snapshot,
        mode=mode,
        intent=intent,
        text=said,
        repair=repair,
    )
    verdict = checked.verdict
    route = _route(mode, checked.draft, verdict, _CLEAN, release.playbook)
    report = verdict.report
    return Trial(checked.draft.text, report.findings, report, verdict, mode, _SAID[route])


def _snapshot(
    owner: str, records: Iterable[Record], done: Iterable[ActionNotice], release: Release
) -> Snapshot:
    return Snapshot(
        conversation=ConversationFacts(id="trial", customer_id=owner, channel="web", address="-"),
        customer=Customer(id=owner),
        verified=True,
        messages=(),
        records=tuple(record for record in records if record.customer_id == owner),
        actions=tuple(
            sorted((one.event for one in done if one.customer_id == owner), key=lambda one: one.at)
        ),
        now=datetime.now(UTC),
        release=release.id,
    )
