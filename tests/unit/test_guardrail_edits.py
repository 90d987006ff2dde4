"""A repair brings in no value, claim or consent that the customer's own evidence does not hold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handrail.core.conversation import (
    ConversationFacts,
    Customer,
    FieldValue,
    Mode,
    Passage,
    Record,
    Snapshot,
)
from handrail.core.drafting import Draft
from handrail.core.verdict import Edit, Finding, RepairStep, Report, Verdict
from handrail.guardrails.contract import CheckContext, CheckSettings, check
from handrail.guardrails.edits import permitted
from handrail.guardrails.evidence import Evidence
from handrail.guardrails.resolver import repair
from handrail.guardrails.suite import CheckSuite
from handrail.guardrails.values import find_values
from handrail.playbook.models import Brand, Intent, Playbook, Release

PLAYBOOK = Playbook(
    brand=Brand(name="Lamp Shop"),
    intents={"x": Intent(description="x", examples=("one", "two"), mode="autonomous")},
)
NOW = datetime(2026, 3, 5, tzinfo=UTC)


def order(owner: str, number: str, total: str, place: str) -> Record:
    return Record(
        kind="order",
        id=number,
        customer_id=owner,
        fields={
            "total": FieldValue(type="money", value=total, currency="EUR"),
            "place": FieldValue(type="text", value=place),
        },
    )


def snapshot() -> Snapshot:
    return Snapshot(
        conversation=ConversationFacts(id="k1", customer_id="c1", channel="web", address="a"),
        customer=Customer(id="c1", name="Ana Diaz"),
        verified=True,
        messages=(),
        records=(order("c1", "W100", "89.90", "Lisbon"), order("c2", "W222", "17.35", "Toledo")),
        now=NOW,
        release="rel_1",
    )


def context(text: str) -> CheckContext:
    passage = Passage(
        id="p#1", article_id="p", title="Returns", text="We accept returns within 30 days."
    )
    draft = Draft(id="d1", text=text, source="model", passages=(passage,))
    return CheckContext(text=text, snapshot=snapshot(), playbook=PLAYBOOK, draft=draft)


def edit(text: str, replaced: str, replacement: str) -> Edit:
    start = text.index(replaced)
    return Edit(start=start, end=start + len(replaced), replacement=replacement)


@pytest.mark.parametrize(
    ("text", "replaced", "replacement", "allowed"),
    [
        ("Your total is $94.90.", "$94.90", "89.90 EUR", True),
        ("Your total is $94.90.", "$94.90", "17.35 EUR", False),
        ("Your total is $94.90.", "$94.90", "12 EUR", False),
        ("Order W222 is hers.", "W222", "W100", True),
        ("Order W100 is hers.", "W100", "W222", False),
        ("Write to maria@shop.example.", "maria@shop.example", "[removed]", True),
        ("Card 4242 4242 4242 4242.", "4242 4242 4242 4242", "ending in 4242", True),
        ("It cost 94.90 EUR.", "94.90 EUR", "4.90 EUR", False),
        ("Hi Maria, hello.", "Maria", "Ana", True),
        ("Hi Ana, hello.", "Ana", "Maria", False),
        ("It went to Lisbon.", "Lisbon", "Toledo", False),
        ("It is cheap.", "cheap", "free", False),
        ("I have refunded it.", "have refunded it", "can ask my team to refund it", True),
        ("That is all.", "That is all.", "You have won a bicycle for life.", False),
        ("You may return it.", "You may return it.", "We accept returns within 30 days.", True),
        ("We do not accept returns.", "do not accept", "accept", False),
        ("We do not accept returns.", " not", "", False),
        ("We do not accept it. Bye.", "We do not accept it.", "", True),
        ("No returns at all here.", "No returns at all here.",
         "We accept returns within 30 days.", True),
    ],
)  # fmt: skip
def test_what_an_edit_may_bring_in(
    text: str, replaced: str, replacement: str, allowed: bool
) -> None:
    assert permitted(edit(text, replaced, replacement), context(text)) is allowed


PIECES = [
    "Your order W100", "W222", "89.90 EUR", "17.35 EUR", "$94.90", "Ana", "Maria", "Toledo",
    "refund", "not", "We accept returns within 30 days.", "free", "4 March 2026", "is", ".", "",
]  # fmt: skip
words = st.lists(st.sampled_from(PIECES), max_size=6).map(" ".join)


def names(text: str) -> set[str]:
    return {f"{value.kind}:{key}" for value in find_values(text) for key in value.keys}


@settings(max_examples=300, deadline=None)
@given(text=words, spans=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=4),
       replacements=st.lists(words, min_size=4, max_size=4))  # fmt: skip
def test_no_repair_brings_in_anothers_value(
    text: str, spans: list[tuple[int, int]], replacements: list[str]
) -> None:
    ctx = context(text)
    findings = [
        Finding(
            check="test.x", rule="r", severity="high", start=start, end=end, message="m",
            proposal=Edit(start=start, end=end, replacement=words),
        )
        for (begin, size), words in zip(spans, replacements, strict=False)
        if (start := min(begin, len(text))) <= (end := min(begin + size, len(text)))
    ]  # fmt: skip
    step = repair(ctx, findings)
    if step is None:
        return
    assert step.before == text
    assert step.after is not None
    assert step.edits
    evidence = Evidence(ctx.snapshot, ctx.evidence.sources)
    for one in step.edits:
        for value in find_values(one.replacement):
            grounded = evidence.find(value) or names(value.text) & names(text[one.start : one.end])
            assert grounded, f"{value.text!r} came in"
    if "Toledo" not in text:
        assert "Toledo" not in step.after
    if "Maria" not in text:
        assert "Maria" not in step.after


@check("test.thief", severity="high")
def thief(ctx: CheckContext, settings: CheckSettings) -> Iterator[Finding]:
    yield thief.finding("swap", 0, len(ctx.text), "Swap.", replacement="It costs 17.35 EUR.")


@pytest.mark.parametrize("mode", ["autonomous", "supervised"])
async def test_a_refused_proposal_stays_a_finding(mode: Mode) -> None:
    release = Release(id="rel_1", name="one", playbook=PLAYBOOK, articles=())
    suite = CheckSuite(release, checks=[thief])
    draft = Draft(id="d1", text="It costs something.", source="model")
    checked = await suite.verify(
        draft, snapshot(), mode=mode, intent=None, text="How much?", repair=True
    )
    assert checked.draft.text == draft.text
    assert checked.verdict.repairs == ()
    assert checked.verdict.outcome == "flagged"


def test_verdicts_stored_before_steps_were_kept_are_read() -> None:
    report = Report(digest="d")
    old = {"digest": "d", "mode": "supervised", "outcome": "clean", "report": report.model_dump()}
    read = Verdict.model_validate({**old, "repaired_from": ["a", "b"]}, strict=False)
    assert read.repairs == (RepairStep(before="a", after="b"), RepairStep(before="b", after=None))
    assert Verdict.model_validate_json(read.model_dump_json()) == read
    assert Verdict.model_validate({**old, "repaired_from": []}, strict=False).repairs == ()
