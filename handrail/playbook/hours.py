"""Working time: when something is due that may take so many working minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from handrail.playbook.models import Hours

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MOST_DAYS = 400


def due_after(hours: Hours, start: datetime, minutes: int) -> datetime:
    """Return the moment when ``minutes`` of working time have passed since ``start``.

    Working time is counted on the wall clock of the team's time zone, so a day with a change of
    the clock has the hours its wall clock shows.

    Args:
        hours: The team's days and hours.
        start: A moment with a time zone.
        minutes: Working minutes, at least 1.
    """
    zone = ZoneInfo(hours.time_zone)
    wall = start.astimezone(zone).replace(tzinfo=None)
    left = timedelta(minutes=minutes)
    for _ in range(_MOST_DAYS):
        opens = datetime.combine(wall.date(), hours.opens)
        closes = datetime.combine(wall.date(), hours.closes)
        begins = max(wall, opens)
        if _DAYS[wall.weekday()] in hours.days and begins < closes:
            if begins + left <= closes:
                return (begins + left).replace(tzinfo=zone).astimezone(UTC)
            left -= closes - begins
        wall = datetime.combine(wall.date() + timedelta(days=1), hours.opens)
    return (start + timedelta(minutes=minutes)).astimezone(UTC)
