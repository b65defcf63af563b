"""The table of the rule about coming back: revisit."""

from __future__ import annotations

from dataclasses import dataclass

from agent import schema
from agent.rule_config.base import Compare, Tuned, ZoneRule
from agent.schema import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisitRule(ZoneRule):
    """Somebody comes back to one zone again and again; the visits counted survive a restart.

    Tracks count together where the appearance memory says "possible same" (docs/appearance.md).
    """

    uses = ("appearance",)
    compares = (Compare("visits", ">=", "min_visits"), Compare("span_s", "<=", "within_s"))
    tuned = Tuned("min_visits", 3.0)

    min_visits: int = setting(schema.integer(2, 100), 3, help="so many visits are one too many")
    within_s: float = setting(schema.number(10, 86400), 1200.0, help="seconds within which they count")
    in_s: float = setting(schema.number(0, 3600), 5.0, help="seconds inside that make a visit")
    out_s: float = setting(schema.number(0, 3600), 20.0, help="seconds outside before another stay is another visit")
