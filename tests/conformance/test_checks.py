"""The laws every registered guardrail check keeps, ours and other packages' alike."""

from __future__ import annotations

import asyncio
import gc
import gzip
import json
import re
import time
import weakref
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handrail.core.conversation import (
    ConversationFacts,
    Customer,
    FieldValue,
    Message,
    Passage,
    Record,
    Snapshot,
)
from handrail.core.drafting import Draft, ProposedAction
from handrail.core.registry import registered
from handrail.core.verdict import Finding
from handrail.guardrails.contract import Check, CheckContext, CheckSettings, check
from handrail.guardrails.describing import describe
from handrail.guardrails.runner import Configured, run_checks
from handrail.guardrails.suite import CheckSuite
from handrail.playbook.models import Article, Brand, Intent, Playbook, Release

ADVERSARIAL_CHARS = 8000
SECONDS = 0.05
MARGIN = 5
"""How much slower than the promise a shared machine may be before the test fails."""

NOW = datetime(2026, 3, 5, 10, tzinfo=UTC)
CHECKS: Mapping[str, Check[Any]] = registered("check")
each_check = pytest.mark.parametrize("one", CHECKS.values(), ids=list(CHECKS))

PIECES = [
    "Your order W100", "costs $94.90", "89.90 EUR", "refund", "I have cancelled", "We will refund",
    "Maria Lopez", "maria@shop.example", "4242 4242 4242 4242", "password is hunter2x!",
    "https://evil.com/x", "[a](http://b.com)", "<script>", "{{order.total}}", "[name]", "\u200b",
    "3 March 2026", "two weeks", "20%", "No,", "+44 20 1234 5678", "...",
    "not", "never", "?", ".", "\n", "\x1b[31m", "👩\u200d👧",
    "DE89 3704 0044 0532 0130 00", "12 Elm Street", "078-05-1120",
    "talk to a human", "kill myself", "İ", "ﬁ", "\u0430", "\ud800", "５",
]  # fmt: skip
texts = st.one_of(
    st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=14).map(" ".join)
)
quick = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Owners:
    """One other customer, made up."""

    async def owners(self, values: Collection[str]) -> Mapping[str, frozenset[str]]:
        known = {"marialopez", "maria@shop.example"}
        return {value: frozenset({"c2"}) for value in values if value in known}


ACTIONS = (ProposedAction(name="refund_order", arguments={"order_id": "W999", "amount": "500"}),)
PLAYBOOK = Playbook(
    brand=Brand(name="Lamp Shop", links=("shop.example",)),
    intents={"x": Intent(description="x", examples=("one", "two"), mode="autonomous")},
)
SECRET = Article(
    id="secret", title="s", body="the quiet words that no customer may ever read", internal=True
)
RELEASE = Release(id="rel_1", name="one", playbook=PLAYBOOK, articles=(SECRET,))
ORDER = Record(
    kind="order",
    id="W100",
    customer_id="c1",
    fields={
        "total": FieldValue(type="money", value="89.90", currency="EUR"),
        "status": FieldValue(type="status", value="processing"),
        "placed": FieldValue(type="date", value="not a date 17"),
    },
)
EARLIER = Message(
    id="m1", conversation_id="k1", seq=1, role="ai", channel="web", text="Your order", at=NOW
)


def context(text: str, *passages: str, records: tuple[Record, ...] = (ORDER,)) -> CheckContext:
    snapshot = Snapshot(
        conversation=ConversationFacts(id="k1", customer_id="c1", channel="web", address="a"),
        customer=Customer(id="c1", name="Ana Diaz"),
        verified=True,
        messages=(EARLIER,),
        records=records,
        now=NOW,
        release="rel_1",
    )
    found = tuple(
        Passage(id=f"p#{number}", article_id="p", title="P", text=passage)
        for number, passage in enumerate(passages)
    )
    return CheckContext(
        text=text,
        snapshot=snapshot,
        playbook=PLAYBOOK,
        said=text,
        draft=Draft(id="d1", text=text, source="model", passages=found, actions=ACTIONS),
        owners=Owners(),
    )


def judge(one: Check[Any], ctx: CheckContext, *others: Check[Any]) -> tuple[Finding, ...]:
    """Run checks and return the findings of ``one``; an error of any is a failure."""
    ready = [Configured(item, item.configure({})) for item in (one, *others)]
    report = asyncio.run(run_checks(ready, ctx))
    assert not report.errored, report.errored
    return tuple(finding for finding in report.findings if finding.check == one.id)


