"""What the shop learns about its customers as a crowd, never about one of them."""

from __future__ import annotations

from dataclasses import dataclass

from agent import schema
from agent.schema import setting


@dataclass(frozen=True, slots=True)
class InsightConfig:
    """Counts, occupancy, dwell times, waits and a heat map: aggregates only (docs/insight.md)."""

    enabled: bool = setting(schema.flag, True, help="false collects nothing")
    period_s: float = setting(schema.number(300, 86_400), 300.0, help="seconds that one aggregate covers at least")
    least_people: int = setting(
        schema.integer(3, 1000), 5, help="nothing is told about fewer people than these; it waits for more"
    )
    heat_half_life_h: float = setting(schema.number(1, 8760), 168.0, help="hours after which heat counts half")
    keep_days: float = setting(schema.number(1, 3650), 90.0, help="days for which aggregates are kept")
