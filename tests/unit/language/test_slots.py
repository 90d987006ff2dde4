"""Values in a message are found, and bound to the records they may mean."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from handrail.core.conversation import FieldValue, Record, Snapshot
from handrail.language.record_choice import choose_record, named_records
from handrail.language.slots import find_slots

TODAY = date(2026, 1, 5)


def _order(number: str, items: str, total: str, placed: str) -> Record:
    fields: dict[str, Any] = {
        "items": FieldValue(type="text", value=items),
        "total": FieldValue(type="money", value=total, currency="USD"),
        "placed_at": FieldValue(type="date", value=placed),
        "note": FieldValue(type="text", value="fragile zeppelin", visibility="internal"),
    }
    return Record(kind="order", id=number, customer_id="c", fields=fields)


ORDERS = (
    _order("LF1001", "Ridge tent for four, camp stove", "343.90", "2026-01-02"),
    _order("LF1002", "Glow lantern, whistling kettle", "60.00", "2025-12-27"),
    _order("LF2044", "Wool blanket", "60.00", "2025-11-11"),
)


@pytest.mark.parametrize(
    ("text", "kind", "value", "ids"),
    [
        ("order lf 1001, LF1001 please", "number", "lf1001", ["LF1001"]),
        ("it is LF1O01", "number", "lf1o01", ["LF1001"]),
        ("write to ada@example.com", "email", "ada@example.com", []),
        ("I paid $343.90", "amount", "343.90", ["LF1001"]),
        ("I paid 60 euros", "amount", "60.00", ["LF1002", "LF2044"]),
        ("bought on Dec 27", "date", "2025-12-27", ["LF1002"]),
        ("el 2 de enero", "date", "2026-01-02", ["LF1001"]),
        ("on 1/2", "date", "2026-01-02", ["LF1001"]),
        ("since yesterday", "date", "2026-01-04", []),
        ("the lanterns are dim", "product", "lanterns", ["LF1002"]),
        ("the latern is dim", "product", "latern", ["LF1002"]),
    ],
)
def test_values_and_what_they_may_mean(text: str, kind: str, value: str, ids: list[str]) -> None:
    found = [slot for slot in find_slots(text, ORDERS, today=TODAY) if slot.kind == kind]
    assert [(slot.value, [r.id for r in slot.records]) for slot in found][-1] == (value, ids)
    assert all(text[slot.start : slot.end] == slot.text for slot in found)


@pytest.mark.parametrize(
    "text", ["where is my order", "the zeppelin", "I have 2 of them", "on 13/45", "9999-99-99"]
)
def test_nothing_is_found_in_other_words(text: str) -> None:
    slots = find_slots(text, ORDERS, today=TODAY)
    assert [slot for slot in slots if slot.records] == []


def test_a_number_one_sign_away_is_kept_but_not_sure() -> None:
    (slot,) = find_slots("LF1003", ORDERS, today=TODAY)
    assert not slot.sure
    assert {record.id for record in slot.records} == {"LF1001", "LF1002"}


@pytest.mark.parametrize(
    ("text", "history", "chosen", "asked"),
    [
        ("where is my tent", [], "LF1001", []),
        ("the one for 60 dollars", [], None, ["LF1002", "LF2044"]),
        ("the lantern I bought on December 27", [], "LF1002", []),
        ("order LF1O02", [], "LF1002", []),
        ("where is LF2043", [], None, ["LF2044"]),
        ("and the other one?", ["where is LF1001"], None, ["LF1002", "LF2044"]),
        ("where is it?", ["my order LF2044"], "LF2044", []),
    ],
)
def test_records_are_chosen_or_asked_for(
    make_request: Any, text: str, history: list[str], chosen: str | None, asked: list[str]
) -> None:
    said = tuple(("customer", words) for words in (*history, text))
    snapshot: Snapshot = make_request(text, "order_status", history=said, records=ORDERS).snapshot
    choice = choose_record("order", text, {}, snapshot)
    assert (choice.record.id if choice.record else None) == chosen
    assert [record.id for record in choice.ask] == asked


@pytest.mark.parametrize(
    ("text", "number", "named"),
    [
        ("upgrade my gold card", "GOLD", True),
        ("upgrade my golden card", "GOLD", False),
        ("the order lf l0o1", "LF1001", True),
        ("the order 1001", "LF1001", True),
        ("the order 101", "LF-101", True),
        ("an order of mine", "LF1001", False),
    ],
)
def test_a_record_is_named_by_its_number(text: str, number: str, *, named: bool) -> None:
    record = _order(number, "a lamp", "1.00", "2026-01-02")
    assert named_records(text, [record]) == ([record] if named else [])


def test_the_other_of_two_is_meant(make_request: Any) -> None:
    said = (("customer", "where is LF1001"), ("ai", "LF1001 is here"), ("customer", "the other?"))
    snapshot = make_request("x", "order_status", history=said, records=ORDERS[:2]).snapshot
    choice = choose_record("order", "and the other one?", {}, snapshot)
    assert choice.record == ORDERS[1]
