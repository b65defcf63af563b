"""The sections of the score, in the order of the table."""

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
