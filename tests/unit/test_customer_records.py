"""A customer's records, read field by field at once, say what each says by itself."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.core.conversation import (
    ConversationFacts,
    Customer,
    FieldType,
    FieldValue,
    Record,
    Snapshot,
    Visibility,
)
from handrail.guardrails.attacks import record_notes
from handrail.guardrails.customer_records import CustomerRecords
from handrail.guardrails.record_facts import TYPED, Column, Sheet, read_keys

texts = st.sampled_from(
    [
        "89.90", "20", "007", "1E+2", "-5.0", "five", "2026-03-05", "2026-03-05T23:30",
        "W100", "w-100", "#W1", "ana@shop.example", "+34 600 100 200", "ß1", "İ2", "", "3", "NaN",
        "2026-W01-1", "Ω", "0.00", "10.00", "100.00", "89.90\n1.50",
    ]
)  # fmt: skip
ZONE = "Asia/Tokyo"


def record(
    number: str, note: str = "", *, owner: str = "c1", visibility: Visibility = "customer"
) -> Record:
    return Record(
        kind="order",
        id=number,
        customer_id=owner,
        fields={
            "total": FieldValue(type="money", value="20.00", currency="EUR"),
            "note": FieldValue(type="text", value=note or None, visibility=visibility),
        },
    )


def snapshot(*records: Record, verified: bool = True) -> Snapshot:
    return Snapshot(
        conversation=ConversationFacts(id="k", customer_id="c1", channel="web", address="a"),
        customer=Customer(id="c1", time_zone=ZONE),
        verified=verified,
        messages=(),
        records=records,
        now=datetime(2026, 3, 5, 10, tzinfo=UTC),
        release="rel",
    )


@pytest.mark.parametrize("kind", sorted(TYPED))
@given(st.lists(texts, max_size=6))
def test_a_column_has_the_keys_that_each_of_its_texts_has(kind: FieldType, said: list[str]) -> None:
    column = Column(kind, "x", ZONE)
    for place, text in enumerate(said):
        column[Sheet(place, record(f"W{place}"), ZONE)] = text
    alone = [(key, place) for place, one in enumerate(said) for key in read_keys(kind, one, ZONE)]
    keys, sheets = column.keyed
    assert sorted((key, sheet.place) for key, sheet in zip(keys, sheets, strict=True)) == sorted(
        alone
    )
    for key, place in alone:
        assert place in [sheet.place for sheet in column.having(key)]
    untold = {sheet.place for sheet, _ in column.loose}
    assert untold.isdisjoint(place for _, place in alone)


def test_a_value_is_found_in_the_first_record_that_has_it() -> None:
    records = CustomerRecords(snapshot(record("W1"), record("20"), record("W3")))
    assert [fact.id for fact in records.named("money:20")] == [
        f"record:order/{number}#total" for number in ("W1", "20", "W3")
    ]
    assert [fact.id for fact in records.named("contact:20")] == ["record:order/20"]
    assert not records.named("money:21")


def test_nothing_of_others_and_nothing_hidden_is_evidence() -> None:
    note = "Call 600 100 200 first."
    others, hidden = record("W7", note, owner="c2"), record("W8", note, visibility="internal")
    for known in (snapshot(others, hidden), snapshot(others, record("W8", note), verified=False)):
        records = CustomerRecords(known)
        assert not records.texts
        assert "call" not in records.stems
        assert not records.named("contact:w7")
        # But an order to the assistant may stand there too.
        assert [one.source for one in record_notes(records)] == [
            "record:order/W7#note",
            "record:order/W8#note",
        ]


def test_records_are_known_by_number_or_value_in_any_case() -> None:
    one, other = record("#W1", "Gate B7"), record("W2", "gate b8", visibility="internal")
    records = CustomerRecords(snapshot(one, record("W3", "gate b8", owner="c2"), other))
    assert records.having(frozenset({"w1"})) == [one]
    assert records.having(frozenset({"gate b8", "w3"})) == [other]
    assert not records.having(frozenset({"gate"}))
