"""Learn the score of `concealment` from simulated poses of development seeds; writes agent/rules/pose_learned.py.

    python -m models.train.hands.fit --days 300 --minutes 60 --learners 2 --kept .cache/train/hands

Days are made once, one file each. Interrupt it and start it again: it goes on from what is kept.
"""

from __future__ import annotations

import argparse
import sys
from base64 import b85encode
from collections.abc import Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np

from agent.rules.pose_learned import NET
from agent.rules.pose_net import Layer, Net
from agent.rules.pose_numbers import COLUMN, F32

from .days import CLEAR, Days, day_of, joined

HOME = Path(__file__).resolve().parents[3] / "agent" / "rules" / "pose_learned.py"
COARSE = 127
WIDTH = 110
HEAD = '''"""What the score of `concealment` has learned: a network over the last seconds of a hand. Do not edit.

Written by `python -m models.train.hands.fit`; the model card is in docs/concealment.md.
"""

from __future__ import annotations

from agent.rules.pose_net import read_net, read_numbers

USUAL = read_numbers("""
{usual}
""")
"""The numbers of somebody who hides nothing, on average."""
SHAPES = {shapes}
"""Inputs and outputs of each layer."""
SCALES = """
{scales}
"""
WEIGHTS = """
{weights}
"""
NET = read_net(SHAPES, SCALES, WEIGHTS)
'''


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the days, learn, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=300, help="the first seed; all must be below 1000")
    parser.add_argument("--days", type=int, default=300)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long to learn")
    parser.add_argument("--learners", type=int, default=2, help="networks that learn side by side and become one")
    parser.add_argument("--widen", action="store_true", help="begin from the network that is there, made wider")
    parser.add_argument(
        "--shift", type=float, default=0.0, help="added to the log-odds: puts 0.5 of the score elsewhere"
    )
    parser.add_argument("--jobs", type=int, default=2, help="processes that make days")
    parser.add_argument(
        "--kept", type=Path, default=Path(".cache/train/hands"), help="where days and learners are kept"
    )
    parser.add_argument("--out", type=Path, default=HOME)
    options = parser.parse_args(arguments)
    options.kept.mkdir(parents=True, exist_ok=True)
    paths = made(range(options.first, options.first + options.days), options.kept, options.jobs)
    net = learned(Lesson(paths, options.minutes, options.kept, options.learners, options.widen))
    options.out.write_text(written(net, usual_of(read(paths)), options.shift))
    return 0


def made(seeds: range, kept: Path, jobs: int) -> list[Path]:
    """The files of days, each made if it is not there."""
    with get_context("spawn").Pool(jobs) as pool:
        return pool.map(partial(_made, kept=kept), seeds, 1)


def _made(seed: int, kept: Path) -> Path:
    path = kept / f"{seed}.npz"
    if not path.exists():
        part = path.with_suffix(".part.npz")
        np.savez(part, **day_of(seed)._asdict())
        part.rename(path)
    return path


def read(paths: Sequence[Path]) -> Days:
    """The days of those files, in one."""
    return joined([_read(path) for path in paths])


def _read(path: Path) -> Days:
    with np.load(path) as day:
        return Days(*(day[name] for name in Days._fields))


class Lesson(NamedTuple):
    """What to learn from, for how long, where learners are kept, how many, and whether from what is known."""

    paths: Sequence[Path]
    minutes: float
    kept: Path
    learners: int
    widen: bool


def learned(lesson: Lesson) -> Net:
    """A network that was taught: the mean of those that learned side by side."""
    with get_context("spawn").Pool(lesson.learners) as pool:
        return averaged(pool.map(partial(_taught, lesson=lesson), range(lesson.learners), 1))


def _taught(number: int, lesson: Lesson) -> Net:
    import torch  # not there where days are made and networks are written

    from .teach import HandNet, Learner, widened

    torch.set_num_threads(1)
    torch.manual_seed(1)  # all begin alike, or their mean would mean nothing
    learner = Learner(number, lesson.kept, widened(NET) if lesson.widen else HandNet())
    return learner.learn(read(lesson.paths), lesson.minutes, lesson.learners - 1).net()


def averaged(nets: Sequence[Net]) -> Net:
    """Weight by weight the mean of networks of one shape, which must have stayed near one another."""
    stacks = zip(*([net.first, *net.middle, net.last] for net in nets), strict=True)
    layers = [Layer(_mean([one.weights for one in stack]), _mean([one.bias for one in stack])) for stack in stacks]
    return Net(layers[0], tuple(layers[1:-1]), layers[-1])


def _mean(parts: Sequence[F32]) -> F32:
    return np.asarray(np.mean(parts, 0), np.float32)


def usual_of(days: Days) -> F32:
    """The mean numbers (k,) of people who are there and hide nothing."""
    rows = days.rows[(days.labels == CLEAR).all(1) & (days.rows[:, COLUMN["there"]] > 0)]
    return np.asarray(rows.mean(0, dtype=np.float64), np.float32)


def written(net: Net, usual: F32, shift: float = 0.0) -> str:
    """The module that holds a network, its weights as whole numbers -127..127 with a scale for each output."""
    layers = [net.first, *net.middle, Layer(net.last.weights, net.last.bias + np.float32(shift))]
    scales = [np.maximum(np.abs(layer.weights).max(0), 1e-12) / COARSE for layer in layers]
    coarse = [np.rint(layer.weights / scale).astype(np.int8) for layer, scale in zip(layers, scales, strict=True)]
    fine = [part for layer, scale in zip(layers, scales, strict=True) for part in (scale, layer.bias)]
    return HEAD.format(
        usual=_text(usual.astype("<f4").tobytes()),
        shapes=tuple(layer.weights.shape for layer in layers),
        scales=_text(np.concatenate(fine).astype("<f4").tobytes()),
        weights=_text(b"".join(part.tobytes() for part in coarse)),
    )


def _text(content: bytes) -> str:
    words = b85encode(content).decode()
    return "\n".join(words[first : first + WIDTH] for first in range(0, len(words), WIDTH))


if __name__ == "__main__":
    sys.exit(main())
