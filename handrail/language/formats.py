"""Writes typed values the way customers read them, by language and region (Unicode CLDR)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date as format_day
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal, format_percent
from babel.units import format_unit

from handrail.core.conversation import FieldValue

_YES_NO: Final = {"en": ("yes", "no"), "es": ("sí", "no")}
"""The words are not in CLDR as Babel has it; a flag in another language has no text."""


@lru_cache(maxsize=256)
def locale_for(language: str, region: str) -> Locale:
    """Return the locale of a language, as it is written in a region where that is known.

    Args:
        language: BCP 47 tag; a region of its own goes first.
        region: ISO 3166 code.
    """
    tag = language.replace("-", "_")
    for name in (tag if "_" in tag else f"{tag}_{region}", tag.partition("_")[0]):
        try:
            return Locale.parse(name)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


def format_value(field: FieldValue, locale: Locale) -> str | None:
    """Write a value in words a customer reads, or ``None`` where it is unknown."""
    value = field.value
    if value is None or value == "":
        return None
    match field.type:
        case "money":
            text = format_money(str(value), field.currency, locale)
        case "date":
            text = format_date(str(value), locale)
        case "boolean":
            words = _YES_NO.get(locale.language)
            text = words and words[0 if value else 1]
        case "percent" | "duration" | "quantity":
            text = _number(str(value), field.type, locale)
        case "status":
            text = str(value).replace("_", " ")
        case _:
            # One line, so that a value cannot break out of the sentence it stands in.
            text = " ".join(str(value).split())
    return text


def number_of(value: object) -> Decimal | None:
    """Return a value as a number; ``None`` where it is none."""
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def plural(number: Decimal, one: str, other: str, locale: Locale) -> str:
    """Choose the form of a word that goes with a number."""
    return one if locale.plural_form(number) == "one" else other


def _number(text: str, kind: str, locale: Locale) -> str | None:
    number = number_of(text)
    if number is None:
        return None
    if kind == "percent":
        return format_percent(number / 100, locale=locale, decimal_quantization=False)
    if kind == "duration":
        return format_unit(number, "duration-day", locale=locale)
    return format_decimal(number, locale=locale, decimal_quantization=False)


def format_money(amount: str, currency: str | None, locale: Locale) -> str | None:
    """Write ``$1,089.90`` or ``1.089,90 €``; ``None`` where the amount is no number."""
    number = number_of(amount)
    if number is None:
        return None
    if not currency:
        return format_decimal(number, locale=locale, decimal_quantization=False)
    return format_currency(number, currency, locale=locale, decimal_quantization=False)


def format_date(iso: str, locale: Locale) -> str | None:
    """Write ``January 5, 2026`` or ``5 de enero de 2026``; ``None`` where it is no date."""
    try:
        return format_day(datetime.fromisoformat(iso), "long", locale=locale)
    except ValueError:
        return None


def join_options(options: list[str], locale: Locale) -> str:
    """Join as ``a, b or c`` in the language."""
    return format_list(options, style="or", locale=locale)
