"""When a rule applies: hours of the week in the shop's own time."""

from __future__ import annotations

from agent.tables.schedule import DAYS, ScheduleConfig

DAY_MIN = 24 * 60
WEEK_MIN = 7 * DAY_MIN


def is_on(schedule: ScheduleConfig, minute_of_week: int) -> bool:
    """Whether the schedule covers this minute; minute 0 is Monday 00:00. An end before the start is the next day's."""
    length = (schedule.end - schedule.start) % DAY_MIN or DAY_MIN
    starts = (DAYS.index(day) * DAY_MIN + schedule.start for day in schedule.days)
    return any((minute_of_week - start) % WEEK_MIN < length for start in starts)
