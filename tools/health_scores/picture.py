"""How well faults of the picture are found and named on simulated cameras that nothing was tuned on, and what is told
of days with nothing but harmless things in them.

Time is the pictures' own: how fast or how busy the machine is changes nothing. A fault begins right after a look, which
is the latest that can be noticed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from agent.domain import Box, HealthSample, HealthState
from agent.health.image import ImageHealth
from agent.health.picture import probe_of
from hal.ports import U8, Frame, Yuv420
from hal.simulated.degrade import FAULTS, Held, Rng, banded, dropped_on, noisy, webbed
from hal.simulated.scenario.outlook import Outlook, Sight
from tools.rule_scores import table
from tools.rule_scores.section import Run
from tools.rule_scores.table import Row

NAME = "picture"
LEARN_S = 60
WITHIN_S = {"covered": 10.0, "frozen": 5.0}
OTHERS_WITHIN_S, WATCHED_S = 30.0, 45
MONTH = 30.0
TINT = 18
LOOP = 30
LOOPED_WITHIN_S = 10.0
Change = Callable[[Yuv420, Rng], Yuv420]


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of fault: `truth` is its name in semantics.md, to be told `within_s`.

    Slow ones are looked at every `every_s` only, to save time. A `pattern` looks the same in every picture.
    """

    truth: str
    within_s: float
    change: Change
    every_s: float = 1.0
    pattern: bool = False
    infrared: bool = False


def _on_luma(change: Callable[[U8, Rng], U8], *, grey: bool = False) -> Change:
    """A change of the luma; `grey` takes the colours along, as a cover before the lens does."""

    def changed(picture: Yuv420, rng: Rng) -> Yuv420:
        u, v = (np.full_like(plane, 128) if grey else plane for plane in (picture.u, picture.v))
        return Yuv420(change(picture.y, rng), u, v)

    return changed


def _tinted(picture: Yuv420, rng: Rng) -> Yuv420:
    del rng
    u, v = (np.asarray(np.clip(plane.astype(np.int16) + TINT, 0, 255), np.uint8) for plane in (picture.u, picture.v))
    return Yuv420(picture.y, u, v)


QUICK: dict[str, Case] = {
    name: Case(truth, WITHIN_S.get(truth, OTHERS_WITHIN_S), _on_luma(change, grey=truth == "covered"))
    for name, (truth, change) in FAULTS.items()
}
BY_INFRARED: dict[str, Case] = {
    f"{name}, by infrared": replace(case, infrared=True)
    for name, case in QUICK.items()
    if case.truth not in ("too_dark", "too_bright")
}
SLOW: dict[str, Case] = {
    "drops": Case("dirt", 10_800.0, _on_luma(lambda luma, rng: dropped_on(luma, 4, rng)), 10.0, pattern=True),
    "web": Case("dirt", 10_800.0, _on_luma(lambda luma, rng: webbed(luma, 14, rng)), 10.0, pattern=True),
    "noise": Case("noisy", 310.0, _on_luma(lambda luma, rng: noisy(luma, 14.0, rng)), 2.0),
    "stripes": Case("banding", 310.0, _on_luma(lambda luma, rng: banded(luma, 12.0, rng.uniform(0, 6))), 2.0),
    "filter out": Case("ir_cut", 310.0, _tinted, 2.0),
    "colours gone": Case("ir_cut", 310.0, _on_luma(lambda luma, rng: luma, grey=True), 2.0),
}
CASES = QUICK | BY_INFRARED | SLOW


class Trial(NamedTuple):
    """One fault on one camera: what it was, what was told of it first (None: nothing), and after how long."""

    name: str
    truth: str
    within_s: float
    told: str | None
    after_s: float

    @property
    def timely(self) -> bool:
        return self.after_s <= self.within_s


def look(sight: Sight, health: ImageHealth, picture: Yuv420 | None = None) -> list[HealthSample]:
    """One second through the product's own code; only what says that something is wrong."""
    shown = sight.picture if picture is None else picture
    people = [Box(*box) for box in sight.people]
    return wrong(health.update(probe_of(Frame(0, sight.t_s, shown, shown), people), dark_expected=sight.closed))


def wrong(told: Iterable[HealthSample]) -> list[HealthSample]:
    """What is a fault or a warning about the picture."""
    return [one for one in told if one.what != "image" and one.state in (HealthState.FAULT, HealthState.WARNING)]


