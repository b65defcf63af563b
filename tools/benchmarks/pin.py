"""Goals 2 and 3: from a frame to its alarm pin, through the real threads, paced and saturated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

from agent.config import Config, parse_config
from hal.ports import Frame
from tools.benchmarks.footage import Bench, again, shop_frames
from tools.benchmarks.report import Row
from tools.benchmarks.rig import Rig, rig
from tools.benchmarks.timing import Beat, Contest, percentile

MEDIAN_TARGET, LATE_TARGET, SATURATED_TARGET, GROWTH_TARGET = 1.12, 1.25, 2.1, 0.2
STRIPS, STRIP_WIDTH = 24, 0.2
SATURATION = 2.0
WALK_FPS = 15.0
BETWEEN_PAUSES = 300


def striped(model: str) -> Config:
    """Overlapping restricted strips over the whole picture, each with its own output: who walks moves many pins."""
    tables = [f'[model]\nname = "{model}"']
    for number in range(STRIPS):
        left = number * (1 - STRIP_WIDTH) / (STRIPS - 1)
        right = left + STRIP_WIDTH
        tables += [
            f'[[zone]]\nname = "strip{number}"\nkind = "restricted"',
            f"polygon = [[{left}, 0.0], [{right}, 0.0], [{right}, 1.0], [{left}, 1.0]]",
            f'[[output]]\nname = "pin{number}"\npin = {number + 2}',
            f'[[rule]]\nkind = "restricted"\nzone = "strip{number}"\nactions = ["pin{number}"]',
        ]
    return parse_config("\n".join(tables))


def paced(bench: Bench, frames: Sequence[Frame], fps: float, count: int) -> tuple[Contest, str]:
    """Frames through the threads at `fps`; half an interval after each, one for which the model only runs bare."""
    with rig(bench, striped(bench.model), bench.detectors.open()) as made:
        beat = Beat(2 * fps)
        for frame in again(frames, count, fps):
            for bare in (False, True):
                beat.wait()
                made.settle()
                made.offer(frame, bare=bare)
        made.settle()
        return made.contest()


@dataclass(frozen=True, slots=True)
class Saturated:
    """What a camera twice as fast as the walk gave. `growth` is in frames under way, last quarter over first."""

    contest: Contest
    growth: float
    captured: int
    dropped: int
    left_out: str


def saturated(bench: Bench, frames: Sequence[Frame], count: int) -> Saturated:
    """Frames at twice the rate that the model alone could take; now and then a pause in which it runs bare."""
    with rig(bench, striped(bench.model), bench.detectors.open()) as made:
        _run_bare(made, frames[0])
        fps = SATURATION * 1e3 / median(made.bare.values())
        beat, under_way = Beat(fps), []
        held = [frame for frame in frames for _ in range(round(fps / WALK_FPS))]  # people go on walking at their pace
        for number, frame in enumerate(again(held, count, fps), 1):
            beat.wait()
            made.offer(frame)
            under_way.append(made.under_way())
            if number % BETWEEN_PAUSES == 0:
                made.settle()
                _run_bare(made, frame)
        made.settle()
        quarter = count // 4
        growth = fmean(under_way[-quarter:]) - fmean(under_way[:quarter])
        contest, left_out = made.contest()
        return Saturated(contest, growth, made.counters.captured, made.mailbox.dropped, left_out)


def _run_bare(made: Rig, frame: Frame, times: int = 20) -> None:
    for _ in range(times):
        made.offer(frame, bare=True)
        made.settle()


def paced_rows(bench: Bench) -> list[Row]:
    """At 15 and at 30 frames a second."""
    frames, found = _walker(bench), []
    for fps in (15.0, 30.0):
        contest, left_out = paced(bench, frames, fps, bench.count(int(60 * fps), int(3 * fps)))
        found += _at_rate(contest, f"{fps:.0f} fps", left_out)
    return found


def saturated_rows(bench: Bench) -> list[Row]:
    """With more frames than can be walked."""
    return _full(saturated(bench, _walker(bench), bench.count(6000, 500)))


def _walker(bench: Bench) -> list[Frame]:
    return shop_frames("walker", bench.count(150, 45), first_s=2.0, width=640, height=360)


def _at_rate(contest: Contest, rate: str, left_out: str) -> list[Row]:
    pins, bare = contest.ours_ms, contest.floor_ms
    late = f"{percentile(pins, 0.99):.4g} ms against {percentile(bare, 0.99):.4g} ms for the bare invoke"
    detail = f"{contest.words('the bare invoke')}, {len(pins)} frames that moved pins, {len(bare)} invokes; {left_out}"
    return [
        Row("2", f"frame to pin / bare invoke at {rate}, p50", contest.ratio, MEDIAN_TARGET, detail),
        Row("2", f"frame to pin / bare invoke at {rate}, p99/p99", contest.ratio_at(0.99), LATE_TARGET, late),
    ]


def _full(found: Saturated) -> list[Row]:
    late, bare = percentile(found.contest.ours_ms, 0.99), median(found.contest.floor_ms)
    detail = (
        f"{late:.4g} ms against {bare:.4g} ms, {len(found.contest.ours_ms)} frames that moved pins; {found.left_out}"
    )
    growth = f"{found.captured} frames captured, {found.dropped} of them replaced by newer ones"
    return [
        Row("3", "saturated: p99 frame to pin / bare invoke", late / bare, SATURATED_TARGET, detail),
        Row("3", "saturated: growth of the frames under way", max(found.growth, 0.0), GROWTH_TARGET, growth),
    ]
