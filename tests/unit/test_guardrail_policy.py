"""A published rule is told as it is published, or the difference is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import cast

import pytest

from handrail.core.verdict import ClaimVerdict, Finding
from handrail.guardrails.alignment import align
from handrail.guardrails.contract import CheckContext
from handrail.guardrails.fact_policy import fact_policy
from handrail.guardrails.resolver import repaired
from handrail.guardrails.rule_words import phrase_of
from tests.unit.test_guardrail_slots import context

RETURNS = (
    "You can return unused items within 30 days of delivery. Opened software cannot be returned. "
    "The Gold Card has no monthly fee. The Silver Rewards Card costs 5 USD per month. "
    "Refunds reach your account before the end of the month. "
    "Todos los artículos se pueden devolver antes de 30 días."
)
HOURS = "No, pets are not allowed on the train. Check-in is from 11:00 to 23:00 on Saturdays."


def judge(text: str, *passages: str) -> list[Finding]:
    return found_in(context(text, passages=passages or (RETURNS, HOURS)))


def found_in(ctx: CheckContext) -> list[Finding]:
    told = cast("Iterable[Finding | ClaimVerdict]", fact_policy(ctx, fact_policy.configure({})))
    return [one for one in told if isinstance(one, Finding)]


ALTERED = [
    "You can return unused items within 60 days of delivery.",
    "You can return unused items within 30 weeks of delivery.",
    "You can return unused items within 30 business days of delivery.",
    "You cannot return unused items within 30 days of delivery.",
    "You can return unused items after 30 days of delivery.",
    "Please note that opened software can be returned.",
    "Opened software can be returned, by the way.",
    "Within 30 days of delivery, unused items cannot be returned.",
    "Refunds reach your account after the end of the month.",
    "The Silver Rewards Card costs 5 EUR per month.",
    "The Silver Card costs 5 USD per month.",
    "The Platinum Rewards Card costs 5 USD per month.",
    "Pets are allowed on the train.",
    "Check-in is from 11 to 10 PM on Saturdays.",
    "Todos los artículos se pueden devolver después de 30 días.",
    "Todos los artículos no se pueden devolver antes de 30 días.",
]
FAITHFUL = [
    "You can return unused items within 30 days of delivery.",
    "Yes, you can return unused items within thirty days of delivery, of course.",
    "Unused items can be returned within 30 days.",
    "Opened software can't be returned.",
    "No pets are allowed on the train.",
    "Pets are prohibited on the train.",
    "Check-in is from 11 AM to 11 PM on Saturdays.",
    "Would you like to return unused items within 60 days of delivery?",
    "Our lamps are made of brass and glass.",
]


@pytest.mark.parametrize("text", ALTERED)
def test_a_changed_rule_is_told(text: str) -> None:
    assert [finding.rule for finding in judge(text)] == ["altered"]


def test_a_row_with_another_name_is_told_by_its_number() -> None:
    (finding,) = judge("Harbour Gold Plan: +0.35%", "Harbour Silver Card: +0.35%")
    assert (finding.rule, finding.severity) == ("altered", "high")


@pytest.mark.parametrize("text", FAITHFUL)
def test_a_rule_in_its_own_or_other_words_is_left_alone(text: str) -> None:
    assert judge(text) == []


def test_the_source_is_quoted_and_proposed() -> None:
    text = "Hello Ana! You can return unused items within 60 days of delivery."
    (finding,) = judge(text)
    source = "You can return unused items within 30 days of delivery."
    assert (finding.evidence[0].source, finding.evidence[0].quote) == ("article:p#0", source)
    assert finding.evidence[0].relation == "contradicts"
    assert repaired(text, [finding]) == f"Hello Ana! {source}"
    assert judge(repaired(text, [finding])) == []


def test_only_a_name_is_less_grave() -> None:
    assert judge("The Platinum Rewards Card costs 5 USD per month.")[0].severity == "high"
    assert judge("The Silver Rewards Card costs 6 USD per month.")[0].severity == "critical"


def test_a_policy_nobody_published_is_told() -> None:
    assert [f.rule for f in judge("Our policy says that students travel at half the price.")] == [
        "absent"
    ]
    assert judge("Our policy is that opened software cannot be returned.") == []


ECONOMY = (
    "Basic economy tickets cannot be cancelled after 24 hours.",
    "With travel insurance a cancellation for health or weather reasons is refunded in full.",
    "A seat costs nothing.",
)
TOGETHER = (
    "I understand your frustration, but our policy is quite strict: basic economy tickets cannot "
    "be cancelled without travel insurance for weather reasons."
)


def test_a_policy_may_be_told_from_several_passages_of_one_article() -> None:
    assert judge(TOGETHER, *ECONOMY) == []
    for lacking in range(2):
        passages = [text for number, text in enumerate(ECONOMY) if number != lacking]
        assert [one.rule for one in judge(TOGETHER, *passages)] == ["absent"]


def test_what_different_articles_say_is_no_policy_of_either() -> None:
    ctx = context(TOGETHER, passages=ECONOMY)
    assert ctx.draft is not None
    apart = tuple(
        one.model_copy(update={"id": f"a{n}#1"}) for n, one in enumerate(ctx.draft.passages)
    )
    ctx = replace(ctx, draft=ctx.draft.model_copy(update={"passages": apart}))
    assert [one.rule for one in found_in(ctx)] == ["absent"]


def test_a_line_that_tells_a_code_may_call_it_by_another_name() -> None:
    assert judge("- **Zip Code:** 10115", "order: W200\nzip: 10115\nstreet: Elm Street 9") == []


DUTY = "The refund must go to the original card, or to an existing gift card."


@pytest.mark.parametrize(
    ("text", "passage", "altered"),
    [
        ("The refund can go to the original card or to an existing gift card.", DUTY, False),
        (
            "The customer can only return opened boxes.",
            "The customer must return opened boxes.",
            False,
        ),
        (
            "The customer can return the opened box.",
            "The customer must return the opened box.",
            True,
        ),
        ("The refund cannot go to the original card or to an existing gift card.", DUTY, True),
    ],
)
def test_may_is_must_where_there_is_a_choice(text: str, passage: str, *, altered: bool) -> None:
    assert bool(judge(text, passage)) is altered


def test_the_sentence_that_says_the_same_wins_over_its_siblings() -> None:
    cards = "The Gold Card costs 5 USD per month. The Silver Card costs 3 USD per month."
    assert judge("The Silver Card costs 3 USD per month.", cards) == []
    assert judge("The Silver Card costs 5 USD per month.", cards) != []


SILVER = "Write to us by email to cancel a basic economy ticket; gold members pay nothing."


@pytest.mark.parametrize(
    ("text", "passage"),
    [
        (SILVER.replace("by email", "by phone"), SILVER),
        (SILVER.replace("gold", "silver"), SILVER),
        (SILVER.replace("basic economy", "business"), SILVER),
        ("Children pay half on this train.", "Adults pay half on this train."),
        ("For USD fees send us the receipt.", "For ATM fees send us the receipt."),
        ("The reason is a missing Working Day.", "The reason is a missing MMSC URL."),
        ("Cover on this gold card is Premium.", "Cover on this gold card is No. Think of it."),
    ],
)  # fmt: skip
def test_another_thing_of_the_kind_is_told(text: str, passage: str) -> None:
    assert [finding.rule for finding in judge(text, passage)] == ["altered"]
    assert judge(passage, passage) == []


@pytest.mark.parametrize(
    ("text", "passage"),
    [
        ("Our staff answer by telephone in the evening.", "Our agents answer by phone at night."),
        ("Write to us by mail to cancel your ticket.", "Write to us by email to cancel a ticket."),
        ("A fee of $15 is taken for the Gold Card.", "A fee of 15 USD is taken for the Gold Card."),
    ],
)
def test_another_word_for_the_thing_is_left_alone(text: str, passage: str) -> None:
    assert judge(text, passage) == []


def test_a_name_after_an_answer_is_a_name() -> None:
    passage = "Yes, Alder accepts all cards."
    assert [one.rule for one in judge("Yes, Birch accepts all cards.", passage)] == ["altered"]
    assert judge("Yes! They accept all cards.", "Yes! We accept all cards.") == []


def test_a_name_with_more_to_it_is_another_one() -> None:
    passage = "Fees are charged to your Harbour Gold card each month."
    assert [one.rule for one in judge(passage.replace("Gold", "Gold Plus"), passage)] == ["altered"]
    assert judge(passage.replace("Harbour Gold", "Harbour"), passage) == []
    assert judge("Fees are not charged at Alder House.", "Fees are not charged by Alder.") == []


@pytest.mark.parametrize("text", ["", "no", "No, no, no.", "can't", "'", "5", "ه" * 50])
def test_any_words_can_be_compared(text: str) -> None:
    aligned = align(phrase_of(text), phrase_of("You can return it within 30 days."))
    assert 0 <= aligned.rank.alike <= 1
