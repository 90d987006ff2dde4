"""Judges made-up replies by one check: the context around a text, and whether the check objects."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, cast

from handrail.core.conversation import ConversationFacts, Customer, Passage, Record, Snapshot
from handrail.core.drafting import Draft
from handrail.core.verdict import SEVERITY_ORDER, ClaimVerdict, Finding
from handrail.guardrails.contract import Check, CheckContext
from handrail.playbook.models import Brand, Intent, Playbook

NOW = datetime(2026, 3, 5, 10, tzinfo=UTC)
"""The clock of every made-up conversation: a Thursday."""

PLAYBOOK = Playbook(
    brand=Brand(name="The shop", currency="USD"),
    intents={"any": Intent(description="any", examples=("one", "two"), mode="supervised")},
)


def passages(*texts: str, title: str = "") -> tuple[Passage, ...]:
    """Make passages of one article."""
    return tuple(
        Passage(id=f"article#{number}", article_id="article", title=title, text=text)
        for number, text in enumerate(texts)
    )


def context(
    text: str,
    *,
    records: Iterable[Record] = (),
    found: tuple[Passage, ...] = (),
    customer: str = "customer",
    zone: str | None = None,
) -> CheckContext:
    """Make the context of a model's draft to a verified customer."""
    snapshot = Snapshot(
        conversation=ConversationFacts(id="k", customer_id=customer, channel="web", address="a"),
        customer=Customer(id=customer, time_zone=zone),
        verified=True,
        messages=(),
        records=tuple(records),
        now=NOW,
        release="rel",
    )
    return CheckContext(
        text=text,
        snapshot=snapshot,
        playbook=PLAYBOOK,
        draft=Draft(id="d", text=text, source="model", passages=found),
    )


def objections(check: Check[Any], ctx: CheckContext) -> list[Finding]:
    """Return what a check has to say that a person must look at: medium and graver."""
    found = cast("Iterable[Finding | ClaimVerdict]", check(ctx, check.configure({})))
    least = SEVERITY_ORDER["medium"]
    findings = (one for one in found if isinstance(one, Finding))
    return [one for one in findings if SEVERITY_ORDER[one.severity] >= least]


def told(findings: Iterable[Finding], text: str) -> str:
    """Write findings and their text in one line."""
    said = ", ".join(f"{one.rule} {text[one.start : one.end]!r}" for one in findings)
    return f"{said or 'nothing'} | {' '.join(text.split())}"
