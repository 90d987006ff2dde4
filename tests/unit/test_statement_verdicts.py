"""Each statement of a reply gets a verdict: by rule, by the scorer, by a judge where it is open."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from handrail.core.conversation import (
    ConversationFacts,
    Customer,
    FieldValue,
    Passage,
    Record,
    Snapshot,
)
from handrail.core.drafting import Citation, Draft
from handrail.core.ports import Judge, Judgement
from handrail.core.verdict import ClaimVerdict, Report, Support
from handrail.guardrails.contract import Check, CheckContext, CheckSettings, check
from handrail.guardrails.fact_grounded import fact_grounded
from handrail.guardrails.fact_judged import fact_judged
from handrail.guardrails.fact_policy import fact_policy
from handrail.guardrails.statement_support import filled_in
from handrail.guardrails.suite import CheckSuite
from handrail.playbook.models import Brand, Guardrails, Intent, Playbook, Release, Template

PASSAGE = (
    "Gifts are wrapped for free. If you are a member, returns cost nothing at all. "
    "The warranty of a lamp lasts two years."
)
TEMPLATE = "Order {{order.id}} has not left us; it comes to {{order.total}}."
ORDER = Record(
    kind="order",
    id="W100",
    customer_id="c1",
    fields={
        "status": FieldValue(type="status", value="processing"),
        "total": FieldValue(type="money", value="89.90", currency="EUR"),
        "shipping": FieldValue(type="money", value="4.90", currency="EUR"),
        "cost": FieldValue(type="money", value="12.34", currency="EUR", visibility="internal"),
    },
)
SNAPSHOT = Snapshot(
    conversation=ConversationFacts(id="k1", customer_id="c1", channel="web", address="a"),
    customer=Customer(id="c1"),
    verified=True,
    messages=(),
    records=(ORDER,),
    now=datetime(2026, 3, 5, tzinfo=UTC),
    release="rel_1",
)


class Says:
    """A judge that says one thing of everything, and remembers what it was asked."""

    name = "says"

    def __init__(self, support: Support, quote: str = "", *, count: int | None = None) -> None:
        self.said = Judgement(support=support, source="article:gifts#1", quote=quote)
        self.count = count
        self.asked: list[str] = []

    async def judge(
        self, claims: Sequence[str], evidence: Mapping[str, str]
    ) -> Sequence[Judgement]:
        self.asked += claims
        assert "12.34" not in str(evidence)
        return [self.said] * (len(claims) if self.count is None else self.count)


class Stuck:
    """A judge that never answers, or fails."""

    name = "stuck"

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    async def judge(
        self, claims: Sequence[str], evidence: Mapping[str, str]
    ) -> Sequence[Judgement]:
        if self.error:
            raise self.error
        await asyncio.sleep(30)
        return []


async def report(
    text: str,
    *,
    judge: Judge | None = None,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    checks: Sequence[Check[Any]] = (fact_grounded, fact_judged, fact_policy),
    **draft: Any,
) -> Report:
    playbook = Playbook(
        brand=Brand(name="Lamp Shop"),
        intents={
            "x": Intent(
                description="x",
                examples=("one", "two"),
                mode="autonomous",
                templates=(Template(text=TEMPLATE), Template(text="{{order.id}}")),
            )
        },
        guardrails=Guardrails.model_validate({"checks": settings or {}}),
    )
    release = Release(id="rel_1", name="one", playbook=playbook, articles=())
    passage = Passage(id="gifts#1", article_id="gifts", title="Gifts", text=PASSAGE)
    given = {"id": "d1", "text": text, "source": "model", "passages": (passage,)} | draft
    checked = await CheckSuite(release, judge=judge, checks=checks).verify(
        Draft.model_validate(given), SNAPSHOT, mode="autonomous", intent=None, text="", repair=False
    )
    return checked.verdict.report


async def verdicts(text: str, **given: Any) -> list[tuple[str, Support, str]]:
    claims = (await report(text, **given)).claims
    return [(text[claim.start : claim.end], claim.support, claim.by) for claim in claims]


async def test_a_whole_sentence_of_a_source_is_supported_and_quoted() -> None:
    text = "Hello! GIFTS are wrapped for free. Anything else?"
    (claim,) = (await report(text)).claims
    assert (claim.support, claim.by) == ("supported", "quote")
    (span,) = claim.evidence
    assert (span.source, span.quote) == ("article:gifts#1", "Gifts are wrapped for free.")
    assert span.start is not None
    assert f"Gifts\n{PASSAGE}"[span.start : span.end] == span.quote


async def test_a_template_that_was_filled_in_from_the_record_is_supported() -> None:
    text = "Order W100 has not left us; it comes to 89.90 EUR."
    (claim,) = (await report(text, source="template")).claims
    assert (claim.support, claim.by) == ("supported", "value")
    assert [span.quote for span in claim.evidence] == [TEMPLATE, "W100", "89.90"]


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("Order W100 has not left us; it comes to 89.90 EUR.", "model"),  # who chose it?
        ("Order W100 has not left us; it comes to 98.90 EUR.", "template"),
        ("Order W100 has not left us; it comes to nothing.", "template"),
        ("Order W100 has left us; it comes to 89.90 EUR.", "template"),
        ("Order W100 has not left us; it comes to 89.90 EUR, or so.", "template"),
    ],
)
async def test_another_sentence_or_writer_is_not(text: str, source: str) -> None:
    ((_, support, _),) = await verdicts(text, source=source)
    assert support != "supported"


@pytest.mark.parametrize(
    ("text", "around", "filled"),
    [
        ("Order W1 is here.", ("Order ", " is here."), ("W1",)),
        ("W1 is 5 EUR", ("", " is ", ""), ("W1", "5 EUR")),
        ("W1 is 5 EUR", ("", " was ", ""), ()),
        (" is here", ("", " is here"), ()),
        ("Order W1 is here", ("Order ", " is here."), ()),
        ("a is a", ("a is a", " is a"), ()),
    ],
)
def test_what_stands_in_fields(text: str, around: tuple[str, ...], filled: tuple[str, ...]) -> None:
    assert tuple(filled_in(text, around)) == filled


@pytest.mark.parametrize(
    "text",
    [
        "Returns cost nothing at all.",  # half a sentence: the condition is missing
        "We wrap gifts for free.",
        "Lamps have a warranty of two years.",
    ],
)
async def test_a_free_paraphrase_is_never_called_supported(text: str) -> None:
    assert await verdicts(text) == [(text, "unverified", "rule")]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("Your order W100 is processing.", "status"),
        ("The total of your order W100 is 89.90 EUR.", "total"),
        ("Shipping for your order is 4.90 EUR.", "shipping"),
    ],
)
async def test_a_record_in_its_own_words_is_supported(text: str, field: str) -> None:
    (claim,) = (await report(text)).claims
    assert (claim.support, claim.by) == ("supported", "value")
    assert [span.source for span in claim.evidence] == [f"record:order/W100#{field}"]


@pytest.mark.parametrize(
    "text",
    [
        "The total of your order W100 is 4.90 EUR.",  # another field's value
        "Your order W100 is not processing.",
        "Your order W100 is processing and ships tomorrow.",
        "The cost of your order W100 is 12.34 EUR.",  # not for customers
    ],
)
async def test_a_value_beside_other_words_is_not(text: str) -> None:
    assert "supported" not in {claim.support for claim in (await report(text)).claims}


async def test_every_statement_has_its_own_verdict() -> None:
    text = (
        "Gifts are not wrapped for free. Our museum café opens at nine and sells cake. "
        "We wrap gifts for free."
    )
    found = await verdicts(text)
    assert [support for _, support, _ in found] == ["contradicted", "unsupported", "unverified"]
    rules = [finding.rule for finding in (await report(text)).findings]
    assert sorted(rules) == ["altered", "unsupported"]


@check("test.doubts", severity="low")
def doubts(ctx: CheckContext, settings: CheckSettings) -> Iterator[ClaimVerdict]:
    for support in ("contradicted", "unverified"):
        yield ClaimVerdict(start=0, end=len(ctx.text), support=support, by="test")


@check("test.far", severity="low")
def far(ctx: CheckContext, settings: CheckSettings) -> Iterator[ClaimVerdict]:
    yield ClaimVerdict(start=0, end=len(ctx.text) + 1, support="supported", by="test")


async def test_the_gravest_verdict_on_a_statement_is_kept() -> None:
    text = "Gifts are wrapped for free."
    found = await report(text, checks=(fact_grounded, doubts))
    assert [(claim.support, claim.by) for claim in found.claims] == [("contradicted", "test")]


async def test_a_verdict_outside_the_text_is_an_error_of_the_check() -> None:
    found = await report("Gifts.", checks=(far,))
    assert [error.reason for error in found.errored] == ["InvalidFindingError"]
    assert found.claims == ()


CITE = {"fact.grounded": {"cite": True}}


@pytest.mark.parametrize(
    ("text", "draft", "flagged"),
    [
        ("We wrap gifts for free.", {}, True),
        ("We wrap gifts for free.", {"citations": ["article:gifts#1"]}, False),
        ("We wrap gifts for free.", {"citations": ["article:nowhere#1"]}, True),
        ("Your order W100 is on its way.", {"citations": ["record:order/W100#status"]}, False),
        ("We wrap gifts for free.", {"citations": ["record:order/W100#status"]}, True),
        ("Gifts are wrapped for free.", {}, False),
        ("We wrap gifts for free.", {"source": "person"}, False),
        ("Hello! Which gift do you mean?", {}, False),
    ],
)
async def test_quote_or_cite_mode(text: str, draft: dict[str, Any], flagged: bool) -> None:
    cited = tuple(Citation(source=id_, quote="made up") for id_ in draft.pop("citations", ()))
    found = await report(text, settings=CITE, citations=cited, **draft)
    assert ("uncited" in {finding.rule for finding in found.findings}) is flagged
    assert not (await report(text, citations=cited, **draft)).findings


OPEN = "We wrap gifts for free."


async def test_without_a_judge_what_is_open_stays_open() -> None:
    found = await report(OPEN)
    assert [(one.check, one.reason) for one in found.skipped] == [("fact.judged", "needs judge")]
    assert [claim.support for claim in found.claims] == ["unverified"]


async def test_a_judge_is_asked_only_about_what_is_open() -> None:
    judge = Says("supported", "Gifts are wrapped for free.")
    text = f"Hello! Gifts are wrapped for free. {OPEN} Your order W100 is processing."
    found = await verdicts(text, judge=judge)
    assert judge.asked == [OPEN]
    assert [(support, by) for _, support, by in found] == [
        ("supported", "quote"), ("supported", "says"), ("supported", "value"),
    ]  # fmt: skip
    quiet = Says("supported")
    await report("Gifts are wrapped for free.", judge=quiet)
    assert quiet.asked == []


async def test_a_quote_is_looked_up_in_the_evidence() -> None:
    found = await report(OPEN, judge=Says("supported", "wrapped for free"))
    (span,) = found.claims[0].evidence
    assert f"Gifts\n{PASSAGE}"[span.start : span.end] == "wrapped for free"


@pytest.mark.parametrize("quote", ["Gifts are always wrapped.", "", "are", " "])
@pytest.mark.parametrize("support", ["supported", "contradicted"])
async def test_a_made_up_quote_counts_for_nothing(support: Support, quote: str) -> None:
    found = await report(OPEN, judge=Says(support, quote))
    assert [claim.support for claim in found.claims] == ["unverified"]
    assert found.findings == ()


async def test_what_a_judge_denies_is_found() -> None:
    found = await report(OPEN, judge=Says("contradicted", "returns cost nothing"))
    (finding,) = found.findings
    assert (finding.key, finding.severity) == ("fact.judged:contradicted", "high")
    assert finding.evidence[0].relation == "contradicts"
    found = await report(OPEN, judge=Says("unsupported"))
    assert [f.key for f in found.findings] == ["fact.judged:unsupported"]


@pytest.mark.parametrize(
    ("judge", "reason"),
    [
        (Says("supported", "Gifts", count=2), "JudgeAnswerError"),
        (Stuck(ValueError("secret words")), "ValueError"),
        (Stuck(), "no answer within 20 ms"),
    ],
)
async def test_a_judge_that_fails_breaks_nothing(judge: Judge, reason: str) -> None:
    found = await report(OPEN, judge=judge, settings={"fact.judged": {"timeout_ms": 20}})
    assert [(one.check, one.reason) for one in found.errored] == [("fact.judged", reason)]
    assert [claim.support for claim in found.claims] == ["unverified"]
    assert "fact.grounded" in found.ran
