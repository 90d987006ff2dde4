"""Days told from today: "tomorrow", "in 3 days", "hace dos días", "next Friday"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from handrail.guardrails.values import Value

_WORD = re.compile(
    r"\b(?:the day after tomorrow|pasado mañana|today|tonight|tomorrow|yesterday|hoy"
    r"|(?<!la )mañana|anteayer|ayer)\b",
    re.IGNORECASE,
)
_HINTS = ("today", "tonight", "tomorrow", "yesterday", "hoy", "mañana", "ayer")
_OFFSETS = {
    "the day after tomorrow": 2, "pasado mañana": 2, "today": 0, "tonight": 0, "tomorrow": 1,
    "yesterday": -1, "hoy": 0, "mañana": 1, "anteayer": -2, "ayer": -1,
}  # fmt: skip
_LATER = re.compile(r"\b(?:in|within|en|dentro de)\s(?:about\s)?$", re.IGNORECASE)
_EARLIER = re.compile(r"\bhace\s$", re.IGNORECASE)
_AGO = re.compile(r"\s(?:ago|earlier)\b", re.IGNORECASE)
_FROM_NOW = re.compile(r"\s(?:from (?:now|today)|away)\b", re.IGNORECASE)
_DAY = 1440
_LEAD = 16
_NEAR = 14
"""Days within which "Friday" may mean this day."""


def near_days(text: str, today: Callable[[], date]) -> Iterator[Value]:
    """Find the words that name a day by how far it is from today, which is asked for if needed."""
    lower = text.casefold()
    if not any(hint in lower for hint in _HINTS):
        return
    for match in _WORD.finditer(text):
        day = today() + timedelta(days=_OFFSETS[match[0].casefold()])
        yield Value("date", (day.isoformat(),), *match.span(), match[0], None, spelled=True)


def told_day(value: Value, text: str, today: date) -> Value | None:
    """Read "in 3 days" and "3 days ago" as the day they mean; ``None`` for any other length."""
    count, _, unit = value.keys[0].partition(" ")
    if value.kind != "duration" or unit != "minutes" or not count.isdecimal() or int(count) % _DAY:
        return None
    before, after = (
        text[max(0, value.start - _LEAD) : value.start],
        text[value.end : value.end + _LEAD],
    )
    led = before[-1:].isspace()  # without that no word leads to it
    back = bool(_AGO.match(after) or (led and _EARLIER.search(before)))
    if not (back or _FROM_NOW.match(after) or (led and _LATER.search(before))):
        return None
    try:
        day = today + timedelta(days=int(count) // _DAY * (-1 if back else 1))
    except OverflowError:
        return None
    return Value("date", (day.isoformat(),), value.start, value.end, value.text, None, spelled=True)


def falls_on(value: Value, day: str, today: date | None = None) -> bool:
    """Whether a weekday is that of an ISO day; with ``today``, only of one not far from it."""
    try:
        meant = date.fromisoformat(day[:10])
    except ValueError:
        return False
    near = today is None or abs((meant - today).days) <= _NEAR
    return near and str(meant.weekday()) == value.keys[0]
