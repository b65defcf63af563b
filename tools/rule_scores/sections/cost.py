"""What all rules together cost on 20 people, beside the tracker in the same run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median

from agent.domain import Box, Detection
from agent.rule_config import RULE_TABLES
from agent.rules.engine import RuleEngine
from agent.rules.incidents import IncidentBook
from agent.vision.handover import Handover
from agent.vision.tracker import Tracker, TrackerSettings
from hal.simulated.scenario.day import DayPlan
from hal.simulated.scenario.layouts import shop_layout
from tools.rule_scores.section import Run, Section
from tools.rule_scores.site import config_of
from tools.rule_scores.table import Row
from tools.tracker_cost import SCENE, walkers

PEOPLE = 20
WARM = 100
"""Frames that are not counted."""


def rows(run: Run) -> Iterator[Row]:
    """The rules' row; its remark tells what the tracker took."""
    ruled_ms, tracked_ms = costs(run.amount(3000, 600), run.first_seed)
    yield Row(
        "all", f"milliseconds a frame on {PEOPLE} people", ruled_ms, 0.25, most=True,
        note=f"median; the tracker took {tracked_ms:.3f} in the same run",
    )  # fmt: skip


def costs(frames: int, seed: int) -> tuple[float, float]:
    """Median milliseconds of the rules with the incident book, and of the tracker, over the same frames in turn."""
    aspect = SCENE.width / SCENE.height
    config = config_of(shop_layout(0), DayPlan(), RULE_TABLES)
    tracker, handover = Tracker(TrackerSettings(aspect=aspect)), Handover(aspect)
    engine, book = RuleEngine(config, aspect), IncidentBook(config.rules, "cost")
    ruled, tracked = [], []
    for index, (boxes, scores) in enumerate(walkers(PEOPLE, frames + WARM, seed)):
        t_s = index / SCENE.fps
        found = [
            Detection(Box(x1 / SCENE.width, y1 / SCENE.height, x2 / SCENE.width, y2 / SCENE.height), score)
            for (x1, y1, x2, y2), score in zip(boxes.tolist(), scores.tolist(), strict=True)
        ]
        start = time.perf_counter()
        tracks = handover.update(t_s, tracker.update(t_s, found))
        half = time.perf_counter()
        book.update(t_s, engine.update(t_s, tracks, 12 * 60).hits)
        end = time.perf_counter()
        tracked.append(half - start)
        ruled.append(end - half)
    return 1000 * median(ruled[WARM:]), 1000 * median(tracked[WARM:])


SECTION = Section("cost", f"Cost: {PEOPLE} people who walk to and fro, all rules at once on one core.", rows)