def strike(job: tuple[int, str]) -> Trial:
    """One fault on one camera, after a minute and a bit of ordinary business, and of a night by infrared."""
    seed, name = job
    case, outlook, health = CASES[name], Outlook(seed), ImageHealth(LEARN_S)
    rng, struck_s = np.random.default_rng(seed), 0.0
    for sight in outlook.usual(LEARN_S + 15):
        look(sight, health)
        struck_s = sight.t_s
    for sight in outlook.infrared(LEARN_S + 20) if case.infrared else ():
        look(sight, health)
        struck_s = sight.t_s
    seconds = max(WATCHED_S, int(1.2 * case.within_s / case.every_s))
    for sight in outlook.infrared(seconds) if case.infrared else outlook.usual(seconds):
        at_s = struck_s + (sight.t_s - struck_s) * case.every_s
        changed = case.change(sight.picture, np.random.default_rng(seed) if case.pattern else rng)
        for told in look(sight._replace(t_s=at_s), health, changed):
            return Trial(name, case.truth, case.within_s, told.what, at_s - struck_s)
    return Trial(name, case.truth, case.within_s, None, np.inf)


def freeze(job: tuple[int, int]) -> Trial:
    """The picture freezes, or its last `loop` seconds come round again."""
    seed, loop = job
    name, within_s = ("frozen", WITHIN_S["frozen"]) if loop == 1 else ("looped", LOOPED_WITHIN_S)
    outlook, health, held = Outlook(seed), ImageHealth(LEARN_S), Held(loop)
    for sight in outlook.usual(LEARN_S + 15 + loop):
        look(sight, health, replace(sight.picture, y=held.watch(sight.picture.y)))
    for second, sight in enumerate(outlook.usual(WATCHED_S), start=1):
        for told in look(sight, health, replace(sight.picture, y=held.show(sight.picture.y))):
            return Trial(name, "frozen", within_s, told.what, float(second))
    return Trial(name, "frozen", within_s, None, np.inf)


def live(job: tuple[int, int]) -> list[str]:
    """Days of one camera to which nothing happens but what is harmless: what was told all the same."""
    seed, days_each = job
    outlook, health = Outlook(seed), ImageHealth(LEARN_S)
    for sight in outlook.usual(LEARN_S + 20):
        look(sight, health)
    days = (sight for _ in range(days_each) for sight in outlook.day())
    return [f"{told.what} during {sight.harmless}" for sight in days for told in look(sight, health)]


def rows(run: Run) -> Iterator[Row]:
    """The rows of simulated cameras."""
    cameras, few = run.amount(20, 1), run.amount(10, 1)
    quick = run.map(strike, [(seed, name) for seed in run.seeds(cameras) for name in QUICK])
    quick += run.map(strike, [(seed, name) for seed in run.seeds(few, 300) for name in BY_INFRARED])
    quick += run.map(freeze, [(seed, loop) for seed in run.seeds(cameras, 200) for loop in (1, LOOP)])
    yield from found(quick, "", f"{len(quick)} faults on {2 * cameras + few} cameras, by day and by infrared")
    slow = run.map(strike, [(seed, name) for seed in run.seeds(few, 350) for name in SLOW])
    yield from found(slow, "slow: ", f"{len(slow)} faults on {few} cameras: dirt, noise, stripes, infrared filter")
    yield named([*quick, *slow])
    yield from alarms(run)


def found(trials: list[Trial], kind: str, prevalence: str) -> Iterator[Row]:
    """How many were told at all, and how many in time; which were not."""
    hits, timely = sum(trial.told is not None for trial in trials), sum(trial.timely for trial in trials)
    yield table.share(NAME, f"{kind}found", hits, len(trials), 0.98, prevalence, _counted(trials, "told"))
    yield table.share(NAME, f"{kind}found within its time", timely, len(trials), 0.98, note=_counted(trials, "timely"))


def _counted(trials: list[Trial], good: str) -> str:
    """How often each fault was missed, or late."""
    bad = Counter(trial.name for trial in trials if not getattr(trial, good))
    words = ", ".join(f"{name} ({count})" for name, count in sorted(bad.items()))
    return f"{'late' if good == 'timely' else 'missed'}: {words or 'none'}"


def named(trials: list[Trial]) -> Row:
    """How many of those that were told were told by their own name."""
    told = [trial for trial in trials if trial.told]
    mistaken = Counter(f"{trial.name} as {trial.told}" for trial in told if trial.told != trial.truth)
    words = "; ".join(f"{name} ({count})" for name, count in sorted(mistaken.items()))
    right = sum(trial.told == trial.truth for trial in told)
    return table.share(NAME, "cause named", right, len(told), 0.9, note=words)


def alarms(run: Run) -> Iterator[Row]:
    """What harmless days bring."""
    cameras, days_each = run.amount(9, 1), run.amount(10, 2)
    false = [one for of_one in run.map(live, [(seed, days_each) for seed in run.seeds(cameras, 400)]) for one in of_one]
    days = cameras * days_each
    row = table.rate(NAME, "false a camera-month", len(false), days / MONTH, 1.0)
    note = "; ".join(f"{what} ({count})" for what, count in sorted(Counter(false).items()))
    yield replace(row, prevalence=f"{days} days with all harmless things", note=note)
