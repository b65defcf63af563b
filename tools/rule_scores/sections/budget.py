"""The alert budget: weeks in which benign scores double, through the real bars, book of incidents and tuning."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import exp, log
from random import Random
from statistics import NormalDist

from agent.config import parse_config
from agent.domain import Event, IncidentState, Json, Severity
from agent.events.wire import Item, Record, body_of
from agent.review.book import DECISION, ReviewBook
from agent.review.tuning import DAY_S, BudgetKeeper
from agent.rule_config import RuleConfig
from agent.rules.bars import Bars
from agent.rules.base import Hit, Subject
from agent.rules.incidents import IncidentBook
from agent.tables.review import BudgetConfig
from hal.simulated.clock import ManualClock
from tools.rule_scores import table
from tools.rule_scores.section import Run, Section
from tools.rule_scores.table import Row

RULES = """
[[zone]]
name = "spirits"
polygon = [[0, 0], [1, 0], [1, 1]]
[[rule]]
kind = "loitering"
zone = "spirits"
[[rule]]
kind = "running"
[[rule]]
kind = "revisit"
zone = "spirits"
"""
TICKS_A_DAY = 8
DAYS, CHANGE_DAY = 42, 28
REVIEWED, WRONG = 0.7, 0.05
"""The share of alarms that somebody reviews within a day, and of those the share that is judged wrongly."""


@dataclass(frozen=True, slots=True)
class Habit:
    """How far people's scores go, over the rule's limit: log-normal, so many a day."""

    a_day: float
    median: float
    spread: float

    def scores(self, chance: Random, more: float, larger: float) -> Iterator[float]:
        """A day's scores; `more` people than usual, scores `larger` by a factor."""
        for _ in range(_poisson(chance, self.a_day * more)):
            yield self.median * larger * exp(chance.gauss(0.0, self.spread))


@dataclass(frozen=True, slots=True)
class Job:
    """One shop for six weeks; from CHANGE_DAY on benign scores are so much larger, or there are so many more."""

    seed: int
    larger: float = 1.0
    more: float = 1.0
    budget: bool = True


@dataclass(slots=True)
class Story:
    """False alarms by day; real ones that alarmed and that happened, before the change and after it."""

    false: list[int] = field(default_factory=lambda: [0] * DAYS)
    found: list[int] = field(default_factory=lambda: [0, 0])
    happened: list[int] = field(default_factory=lambda: [0, 0])
    critical_held: int = 0


class Shop:
    """The camera's own parts around a clock by hand, and somebody who reviews."""

    def __init__(self, job: Job) -> None:
        self.chance = Random(job.seed)
        self.clock = ManualClock(0.0)
        self.rules: tuple[RuleConfig, ...] = parse_config(RULES).rules
        self.review = ReviewBook(self.rules, 5000)
        self.bars = Bars(self.rules)
        self.incidents = IncidentBook(self.rules, "score", self.bars)
        config = BudgetConfig(enabled=job.budget)
        self.budget = BudgetKeeper(self.rules, config, self.review, self.bars, self.clock, lambda _: None)
        self._seq = 0
        self._to_judge: list[tuple[float, str, bool]] = []

    def see(self, rule: RuleConfig, ratio: float, *, real: bool, severity: Severity = Severity.WARNING) -> bool:
        """Somebody goes so far over the limit, perhaps as far as makes it critical; whether it alarmed."""
        assert rule.tuned is not None
        compare = next(one for one in rule.compares if one.setting == rule.tuned.setting)
        limit = compare.limit(rule, {})
        assert limit is not None
        self._seq += 1
        reached = (
            rise.severity for rise in rule.rises() if rise.factor == compare.factor and ratio * limit >= rise.value
        )
        severity = max(severity, *reached, severity)
        hit = Hit(Subject(rule.name, self._seq), severity, factors={compare.factor: ratio * limit})
        changed = [*self.incidents.update(self.clock.monotonic(), [hit] if ratio >= 1 else [])]
        changed += self.incidents.update(self.clock.monotonic() + 1, [])
        self._write([*changed, *self.incidents.take_held_back()])
        opened = [incident for incident in changed if incident.state == IncidentState.OPEN]
        for incident in opened:
            if self.chance.random() < REVIEWED:
                verdict = real != (self.chance.random() < WRONG)
                self._to_judge.append((self.clock.monotonic() + self.chance.random() * DAY_S, incident.id, verdict))
        return bool(opened)

    def wait(self, seconds: float) -> None:
        """Time passes: somebody judges, and the budget is tuned."""
        self.clock.sleep(seconds)
        due = [one for one in self._to_judge if one[0] <= self.clock.monotonic()]
        self._to_judge = [one for one in self._to_judge if one[0] > self.clock.monotonic()]
        for _, incident, real in due:
            said: dict[str, Json] = {"incident": incident, "id": incident, "decision": "confirm" if real else "dismiss"}
            self._write([Event(DECISION, self.clock.monotonic(), data=said)])
        self.budget.tick(watching=True)

    def _write(self, items: Iterable[Item]) -> None:
        wall = self.clock.wall()
        for item in items:
            self._seq += 1
            mono_s = self.clock.monotonic() + self._seq * 1e-6
            self.review.apply([Record(self._seq, wall.utc_s, True, "score", mono_s, body_of(item))])


