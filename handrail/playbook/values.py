"""Gives raw values of record files their type: what a field may hold, and in which form."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, Final

from handrail.core.conversation import FieldType, FieldValue

Raw = str | int | float | bool | date | None
"""What YAML and JSON give for one value."""

_RELATIVE: Final = re.compile(r"today(?:([+-])(\d{1,4}))?")
_WHOLE_UNITS: Final = frozenset({"JPY", "KRW", "CLP", "ISK", "VND"})
"""Currencies without cents (ISO 4217 minor unit 0), the common ones."""

_LIMIT: Final = 10**15


def typed_value(
    raw: Raw,
    *,
    kind: FieldType,
    currency: str,
    today: date,
) -> FieldValue:
    """Check and write one value in the form of its type.

    Args:
        raw: As the file has it; ``None`` stands for unknown.
        kind: Type of the field.
        currency: ISO 4217 code, used for money.
        today: What ``today``, ``today-3`` and ``today+2`` mean in date fields.

    Raises:
        ValueError: the value does not fit its type; the text says what is expected.
    """
    if raw is None:
        return FieldValue(type=kind, value=None)
    if kind == "money":
        return FieldValue(type=kind, value=_money(raw, currency), currency=currency)
    if kind == "date":
        return FieldValue(type=kind, value=_date(raw, today))
    return FieldValue(type=kind, value=_PLAIN.get(kind, _text)(raw))


def _decimal(raw: Raw) -> Decimal:
    try:
        number = Decimal(str(raw)) if not isinstance(raw, bool) else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) >= _LIMIT:
        raise ValueError(f"{raw!r} is no number below {_LIMIT}; write it plainly, such as 89.90")
    return number


def _money(raw: Raw, currency: str) -> str:
    amount = _decimal(raw)
    return format(amount.quantize(Decimal(1) if currency in _WHOLE_UNITS else Decimal("0.01")), "f")


def _date(raw: Raw, today: date) -> str:
    if isinstance(raw, date):
        return raw.isoformat()
    relative = _RELATIVE.fullmatch(str(raw))
    if relative:
        days = int(relative[2] or 0)
        return (today + timedelta(days=-days if relative[1] == "-" else days)).isoformat()
    try:
        datetime.fromisoformat(str(raw))
    except ValueError as error:
        raise ValueError(f"{raw!r} is no date; write it as 2026-01-31") from error
    return str(raw)


def _number(raw: Raw) -> int | float:
    number = _decimal(raw)
    return int(number) if number == number.to_integral_value() else float(number)


def _boolean(raw: Raw) -> bool:
    if not isinstance(raw, bool):
        raise ValueError(f"{raw!r} is neither true nor false")  # noqa: TRY004
    return raw


def _text(raw: Raw) -> str:
    if isinstance(raw, bool) or (isinstance(raw, float) and not math.isfinite(raw)):
        raise ValueError(f"{raw!r} is no text; put it in quotes")
    return str(raw)


def _email(raw: Raw) -> str:
    text = _text(raw)
    if text.count("@") != 1 or " " in text:
        raise ValueError(f"{raw!r} is no e-mail address")
    return text


_PLAIN: Final[Mapping[FieldType, Callable[[Raw], Any]]] = MappingProxyType(
    {
        "percent": _number,
        "quantity": _number,
        "duration": _number,
        "boolean": _boolean,
        "email": _email,
    }
)
