"""Score weights or files on the held-out sets, the COCO SSD beside them.

python -m models.train.score --model person-m .cache/train/m/ema.npz models/person-m.tflite --kinds clean night
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from . import members
from .data import Picture, by_group, load_rendered, split
from .degrade import KINDS
from .evaluate import run
from .graph import Graph
from .metrics import curve, recall_by_height
from .runners import CocoSsd, Runner, TfliteHeads, TorchHeads


def runner(graph: Graph, path: str, overlap: float) -> Runner:
    """A runner for `ssd`, weights (.npz) or a file (.tflite)."""
    if path == "ssd":
        return CocoSsd(overlap=overlap)
    if path.endswith(".npz"):
        with np.load(path) as file:
            return TorchHeads(graph, dict(file), overlap)
    return TfliteHeads(Path(path), graph, overlap)


def report(name: str, found: Runner, pictures: list[Picture], kinds: list[str]) -> None:
    """Print a row per kind: AP50 by set and mean, recall at 85 % precision, small people."""
    for kind in kinds:
        results = {group: run(found, members_, kind) for group, members_ in by_group(pictures).items()}
        average = {group: curve(part).average_precision() for group, part in results.items()}
        everything = [result for part in results.values() for result in part]
        whole = curve(everything)
        score = whole.score_for_precision(0.85)
        small, count = recall_by_height(everything, score, 0.05, 0.10)
        loose, _ = recall_by_height(everything, 0.2, 0.05, 0.10)
        sets = " ".join(f"{group.removeprefix('capston2_')[:9]} {value:.3f}" for group, value in average.items())
        print(
            f"{name[-28:]:28s} {kind:6s} mean {np.mean(list(average.values())):.3f} | {sets} | P.85 at {score:.2f} "
            f"R {whole.at_score(score)[0]:.3f} | small R {small:.2f} ({loose:.2f} at .2) of {count}",
            flush=True,
        )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="person-m")
    parser.add_argument("--kinds", nargs="+", default=["clean", "night"], choices=list(KINDS))
    parser.add_argument("--every", type=int, default=1, help="take every n-th picture")
    parser.add_argument("--overlap", type=float, default=0.5)
    parser.add_argument("--size", type=int, nargs=2, help="another input height and width")
    parser.add_argument("--held", type=Path, help="score on a folder of rendered pictures instead")
    parser.add_argument("paths", nargs="+")
    options = parser.parse_args()
    pictures = [picture for picture, _ in load_rendered(options.held)] if options.held else split("val") + split("test")
    pictures = pictures[:: options.every]
    graph = members.graph(options.model)
    graph = graph.resized(tuple(options.size)) if options.size else graph
    for path in options.paths:
        report(path, runner(graph, path, options.overlap), pictures, options.kinds)


if __name__ == "__main__":
    main()
