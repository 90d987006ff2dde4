"""Working time: when something is due that may take so many working minutes.

A minute of work is a minute that passes, so time is counted between moments in UTC, never on the
wall clock; the team's wall clock only says when a shift begins and ends. A shift over a change of
the clock is therefore an hour shorter in spring and an hour longer in autumn, for a team that is
there round the clock too. An hour that the clock shows twice begins at its first showing; a
shift that begins or ends at a time which the clock jumps over does so at the jump.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from handrail.playbook.models import Hours

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MOST_DAYS = 400
_DAY, _MINUTE = timedelta(days=1), timedelta(minutes=1)


def due_after(hours: Hours, start: datetime, minutes: int | timedelta) -> datetime:
    """Return the moment when so much working time has passed since ``start``.

    A team that never works in more than a year counts every minute.

    Args:
        hours: The team's days, hours and holidays.
        start: A moment with a time zone.
        minutes: Working minutes, or a length of working time; more than none.
    """
    left = length = minutes if isinstance(minutes, timedelta) else timedelta(minutes=minutes)
    start = start.astimezone(UTC)  # adding to a moment of another zone would move its wall clock
    for opens, closes in _shifts(hours, start):
        begins = max(start, opens)
        if begins + left <= closes:
            return begins + left
        left -= max(closes - begins, timedelta())
    return start + length


def worked_between(hours: Hours, start: datetime, end: datetime) -> timedelta:
    """Return how much working time lies between two moments; none where ``end`` is not later."""
    if end <= start:
        return timedelta()
    total, works = timedelta(), False
    for opens, closes in _shifts(hours, start):
        works = True
        if opens >= end:
            break
        total += max(min(closes, end) - max(opens, start), timedelta())
    return total if works else end - start


def _shifts(hours: Hours, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield when the team works, from the shift that may be under way at ``start``."""
    zone = ZoneInfo(hours.time_zone)
    overnight = _DAY if hours.closes <= hours.opens else timedelta()
    first = start.astimezone(zone).date() - _DAY
    for number in range(_MOST_DAYS):
        day = first + number * _DAY
        if _DAYS[day.weekday()] in hours.days and day not in hours.holidays:
            opens = _moment(day, hours.opens, zone)
            yield opens, _moment(day + overnight, hours.closes, zone)


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Return the first moment at which the clock of that day shows ``at``, or jumps past it."""
    wall = datetime.combine(day, at, zone)
    moment = wall.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return moment
    # Skipped: the jump lies between the two readings of a time that does not exist.
    earlier = wall.replace(fold=1).astimezone(UTC)
    jump = bisect_left(
        range((moment - earlier) // _MINUTE),
        True,
        key=lambda m: (earlier + m * _MINUTE).astimezone(zone).utcoffset() != wall.utcoffset(),
    )
    return earlier + jump * _MINUTE
