"""The alert budget: how much stricter each rule must become for its false alarms to be bearable. Pure.

What people dismissed is a sample of each rule's benign scores: how far the measured factor went, over the configured
limit. From it come a rate (a day, with exponential memory) and a tail: the share that would go past a stricter limit.
The tail is the posterior mean of a Dirichlet process (Ferguson 1973) whose base is a Pareto tail with a shrunk Hill
estimate (Hill 1975): with few reviews the smooth tail speaks, with many their own distribution. The noisiest rules give
way first: a common ceiling (water filling) is lowered until all together stay within the budget.

Incidents that nobody has reviewed, and what was held back, count as false by the share of the rule's reviewed incidents
that were dismissed; by themselves they change nothing. Nor do fewer than `LEAST_REVIEWED` reviews of a rule.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import exp, log

HALF_LIFE_DAYS = 3.0
LEAST_REVIEWED = 3
AIM = 0.5
"""The share of the budget that is aimed at: rates are estimates, and the budget is a most."""
WITH_CRITICAL, LEAST = 0.65, 0.15
"""The same with false critical alarms, which nothing holds back; and what they leave for the others at least."""
PRIOR_DAYS = 1.0
PRIOR_TAIL, PRIOR_WEIGHT = 0.25, 2.0
STEP = log(1.01)
FALL_PER_DAY = log(1.15)
LEAST_CHANGE = log(1.03)


@dataclass(frozen=True, slots=True)
class Alarm:
    """What a rule has found once: how far over its configured limit, how long ago, and what became of it.

    `dismissed` is None for what nobody has reviewed, and for what was held back. What was critical passes every bar.
    """

    ratio: float
    age_days: float
    dismissed: bool | None = None
    critical: bool = False


@dataclass(frozen=True, slots=True)
class Tally:
    """What one tuned rule has found lately; it may be made stricter by a factor of at most `most`."""

    alarms: Sequence[Alarm]
    most: float


@dataclass(frozen=True, slots=True)
class Shift:
    """By what factor a rule's limit is raised, and why: its false alarms a day as configured, and as shifted."""

    factor: float
    unshifted_per_day: float
    per_day: float
    reviewed: int


def tune(tallies: Mapping[str, Tally], watched_days: Sequence[tuple[float, float]], budget: float) -> dict[str, Shift]:
    """The shift of every rule. `watched_days` holds (age in days, days watched) of each span of watching."""
    exposure = sum(days * _weight(age) for age, days in watched_days)
    tails = {rule: Tail(tally, exposure, AIM * budget / len(tallies)) for rule, tally in tallies.items()}
    critical = sum(tail.critical_per_day for tail in tails.values())
    left = max(min(AIM * budget, WITH_CRITICAL * budget - critical), LEAST * budget)
    ceiling = _ceiling([tail.per_day for tail in tails.values()], left)
    return {rule: tail.shift(ceiling, tallies[rule].most) for rule, tail in tails.items()}


def follow(now: float, wanted: float, days: float) -> float:
    """The factor to go to from `now` after so many days: up at once, down slowly, and nowhere for a trifle."""
    target = max(log(wanted), log(now) - FALL_PER_DAY * days)
    return exp(target) if abs(target - log(now)) >= LEAST_CHANGE or target == 0.0 else now


class Tail:
    """The false alarms a day that a rule would give at any factor, besides the critical ones, which no factor keeps."""

    def __init__(self, tally: Tally, exposure_days: float, prior_per_day: float) -> None:
        judged = [alarm for alarm in tally.alarms if alarm.dismissed is not None]
        dismissed = sum(bool(alarm.dismissed) for alarm in judged)
        known = dismissed > 0 and len(judged) >= LEAST_REVIEWED
        proxy = dismissed / len(judged) if known else 0.0
        shares = [proxy if alarm.dismissed is None else float(alarm.dismissed) for alarm in tally.alarms]
        false = [(alarm, _weight(alarm.age_days) * share) for alarm, share in zip(tally.alarms, shares, strict=True)]
        benign = sorted((log(max(a.ratio, 1.0)), weight) for a, weight in false if weight and not a.critical)
        self._scores = [score for score, _ in benign]
        self._below = [0.0, *accumulate(weight for _, weight in benign)]
        self._count = self._below[-1]
        going = sum(score * weight for score, weight in benign) + PRIOR_TAIL * PRIOR_WEIGHT
        self._slope = going / (self._count + PRIOR_WEIGHT)
        rate = (self._count + PRIOR_DAYS * prior_per_day) / (exposure_days + PRIOR_DAYS)
        self.per_day = rate if known and benign else 0.0
        critical = sum(weight for alarm, weight in false if alarm.critical)
        self.critical_per_day = critical / (exposure_days + PRIOR_DAYS) if known else 0.0
        self.reviewed = len(judged)

    def beyond(self, x: float) -> float:
        """False alarms a day past a limit that is raised by the factor exp(x)."""
        own = self._count - self._below[bisect_left(self._scores, x - 1e-9)]
        return self.per_day * (PRIOR_WEIGHT * exp(-x / self._slope) + own) / (PRIOR_WEIGHT + self._count)

    def shift(self, ceiling: float, most: float) -> Shift:
        """The smallest factor that keeps it below the ceiling, at most `most`."""
        x = 0.0
        while x < log(most) and self.beyond(x) > ceiling:
            x = min(x + STEP, log(most))
        fixed = self.critical_per_day
        return Shift(exp(x), self.per_day + fixed, (self.beyond(x) if x else self.per_day) + fixed, self.reviewed)


def _weight(age_days: float) -> float:
    return exp(-log(2) * max(age_days, 0.0) / HALF_LIFE_DAYS)


def _ceiling(rates: Sequence[float], total: float) -> float:
    """The most each may have so that the sum of the lesser of rate and ceiling is `total` (water filling)."""
    left = total
    for count, rate in zip(range(len(rates), 0, -1), sorted(rates), strict=True):
        if rate * count >= left:
            return left / count
        left -= rate
    return max(rates, default=total)
