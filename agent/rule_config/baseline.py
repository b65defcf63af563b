"""The table of the rule that learns what is usual: unusual_for_hour."""

from __future__ import annotations

from dataclasses import dataclass

from agent import schema
from agent.rule_config.base import Compare, ZoneRule
from agent.schema import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusualForHourRule(ZoneRule):
    """A zone is far busier than it usually is at this hour of the week, which is learned on the spot.

    It is silent for the first seven days and only informs up to the fourteenth. What it told of, and hours without
    anybody (a covered camera, a holiday), are only learned as usual when they come again the next week.
    """

    compares = (Compare("count", ">=", "limit"),)

    measure: str = setting(
        schema.choice("count", "dwell"), "count", help="people who come in, or the minutes they spend in it"
    )
    false_per_day: float = setting(
        schema.number(0.001, 1), 0.05, help="false alarms a day that are bearable, which sets how far is far"
    )
