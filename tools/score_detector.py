"""Scores person models on every labelled set, clean and degraded, side by side in one run, against the targets.

    python tools/score_detector.py [MODEL...] [--json] [--quick] [--conditions clean,night] [--all-pictures]

Pictures come from AISLEWATCH_DATA. Only scenes outside the training split count unless --all-pictures is given. The
first model is the yardstick. Exit status 1 when a target is missed, 2 when something is not there.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, this folder's parent is unknown

from agent.errors import OperatorError
from agent.models import Catalogue
from agent.vision.detector import Detector
from hal.errors import HalError
from hal.tflite import open_accelerator
from models.train.data import EVALUATION_ONLY, TRAINABLE, Picture, data_root, load, split
from models.train.metrics import curve, recall_by_height
from tools.detector_scores import CONDITIONS, TINY, ClipFigures, Runs, clips, figures, invoke_ms, measure

YARDSTICK = "coco-ssd"
QUICK_STEP = 6
PRECISION = 0.85
MEGABYTE = 1e6


@dataclass(frozen=True, slots=True)
class Goals:
    """What a model of our own must reach against the yardstick."""

    clean: float
    night: float
    time: float
    macs: float
    megabytes: float
    tiny: float | None = None


GOALS = {
    "person-m": Goals(clean=0.11, night=0.20, time=0.5, macs=0.8, megabytes=3.0, tiny=0.3),
    "person-s": Goals(clean=0.03, night=0.11, time=0.15, macs=0.25, megabytes=1.2),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One target with its figure and verdict."""

    figure: str
    value: float
    target: float
    verdict: str


def at_least(figure: str, value: float, target: float) -> Row:
    """A figure that must not be smaller."""
    return Row(figure, round(value, 4), round(target, 4), "met" if value >= target else "missed")


def at_most(figure: str, value: float, target: float) -> Row:
    """A figure that must not be larger."""
    return Row(figure, round(value, 4), round(target, 4), "met" if value <= target else "missed")


def quality_rows(name: str, goals: Goals, own: Runs, yardstick: Runs) -> Iterator[Row]:
    """AP50 against the yardstick, the operating point and tiny people."""
    for condition, wanted in (("clean", goals.clean), ("night", goals.night)):
        if condition in own.found:
            lead = own.ap50(condition) - yardstick.ap50(condition)
            yield at_least(f"{name} AP50 {condition} over {YARDSTICK}", lead, wanted)
    for condition in ("blur", "jpeg30", "half"):
        if condition in own.found and "clean" in own.found:
            loss = own.ap50("clean") - own.ap50(condition)
            gap = own.ap50("clean") - yardstick.ap50("clean")
            yield at_most(f"{name} AP50 lost to {condition}, no more than the clean lead", loss, gap)
    if "clean" not in own.found:
        return
    score = own.point("clean").confirm_score
    recall, precision = curve(own.together("clean")).at_score(score)
    other = curve(yardstick.together("clean"))
    yield at_least(f"{name} precision at the operating point", precision, PRECISION)
    rival = other.at_score(other.score_for_precision(PRECISION))[0]
    yield at_least(f"{name} recall at the operating point, as {YARDSTICK} at precision {PRECISION}", recall, rival)
    if goals.tiny is not None:
        tiny, _ = recall_by_height(own.together("clean"), score, *TINY)
        yield at_least(f"{name} recall of people of 5 to 10 % height", tiny, goals.tiny)


def cost_rows(name: str, goals: Goals, detectors: Mapping[str, Detector], runs: Mapping[str, Runs]) -> Iterator[Row]:
    """Time of one invoke, multiply-accumulates and file size."""
    spec, other = detectors[name].spec, detectors[YARDSTICK].spec
    yield at_most(f"{name} invoke / {YARDSTICK}", invoke_ms(runs[name]) / invoke_ms(runs[YARDSTICK]), goals.time)
    macs, most = spec.latency.get("million_macs"), other.latency.get("million_macs")
    if isinstance(macs, int | float) and isinstance(most, int | float):
        yield at_most(f"{name} multiply-accumulates / {YARDSTICK}", macs / most, goals.macs)
    yield at_most(f"{name} file, MB", spec.size_bytes / MEGABYTE, goals.megabytes)


def clip_rows(name: str, own: ClipFigures, yardstick: ClipFigures) -> Iterator[Row]:
    """The real clips."""
    yield at_least(f"{name} one-by-one, frames with the person found", own.found, 0.99)
    yield at_most(f"{name} one-by-one, empty frames with a false alarm", own.false, 0.0)
    for clip, people in own.people.items():
        yield at_least(f"{name} people a frame in the {clip}, as {YARDSTICK}", people, yardstick.people[clip])


