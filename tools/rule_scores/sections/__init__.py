"""The sections of the score, in the order of the table, and what is still to come."""

from __future__ import annotations

from tools.rule_scores.section import Section
from tools.rule_scores.sections import (
    baseline,
    budget,
    cost,
    days,
    doors,
    fusion,
    lines,
    nights,
    oneway,
    pose,
    revisit,
    shelf,
    till,
)
from tools.rule_scores.table import Row

SECTIONS: tuple[Section, ...] = (
    days.SECTION,
    revisit.SECTION,
    lines.SECTION,
    oneway.SECTION,
    doors.SECTION,
    nights.SECTION,
    fusion.SECTION,
    shelf.SECTION,
    pose.SECTION,
    till.SECTION,
    baseline.SECTION,
    budget.SECTION,
    cost.SECTION,
)

PLANNED: dict[str, tuple[Row, ...]] = {}
"""What issue and design ask for that is not measured yet, by the name of the section that will: it takes its place."""
