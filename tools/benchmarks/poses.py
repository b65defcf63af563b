"""What poses cost: one pose against the bare pose model, and a busy shop's second with the budget and without."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median

from agent.config import parse_config
from agent.domain import Box, Track
from agent.errors import ModelError
from agent.poses import open_pose_model
from agent.rules.senses import NOTHING
from agent.vision.pose import PoseModel
from agent.vision.pose_budget import PoseBudget
from agent.vision.pose_watch import PoseNeed, PoseWatcher
from hal.ports import Frame
from tools.benchmarks.footage import Bench, again, shop_frames
from tools.benchmarks.report import Row, not_measured
from tools.benchmarks.timing import Contest

GOAL = "pose"
COST = "a pose with crop and decoding / bare invoke of the pose model"
BUDGET = "ms a second for poses of 6 people, 15 fps, budget 2 x 5"
PEOPLE, FPS = 6, 15.0
EVERYBODY = tuple(Box(0.1 + 0.13 * n, 0.2, 0.2 + 0.13 * n, 0.8) for n in range(PEOPLE))


def rows(bench: Bench) -> list[Row]:
    """One pose, and a second of a busy shop."""
    config = parse_config("")
    try:
        model = open_pose_model(config, bench.catalogue)("cpu")
    except ModelError as error:
        return [not_measured(GOAL, figure, None, str(error)) for figure in (COST, BUDGET)]
    frames = shop_frames("shop", bench.count(60, 15), first_s=12.0)
    looks = bench.count(300, 30)

    def pose(number: int) -> object:
        return model.estimate(frames[number % len(frames)], EVERYBODY[number % PEOPLE])

    contest = Contest(*_in_turn(pose, model.bare_invoke, looks, bench.clock.monotonic))
    detail = f"{contest.words('the bare invoke')}, {model.spec.name}, one thread, crops of 60 % of the height"
    return [Row(GOAL, COST, contest.ratio, None, detail), _budget_row(bench, model, frames)]


def _in_turn(
    ours: Callable[[int], object], floor: Callable[[], object], count: int, monotonic: Callable[[], float]
) -> tuple[list[float], list[float]]:
    """Milliseconds of both, taken in turn."""
    mine, theirs = [], []
    for number in range(count):
        start = monotonic()
        ours(number)
        middle = monotonic()
        floor()
        mine.append((middle - start) * 1e3)
        theirs.append((monotonic() - middle) * 1e3)
    return mine, theirs


def _budget_row(bench: Bench, model: PoseModel, frames: Sequence[Frame]) -> Row:
    seconds = bench.count(10, 2)
    kept, kept_most = _second_ms(bench, model, frames, PoseBudget(2, 5.0), seconds)
    free, free_most = _second_ms(bench, model, frames, PoseBudget(PEOPLE, FPS), seconds)
    detail = f"{free:.0f} ms without it; the frame with most poses {kept_most:.1f} ms against {free_most:.1f} ms"
    return Row(GOAL, BUDGET, kept, None, detail)


def _second_ms(
    bench: Bench, model: PoseModel, frames: Sequence[Frame], budget: PoseBudget, seconds: int
) -> tuple[float, float]:
    """Milliseconds a second for poses, and of the frame with the most of them (the median over the seconds)."""
    watcher = PoseWatcher(model, PoseNeed(everybody=True), budget, 16 / 9, min_score=0.05)
    people = [Track(n, 0.0, box, 0.9, True, True, True, box.height, 0.0, 0.0) for n, box in enumerate(EVERYBODY)]
    spent: list[float] = []
    for frame in again(frames, round(seconds * FPS), FPS):
        start = bench.clock.monotonic()
        watcher.look(frame, people, NOTHING)
        spent.append((bench.clock.monotonic() - start) * 1e3)
    whole = [spent[k : k + round(FPS)] for k in range(0, len(spent), round(FPS))]
    return median(sum(some) for some in whole), median(max(some) for some in whole)
