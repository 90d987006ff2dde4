"""Working time, over nights, weekends and changes of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.playbook.hours import due_after, worked_between
from handrail.playbook.models import Hours

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
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


def round_the_clock(zone: str) -> Hours:
    return Hours(time_zone=zone, days=WEEK, opens=time(0), closes=time(0))


def at(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# In 2026 the clocks change in Madrid on 29 March and 25 October at 01:00 UTC, in New York on
# 8 March at 07:00 UTC and on 1 November at 06:00 UTC.


@pytest.mark.parametrize(
    ("zone", "start"),
    [
        ("Europe/Madrid", "2026-03-28T20:00"),
        ("Europe/Madrid", "2026-10-24T20:00"),
        ("America/New_York", "2026-03-08T02:00"),
        ("America/New_York", "2026-11-01T02:00"),
    ],
)
def test_round_the_clock_a_working_minute_is_a_minute(zone: str, start: str) -> None:
    for hours in range(1, 60):
        due = due_after(round_the_clock(zone), at(start), hours * 60)
        assert due == at(start) + timedelta(hours=hours)


def test_a_shift_over_the_change_is_shorter_in_spring_and_longer_in_autumn() -> None:
    night = Hours(time_zone="Europe/Madrid", days=WEEK, opens=time(0), closes=time(8))
    # From midnight to eight on the wall: seven hours on 29 March, nine on 25 October.
    spring, autumn = at("2026-03-28T23:00"), at("2026-10-24T22:00")
    assert due_after(night, spring, 7 * 60) == at("2026-03-29T06:00")
    assert due_after(night, spring, 7 * 60 + 1) == at("2026-03-29T22:01")
    assert due_after(night, autumn, 9 * 60) == at("2026-10-25T07:00")
    assert due_after(night, autumn, 9 * 60 + 1) == at("2026-10-25T23:01")
    york = night.model_copy(update={"time_zone": "America/New_York"})
    assert due_after(york, at("2026-03-08T05:00"), 7 * 60) == at("2026-03-08T12:00")
    assert due_after(york, at("2026-11-01T04:00"), 9 * 60) == at("2026-11-01T13:00")


@pytest.mark.parametrize("opens", ["02:00", "02:30", "02:59"])
def test_a_gap_at_opening_opens_at_the_jump(opens: str) -> None:
    # On 29 March 02:00 to 03:00 does not exist in Madrid: 01:00 UTC is 03:00 there.
    early = Hours(
        time_zone="Europe/Madrid", days=WEEK, opens=time.fromisoformat(opens), closes=time(10)
    )
    assert due_after(early, at("2026-03-28T23:30"), 30) == at("2026-03-29T01:30")
    york = early.model_copy(update={"time_zone": "America/New_York"})
    assert due_after(york, at("2026-03-08T05:00"), 30) == at("2026-03-08T07:30")


def test_a_due_time_in_the_repeated_hour_is_one_of_the_two() -> None:
    # 02:30 is shown twice on 25 October in Madrid, at 00:30 and at 01:30 UTC.
    team = round_the_clock("Europe/Madrid")
    start = at("2026-10-24T22:00")  # midnight there
    assert due_after(team, start, 150) == at("2026-10-25T00:30")
    assert due_after(team, start, 210) == at("2026-10-25T01:30")
    # A shift that begins in the repeated hour begins at its first showing and is not broken.
    early = Hours(time_zone="Europe/Madrid", days=WEEK, opens=time(2, 30), closes=time(10))
    assert due_after(early, start, 120) == at("2026-10-25T02:30")


def test_a_shift_over_midnight_belongs_to_the_day_it_begins() -> None:
    late = Hours(time_zone="UTC", days=("fri",), opens=time(22), closes=time(6))
    friday = at("2026-01-09T23:00")
    assert due_after(late, friday, 60) == at("2026-01-10T00:00")
    assert due_after(late, at("2026-01-10T05:00"), 60) == at("2026-01-10T06:00")
    assert due_after(late, at("2026-01-10T05:00"), 61) == at("2026-01-16T22:01")


def test_nobody_works_on_holidays() -> None:
    hours = MADRID.model_copy(update={"holidays": (date(2026, 1, 6),)})
    start = at("2026-01-05T16:50")  # ten minutes before closing on Monday
    assert due_after(hours, start, 30) == at("2026-01-07T08:20")
    assert worked_between(hours, at("2026-01-06T00:00"), at("2026-01-07T00:00")) == timedelta()


def test_a_start_in_another_zone_is_the_same_moment() -> None:
    team, start = round_the_clock("Europe/Madrid"), at("2026-10-24T22:00")
    there = start.astimezone(ZoneInfo("Europe/Madrid"))
    assert due_after(team, there, 210) == due_after(team, start, 210)


@given(
    st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(1, 5000),
    st.sampled_from(
        [
            MADRID,
            round_the_clock("Europe/Madrid"),
            Hours(time_zone="America/New_York", days=WEEK, opens=time(22), closes=time(2, 30)),
            Hours(time_zone="Europe/Madrid", days=("sun",), opens=time(2, 30), closes=time(4)),
            Hours(days=()),
        ]
    ),
)
def test_until_it_is_due_just_that_much_was_worked(
    start: datetime, minutes: int, hours: Hours
) -> None:
    due = due_after(hours, start, minutes)
    assert worked_between(hours, start, due) == timedelta(minutes=minutes)
    assert worked_between(hours, due, start) == timedelta()
