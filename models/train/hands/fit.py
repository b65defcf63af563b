"""Learn the score of `concealment` from simulated poses of development seeds; writes agent/rules/pose_learned.py."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from textwrap import wrap

import numpy as np

from agent.rules.pose_trees import Tree
from models.train.hands.boosting import Recipe, boosted
from models.train.hands.cases import Cases, cases_of

HOME = Path(__file__).resolve().parents[3] / "agent" / "rules" / "pose_learned.py"
HEAD = '''"""What the score of `concealment` has learned: trees over the traits of a hand. Do not edit.

Written by `python -m models.train.hands.fit`; the model card is in docs/concealment.md.
"""

from __future__ import annotations

from agent.rules.pose_trees import read_trees

BASE = {base:.4f}
"""Log-odds before any tree has spoken."""
TREES = read_trees("""
{rows}
""")
"""Each row has the inputs that its splits ask for, their limits and the means of its nodes."""
'''


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw the days, learn, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=300, help="the first seed; all must be below 1000")
    parser.add_argument("--days", type=int, default=40)
    parser.add_argument("--kept", type=float, default=0.15, help="share of the hands that hide nothing")
    parser.add_argument("--trees", type=int, default=Recipe().trees)
    parser.add_argument("--shift", type=float, default=-2.2, help="added to the base: puts 0.5 of the score elsewhere")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument(
        "--cases",
        type=Path,
        action="append",
        default=[],
        help="keep the cases in this file, or take them from there; files that are there already may be given together",
    )
    parser.add_argument("--out", type=Path, default=HOME)
    options = parser.parse_args(arguments)
    cases = _cases(options)
    print(f"{len(cases.labels)} cases, {cases.labels.sum()} of hiding")
    base, trees = boosted(cases.traits, cases.labels, Recipe(trees=options.trees))
    options.out.write_text(written(base + options.shift, trees))
    return 0


def _cases(options: argparse.Namespace) -> Cases:
    if options.cases and all(path.exists() for path in options.cases):
        return _joined([_kept(path) for path in options.cases])
    with get_context("spawn").Pool(options.jobs) as pool:
        days = pool.map(partial(cases_of, kept=options.kept), range(options.first, options.first + options.days), 1)
    cases = _joined(days)
    for path in options.cases[:1]:
        np.savez(path, **cases._asdict())
    return cases


def _kept(path: Path) -> Cases:
    with np.load(path) as kept:
        return Cases(*(kept[name] for name in Cases._fields))


def _joined(parts: Sequence[Cases]) -> Cases:
    return Cases(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def written(base: float, trees: Sequence[Tree]) -> str:
    """The module that holds these trees."""
    rows = ("\n  ".join(wrap(_row(tree), 116, break_on_hyphens=False)) for tree in trees)
    return HEAD.format(base=base, rows="\n".join(rows))


def _row(tree: Tree) -> str:
    limits, means = (f"{value:.4g}" for value in tree.limits), (f"{value:.3g}" for value in tree.means)
    return " ".join((*map(str, tree.asks), *limits, *means))


if __name__ == "__main__":
    sys.exit(main())