def data(name: str) -> Path | None:
    """Find a public data set beside the repository."""
    roots = (parent / "shared" / "datasets" / name for parent in Path(__file__).resolve().parents)
    return next((root for root in roots if root.exists()), None)


def test_the_first_checks_are_registered() -> None:
    assert {
        "fact.value", "fact.grounded", "fact.policy", "act.authority", "act.claim",
        "priv.other_customer", "priv.secret", "leak.prompt", "sec.link", "sec.markup", "tone.form",
        "conv.repeat",
        "in.human_request", "in.crisis", "act.tool_args", "priv.own_minimise",
    } <= set(CHECKS)  # fmt: skip


@each_check
def test_it_says_what_it_does(one: Check[Any]) -> None:
    card = describe(one)
    assert one.__doc__
    assert issubclass(one.settings, CheckSettings)
    assert card.rules, "name the rules in the module's docstring: Rules: ``one`` (high), ..."
    assert card.summary
    assert "Fires" in card.about
    assert "not fire" in " ".join(card.about.split())
    assert all(setting.meaning for setting in card.settings), card.settings
    assert set(card.yields_to) <= set(CHECKS)


def fired(one: Check[Any], ctx: CheckContext) -> tuple[Finding, ...]:
    """Judge a text; whatever is said keeps to what the check says of itself."""
    findings = judge(one, ctx)
    known = {rule.name for rule in describe(one).rules}
    sources = {source.id: source.reading.text for source in ctx.evidence.sources}
    for finding in findings:
        assert 0 <= finding.start <= finding.end <= len(ctx.text)
        assert finding.message
        assert finding.rule in known, f"{finding.rule} is not among the rules that are named"
        assert 0 <= finding.confidence <= 1
        for proof in finding.evidence:
            if proof.start is not None and proof.source in sources:
                assert sources[proof.source][proof.start : proof.end] == proof.quote
    return findings


@each_check
@quick
@given(text=texts)
def test_it_never_raises_and_its_spans_and_quotes_are_right(one: Check[Any], text: str) -> None:
    fired(one, context(text, "We refund within 30 days.", text[:40]))


@each_check
@quick
@given(text=texts)
def test_it_is_deterministic(one: Check[Any], text: str) -> None:
    assert judge(one, context(text)) == judge(one, context(text))


def of_family(family: str) -> Any:
    found = [one for one in CHECKS.values() if one.id.startswith(f"{family}.")]
    return pytest.mark.parametrize("one", found, ids=[one.id for one in found])


def places(findings: Iterable[Finding]) -> set[tuple[str, int]]:
    return {(finding.rule, finding.start) for finding in findings}


@of_family("fact")
@quick
@given(text=texts)
def test_supporting_evidence_never_adds_a_finding(one: Check[Any], text: str) -> None:
    before = places(judge(one, context(text)))
    assert places(judge(one, context(text, text))) <= before


RECORDED = ["processing", "cancelled", "refunded", "shipped"]
"""States of an order that a text may say it was brought to."""
DONE = [
    "I have cancelled your order W100.", "Your order W100 has been refunded.", "W100 was shipped.",
    "He cancelado su pedido W100.", "I have cancelled it.", "We've sent you a replacement.",
]  # fmt: skip


@pytest.mark.parametrize("status", RECORDED)
@quick
@given(text=st.lists(st.sampled_from(DONE + PIECES), min_size=1, max_size=6).map(" ".join))
def test_taking_an_event_away_never_takes_a_claim_finding_away(status: str, text: str) -> None:
    one = CHECKS["act.claim"]
    fields = {**ORDER.fields, "status": FieldValue(type="status", value=status)}
    recorded = context(text, records=(ORDER.model_copy(update={"fields": fields}),))
    there = {finding.start for finding in judge(one, recorded)}
    gone = {finding.start for finding in judge(one, context(text, records=()))}
    assert there <= gone


@quick
@given(text=texts, passage=texts)
def test_no_evidence_at_all_adds_a_value_finding(text: str, passage: str) -> None:
    one = CHECKS["fact.value"]
    before = {(finding.rule, finding.start) for finding in judge(one, context(text))}
    after = {(finding.rule, finding.start) for finding in judge(one, context(text, passage))}
    assert after <= before


@check("test.unrelated", severity="low")
def unrelated(ctx: CheckContext, settings: CheckSettings) -> list[Finding]:
    assert ctx.values is not None
    return [unrelated.finding("always", 0, 0, "Here.")]


@each_check
@quick
@given(text=texts)
def test_an_unrelated_check_changes_nothing(one: Check[Any], text: str) -> None:
    assert judge(one, context(text)) == judge(one, context(text), unrelated)


