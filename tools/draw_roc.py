"""Draws the ROC curve of the concealment score on simulated poses, beside the blind controls, as a picture for docs.

    python tools/draw_roc.py [--out docs/pictures/concealment_roc.svg] [--seeds FIRST-LAST]

All frames of some simulated days with held-out seeds are ranked together; simulated, so not how a shop will be.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, this folder's parent is unknown

from agent.vision.pose_file import concealment_scores
from hal.simulated.scenario.pose_day import PosePlan
from tools.rule_scores.blind import controls
from tools.rule_scores.pose_tables import simulated
from tools.rule_scores.ranking import F64, Flags, roc_auc, roc_curve

ROOT = Path(__file__).resolve().parent.parent
PLAN = PosePlan(shoppers=20, hiders=8)
SIDE, LEFT, TOP = 320, 44, 16
COLOURS = ("#1b6ca8", "#b0b0b0", "#c79a5b", "#8f7fb5", "#7aa77a", "#c07a86", "#6f8f9f")
DASHES = ("", "2 3", "6 3", "6 3 2 3", "1 3", "8 4", "4 2")
POINTS = 120


def curves(seeds: Sequence[int]) -> tuple[dict[str, F64], Flags]:
    """Every number of every frame of the days, and the labels."""
    days = [simulated(seed, seed, PLAN) for seed in seeds]
    parts = [{"concealment score": concealment_scores(day.table), **controls(day.table)} for day in days]
    found = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return found, np.concatenate([day.labels for day in days])


def svg(found: dict[str, F64], labels: Flags) -> str:
    """The picture."""
    width, height = LEFT + SIDE + 200, TOP + SIDE + 44
    body = [*_frame(), *(_curve(n, name, values, labels) for n, (name, values) in enumerate(found.items()))]
    view = f'viewBox="0 0 {width} {height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {view} font-family="sans-serif" font-size="12">'
    return "\n".join([head, f'<rect width="{width}" height="{height}" fill="#fff"/>', *body, "</svg>", ""])


def _frame() -> Iterator[str]:
    bottom = TOP + SIDE
    yield f'<rect x="{LEFT}" y="{TOP}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#888"/>'
    yield f'<line x1="{LEFT}" y1="{bottom}" x2="{LEFT + SIDE}" y2="{TOP}" stroke="#ddd"/>'
    for tick in (0.0, 0.5, 1.0):
        yield f'<text x="{LEFT + tick * SIDE}" y="{bottom + 16}" text-anchor="middle">{tick:g}</text>'
        yield f'<text x="{LEFT - 6}" y="{bottom - tick * SIDE + 4}" text-anchor="end">{tick:g}</text>'
    yield f'<text x="{LEFT + SIDE / 2}" y="{bottom + 34}" text-anchor="middle">false positive rate (frames)</text>'
    yield f'<text transform="translate(12 {TOP + SIDE / 2}) rotate(-90)" text-anchor="middle">true positive rate</text>'


def _curve(number: int, name: str, values: F64, labels: Flags) -> str:
    false, true = roc_curve(values, labels)
    at = np.linspace(0, 1, POINTS)
    path = " ".join(f"{LEFT + x * SIDE:.1f},{TOP + (1 - np.interp(x, false, true)) * SIDE:.1f}" for x in at)
    colour, y = COLOURS[number % len(COLOURS)], TOP + 14 + 20 * number
    area = roc_auc(values, labels) or 0.5
    thickness, dashes = 1.5 if number else 3, DASHES[number % len(DASHES)]
    line = f'stroke="{colour}" stroke-width="{thickness}" stroke-dasharray="{dashes}"'
    start = LEFT + SIDE + 12
    return (
        f'<polyline points="{path}" fill="none" {line}/>'
        f'<line x1="{start}" y1="{y - 4}" x2="{start + 24}" y2="{y - 4}" {line}/>'
        f'<text x="{start + 30}" y="{y}">{name} {area:.2f}</text>'
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate, rank and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures" / "concealment_roc.svg")
    parser.add_argument("--seeds", default="1400-1411", help="first and last seed of the days")
    options = parser.parse_args(arguments)
    first, _, last = options.seeds.partition("-")
    found, labels = curves(range(int(first), int(last or first) + 1))
    options.out.write_text(svg(found, labels), encoding="utf-8")
    print(f"{options.out}: {len(labels)} simulated frames, {labels.mean():.2%} labelled")
    for name, values in found.items():
        print(f"{name:<22} {roc_auc(values, labels):.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
