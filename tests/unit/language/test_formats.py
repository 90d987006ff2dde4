"""Values are written as customers read them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.core.conversation import FieldType, FieldValue
from handrail.language.formats import format_value, join_options


@pytest.mark.parametrize(
    ("kind", "value", "currency", "text"),
    [
        ("money", "1089.90", "USD", "$1,089.90"),
        ("money", "-5.00", "EUR", "-€5.00"),
        ("money", "12.50", "CHF", "12.50 CHF"),
        ("money", "1200", "JPY", "1,200 JPY"),
        ("money", "cheap", "USD", None),
        ("date", "2026-01-05", None, "5 January 2026"),
        ("date", "2026-01-05T23:30:00+00:00", None, "5 January 2026"),
        ("date", "soon", None, None),
        ("status", "out_for_delivery", None, "out for delivery"),
        ("duration", 1, None, "1 day"),
        ("duration", 3, None, "3 days"),
        ("percent", 10, None, "10%"),
        ("boolean", False, None, "no"),
        ("quantity", 0, None, "0"),
        ("text", "two\nlines", None, "two lines"),
        ("text", "", None, None),
        ("text", None, None, None),
    ],
)
def test_each_type(
    kind: FieldType, value: str | int | None, currency: str | None, text: str | None
) -> None:
    field = FieldValue(type=kind, value=value, currency=currency)
    assert format_value(field, region="GB") == text


def test_month_first_in_the_united_states() -> None:
    field = FieldValue(type="date", value="2026-12-31")
    assert format_value(field, region="US") == "December 31, 2026"


@given(st.text())
def test_text_stays_on_one_line(value: str) -> None:
    text = format_value(FieldValue(type="text", value=value), region="US")
    assert text is None or len(text.splitlines()) <= 1


def test_options_read_as_a_sentence() -> None:
    assert join_options(["a"]) == "a"
    assert join_options(["a", "b"]) == "a or b"
    assert join_options(["a", "b", "c"]) == "a, b or c"
