"""How well a real detector sees the simulated people: recall on the truth boxes, false finds in the empty shop.

Counted is every person of whom at least 60 % is seen and whose seen box is at least 15 % of the picture's height; a
detection of score 0.5 finds a person at IoU 0.5, one to one, best score first. Three bands of height are listed too.
Exit code 1 when a target is missed, 2 when the model is not there.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from agent.domain import Box, Detection, iou
from agent.errors import OperatorError
from agent.models import Catalogue
from agent.vision.detector import Detector
from hal.simulated.render import Renderer
from hal.simulated.scene import PersonTruth, Scene
from hal.tflite import open_accelerator

MIN_SEEN = 0.6
MIN_HEIGHT = 0.15
SCORE = 0.5
IOU = 0.5
BANDS = ((0.15, 0.25), (0.25, 0.4), (0.4, 1.1))


@dataclass
class Tally:
    """What was counted."""

    people: int = 0
    found: int = 0
    false: int = 0
    pictures: int = 0
    bands: dict[tuple[float, float], list[bool]] = field(default_factory=lambda: {band: [] for band in BANDS})

    def count(self, truth: Sequence[PersonTruth], detections: Sequence[Detection]) -> None:
        """Match one picture. Detections on people too small or too hidden to count are neither right nor wrong."""
        boxes = [Box(*person.seen_box) if person.seen_box else Box(0, 0, 0, 0) for person in truth]
        free = set(range(len(truth)))
        for detection in sorted(detections, key=lambda d: -d.score):
            best = max(free, key=lambda k: iou(boxes[k], detection.box), default=-1)
            if best >= 0 and iou(boxes[best], detection.box) >= IOU:
                free.discard(best)
            elif not any(iou(box, detection.box) > 0.2 for box in boxes):
                self.false += 1
        for k, (person, box) in enumerate(zip(truth, boxes, strict=True)):
            if counts(person):
                self._add(box.height, k not in free)
        self.pictures += 1

    def _add(self, height: float, found: bool) -> None:
        self.people += 1
        self.found += found
        for low, high in BANDS:
            if low <= height < high:
                self.bands[low, high].append(found)

    @property
    def recall(self) -> float:
        return self.found / max(self.people, 1)


def counts(person: PersonTruth) -> bool:
    """Whether a detector is expected to find this person."""
    box = person.seen_box
    return box is not None and person.seen >= MIN_SEEN and box[3] - box[1] >= MIN_HEIGHT


def moments(quick: bool) -> Iterator[tuple[str, int, float]]:
    """Script, seed and time of every picture that is judged."""
    for seed in (1, 2) if quick else (1, 2, 3, 4, 5):
        for script, last_s in (("shop", 75.0), ("crowd", 65.0)):
            for t_s in np.arange(2.0, last_s, 9.0 if quick else 3.0):
                yield script, seed, float(t_s) + 0.13 * seed


def score(detector: Detector, quick: bool, width: int, height: int) -> tuple[Tally, Tally]:
    """Tallies of the busy and of the empty shop."""
    busy, empty = Tally(), Tally()
    scenes: dict[tuple[str, int], Scene] = {}
    renderer = Renderer(Scene().layout, width, height)
    for number, (script, seed, t_s) in enumerate(moments(quick)):
        scene = scenes.setdefault((script, seed), Scene(seed=seed, script=script))
        snapshot = scene.at(t_s)
        busy.count(snapshot.people, _sure(detector.detect(renderer.render(snapshot.figures, number))))
    for number in range(10 if quick else 40):
        empty.count((), _sure(detector.detect(renderer.render((), number))))
    return busy, empty


def _sure(detections: Sequence[Detection]) -> list[Detection]:
    return [detection for detection in detections if detection.score >= SCORE]


def rows(busy: Tally, empty: Tally) -> list[dict[str, object]]:
    """Figure, target and verdict of everything measured."""
    table = [
        _row("recall", busy.recall, 0.8, busy.recall >= 0.8),
        _row("people judged", busy.people, None, None),
        _row("false finds a picture, people about", busy.false / max(busy.pictures, 1), 0.1, None),
        _row("false finds a picture, empty shop", empty.false / max(empty.pictures, 1), 0.05,
             empty.false <= 0.05 * empty.pictures),
    ]  # fmt: skip
    for (low, high), found in busy.bands.items():
        share = sum(found) / max(len(found), 1)
        table.append(_row(f"recall, height {low:.2f} to {high:.2f} ({len(found)})", share, None, None))
    return table


def _row(figure: str, value: float, target: float | None, met: bool | None) -> dict[str, object]:
    verdict = "" if met is None else "met" if met else "missed"
    return {"figure": figure, "value": round(value, 3), "target": target, "verdict": verdict}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; see the module's own words."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="coco-ssd", help="a name in models/manifest.toml")
    parser.add_argument("--models", type=Path, help="where the model's file lies (default: AISLEWATCH_MODELS)")
    parser.add_argument("--quick", action="store_true", help="a tenth of the pictures")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--size", default="1280x720", help="rendered size (default 1280x720)")
    options = parser.parse_args(arguments)
    width, height = (int(part) for part in options.size.split("x"))
    try:
        detector = _detector(options.model, options.models)
    except OperatorError as error:
        print(error, file=sys.stderr)
        return 2
    table = rows(*score(detector, options.quick, width, height))
    print(json.dumps({"model": options.model, "rows": table}) if options.json else _as_text(table))
    return 1 if any(row["verdict"] == "missed" for row in table) else 0


def _detector(name: str, place: Path | None) -> Detector:
    catalogue = Catalogue.load(places=[place] if place else None)
    spec = catalogue.spec(name)
    return Detector(open_accelerator(catalogue.read(spec)), spec, min_score=SCORE)


def _as_text(table: Sequence[dict[str, object]]) -> str:
    lines = (f"{row['figure']:<46} {row['value']:>8} {row['target'] or '':>8}  {row['verdict']}" for row in table)
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
