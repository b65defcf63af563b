"""Days at a till: which exceptions had no customer, by every clock, and none of them while the camera was blind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.domain import Box, Detection, TillKind
from agent.rules.engine import RuleEngine
from agent.rules.facts import TillEvent
from agent.rules.senses import NOTHING, Senses
from agent.vision.handover import Handover
from agent.vision.tracker import Tracker, TrackerSettings
from hal.simulated.scenario.frames import frames
from hal.simulated.scenario.layouts import shop_layout
from hal.simulated.scenario.noise import NoisyFrame, perturbed, random_noise
from hal.simulated.scenario.till import EXCEPTIONS, TillDay, TillPlan, TillTruth, watched
from tools.rule_scores import table
from tools.rule_scores.section import Run, Section
from tools.rule_scores.site import config_of
from tools.rule_scores.table import Row

PLAN = TillPlan()
BLIND = Senses(blind="too_dark")


@dataclass(frozen=True, slots=True)
class Judged:
    """One exception with the truth and what the rule said about it: absent, present, unknown or nothing at all."""

    truth: TillTruth
    verdict: str
    late: bool


def run_day(job: tuple[int, int]) -> list[Judged]:
    """Simulate the day of a (layout, seed) and let the agent's own parts watch it."""
    number, seed = job
    layout = shop_layout(number)
    day, noise = TillDay(layout, PLAN, seed), random_noise(seed)
    engine = RuleEngine(config_of(layout, day.plan, ("pos_exception",)), layout.optics.aspect)
    watcher = _Watcher(engine, layout.optics.aspect)
    zone = layout.zones[day.zone].name
    waiting = sorted(day.bookings, key=lambda booking: booking.delivered_s)
    for frame in perturbed(watched(frames(day, noise.fps), day), noise, seed):
        while waiting and waiting[0].delivered_s <= frame.t_s:
            booking = waiting.pop(0)
            engine.feed(TillEvent("1", booking.id, TillKind(booking.kind), zone, booking.told_s, PLAN.skew_s))
        watcher.look(frame, blind=any(start_s <= frame.t_s <= end_s for start_s, end_s in day.blind))
    return [
        Judged(
            truth,
            watcher.verdicts.get(truth.booking.id, ""),
            truth.booking.delivered_s - truth.booking.t_s > 30,
        )
        for truth in day.truths()
        if truth.booking.kind in EXCEPTIONS
    ]


class _Watcher:
    """The agent from the detections on; a blind camera detects nothing."""

    def __init__(self, engine: RuleEngine, aspect: float) -> None:
        self._engine = engine
        self._tracker = Tracker(TrackerSettings(aspect=aspect))
        self._handover = Handover(aspect)
        self.verdicts: dict[str, str] = {}

    def look(self, frame: NoisyFrame, *, blind: bool) -> None:
        found = [] if blind else [Detection(Box(*one.box), one.score) for one in frame.found]
        tracks = self._handover.update(frame.t_s, self._tracker.update(frame.t_s, found))
        for hit in self._engine.update(frame.t_s, tracks, None, BLIND if blind else NOTHING).hits:
            self.verdicts[str(hit.factors["booking"])] = str(hit.factors["customer"])


def judged(days: Sequence[Sequence[Judged]]) -> Iterator[Row]:
    """The rows for some days."""
    every = [one for day in days for one in day]
    knowable = [one for one in every if one.truth.knowable]
    absent = [one for one in every if one.verdict == "absent" and one.truth.customer is not None]
    without = sum(one.truth.customer is False for one in every)
    prevalence = f"{without} without customer of {len(every)} in {len(days)} days"
    found = sum(one.verdict == "absent" for one in knowable)
    note = f"of those that the camera could see, {sum(one.late for one in knowable)} told late"
    yield table.share("pos_exception", "recall", found, len(knowable), 0.98, prevalence, note)
    right = sum(one.truth.customer is False for one in absent)
    yield table.share("pos_exception", "precision", right, len(absent), 0.95, prevalence)
    blind = [one for one in every if one.truth.blind]
    wrong = sum(one.verdict == "absent" for one in blind)
    yield table.share("pos_exception", '"absent" when blind', wrong, len(blind), 0.0, f"{len(blind)} blind", most=True)
    served = [one for one in every if one.truth.customer]
    accused = sum(one.verdict == "absent" for one in served)
    yield table.share("pos_exception", '"absent" with a customer', accused, len(served))
    noticed = sum(bool(one.verdict) for one in every)
    yield table.share("pos_exception", "exceptions with an incident", noticed, len(every), 1.0)


def rows(run: Run) -> Iterator[Row]:
    """Run the days and judge them."""
    seeds = run.seeds(run.amount(30, 1), 1100)
    yield from judged(run.map(run_day, [(run.layout(seed), seed) for seed in seeds]))


SECTION = Section(
    "till",
    "Tills: 30 days with 44 exceptions each and 12 shoppers besides, all detector errors, the till's clock off by up"
    " to 3 s, a fifth of the bookings told 1-8 minutes late, six spells a day in which the camera is blind. Recall is"
    " of the bookings without a customer round which the camera could see the till at every time that may be meant.",
    rows,
)