def habits(chance: Random) -> list[tuple[Habit, Habit]]:
    """What is usual in one shop, benign and real, for each of RULES: some 0.2 to 3 false alarms a day untuned."""
    return [
        (_benign(chance, 10, 30, 0.35), Habit(0.5, 2.2, 0.35)),
        (_benign(chance, 5, 15, 0.2), Habit(0.3, 1.5, 0.2)),
        (_benign(chance, 5, 15, 0.3), Habit(0.3, 1.8, 0.3)),
    ]


def _benign(chance: Random, least: float, most: float, spread: float) -> Habit:
    a_day, alarms = chance.uniform(least, most), exp(chance.uniform(log(0.05), log(1.0)))
    return Habit(a_day, exp(-spread * _quantile(1 - alarms / a_day)), spread)


def run_shop(job: Job) -> Story:
    """Six weeks of one shop."""
    shop, story = Shop(job), Story()
    usual = habits(shop.chance)
    for day in range(DAYS):
        changed = day >= CHANGE_DAY
        larger, more = (job.larger, job.more) if changed else (1.0, 1.0)
        came = [
            (rule, score, real)
            for rule, both in zip(shop.rules, usual, strict=True)
            for real, habit in ((False, both[0]), (True, both[1]))
            for score in habit.scores(shop.chance, 1.0 if real else more, 1.0 if real else larger)
        ]
        shop.chance.shuffle(came)
        for tick in range(TICKS_A_DAY):
            for rule, score, real in came[tick::TICKS_A_DAY]:
                alarmed = shop.see(rule, score, real=real)
                if real and score >= 1:
                    story.found[changed] += alarmed
                    story.happened[changed] += 1
                elif alarmed:
                    story.false[day] += 1
            story.critical_held += not shop.see(shop.rules[0], 1.01, real=True, severity=Severity.CRITICAL)
            shop.wait(DAY_S / TICKS_A_DAY)
    return story


def judged(stories: list[Story], what: str, bare: list[Story]) -> Iterator[Row]:
    """The rows for one kind of change: with the budget, and what the same weeks bring without it."""
    shops = len(stories)
    first, second = slice(CHANGE_DAY, CHANGE_DAY + 7), slice(CHANGE_DAY + 7, CHANGE_DAY + 14)
    after = sum(sum(story.false[second]) for story in stories)
    without = sum(sum(story.false[second]) for story in bare) / (7 * shops)
    note = f"{sum(sum(s.false[first]) for s in stories) / (7 * shops):.2f} in the first week, {without:.2f} untuned"
    row = table.rate("budget", f"false a day, 8-14 days into {what}", after, 7 * shops, 1.0)
    yield Row(row.rule, row.figure, row.value, row.target, row.most, row.bounds, f"{shops} shops", note)
    for when, name in ((0, "before"), (1, "after")):
        happened = sum(story.happened[when] for story in stories)
        lost = happened - sum(story.found[when] for story in stories)
        yield table.share("budget", f"real alarms lost {name} {what}", lost, happened, most=True)


def rows(run: Run) -> Iterator[Row]:
    """Run and judge twice the scores, then twice the people."""
    seeds = run.seeds(run.amount(40, 8), 800)
    calm: list[Story] = []
    for what, larger, more in (("twice the scores", 2.0, 1.0), ("twice the people", 1.0, 2.0)):
        stories = run.map(run_shop, [Job(seed, larger, more) for seed in seeds])
        bare = run.map(run_shop, [Job(seed, larger, more, budget=False) for seed in seeds])
        yield from judged(stories, what, bare)
        calm += stories
    before = sum(sum(story.false[14:CHANGE_DAY]) for story in calm)
    yield table.rate("budget", "false a day, weeks 3 and 4", before, 14 * len(calm), 1.0)
    yield table.rate("budget", "critical held back", sum(story.critical_held for story in calm), len(calm), 0.0)


def _poisson(chance: Random, mean: float) -> int:
    """A Poisson number (Knuth's product of uniforms)."""
    count, product = 0, chance.random()
    while product > exp(-mean):
        count, product = count + 1, product * chance.random()
    return count


def _quantile(share: float) -> float:
    """Of the normal distribution."""
    return NormalDist().inv_cdf(share)


SECTION = Section(
    "budget",
    "Budget: 40 shops for six weeks, three tuned rules; scores are drawn (log-normal), not seen; somebody reviews 70 %"
    " of the alarms within a day, 5 % of them wrongly; after four weeks benign scores double, or benign people do. The"
    " shops differ in how noisy each rule is. Loss is the share of real alarms that would have opened as configured.",
    rows,
)
