"""Measures person models side by side on labelled pictures and clips: the figures behind tools/score_detector.py."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median

import av
import numpy as np

from agent.domain import Detection
from agent.vision.detector import Detector
from agent.vision.spec import Operating, Scores
from models.train.data import Picture, by_group
from models.train.degrade import KINDS
from models.train.metrics import Curve, Found, curve, recall_by_height

CONDITIONS = tuple(KINDS)
SIZES = {"small": (0.0, 0.10), "middle": (0.10, 0.25), "large": (0.25, 9.0)}
TINY = (0.05, 0.10)
OVERLAPS = tuple(float(overlap) for overlap in np.arange(0.5, 0.96, 0.05).round(2))
DAY_CLIPS = {"store aisle": "intel_store-aisle-detection.gif", "worker zone": "intel_worker-zone-detection.gif"}


@dataclass(slots=True)
class Runs:
    """What one model found: pictures by condition and set, and the time of every invoke."""

    scores: Scores
    found: dict[str, dict[str, list[Found]]] = field(default_factory=dict)
    invoke_ms: list[float] = field(default_factory=list)

    def point(self, condition: str) -> Operating:
        """The operating point of the light in this condition."""
        return self.scores.night if condition == "night" else self.scores.day

    def sets(self, condition: str) -> Mapping[str, list[Found]]:
        """The pictures of one condition by set."""
        return self.found[condition]

    def curves(self, condition: str) -> Iterator[Curve]:
        """The curve of every set."""
        return (curve(found) for found in self.found[condition].values())

    def together(self, condition: str) -> list[Found]:
        """The pictures of all sets."""
        return [one for found in self.found[condition].values() for one in found]

    def ap50(self, condition: str) -> float:
        """AP at IoU 0.5, mean over the sets."""
        return fmean(one.average_precision() for one in self.curves(condition))


def measure(
    detectors: Mapping[str, Detector], pictures: Sequence[Picture], conditions: Iterable[str]
) -> dict[str, Runs]:
    """Run every model on every picture under every condition, one after another, so that load hits all alike."""
    runs = {name: Runs(scores_of(detector)) for name, detector in detectors.items()}
    for condition in conditions:
        for group, members in by_group(pictures).items():
            for picture in members:
                image = np.ascontiguousarray(KINDS[condition](picture.read(), picture.name))
                for name, detector in detectors.items():
                    found = as_found(detector.detect_rgb(image), picture)
                    runs[name].found.setdefault(condition, {}).setdefault(group, []).append(found)
                    runs[name].invoke_ms.append(detector.times.invoke_ms)
    return runs


def scores_of(detector: Detector) -> Scores:
    """The operating points of a person model."""
    assert detector.spec.scores is not None, "the manifest demands scores of a person model"
    return detector.spec.scores


def as_found(detections: Sequence[Detection], picture: Picture) -> Found:
    """Detections beside the truth of their picture."""
    boxes = np.array([detection.box for detection in detections], np.float32).reshape(-1, 4)
    return Found(boxes, np.array([detection.score for detection in detections], np.float32), picture.boxes)


@dataclass(frozen=True, slots=True)
class Figures:
    """One row of the table: a model on a set (or all of them together) under a condition.

    Recall, precision, misses and false alarms are those at the operating point; `recall_by_size` has the shares
    found of people below 10 %, of 10 to 25 % and above 25 % of the picture's height.
    """

    ap50: float
    ap50_95: float
    recall: float
    precision: float
    misses: float
    false_alarms: float
    recall_by_size: dict[str, float]


def figures(found: list[Found], score: float) -> Figures:
    """All figures of some pictures at an operating point."""
    whole = curve(found)
    recall, precision = whole.at_score(score)
    boxes = int((whole.scores >= score).sum())
    return Figures(
        ap50=whole.average_precision(),
        ap50_95=fmean(curve(found, overlap).average_precision() for overlap in OVERLAPS),
        recall=recall,
        precision=precision,
        misses=(1.0 - recall) * whole.labels / max(len(found), 1),
        false_alarms=(1.0 - precision) * boxes / max(len(found), 1),
        recall_by_size={name: recall_by_height(found, score, *span)[0] for name, span in SIZES.items()},
    )


@dataclass(frozen=True, slots=True)
class ClipFigures:
    """One model on the clips: shares of frames, and people a frame."""

    found: float
    false: float
    people: dict[str, float]


def clips(detector: Detector, folder: Path, every: int) -> ClipFigures:
    """The one-by-one clip against its events, and people a frame in the shop clips, at the day's operating point."""
    score = scores_of(detector).day.confirm_score

    def count(image: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> int:
        return sum(detection.score >= score for detection in detector.detect_rgb(image))

    present, margin = _presence(folder / "intel_one-by-one-person-detection.events.csv")
    with_person, empty = [], []
    for index, people in _counts(folder / "intel_one-by-one-person-detection.mp4", count, every):
        if index in present:
            with_person.append(people > 0)
        elif index not in margin:
            empty.append(people > 0)
    crowds = {name: fmean(n for _, n in _counts(folder / clip, count, 1)) for name, clip in DAY_CLIPS.items()}
    return ClipFigures(fmean(with_person), fmean(empty), crowds)


def _presence(events: Path) -> tuple[set[int], set[int]]:
    """Frames that surely hold somebody, and frames that may, by the tolerance of the events."""
    sure, maybe = set(), set()
    with events.open(newline="") as file:
        for row in csv.DictReader(file):
            first, last, slack = (int(row[key]) for key in ("first_frame", "last_frame", "tolerance_frames"))
            sure |= set(range(first + slack, last - slack + 1))
            maybe |= set(range(first - slack, last + slack + 1))
    return sure, maybe


def _counts(
    path: Path, count: Callable[[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]], int], every: int
) -> Iterator[tuple[int, int]]:
    with av.open(str(path)) as clip:
        for index, frame in enumerate(clip.decode(video=0)):
            if index % every == 0:
                yield index, count(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))


def invoke_ms(runs: Runs) -> float:
    """The median time of one invoke."""
    return median(runs.invoke_ms)
