"""Learns how far drawn leads stray from the true ones, on simulated units of their own, and writes it down as code.

    python tools/calibrate_forecasts.py [--units N] [--jobs N] [--write]

Seeds 9000 and up: constants are chosen on 5000 and up, figures are taken on 1000 and up. Split conformal prediction
(Vovk, Gammerman and Shafer 2005), by metric; every course counts the same, however long it was foretold.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, this folder's parent is unknown

from agent.health.calibration import CORRECTIONS, USUAL, Correction
from agent.health.forecast import Forecast, foretell
from agent.health.watched import WATCHED
from hal.simulated.board_traces import Episode, Unit, unit
from tools.health_scores.follow import FIRST_DAY, series_of, served_by

FIRST_SEED = 9000
OFTEN_A_YEAR = 1.0
EVERY_DAYS = 3
LEAST_TRUE_DAYS = 0.5
QUANTILES = (0.1, 0.5, 0.9)
MODULE = Path(__file__).resolve().parent.parent / "agent" / "health" / "calibration.py"


class Stray(NamedTuple):
    """One forecast of a course: log of true over drawn lead, over the drawn one's doubt."""

    metric: str
    course: tuple[int, int]
    score: float


def strays(seed: int) -> list[Stray]:
    """Those of all gradual courses of a unit that fails often."""
    made = unit(seed, gradual_a_year=OFTEN_A_YEAR)
    courses = [(index, one) for index, one in enumerate(made.episodes) if not one.sudden]
    return [stray for index, one in courses for stray in _of_course(made, index, one)]


def _of_course(made: Unit, index: int, course: Episode) -> Iterator[Stray]:
    metric = course.metric
    series = series_of(made, metric)
    last = math.ceil(min(course.ends, course.fails - LEAST_TRUE_DAYS, made.days))
    for day in range(max(math.ceil(course.begins), FIRST_DAY), last, EVERY_DAYS):
        found = foretell(WATCHED[metric], series.between(0, day), day, served_by(made, metric, day)).forecast
        if found is not None and found.lead_days > 0:
            lead, doubt = drawn(found)
            yield Stray(metric, (made.seed, index), math.log((course.fails - day) / lead) / doubt)


def drawn(forecast: Forecast) -> tuple[float, float]:
    """The lead as it was drawn, before it was corrected, and its doubt."""
    told = CORRECTIONS.get(forecast.metric, USUAL)
    doubt = math.log(forecast.high_days / forecast.low_days) / (told.high - told.low)
    return forecast.low_days * math.exp(-told.low * doubt), doubt


def correction(found: Iterable[Stray]) -> Correction:
    """The quantiles of the scores, each course weighing the same."""
    by_course: dict[tuple[int, int], list[float]] = defaultdict(list)
    for stray in found:
        by_course[stray.course].append(stray.score)
    scores = [score for of_one in by_course.values() for score in of_one]
    weights = np.array([1 / len(of_one) for of_one in by_course.values() for _ in of_one])
    order = np.argsort(scores)
    share = np.cumsum(weights[order]) / (weights.sum() + 1)
    places = (min(int(np.searchsorted(share, quantile)), len(order) - 1) for quantile in QUANTILES)
    low, middle, high = (round(scores[order[place]], 2) for place in places)
    return Correction(low, middle, high)


def as_code(table: dict[str, Correction], usual: Correction, about: str) -> str:
    """The module with these corrections in place of its own."""
    head = MODULE.read_text(encoding="utf-8").partition("USUAL =")[0]
    lines = ((metric, ", ".join(map(str, one))) for metric, one in sorted(table.items()))
    rows = "".join(f'    "{metric}": Correction({figures}),\n' for metric, figures in lines)
    return (
        f"{head}USUAL = Correction({', '.join(map(str, usual))})\n"
        f'"""Where a metric has none of its own."""\n'
        f"CORRECTIONS: dict[str, Correction] = {{\n{rows}}}\n"
        f'"""{about}"""\n'
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Learn, print, and write where that is wanted; see the module's own words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=int, default=60)
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="write agent/health/calibration.py")
    options = parser.parse_args(arguments)
    seeds = range(options.first_seed, options.first_seed + options.units)
    with ProcessPoolExecutor(options.jobs) as pool:
        found = [stray for of_unit in pool.map(strays, seeds) for stray in of_unit]
    by_metric: dict[str, list[Stray]] = defaultdict(list)
    for stray in found:
        by_metric[stray.metric].append(stray)
    table = {metric: correction(of_one) for metric, of_one in by_metric.items()}
    for metric, of_one in sorted(by_metric.items()):
        print(f"{metric:<24} {len({stray.course for stray in of_one}):4} courses  {table[metric]}")
    courses = len({stray.course for stray in found})
    if options.write:
        about = f"From {courses} courses of {options.units} simulated units, seeds {seeds[0]}-{seeds[-1]}."
        MODULE.write_text(as_code(table, correction(found), about), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
