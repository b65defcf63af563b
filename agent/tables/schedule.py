"""The hours of the week in which rules apply."""

from __future__ import annotations

from dataclasses import dataclass

from agent import schema
from agent.schema import setting


def _clock_time(raw: object) -> int:
    hours, colon, minutes = schema.text(raw).partition(":")
    if not (colon and hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2):
        raise schema.Bad(f"{schema.describe(raw)} is no time of day", hint='such as "08:30"')
    total = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or total > 24 * 60:
        raise schema.Bad(f"{schema.describe(raw)} is no time of day", hint='"00:00" to "24:00"')
    return total


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class ScheduleConfig:
    """Hours of the week in the shop's time zone; an end before the start runs past midnight."""

    name: str = setting(schema.name, help="what rules call it")
    start: int = setting(_clock_time, help='first minute, such as "08:00"')
    end: int = setting(_clock_time, help='first minute after, such as "20:00"')
    days: tuple[str, ...] = setting(schema.many(schema.choice(*DAYS), least=1), DAYS, help="days on which it starts")