@quick
@given(text=texts)
def test_repair_converges_and_is_idempotent(text: str) -> None:
    suite = CheckSuite(RELEASE, owners=Owners())

    def repair(before: str) -> tuple[str, int]:
        checked = asyncio.run(
            suite.verify(
                Draft(id="d1", text=before, source="model"),
                context(before).snapshot,
                mode="autonomous",
                intent=None,
                text="",
                repair=True,
            )
        )
        assert not checked.verdict.report.errored
        return checked.draft.text, len(checked.verdict.repairs)

    once, rounds = repair(text)
    assert rounds <= 2
    assert repair(once) == (once, 0)


@pytest.fixture
def uncollected() -> Iterator[None]:
    """Nothing is freed but what nothing refers to any more."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@each_check
@pytest.mark.usefixtures("uncollected")
def test_it_holds_nothing_of_a_customer_when_it_is_done(one: Check[Any]) -> None:
    ctx = context(" ".join(("Your order W100 has been delivered.", *DONE, *PIECES)), *DONE)
    judge(one, ctx)
    read = weakref.ref(ctx)
    del ctx
    assert read() is None, (
        "an object of the check refers to itself: a method kept in its own object"
    )


@each_check
def test_naughty_strings(one: Check[Any]) -> None:
    folder = data("redteam-naughty-strings")
    if folder is None:
        pytest.skip("needs ../shared/datasets/redteam-naughty-strings")
    with gzip.open(folder / "strings.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line)["text"] for line in lines]
    assert len(rows) > 100
    for text in rows:
        judge(one, context(text))


def fastest(work: Callable[[], object]) -> float:
    """CPU seconds of the fastest of three runs."""
    times: list[float] = []
    for _ in range(3):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
        if times[-1] < SECONDS:
            break
    return min(times)


ATTACKS = [
    "a", "1", " ", "1 ", "1-", "1,", "$", "(", "[", "<", "{", ".", "a.", "a-", "a@", "@a.", "one ",
    "A", "Ab ", "A'", "http://", "[a](", "![", "<a ", "on", "{{", "#a-", "\n", "No, ", "we will ",
    "your order ", "not ", "refund ", "I have ", "+1 (2) ", "\u200b", "\u0430b", "é", "W1", "eyJa.",
    "Éé ", "ÁÉ", "12 Ab ", "4242 ", "12:", "(1) ", "has been ",
    "&#1;", "no #1 ", "$1 ", "$1. ", "W100 $1 ", "tomorrow ", "in 3 days ", "W100 is delivered ",
    "I have cancelled ", "return it within 30 days. ",
]  # fmt: skip


@each_check
def test_adversarial_text_is_judged_in_time(one: Check[Any]) -> None:
    for piece in ATTACKS:
        text = (piece * ADVERSARIAL_CHARS)[:ADVERSARIAL_CHARS]
        ctx = context(text)
        ready = one.configure({})
        if one.asynchronous:
            taken = fastest(lambda: judge(one, context(text)))  # noqa: B023 - called at once
        else:
            taken = fastest(lambda: list(one(ctx, ready)))  # noqa: B023 # pyright: ignore[reportArgumentType]
        assert taken < SECONDS * MARGIN, f"{one.id} took {taken:.3f} s on {piece!r} repeated"


def hidden(text: str) -> str:
    """A zero-width space in every word: an eye sees no difference."""
    return re.sub(r"([^\W\d_])(?=[^\W\d_])", "\\1\u200b", text, count=20)


def widened(text: str) -> str:
    """Letters and digits in full width."""
    return "".join(chr(ord(c) + 0xFEE0) if c.isascii() and c.isalnum() else c for c in text)


FORMS: Mapping[str, Callable[[str], str]] = {
    "zero-width": hidden,
    "NFKC": widened,
    "spaces": lambda text: f"  {text}\n",
    "case": str.upper,
}
"""Other spellings of a text: whatever is found in one is found in the others."""
PLAIN = [piece for piece in PIECES if piece.isascii() and piece.isprintable()]


@pytest.mark.parametrize("form", FORMS)
@each_check
@quick
@given(text=st.lists(st.sampled_from(PLAIN), min_size=1, max_size=8).map(" ".join))
def test_another_spelling_hides_nothing(one: Check[Any], form: str, text: str) -> None:
    found = {finding.rule for finding in judge(one, context(text))}
    other = {finding.rule for finding in judge(one, context(FORMS[form](text)))}
    assert found <= other
