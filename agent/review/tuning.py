"""Keeps the alert budget: from what people decided to the bars before the rules, told and kept over a restart."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import msgspec

from agent.domain import Event, Json, Severity
from agent.events.journal import Journal
from agent.review.book import BUDGET, ReviewBook
from agent.review.budget import Alarm, Shift, Tally, follow, tune
from agent.review.entry import Entry
from agent.rule_config import RuleConfig
from agent.rule_config.base import Compare, Tuned
from agent.rules.bars import Bar, Bars
from agent.tables.review import BudgetConfig
from hal.ports import Clock

log = logging.getLogger(__name__)

KEY = "budget"
DAY_S = 86_400.0
KEPT_DAYS = 30


class Standing(msgspec.Struct):
    """By what factor a rule's limit is raised, and since when."""

    factor: float
    since_utc_s: float


class Memory(msgspec.Struct):
    """What outlives the process: where every rule stands, and how long was watched on each day (UTC, since 1970)."""

    standings: dict[str, Standing] = {}
    watched_s: dict[int, float] = {}


class Tunable(NamedTuple):
    """A rule that the budget may change: which measured factor against which limit, and how far."""

    rule: RuleConfig
    compare: Compare
    limit: float
    most: float


def tunables(rules: Iterable[RuleConfig], max_factor: float) -> Iterator[Tunable]:
    """The configured rules that say what may be tuned about them and that alarm at all."""
    for rule in rules:
        compare = _compare(rule, rule.tuned) if rule.tuned else None
        limit = compare.limit(rule, {}) if compare else None
        if rule.tuned and compare and limit and rule.severity > Severity.INFO:
            yield Tunable(rule, compare, limit, min(rule.tuned.most, max_factor))


