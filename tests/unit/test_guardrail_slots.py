"""Values are held against the record and the field that the words around them speak of."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from handrail.core.conversation import (
    ConversationFacts,
    Customer,
    FieldType,
    FieldValue,
    Passage,
    Record,
    Snapshot,
)
from handrail.core.drafting import Draft
from handrail.core.verdict import Finding
from handrail.guardrails.contract import CheckContext
from handrail.guardrails.fact_value import fact_value
from handrail.guardrails.resolver import repaired
from handrail.playbook.models import Brand, Intent, Playbook

NOW = datetime(2026, 3, 5, 23, 30, tzinfo=UTC)
"""A Thursday; in Tokyo it is Friday already."""
PLAYBOOK = Playbook(
    brand=Brand(name="Lamp Shop"),
    intents={"x": Intent(description="x", examples=("one", "two"), mode="autonomous")},
)


def record(kind: str, number: str, **fields: tuple[FieldType, Any]) -> Record:
    return Record(
        kind=kind,
        id=number,
        customer_id="c1",
        fields={
            name: FieldValue(type=type_, value=value, currency="EUR" if type_ == "money" else None)
            for name, (type_, value) in fields.items()
        },
    )


SENT = record(
    "order", "W100", status=("status", "shipped"), total=("money", "89.90"),
    shipping_fee=("money", "4.95"), placed_at=("date", "2026-03-01"),
    shipped_at=("date", "2026-03-02"), expected_at=("date", "2026-03-09"),
    tracking_number=("id", "BB449008934"),
)  # fmt: skip
GONE = record(
    "order", "W200", status=("status", "cancelled"), total=("money", "20.00"),
    placed_at=("date", "2026-02-10"), refund_amount=("money", "15.00"),
    refund_status=("status", "pending"), refund_at=("date", "2026-03-12"),
)  # fmt: skip
LAMP = record(
    "item", "7751905257", order=("id", "W100"), name=("text", "Desk lamp"),
    price=("money", "40.00"),
)  # fmt: skip
SHADE = record(
    "item", "7751905999", order=("id", "W100"), name=("text", "Lamp shade"),
    price=("money", "24.95"),
)  # fmt: skip
RECORDS = (SENT, GONE, LAMP, SHADE)


def context(
    text: str,
    *records: Record,
    passages: tuple[str, ...] = (),
    said: str = "",
    zone: str | None = None,
) -> CheckContext:
    snapshot = Snapshot(
        conversation=ConversationFacts(id="k1", customer_id="c1", channel="web", address="a"),
        customer=Customer(id="c1", time_zone=zone),
        verified=True,
        messages=(),
        records=records or RECORDS,
        now=NOW,
        release="rel_1",
    )
    found = tuple(
        Passage(id=f"p#{number}", article_id="p", title="P", text=passage)
        for number, passage in enumerate(passages)
    )
    draft = Draft(id="d1", text=text, source="model", passages=found)
    return CheckContext(text=text, snapshot=snapshot, playbook=PLAYBOOK, draft=draft, said=said)


def judge(ctx: CheckContext) -> list[Finding]:
    return list(cast("Iterable[Finding]", fact_value(ctx, fact_value.configure({}))))


def rules(text: str, *records: Record, said: str = "", zone: str | None = None) -> set[str]:
    return {finding.rule for finding in judge(context(text, *records, said=said, zone=zone))}


TRUE = [
    "Your order W100 comes to 89.90 EUR, including a shipping fee of 4.95 EUR.",
    "Order W100 is 89.90 EUR and order W200 is 20.00 EUR.",
    "You have two orders: W100 (89.90 EUR) and W200 (20.00 EUR).",
    "I see two charges: 89.90 EUR (W100) and 20.00 EUR (W200).",
    "W200 was placed on Tuesday, the 10th of February.",
    "I found W100. It was placed on March 1 and shipped on March 2.",
    "W100 and W200 were placed on March 1 and February 10 respectively.",
    "Your order W100 from March 1 should arrive by March 9.",
    "W100 should arrive on Monday.",
    "W100 was shipped three days ago and arrives in 4 days.",
    "The refund of 15.00 EUR for order W200 will be paid on March 12.",
    "The desk lamp in order W100 costs 40.00 EUR.",
    "Order W100 has a desk lamp priced at 40.00 EUR, and the whole order is 89.90 EUR.",
    "The tracking number of W100 is BB449008934.",
    "Your order W100 is on its way.",
    "Your order W200 was cancelled, and your refund is pending.",
    "Once order W100 has been delivered, you can return it.",
    "Order W100 has not been delivered yet.",
    "I found W100. Every order is delivered by hand, and orders are packed with care.",
    "Your request for order W100 has been received and approved.",
    "El total de su pedido W100 es 89,90 EUR y llegará el 9 de marzo.",
    "Su pedido W200 fue cancelado.",
]
WRONG = [
    ("wrong_slot", "20.00 EUR", "Your order W100 comes to 20.00 EUR."),
    ("wrong_slot", "4.95 EUR", "Your order W100 comes to 4.95 EUR in total."),
    ("wrong_slot", "89.90 EUR", "Order W100 is 89.90 EUR and order W200 is 89.90 EUR."),
    ("wrong_slot", "20.00 EUR", "Your refund for W200 is 20.00 EUR."),
    ("wrong_slot", "89.90 EUR", "You get a refund of 89.90 EUR for order W200."),
    ("wrong_slot", "February 10", "I found W100. It was placed on February 10."),
    ("wrong_slot", "March 2", "W100 should arrive by March 2."),
    ("wrong_slot", "tomorrow", "W100 arrives tomorrow."),
    ("wrong_slot", "yesterday", "Your order W100 was shipped yesterday."),
    ("wrong_slot", "40.00 EUR", "The lamp shade in order W100 costs 40.00 EUR."),
    ("wrong_slot", "BB449008934", "The tracking number of W200 is BB449008934."),
    ("wrong_status", "delivered", "Your order W100 has been delivered."),
    ("wrong_status", "pending", "Order W100 (pending) comes to 89.90 EUR."),
    ("wrong_status", "shipped", "W100 has not shipped yet."),
    ("wrong_status", "paid", "The refund for W200 has been paid."),
    ("wrong_slot", "20,00 EUR", "El total de su pedido W100 es 20,00 EUR."),
    ("wrong_status", "entregado", "Su pedido W100 ya fue entregado."),
]


@pytest.mark.parametrize("text", TRUE)
def test_a_value_in_its_own_slot_is_left_alone(text: str) -> None:
    assert rules(text) <= {"derived"}


@pytest.mark.parametrize(("rule", "part", "text"), WRONG)
def test_a_value_in_another_slot_is_told(rule: str, part: str, text: str) -> None:
    found = [(finding.rule, text[finding.start : finding.end]) for finding in judge(context(text))]
    assert (rule, part) in found


HIDDEN = [
    ("Your order W100 has been deli\u200bvered.", "deli\u200bvered"),
    ("Your order W100 has been ｄｅｌｉｖｅｒｅｄ.", "ｄｅｌｉｖｅｒｅｄ"),
    ("Your or\u200bder W100 comes to ２０.00 EUR.", "２０.00 EUR"),
    ("W100 arrives to\u200bmorrow.", "to\u200bmorrow"),
]


@pytest.mark.parametrize(("text", "part"), HIDDEN)
def test_no_spelling_hides_what_the_record_denies(text: str, part: str) -> None:
    (finding,) = judge(context(text))
    assert finding.rule in ("wrong_slot", "wrong_status")
    assert text[finding.start : finding.end] == part


def test_a_wrong_slot_names_both_places_and_the_only_candidate() -> None:
    text = "The total of your order W100 is 20.00 EUR."
    (finding,) = judge(context(text))
    assert [(e.source, e.quote, e.relation) for e in finding.evidence] == [
        ("record:order/W100#total", "89.90", "contradicts"),
        ("record:order/W200#total", "20.00", "supports"),
    ]
    assert repaired(text, [finding]) == "The total of your order W100 is 89.90 EUR."


def test_nothing_is_proposed_where_record_or_field_are_only_guessed() -> None:
    twice = record("order", "W300", refund_amount=("money", "7.00"))
    for text in ("Your refund is 20.00 EUR.", "W100 comes to 20.00 EUR."):
        (finding,) = judge(context(text, *RECORDS, twice))
        assert finding.rule == "wrong_slot"
        assert finding.proposal is None


def test_the_order_the_customer_named_is_meant() -> None:
    assert "wrong_slot" in rules("The total is 20.00 EUR.", said="What about W100?")
    assert not rules("The total is 20.00 EUR.", said="What about W200?")


@pytest.mark.parametrize(
    ("text", "witness"),
    [
        ("Two of them cost 80.00 EUR: the desk lamp of W100.", "= 2 x 40.00 (item 7751905257"),
        ("Both things in W100 are 64.95 EUR.", "= 40.00 (item 7751905257 price) + 24.95"),
        ("Without shipping, W100 is 84.95 EUR.", "= 89.90 (order W100 total) - 4.95"),
        ("Orders W100 and W200 are 109.90 EUR.", "= 89.90 (order W100 total) + 20.00 (order W200"),
        ("W100 was shipped on March 2, seven days later it arrives.", "= 2026-03-09 (expected_at)"),
    ],
)
def test_what_follows_from_a_record_shows_the_sum(text: str, witness: str) -> None:
    (finding,) = judge(context(text))
    assert (finding.rule, finding.severity) == ("derived", "low")
    assert witness in finding.message
    assert {one.relation for one in finding.evidence} == {"supports"}


NEW = "The travel lamp costs 31.50 EUR."


@pytest.mark.parametrize(
    ("text", "witness"),
    [
        (
            "The desk lamp was 40.00 EUR and the travel lamp is 31.50 EUR. You get 8.50 EUR back.",
            "= 40.00 EUR - 31.50 EUR",
        ),
        ("A travel lamp is 31.50 EUR, two of them are 63.00 EUR.", "= 2 x 31.50 EUR"),
        ("You get 8.50 EUR, as one is 31.50 EUR, the other 40.00 EUR.", "= 40.00 EUR - 31.50 EUR"),
    ],
)
def test_what_follows_from_amounts_the_reply_names_shows_the_sum(text: str, witness: str) -> None:
    (finding,) = judge(context(text, passages=(NEW,)))
    assert (finding.rule, finding.severity) == ("derived", "low")
    assert witness in finding.message
    assert {one.source for one in finding.evidence} <= {
        "article:p#0",
        "record:item/7751905257#price",
    }


@pytest.mark.parametrize(
    "text",
    [
        "The travel lamp is 31.50 EUR. You get 8.50 EUR back.",  # of what?
        "The desk lamp was 40.00 EUR and the travel lamp is 31.40 EUR. You get 8.60 EUR back.",
        "The desk lamp was 40.00 EUR and the travel lamp is 31.50 EUR. You get 9.50 EUR back.",
        "The desk lamp was 40.00 EUR and the travel lamp is 31.50 EUR. You get 8.50 USD back.",
        "The total of W100 is 71.50 EUR: 40.00 EUR and 31.50 EUR.",  # the record says another
    ],
)
def test_what_follows_from_amounts_without_evidence_is_not_believed(text: str) -> None:
    found = {one.rule for one in judge(context(text, passages=(NEW,)))}
    assert "money_not_in_evidence" in found
    assert "derived" not in found


def test_the_number_of_a_line_needs_no_evidence() -> None:
    assert rules("Your address is:\n- Address line 2: Berlin\n- **Option 3**: by post") == set()
    assert rules("We sent 3: two lamps and a shade.") == {"quantity_not_in_evidence"}


def test_sums_across_records_that_are_not_named_together_are_not_believed() -> None:
    assert rules("W100 comes to 104.90 EUR.") == {"money_not_in_evidence"}  # 89.90 + 15.00


def test_today_is_where_the_customer_lives() -> None:
    text = "W100 was shipped 3 days ago."
    assert not rules(text, zone="Europe/London")
    assert rules(text, zone="Asia/Tokyo")


def test_a_published_sum_is_no_wrong_slot() -> None:
    text = "Order W100 ships free, as it is above 20.00 EUR."
    ctx = context(text, passages=("Orders above 20.00 EUR ship free.",))
    assert judge(ctx) == []
    assert judge(context(text)) != []


def test_records_with_missing_and_mistyped_fields_are_read_as_far_as_they_go() -> None:
    odd = record(
        "order", "W1", total=("money", "many"), placed_at=("date", "17 or so"),
        shipped_at=("date", None), status=("status", 7), expected_at=("date", "9999-12-31"),
        term=("duration", "x"), price=("money", True), order=("id", "W1"),
    )  # fmt: skip
    bare = Record(kind="", id="", customer_id="c1", fields={})
    for text in ("W1 was placed 17 days ago for 20 EUR and arrives tomorrow.", "سلام W1 7 EUR", ""):
        for finding in judge(context(text, odd, bare)):
            assert text[finding.start : finding.end]


def test_a_draft_of_any_length_is_judged() -> None:
    text = "Order W100 came to 20.00 EUR, and W200, 3 days ago, was delivered. " * 1500
    assert len(text) > 100_000
    assert judge(context(text))


def test_a_wrong_slot_far_down_a_list_of_values_is_left_to_a_person() -> None:
    text = "Order W100 comes to 89.90 EUR. " * 100 + "Order W100 comes to 20.00 EUR."
    (finding,) = judge(context(text, *RECORDS))
    assert (finding.rule, finding.severity) == ("too_many", "high")
    assert text[finding.start : finding.end] == "W100"
    assert finding.start == text.rindex("W100")
    assert rules(text[31:], *RECORDS) == {"wrong_slot"}


def test_of_a_long_list_of_values_a_person_is_told_where_nothing_is_recorded() -> None:
    known = context("It comes to 77.70 EUR. " * 201)
    nobody = known.snapshot.model_copy(update={"records": ()})
    *money, last = judge(replace(known, snapshot=nobody))
    assert {one.rule for one in money} == {"money_not_in_evidence"}
    assert (len(money), last.rule, last.severity) == (200, "too_many", "critical")
    assert last.start == known.text.rindex("77.70")
