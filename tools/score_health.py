"""How well the camera notices that its own picture is covered, blurred, moved, dark or frozen, and foretells failures.

    python tools/score_health.py [--picture | --forecasts] [--json] [--quick] [--first-seed N] [--jobs N]
                                 [--document FILE]

Simulated: shops and cameras by seeds that nothing was tuned on (5000 and up were), rendered second by second with
everything harmless in them (crowds, deliveries, sunbeams, exposure that hunts, flicker, somebody close by, lights off
at night); hours without anything are left out. On real video: the Intel clips as they are, and with a fault from a
given second on, where the shared data is. Forecasts: simulated years of board and lens (tools/health_scores). Exit
status 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, this folder's parent is unknown

from agent.domain import Box, HealthSample, HealthState
from agent.health.image import HOLDS_S, ImageHealth
from agent.health.picture import probe_of
from hal.errors import HalError
from hal.ports import U8, Frame, HalSettings, Yuv420
from hal.simulated.degrade import FAULTS, Held, Rng, noisy
from hal.simulated.scenario.outlook import Outlook, Sight
from hal.system import SystemClock
from hal.video import open_video
from tests.data import DATA
from tools.benchmarks.report import write_section
from tools.health_scores import forecasts
from tools.rule_scores import table
from tools.rule_scores.section import HELD_OUT, Run
from tools.rule_scores.table import Row

LEARN_S = 60
LATE_S = 3.0
WITHIN_S = {"covered": 13.0, "frozen": 6.0}
MONTH = 30.0
CLIPS = {
    "intel_one-by-one-person-detection.mp4": (
        "blur",
        "cover, all",
        "cap",
        "pushed a little",
        "pushed",
        "turned",
        "dark",
    ),
    "intel_bottle-detection.mp4": ("cover, all", "cap"),
}
CLIP_LEARN_S, CLIP_FAULT_S = 15.0, 20.0
Change = Callable[[U8, Rng], U8]


class Trial(NamedTuple):
    """One fault on one camera: what it was, and what was told of it, None where nothing was."""

    name: str
    truth: str
    told: str | None
    after_s: float
    false: int = 0


def look(sight: Sight, health: ImageHealth, luma: U8 | None = None) -> list[HealthSample]:
    """One second through the product's own code; only what says that something is wrong."""
    picture = sight.picture if luma is None else Yuv420(luma, sight.picture.u, sight.picture.v)
    people = [Box(*box) for box in sight.people]
    return wrong(health.update(probe_of(Frame(0, sight.t_s, picture, picture), people), dark_expected=sight.closed))


def wrong(told: Iterable[HealthSample]) -> list[HealthSample]:
    """What is a fault or a warning about the picture."""
    return [one for one in told if one.what != "image" and one.state in (HealthState.FAULT, HealthState.WARNING)]


def strike(job: tuple[int, str]) -> Trial:
    """One fault on one camera, after a minute and a bit of ordinary business."""
    seed, name = job
    truth, change = FAULTS[name]
    outlook, health, rng = Outlook(seed), ImageHealth(LEARN_S), np.random.default_rng(seed)
    for sight in outlook.usual(LEARN_S + 15):
        look(sight, health)
    for second, sight in enumerate(outlook.usual(45), start=1):
        for told in look(sight, health, change(sight.picture.y, rng)):
            return Trial(name, truth, told.what, float(second))
    return Trial(name, truth, None, np.inf)


def freeze(job: tuple[int, int]) -> Trial:
    """The picture freezes, or its last seconds come round again."""
    seed, loop = job
    outlook, health, held = Outlook(seed), ImageHealth(LEARN_S), Held(loop)
    for sight in outlook.usual(LEARN_S + 15 + loop):
        look(sight, health, held.watch(sight.picture.y))
    for second, sight in enumerate(outlook.usual(45), start=1):
        for told in look(sight, health, held.show(sight.picture.y)):
            return Trial("frozen" if loop == 1 else "looped", "frozen", told.what, float(second))
    return Trial("frozen" if loop == 1 else "looped", "frozen", None, np.inf)


def live(job: tuple[int, int]) -> list[str]:
    """Days of one camera to which nothing happens but what is harmless: what was told all the same."""
    seed, days_each = job
    outlook, health = Outlook(seed), ImageHealth(LEARN_S)
    for sight in outlook.usual(LEARN_S + 20):
        look(sight, health)
    days = (sight for _ in range(days_each) for sight in outlook.day())
    return [f"{told.what} during {sight.harmless}" for sight in days for told in look(sight, health)]