class BudgetKeeper:
    """Belongs to the running event loop; `report` takes the event of each change."""

    def __init__(
        self,
        rules: Iterable[RuleConfig],
        config: BudgetConfig,
        book: ReviewBook,
        bars: Bars,
        clock: Clock,
        report: Callable[[Event], None],
        memory: Memory | None = None,
    ) -> None:
        self.memory = memory or Memory()
        self.shifts: dict[str, Shift] = {}
        self._config = config
        self._tunables = {one.rule.name: one for one in tunables(rules, config.max_factor)} if config.enabled else {}
        self._book = book
        self._bars = bars
        self._clock = clock
        self._report = report
        self._watched_from_s = clock.monotonic()
        self._leave_out()
        self._put_up()

    @classmethod
    async def kept(cls, journal: Journal) -> Memory:
        """What the last run has left; what cannot be read is left behind with a warning."""
        raw = await journal.kept(KEY)
        try:
            return Memory() if raw is None else msgspec.msgpack.decode(raw, type=Memory)
        except msgspec.DecodeError as error:
            log.warning("what the alert budget remembered cannot be read, it begins anew: %s", error)
            return Memory()

    async def keep(self, journal: Journal) -> None:
        """Keep what must outlive the process."""
        await journal.keep(KEY, msgspec.msgpack.encode(self.memory))

    def tick(self, *, watching: bool) -> None:
        """Time has passed: count it where the camera was watching, and tune anew."""
        now_s = self._clock.monotonic()
        passed_s, self._watched_from_s = now_s - self._watched_from_s, now_s
        today = int(self._clock.wall().utc_s // DAY_S)
        if watching:
            self.memory.watched_s[today] = self.memory.watched_s.get(today, 0.0) + passed_s
        for day in [day for day in self.memory.watched_s if today - day > KEPT_DAYS]:
            del self.memory.watched_s[day]
        self.tune()

    def tune(self) -> None:
        """Set every bar by what is known now."""
        if not self._tunables:
            return
        now_utc_s = self._clock.wall().utc_s
        tallies = {name: Tally(list(self._alarms(one, now_utc_s)), one.most) for name, one in self._tunables.items()}
        watched = [(now_utc_s / DAY_S - day - 0.5, spent_s / DAY_S) for day, spent_s in self.memory.watched_s.items()]
        self.shifts = tune(tallies, watched, self._config.false_per_day)
        for name, shift in self.shifts.items():
            self._move(self._tunables[name], shift, now_utc_s)
        self._put_up()

    def status(self) -> dict[str, Json]:
        """How the budget stands."""
        rules: list[Json] = [self._rule_status(one) for one in self._tunables.values()]
        estimate = sum(shift.per_day for shift in self.shifts.values())
        return {
            "enabled": self._config.enabled,
            "false_per_day": self._config.false_per_day,
            "estimated_per_day": round(estimate, 2),
            "rules": rules,
        }

    def factors(self) -> dict[str, float]:
        """By what factor the limit of each tuned rule is raised."""
        return {name: self._factor(name) for name in self._tunables}

    def _rule_status(self, one: Tunable) -> dict[str, Json]:
        name, shift = one.rule.name, self.shifts.get(one.rule.name)
        factor = self._factor(name)
        confirmed = [value for entry, value in self._measured(one) if entry.state == "confirmed"]
        return {
            "rule": name,
            "setting": one.compare.setting,
            "configured": one.limit,
            "now": round(one.limit * factor, 3),
            "most": round(one.limit * one.most, 3),
            "estimated_per_day": round(shift.per_day, 3) if shift else None,
            "as_configured_per_day": round(shift.unshifted_per_day, 3) if shift else None,
            "reviewed": shift.reviewed if shift else 0,
            "held_back": sum(miss.rule == name for miss in self._book.near_misses),
            "confirmed": len(confirmed),
            "confirmed_below": sum(value < one.limit * factor for value in confirmed),
        }

    def _factor(self, rule: str) -> float:
        standing = self.memory.standings.get(rule)
        return min(standing.factor, self._tunables[rule].most) if standing else 1.0

    def _alarms(self, one: Tunable, now_utc_s: float) -> Iterator[Alarm]:
        for entry, value in self._measured(one):
            dismissed = {"confirmed": False, "dismissed": True}.get(entry.state)
            age_days, critical = (now_utc_s - entry.opened.utc_s) / DAY_S, entry.severity == "critical"
            yield Alarm(value / one.limit, age_days, dismissed, critical)
        for miss in self._book.near_misses:
            if miss.rule == one.rule.name and miss.value >= one.limit:
                yield Alarm(miss.value / one.limit, (now_utc_s - miss.utc_s) / DAY_S)

    def _measured(self, one: Tunable) -> Iterator[tuple[Entry, float]]:
        """The rule's incidents that are over, that alarmed, and that would open as it is configured now."""
        for entry in self._book:
            value = one.compare.measured(entry.factors)
            counts = entry.rule == one.rule.name and entry.over and entry.severity != "info"
            if counts and value is not None and value >= one.limit:
                yield entry, value

    def _move(self, one: Tunable, shift: Shift, now_utc_s: float) -> None:
        name, before = one.rule.name, self._factor(one.rule.name)
        standing = self.memory.standings.get(name)
        days = max(now_utc_s - standing.since_utc_s, 0.0) / DAY_S if standing else 0.0
        factor = min(max(follow(before, shift.factor, days), 1.0), one.most)
        if factor != before:
            self.memory.standings[name] = Standing(factor, now_utc_s)
            self._tell(one, before, factor, shift)

    def _tell(self, one: Tunable, before: float, factor: float, shift: Shift) -> None:
        data: dict[str, Json] = {
            "rule": one.rule.name,
            "setting": one.compare.setting,
            "from": round(one.limit * before, 3),
            "to": round(one.limit * factor, 3),
            "configured": one.limit,
            "false_per_day": self._config.false_per_day,
            "as_configured_per_day": round(shift.unshifted_per_day, 3),
            "estimated_per_day": round(shift.per_day, 3),
            "reviewed": shift.reviewed,
        }
        self._report(Event(BUDGET, self._clock.monotonic(), data=data))

    def _leave_out(self) -> None:
        """Rules that are tuned no longer stand as they are configured."""
        for name in self.memory.standings.keys() - self._tunables.keys():
            del self.memory.standings[name]
            limit = self._book.learned.bars.get(name)
            self._report(Event(BUDGET, self._clock.monotonic(), data={"rule": name, "from": limit, "to": None}))

    def _put_up(self) -> None:
        raised = {name: factor for name, factor in self.factors().items() if factor > 1.0}
        self._bars.put_up({name: _bar(self._tunables[name], factor) for name, factor in raised.items()})


def _compare(rule: RuleConfig, tuned: Tuned) -> Compare | None:
    return next((one for one in rule.compares if one.setting == tuned.setting and one.op == ">="), None)


def _bar(one: Tunable, factor: float) -> Bar:
    return Bar(one.compare, one.limit, one.limit * factor)
