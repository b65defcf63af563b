"""Weeks of counts at zones of all sizes: bursts should be told of, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from agent.domain import Severity
from agent.rule_config import UnusualForHourRule
from agent.rules.base import View
from agent.rules.baseline import UnusualForHour
from agent.rules.zones import Stay
from hal.simulated.scenario.weeks import (
    DAY_QUARTERS,
    QUARTER_S,
    WEEK_DAYS,
    WEEK_QUARTERS,
    Burst,
    ZoneWeeks,
    random_plan,
)
from tools.rule_scores import table
from tools.rule_scores.section import Run, Section
from tools.rule_scores.table import Row

DAY_S = DAY_QUARTERS * QUARTER_S
LEARNED_S, SILENT_S = 14 * DAY_S, 7 * DAY_S
RESTART_EVERY = 5 * DAY_QUARTERS + 13
"""Quarters between two restarts of the agent."""
LATE_S, ECHO_S = QUARTER_S, 5 * QUARTER_S
"""How long after a burst it may be told of, and how long what is said is still about it."""
DWELL_STEP_S = 4.0
LEAST_PEOPLE = {"count": 1.0, "dwell": 2.0}
"""How many people a quarter are expected at least where a burst begins."""


@dataclass(frozen=True, slots=True)
class Weeks:
    """One zone to watch: `measure` is count or dwell."""

    seed: int
    measure: str


@dataclass(frozen=True, slots=True)
class Told:
    """What came of it: `late_s` of every burst found, false alarms after and while learning, days of each."""

    bursts: int
    late_s: tuple[float, ...]
    false: int
    days: int
    false_learning: int


def watch(weeks: Weeks) -> Told:
    """Let the rule watch a zone for its weeks, with a restart of the agent every few days."""
    plan = replace(random_plan(weeks.seed), burst_from=LEAST_PEOPLE[weeks.measure])
    zone = ZoneWeeks(plan, weeks.seed)
    watcher = _Watcher(weeks.measure)
    for quarter in range(zone.quarters):
        if quarter % RESTART_EVERY == 0 and quarter:
            watcher.restart(quarter * QUARTER_S)
        watcher.look(zone, quarter)
    return judged(zone, watcher.said)


def judged(zone: ZoneWeeks, said: Sequence[tuple[float, Severity]]) -> Told:
    """Hold what was said against the bursts; to the fourteenth day only learning is counted."""
    late_s = [min(after) for burst in zone.bursts if (after := list(_about(burst, said)))]
    false = [
        (t_s, severity)
        for t_s, severity in said
        if not any(burst.start_s <= t_s <= burst.end_s + ECHO_S for burst in zone.bursts)
    ]
    learning = sum(severity == Severity.INFO for _, severity in false)
    days = zone.plan.weeks * WEEK_DAYS - int(LEARNED_S / DAY_S)
    return Told(len(zone.bursts), tuple(late_s), len(false) - learning, days, learning)


def _about(burst: Burst, said: Sequence[tuple[float, Severity]]) -> Iterator[float]:
    return (t_s - burst.start_s for t_s, _ in said if burst.start_s <= t_s <= burst.end_s + LATE_S)


class _Watcher:
    """The rule, fed with who is in the zone whenever that changes (dwell: every few seconds while somebody is)."""

    def __init__(self, measure: str) -> None:
        self._config = UnusualForHourRule(kind="unusual_for_hour", name="unusual", zone="zone", measure=measure)
        self._rule = UnusualForHour(self._config, 0)
        self._inside: list[tuple[int, float, float]] = []
        self._people = 0
        self._open = False
        self.said: list[tuple[float, Severity]] = []

    def restart(self, t_s: float) -> None:
        """End the agent and start it again: what it remembers goes through text."""
        kept = json.loads(json.dumps(self._rule.snapshot(t_s)))
        self._rule = UnusualForHour(self._config, 0)
        self._rule.restore(kept, t_s, 0)

    def look(self, zone: ZoneWeeks, quarter: int) -> None:
        """Go through one quarter."""
        start_s, end_s = quarter * QUARTER_S, (quarter + 1) * QUARTER_S
        for stay in zone.stays(quarter):
            self._people += 1
            self._inside.append((self._people, stay.start_s, stay.end_s))
        for t_s in sorted(self._moments(start_s, end_s)):
            if not any(cut.start_s <= t_s < cut.end_s for cut in zone.power_cuts):
                self._update(t_s)
        self._inside = [one for one in self._inside if one[2] > end_s]

    def _moments(self, start_s: float, end_s: float) -> set[float]:
        moments = {start_s + 0.5, end_s - 0.5}
        for _, come_s, gone_s in self._inside:
            if self._config.measure == "dwell":
                first = int((max(come_s, start_s) - start_s) // DWELL_STEP_S) + 1
                last = int((min(gone_s, end_s) - start_s) // DWELL_STEP_S)
                moments |= {start_s + DWELL_STEP_S * step for step in range(first, last + 1)}
            moments |= {t_s for t_s in (come_s + 0.01, gone_s + 0.01) if start_s <= t_s < end_s}
        return {t_s for t_s in moments if t_s < end_s}

    def _update(self, t_s: float) -> None:
        stays = {(who, 0): Stay(who, 0, come_s, t_s) for who, come_s, gone_s in self._inside if come_s <= t_s < gone_s}
        minute = int(t_s // 60) % (WEEK_QUARTERS * 15)
        hits = list(self._rule.update(View(t_s, {}, stays, minute_of_week=minute)))
        if hits and not self._open:
            self.said.append((t_s, hits[0].severity))
        self._open = bool(hits)


def rows(run: Run) -> Iterator[Row]:
    """Watch zones for people and for the time that they spend, and judge."""
    for measure, full, quick in (("count", 60, 12), ("dwell", 40, 5)):
        told = run.map(watch, [Weeks(seed, measure) for seed in run.seeds(run.amount(full, quick), 900)])
        yield from _rows(measure, told)


def _rows(measure: str, told: Sequence[Told]) -> Iterator[Row]:
    bursts, days = sum(one.bursts for one in told), sum(one.days for one in told)
    late_min = sorted(late_s / 60 for one in told for late_s in one.late_s)
    prevalence = f"{bursts / days:.2g} a zone-day"
    note = f"after {late_min[len(late_min) // 2]:.0f} minutes in the median" if late_min else ""
    yield table.share("unusual_for_hour", f"x5 bursts found ({measure})", len(late_min), bursts, 0.85, prevalence, note)
    figure = f"false a zone-day ({measure})"
    yield table.rate("unusual_for_hour", figure, sum(one.false for one in told), days, 0.05)
    learning = sum(one.false_learning for one in told) / (len(told) * (LEARNED_S - SILENT_S) / DAY_S)
    yield Row("unusual_for_hour", f"said while learning, a zone-day ({measure})", learning, note="severity info")


SECTION = Section(
    "baseline",
    "Unusual for the hour: 60 zones (count; 3 to 30 people in the busiest quarters) and 40 (dwell) for 9 weeks with a"
    " weekly pattern, drift of -30 to 40 %, steps, holidays with busy eves, promotions of 20 to 60 %, groups, power"
    " cuts, hours with a covered camera, and restarts; bursts of 45 to 75 minutes, where one person (dwell: two) a"
    " quarter or more is expected.",
    rows,
)