def simulated(run: Run) -> Iterator[Row]:
    """The rows of simulated cameras."""
    cameras, days_each = run.amount(20, 1), run.amount(10, 2)
    lives = run.seeds(run.amount(9, 1), 400)
    trials = run.map(strike, [(seed, name) for seed in run.seeds(cameras) for name in FAULTS])
    trials += run.map(freeze, [(seed, loop) for seed in run.seeds(cameras, 200) for loop in (1, 30)])
    found = [trial for trial in trials if trial.told]
    prevalence = f"{len(trials)} faults on {cameras} cameras"
    missed = "missed: " + (", ".join(sorted({trial.name for trial in trials if not trial.told})) or "none")
    yield table.share("picture", "found within 45 s", len(found), len(trials), 0.98, prevalence, missed)
    timely = sum(trial.after_s <= WITHIN_S.get(trial.truth, 33.0) for trial in trials if trial.name != "looped")
    yield table.share("picture", "found within its time", timely, sum(t.name != "looped" for t in trials), 0.98)
    named = sum(trial.told == trial.truth for trial in found)
    mistaken = sorted({f"{trial.name} as {trial.told}" for trial in found if trial.told != trial.truth})
    yield table.share("picture", "cause named", named, len(found), 0.9, note="; ".join(mistaken))
    alarms = [alarm for of_camera in run.map(live, [(seed, days_each) for seed in lives]) for alarm in of_camera]
    days = len(lives) * days_each
    row = table.rate("picture", "false a camera-month", len(alarms), days / MONTH, 1.0)
    yield replace(row, prevalence=f"{days} days with all harmless things", note="; ".join(alarms))


def real(_: Run) -> Iterator[Row]:
    """The rows of real clips, where they are."""
    if not DATA.is_dir():
        yield Row("picture", "real clips", None, 1.0, note="the shared data is not here")
        return
    clean = {clip: replayed(clip, None) for clip in CLIPS}
    told = [f"{one.what} in {clip}" for clip, all_of in clean.items() for one in all_of]
    yield Row("real clips", "alarms on untouched clips", float(len(told)), 0.0, most=True, note="; ".join(told))
    jobs = [(clip, name) for clip, names in CLIPS.items() for name in names]
    late = [f"{name} in {clip}" for clip, name in jobs if not in_time(clip, name)]
    yield table.share(
        "real clips", "found within the hold + 3 s", len(jobs) - len(late), len(jobs), 1.0, note="; ".join(late)
    )


def in_time(clip: str, name: str) -> bool:
    """Whether a fault from CLIP_FAULT_S on is told by its own name within its hold and 3 s."""
    truth, change = FAULTS[name]
    return any(
        one.what == truth and one.t_s <= CLIP_FAULT_S + HOLDS_S[truth] + LATE_S for one in replayed(clip, change)
    )


def replayed(clip: str, change: Change | None) -> list[HealthSample]:
    """What is told of a clip, with a change from CLIP_FAULT_S on; nobody is masked, as if no person were found."""
    health, rng = ImageHealth(CLIP_LEARN_S), np.random.default_rng(1)
    told: list[HealthSample] = []
    for frame in frames(DATA / "video" / clip):
        if health.due(frame.t_s):
            luma = frame.lores.y
            if change is not None and frame.t_s >= CLIP_FAULT_S:
                luma = noisy(change(luma, rng), 0.5, rng)
            lores = Yuv420(luma, frame.lores.u, frame.lores.v)
            told += wrong(health.update(probe_of(Frame(frame.index, frame.t_s, lores, lores), [])))
    return told


def frames(video: Path) -> Iterator[Frame]:
    """The frames of a file, flat out."""
    camera = open_video(HalSettings(source=str(video), width=1280, height=720, fps=15, paced=False), SystemClock())
    camera.open()
    while (frame := camera.read(10.0)) is not None:
        yield frame
    camera.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; see the module's own words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_mutually_exclusive_group()
    parts.add_argument("--picture", action="store_true", help="only the health of the picture")
    parts.add_argument("--forecasts", action="store_true", help="only failures foretold")
    parser.add_argument("--quick", action="store_true", help="a quick look: under 50 s on two cores")
    parser.add_argument("--first-seed", type=int, default=HELD_OUT, help="other seeds, such as 5000 to tune on")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--document", type=Path, help="write the table into this document's section")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        pool = stack.enter_context(ProcessPoolExecutor(options.jobs)) if options.jobs > 1 else None
        run = Run(options.quick, options.first_seed, pool)
        picture = [] if options.forecasts else shown((*simulated(run), *real(run)), options.json)
        foretold = [] if options.picture else shown(forecasts.rows(run), options.json)
    if options.document and picture:
        about = "Simulated unless a row says real clips; `python tools/score_health.py`."
        text = f"## Health of the picture\n\n{about}\n\n{table.as_markdown(picture)}"
        write_section(options.document, "health", text)
    if options.document and foretold:
        about = f"{forecasts.ABOUT} `python tools/score_health.py --forecasts`."
        text = f"## Failures foretold\n\n{about}\n\n{table.as_markdown(foretold)}"
        write_section(options.document, "forecasts", text)
    return int(any(row.verdict == "missed" for row in (*picture, *foretold)))


def shown(rows: Iterable[Row], as_json: bool) -> list[Row]:
    """The rows, each printed as soon as it is there."""
    told = []
    for row in rows:
        told.append(row)
        print(json.dumps(row.fields()) if as_json else table.as_text(row), flush=True)
    return told


if __name__ == "__main__":
    try:
        sys.exit(main())
    except HalError as error:
        sys.exit(f"{error}: {getattr(error, 'hint', '')}")
