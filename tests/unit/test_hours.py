"""Working time, over nights, weekends and changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from handrail.playbook.hours import due_after
from handrail.playbook.models import Hours

MADRID = Hours(time_zone="Europe/Madrid", opens=time(9), closes=time(18))


def test_within_the_day() -> None:
    start = datetime(2026, 1, 7, 9, 0, tzinfo=UTC)  # Wednesday, 10:00 in Madrid
    assert due_after(MADRID, start, 30) == datetime(2026, 1, 7, 9, 30, tzinfo=UTC)


def test_before_opening_waits_for_it() -> None:
    start = datetime(2026, 1, 7, 2, 0, tzinfo=UTC)
    assert due_after(MADRID, start, 30) == datetime(2026, 1, 7, 8, 30, tzinfo=UTC)


def test_friday_evening_goes_on_on_monday() -> None:
    start = datetime(2026, 1, 9, 16, 50, tzinfo=UTC)  # ten minutes before closing
    assert due_after(MADRID, start, 30) == datetime(2026, 1, 12, 8, 20, tzinfo=UTC)


def test_day_of_the_clock_change() -> None:
    # On Monday 30 March 2026 Madrid is at UTC+2; on Friday before at UTC+1.
    start = datetime(2026, 3, 27, 16, 50, tzinfo=UTC)
    assert due_after(MADRID, start, 30) == datetime(2026, 3, 30, 7, 20, tzinfo=UTC)


def test_team_without_working_days_still_has_a_due_time() -> None:
    start = datetime(2026, 1, 7, 9, 0, tzinfo=UTC)
    assert due_after(Hours(days=()), start, 30) == start + timedelta(minutes=30)


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(1, 5000),
    st.integers(1, 500),
)
def test_due_is_later_and_grows(start: datetime, minutes: int, more: int) -> None:
    due = due_after(MADRID, start, minutes)
    assert due > start
    assert due_after(MADRID, start, minutes + more) > due
