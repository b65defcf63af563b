"""Falls and concealment from simulated poses: with crouches, put-backs, phones and people's own bags among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from agent.rule_config import ConcealmentRule, FallRule
from agent.vision.pose_file import concealment_scores
from hal.simulated.scenario.pose_day import Performed, PosePlan
from tools.rule_scores import table
from tools.rule_scores.blind import strata_of
from tools.rule_scores.pose_tables import Labelled, simulated
from tools.rule_scores.posed import PoseJob, PoseOutcome, Told, job, run_poses
from tools.rule_scores.ranking import matched_auc, roc_auc
from tools.rule_scores.section import Run, Section
from tools.rule_scores.table import Row

FALLS = PosePlan(shoppers=50, hiders=0, fallers=3, sitters=4)
HIDES = PosePlan(shoppers=60, hiders=3, fallers=0, sitters=2)
FALL_TABLE = '[[rule]]\nkind = "fall"'
SCORED_TABLE = '[[rule]]\nkind = "concealment"\nthreshold = 0.01\nhold_s = 0'
"""Every moment at which the condition holds but for the score, so that all thresholds are judged by one run."""
TOWNS = 3
"""One town's 30 days have some 50 who hide something: too few to tell a precision of 0.5 from one of 0.8."""
EARLY_S, LATE_S = 2.0, 5.0
RECALL = 0.6
USUAL = ConcealmentRule(kind="concealment")
LYING_S = FallRule(kind="fall").after_s


class Counts(NamedTuple):
    """Of `happened` sure ones `found` were noticed; `false` was said without anything of the kind."""

    found: int
    happened: int
    false: int


def jobs(run: Run, plan: PosePlan, rules: str, offset: int) -> list[PoseJob]:
    """Days with everybody of a plan, in the shops in turn."""
    return [job(run.layout(seed), seed, plan, rules) for seed in run.seeds(run.amount(30, 2), offset)]


def counted(outcomes: Iterable[PoseOutcome], kind: str, late_s: float) -> Counts:
    """Incidents of a rule against what was performed."""
    found = happened = false = 0
    for outcome in outcomes:
        truth = [one for one in outcome.truth if one.kind == kind]
        noticed = {index for said in outcome.said for index in _about(said, truth, late_s)}
        found += sum(truth[index].sure for index in noticed)
        happened += sum(one.sure for one in truth)
        false += sum(not _about(said, truth, late_s) for said in outcome.said)
    return Counts(found, happened, false)


def at_threshold(outcomes: Iterable[PoseOutcome], threshold: float) -> Counts:
    """What a threshold gives: moments of one person within the hold are one incident, as in the incident book."""
    found = happened = false = 0
    for outcome in outcomes:
        truth = [one for one in outcome.truth if one.kind == "concealment"]
        noticed: set[int] = set()
        last_s: dict[int, float] = {}
        for moment in outcome.moments:
            if moment.score < threshold:
                continue
            opens = moment.t_s - last_s.get(moment.person, float("-inf")) > USUAL.hold_s
            last_s[moment.person] = moment.t_s
            about = _about(moment, truth, LATE_S)
            noticed |= set(about)
            false += opens and not about
        found += sum(truth[index].sure for index in noticed)
        happened += sum(one.sure for one in truth)
    return Counts(found, happened, false)


def _about(said: Told, truth: Sequence[Performed], late_s: float) -> list[int]:
    """The numbers of what was performed that an incident may be about."""
    return [
        index
        for index, one in enumerate(truth)
        if one.person == said.person and one.start_s - EARLY_S <= said.t_s <= one.end_s + late_s
    ]


def fall_rows(outcomes: Sequence[PoseOutcome]) -> Iterator[Row]:
    """Sensitivity and false alarms."""
    counts = counted(outcomes, "fall", LYING_S)
    prevalence = f"{counts.happened / len(outcomes):.2g} a camera-day"
    note = "forwards, backwards, sideways and slow slides; poses 5 a second for two people"
    yield table.share("fall", "sensitivity", counts.found, counts.happened, 0.90, prevalence=prevalence, note=note)
    yield table.rate("fall", "false alarms a camera-day", counts.false, len(outcomes), 0.05)


def concealment_rows(outcomes: Sequence[PoseOutcome]) -> Iterator[Row]:
    """Precision and false alarms where six of ten are found, and at the threshold that is the default."""
    days = len(outcomes)
    levels = np.linspace(0.01, 0.99, 99)
    enough = [level for level in levels if _recall(at_threshold(outcomes, float(level))) >= RECALL]
    counts = at_threshold(outcomes, float(max(enough, default=levels[0])))
    prevalence = f"{counts.happened / days:.2g} a camera-day among {HIDES.shoppers + HIDES.hiders} people"
    said = counts.found + counts.false
    note = f"threshold {max(enough, default=0.01):.2f}; poses only, no shelf changes; hands in sight"
    yield table.share("concealment", "precision at recall 0.6", counts.found, said, 0.8, prevalence, note)
    yield table.rate("concealment", "false a camera-day at recall 0.6", counts.false, days, 1.0)
    usual = at_threshold(outcomes, USUAL.threshold)
    yield table.rate("concealment", f"false a camera-day at {USUAL.threshold:g}", usual.false, days, 1.0)
    yield table.share("concealment", f"recall at {USUAL.threshold:g}", usual.found, usual.happened)


def _recall(counts: Counts) -> float:
    return counts.found / counts.happened if counts.happened else 0.0


def ranked(days: Sequence[Labelled]) -> Iterator[Row]:
    """How the score of single poses ranks, and among frames that are alike in time in view and size."""
    scores = [concealment_scores(day.table) for day in days]
    areas = [area for day, some in zip(days, scores, strict=True) if (area := roc_auc(some, day.labels)) is not None]
    alike = [
        area
        for day, some in zip(days, scores, strict=True)
        if (area := matched_auc(some, day.labels, strata_of(day.table))) is not None
    ]
    note = f"mean of {len(areas)} days; each frame of a person by itself"
    yield Row("concealment", "ROC AUC of frames", float(np.mean(areas)) if areas else None, note=note)
    yield Row("concealment", "the same, matched in time and size", float(np.mean(alike)) if alike else None)


def _day(seed_layout: tuple[int, int]) -> Labelled:
    return simulated(*seed_layout, PosePlan(shoppers=15, hiders=8))


def rows(run: Run) -> Iterator[Row]:
    """Run the days and judge them."""
    yield from fall_rows(run.map(run_poses, jobs(run, FALLS, FALL_TABLE, 900)))
    hides = [one for there in run.elsewhere(run.amount(TOWNS, 1)) for one in jobs(there, HIDES, SCORED_TABLE, 950)]
    yield from concealment_rows(run.map(run_poses, hides))
    seeds = run.seeds(run.amount(12, 2), 980)
    yield from ranked(run.map(_day, [(seed, run.layout(seed)) for seed in seeds]))


SECTION = Section(
    "pose",
    "Poses: 30 days with 3 falls each among crouches, sitting, bending and tying shoes; 90 days in 16 shops with 3 who"
    " hide goods among 60 who take, put back, use phones, pockets, purses and their own bags, with trolleys, baskets or"
    " nothing; keypoints jitter by 0.4-1.6 % of the height, 1-10 % are lost, up to 8 % of"
    " the time left and right are swapped, 3-15 fps.",
    rows,
)
