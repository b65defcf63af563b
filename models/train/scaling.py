"""What more data would bring: one short training on a quarter, a half and all of the training scenes.

    python -m models.train.scaling --out .cache/train/scaling --picture docs/pictures/detector-scaling.svg

Every point is the wide network at 224 x 128 from the COCO SSD, the same number of steps, averaged with its start,
scored on the held-out sets. It goes on where it was interrupted. `growth` continues the curve.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import product
from pathlib import Path

import numpy as np
import torch

from .blend import blend
from .data import by_group, some_scenes, split
from .evaluate import run
from .fit import Plan, Trainer, start_weights
from .growth import KINDS, SHARES, Point, drawing, table
from .metrics import curve
from .runners import TorchHeads

SIZE, TRAINED = (128, 224), 0.7


def measured(share: float, seed: int, steps: int, out: Path) -> Point:
    """Train and score one point."""
    height, width = SIZE
    plan = Plan("person-m", "ssd", steps, seed=seed, share=share, threads=1, workers=1, height=height, width=width)
    folder = out / f"{share}-{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    trainer = Trainer(plan, folder)
    trainer.run()
    mixed = blend([(trainer.mean.weights(), TRAINED), (start_weights("ssd"), 1 - TRAINED)])
    looker = TorchHeads(plan.graph(), mixed)
    scores = {}
    for kind in KINDS:
        sets = by_group(split("val") + split("test")).values()
        scores[kind] = float(np.mean([curve(run(looker, part, kind)).average_precision() for part in sets]))
    return Point(share, seed, len(some_scenes(split("train"), share, seed)), scores["clean"], scores["night"])


def points(out: Path, seeds: Sequence[int], steps: int) -> list[Point]:
    """All points, those of an earlier run read from points.json."""
    file = out / "points.json"
    done = [Point(**row) for row in json.loads(file.read_text())] if file.exists() else []
    for seed, share in product(seeds, SHARES):
        if any((point.share, point.seed) == (share, seed) for point in done):
            continue
        done.append(measured(share, seed, steps, out))
        print(done[-1], flush=True)
        file.write_text(json.dumps([asdict(point) for point in done], indent=1))
    return done


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    found = points(options.out, options.seeds, options.steps)
    print("\n".join(table(found)))
    if options.picture:
        options.picture.write_text(drawing(found))


if __name__ == "__main__":
    main()