def table(runs: Mapping[str, Runs]) -> Iterator[dict[str, object]]:
    """A line per model, condition and set, and one for all sets together."""
    for condition in CONDITIONS:
        for name, own in runs.items():
            if condition not in own.found:
                continue
            score = own.point(condition).confirm_score
            for group, found in [*own.sets(condition).items(), ("all", own.together(condition))]:
                row = {"type": "score", "model": name, "condition": condition, "set": group, "pictures": len(found)}
                yield row | asdict(figures(found, score))


def show(line: Mapping[str, object]) -> None:
    """One line of the table for a person."""
    sizes = line["recall_by_size"]
    assert isinstance(sizes, dict)
    bands = " ".join(f"{value:.2f}" for value in sizes.values())
    print(
        f"{line['condition']:7} {line['set']:17} {line['model']:11} {line['ap50']:.3f} {line['ap50_95']:.3f}   "
        f"{line['recall']:.3f} {line['precision']:.3f}   {line['misses']:.2f} {line['false_alarms']:.2f}   {bands}"
    )


def open_detectors(names: Sequence[str]) -> dict[str, Detector]:
    """The named models, or the yardstick and every person model that is there."""
    catalogue = Catalogue.load()
    wanted = [spec for spec in catalogue.specs if spec.task == "person" and catalogue.find(spec)]
    specs = [catalogue.spec(name) for name in dict.fromkeys([YARDSTICK, *names])] if names else wanted
    return {
        spec.name: Detector(open_accelerator(catalogue.read(spec), device="cpu"), spec, monotonic=time.perf_counter)
        for spec in specs
    }


def pictures(everything: bool, step: int) -> list[Picture]:
    """The labelled pictures: those of held-out scenes, or all."""
    groups = (*TRAINABLE, *EVALUATION_ONLY)
    chosen = [one for group in groups for one in load(group)] if everything else split("val") + split("test")
    return chosen[::step]


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", help="names in models/manifest.toml (default: all that are there)")
    parser.add_argument("--conditions", default=",".join(CONDITIONS), help="comma-separated, of %(default)s")
    parser.add_argument("--all-pictures", action="store_true", help="the training scenes too")
    parser.add_argument("--every", type=int, default=1, help="only every n-th picture and frame")
    parser.add_argument("--quick", action="store_const", dest="every", const=QUICK_STEP, help=f"--every {QUICK_STEP}")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    return parser


def targets(detectors: Mapping[str, Detector], runs: Mapping[str, Runs], step: int) -> Iterator[Row]:
    """All targets that this run can judge."""
    judged = [name for name in detectors if name in GOALS and YARDSTICK in detectors]
    folder = data_root() / "video"
    watched = {name: clips(detectors[name], folder, step) for name in [YARDSTICK, *judged] if judged}
    for name in judged:
        yield from quality_rows(name, GOALS[name], runs[name], runs[YARDSTICK])
        yield from cost_rows(name, GOALS[name], detectors, runs)
        yield from clip_rows(name, watched[name], watched[YARDSTICK])


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, judge."""
    options = arguments().parse_args(argv)
    conditions = options.conditions.split(",")
    if unknown := set(conditions) - set(CONDITIONS):
        print(f"no condition is called {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    cv2.setNumThreads(1)
    try:
        detectors = open_detectors(options.models)
        runs = measure(detectors, pictures(options.all_pictures, options.every), conditions)
        rows = list(targets(detectors, runs, options.every))
    except (OperatorError, HalError, OSError) as error:
        print(error, getattr(error, "hint", ""), sep="\n", file=sys.stderr)
        return 2
    report(runs, rows, options.json)
    return int(any(row.verdict == "missed" for row in rows))


def report(runs: Mapping[str, Runs], rows: Sequence[Row], as_json: bool) -> None:
    """Print the table and the targets."""
    if not as_json:
        print(
            "condition set             model       AP50  50:95   recall precision misses false/picture  <10% -25% >25%"
        )
    for line in table(runs):
        print(json.dumps(line)) if as_json else show(line)
    for row in rows:
        line = {"type": "target", **asdict(row)}
        print(json.dumps(line) if as_json else f"{row.verdict:7} {row.value:8.4f} {row.target:8.4f}  {row.figure}")
    for name, own in runs.items():
        line = {"type": "cost", "model": name, "invoke_ms": round(invoke_ms(own), 3)}
        print(json.dumps(line) if as_json else f"{name}: invoke {invoke_ms(own):.2f} ms")


if __name__ == "__main__":
    sys.exit(main())
