"""Goals 4 and 7: our motion gate against Frigate's own, on the same frames and in a quiet process."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from hal.ports import U8, Frame
from tools.benchmarks.footage import Bench, clip_frames, shop_frames
from tools.benchmarks.peers import RunFailed, peer_packages, run_python
from tools.benchmarks.report import Row, not_measured
from tools.benchmarks.timing import Contest

GATE_TARGET, QUIET_TARGET = 0.06, 0.33
SETTLED = 60
COST, QUIET = "our motion gate / Frigate's", "quiet scene: CPU with our gate / with Frigate's"


def rows(bench: Bench) -> list[Row]:
    """Cost on real and simulated frames with the share of equal decisions, and the quiet process."""
    if bench.frigate is None:
        reason = "give a checkout of Frigate with --frigate DIR"
        return [not_measured("4", COST, GATE_TARGET, reason), not_measured("7", QUIET, QUIET_TARGET, reason)]
    try:
        return _measured(bench, bench.frigate)
    except RunFailed as failed:
        return [
            not_measured("4", COST, GATE_TARGET, str(failed)),
            not_measured("7", QUIET, QUIET_TARGET, str(failed)),
        ]


def _measured(bench: Bench, checkout: Path) -> list[Row]:
    count = bench.count(450, 120)
    scenes = {"the simulated shop": shop_frames("walker", count)}
    if bench.clip:
        scenes = {"the real clip": clip_frames(bench.clip, count, first=0)} | scenes
    runs = {name: _run(bench, checkout, frames) for name, frames in scenes.items()}
    quiet = run_python("tools.benchmarks.peer_quiet", str(checkout), str(peer_packages(bench)), str(bench.count(20, 1)))
    return [*(_cost_row(name, run) for name, run in runs.items()), _quiet_row(quiet)]


def _run(bench: Bench, checkout: Path, frames: Sequence[Frame]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "planes.npy"
        np.save(path, np.stack([_planes(frame) for frame in frames]))
        found: dict[str, Any] = run_python(
            "tools.benchmarks.peer_gate", str(checkout), str(peer_packages(bench)), str(path)
        )
    return found


def _planes(frame: Frame) -> U8:
    """A picture as Frigate holds it: Y, U and V below each other, (height * 3 / 2, width)."""
    picture = frame.main
    return np.concatenate([plane.ravel() for plane in (picture.y, picture.u, picture.v)]).reshape(-1, picture.width)


def _cost_row(scene: str, run: dict[str, Any]) -> Row:
    contest = Contest(run["ours_ms"][SETTLED:], run["theirs_ms"][SETTLED:])
    ours, theirs = np.array(run["ours"][SETTLED:]), np.array(run["theirs"][SETTLED:])
    detail = (
        f"{contest.words('its ImprovedMotionDetector')} on {scene}; {len(ours)} frames: the same decision in "
        f"{(ours == theirs).mean():.1%}, only ours sees motion in {(ours & ~theirs).mean():.1%}, only theirs in "
        f"{(theirs & ~ours).mean():.1%}"
    )
    return Row("4", f"{COST}, {scene}", contest.ratio, GATE_TARGET, detail)


def _quiet_row(run: dict[str, list[float]]) -> Row:
    ours, theirs = fmean(run["ours"]), fmean(run["theirs"])
    detail = f"{ours:.2%} of a core against {theirs:.2%}; VGA at 15 fps through the capture thread and the mailbox"
    return Row("7", QUIET, ours / theirs, QUIET_TARGET, detail)
