"""Values are written as customers read them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.core.conversation import FieldType, FieldValue
from handrail.language.formats import format_value, join_options, locale_for, plural


@pytest.mark.parametrize(
    ("kind", "value", "currency", "text"),
    [
        ("money", "1089.90", "GBP", "£1,089.90"),
        ("money", "-5.00", "EUR", "-€5.00"),
        ("money", "12.50", "CHF", "CHF12.50"),
        ("money", "1200", "JPY", "JP¥1,200"),
        ("money", "10.005", "EUR", "€10.005"),
        ("money", "NaN", "EUR", None),
        ("money", "cheap", "USD", None),
        ("date", "2026-01-05", None, "5 January 2026"),
        ("date", "2026-01-05T23:30:00+00:00", None, "5 January 2026"),
        ("date", "soon", None, None),
        ("status", "out_for_delivery", None, "out for delivery"),
        ("duration", 1, None, "1 day"),
        ("duration", 3, None, "3 days"),
        ("percent", 10, None, "10%"),
        ("percent", 12.5, None, "12.5%"),
        ("boolean", False, None, "no"),
        ("quantity", 0, None, "0"),
        ("quantity", 12500, None, "12,500"),
        ("quantity", "many", None, None),
        ("text", "two\nlines", None, "two lines"),
        ("text", "", None, None),
        ("text", None, None, None),
    ],
)
def test_each_type(
    kind: FieldType, value: str | int | None, currency: str | None, text: str | None
) -> None:
    field = FieldValue(type=kind, value=value, currency=currency)
    assert format_value(field, locale_for("en", "GB")) == text


def test_month_first_in_the_united_states() -> None:
    field = FieldValue(type="date", value="2026-12-31")
    assert format_value(field, locale_for("en", "US")) == "December 31, 2026"


@given(st.text())
def test_text_stays_on_one_line(value: str) -> None:
    text = format_value(FieldValue(type="text", value=value), locale_for("en", "US"))
    assert text is None or len(text.splitlines()) <= 1


@pytest.mark.parametrize(
    ("kind", "value", "spain", "mexico"),
    [
        ("money", "1089.90", "1.089,90\xa0€", "EUR1,089.90"),
        ("date", "2026-01-05", "5 de enero de 2026", "5 de enero de 2026"),
        ("duration", 1, "1 día", "1 día"),
        ("duration", 3, "3 días", "3 días"),
        ("percent", 12.5, "12,5\xa0%", "12.5%"),
        ("quantity", 12500, "12.500", "12,500"),
        ("boolean", True, "sí", "sí"),
    ],
)
def test_each_type_in_spanish(kind: FieldType, value: str | float, spain: str, mexico: str) -> None:
    field = FieldValue(type=kind, value=value, currency="EUR")
    assert format_value(field, locale_for("es", "ES")) == spain
    assert format_value(field, locale_for("es", "MX")) == mexico


def test_a_flag_is_only_written_in_languages_we_know_it_in() -> None:
    assert format_value(FieldValue(type="boolean", value=True), locale_for("fi", "FI")) is None


def test_a_region_of_the_language_goes_first_and_unknown_ones_do_no_harm() -> None:
    assert str(locale_for("es-MX", "US")) == "es_MX"
    assert str(locale_for("es", "US")) == "es_US"
    assert str(locale_for("es", "??")) == "es"
    assert str(locale_for("xx", "US")) == "en"


def test_words_go_with_their_number() -> None:
    english, spanish = locale_for("en", "US"), locale_for("es", "ES")
    assert [plural(Decimal(n), "box", "boxes", english) for n in (0, 1, 2)] == [
        "boxes",
        "box",
        "boxes",
    ]
    assert plural(Decimal(1), "caja", "cajas", spanish) == "caja"


def test_options_read_as_a_sentence() -> None:
    english, spanish = locale_for("en", "US"), locale_for("es", "US")
    assert join_options(["a"], english) == "a"
    assert join_options(["a", "b"], english) == "a or b"
    assert join_options(["a", "b", "c"], english) == "a, b, or c"
    assert join_options(["a", "b", "c"], spanish) == "a, b o c"
