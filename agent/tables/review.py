"""What people make of incidents: how long they are kept for review, and what the alert budget may do."""

from __future__ import annotations

from dataclasses import dataclass

from agent import schema
from agent.schema import setting


@dataclass(frozen=True, slots=True)
class ReviewConfig:
    """How long incidents wait for people, with their decisions and notes."""

    keep_days: float = setting(schema.number(1, 366), 30.0, help="days for which incidents are kept")
    max_incidents: int = setting(schema.integer(100, 20_000), 2000, help="most incidents kept; the oldest go first")


@dataclass(frozen=True, slots=True)
class BudgetConfig:
    """The alert budget: rules whose incidents people dismiss become stricter, within bounds (docs/review.md)."""

    enabled: bool = setting(schema.flag, True, help="false leaves every rule as it is configured")
    false_per_day: float = setting(
        schema.number(0.05, 100), 1.0, help="false alarms a camera-day that are bearable, all tuned rules together"
    )
    max_factor: float = setting(
        schema.number(1, 10), 4.0, help="a limit is never raised above so many times what is configured"
    )
