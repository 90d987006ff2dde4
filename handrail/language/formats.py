"""Writes typed values the way English-speaking customers read them."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from handrail.core.conversation import FieldValue

_SYMBOLS: Final = {"USD": "$", "EUR": "€", "GBP": "£"}
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def format_value(field: FieldValue, *, region: str) -> str | None:
    """Write a value in words a customer reads, or ``None`` where it is unknown.

    Args:
        field: The typed value.
        region: ISO 3166 code; the United States write the month first.
    """
    value = field.value
    if value is None or value == "":
        return None
    match field.type:
        case "money":
            text = format_money(str(value), field.currency)
        case "date":
            text = format_date(str(value), region=region)
        case "boolean":
            text = "yes" if value else "no"
        case "percent":
            text = f"{value}%"
        case "duration":
            text = f"{value} day" if value == 1 else f"{value} days"
        case "status":
            text = str(value).replace("_", " ")
        case _:
            # One line, so that a value cannot break out of the sentence it stands in.
            text = " ".join(str(value).split())
    return text


def format_money(amount: str, currency: str | None) -> str | None:
    """Write ``$1,089.90`` or ``1,089.90 CHF``; ``None`` where the amount is no number."""
    try:
        number = format(Decimal(amount), ",f")
    except InvalidOperation:
        return None
    symbol = _SYMBOLS.get(currency or "")
    if symbol:
        return f"-{symbol}{number[1:]}" if number.startswith("-") else f"{symbol}{number}"
    return f"{number} {currency}" if currency else number


def format_date(iso: str, *, region: str) -> str | None:
    """Write ``January 5, 2026`` or ``5 January 2026``; ``None`` where it is no date."""
    try:
        day: date = datetime.fromisoformat(iso)
    except ValueError:
        return None
    month = _MONTHS[day.month - 1]
    return f"{month} {day.day}, {day.year}" if region == "US" else f"{day.day} {month} {day.year}"


def join_options(options: list[str]) -> str:
    """Join as ``a, b or c``."""
    return " or ".join([", ".join(options[:-1]), options[-1]] if len(options) > 1 else options)
