"""Goal 1: what a whole frame costs beside the bare model, paced like a camera."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from statistics import median

from agent.build import make_parts
from agent.config import Config, parse_config
from agent.respond.alarms import AlarmBank
from agent.vision.pipeline import Pipeline, StageMs
from hal.ports import Frame
from hal.simulated.outputs import RecordingOutputs
from tools.benchmarks.footage import Bench, again, clip_frames, shop_frames
from tools.benchmarks.report import Row, not_measured
from tools.benchmarks.timing import Beat, Contest, Sample, calm_contest, preemptions

TARGET = 1.08
FPS = 15.0

# A shop's usual settings: three zones, two lines, a rule of every kind.
SHOP = """
[[zone]]
name = "stock"
kind = "restricted"
polygon = [[0.70, 0.20], [1.0, 0.20], [1.0, 1.0], [0.70, 1.0]]
[[zone]]
name = "spirits"
kind = "high_value"
polygon = [[0.30, 0.40], [0.70, 0.40], [0.70, 1.0], [0.30, 1.0]]
report_dwell = true
[[zone]]
name = "till"
kind = "checkout"
polygon = [[0.0, 0.50], [0.25, 0.50], [0.25, 1.0], [0.0, 1.0]]
[[line]]
name = "exit"
points = [[0.88, 0.0], [0.88, 1.0]]
[[line]]
name = "aisle"
points = [[0.0, 0.45], [0.5, 0.55], [1.0, 0.45]]
[[output]]
name = "siren"
pin = 17
[[rule]]
kind = "restricted"
zone = "stock"
actions = ["siren"]
[[rule]]
kind = "loitering"
zone = "spirits"
after_s = 10
actions = ["siren"]
[[rule]]
kind = "line_crossing"
line = "exit"
"""


@dataclass(frozen=True, slots=True)
class Walked:
    """What the frames that went through the model cost, and the bare invokes between them."""

    contest: Contest
    stages: Sequence[StageMs]
    left_out: str

    def overheads(self) -> str:
        """The medians of all stages but the model, in microseconds."""
        names = [f.name for f in fields(StageMs) if f.name not in ("invoke", "frame")]
        return ", ".join(f"{name} {1e3 * median(getattr(s, name) for s in self.stages):.0f}" for name in names)


def walk(bench: Bench, frames: Sequence[Frame], count: int) -> Walked:
    """Walk `count` frames at 15 a second; half an interval after each the same model runs bare."""
    config = parse_config(f'[model]\nname = "{bench.model}"\n{SHOP}')
    pipeline = make_pipeline(bench, config)
    beat = Beat(2 * FPS)
    stages: list[StageMs] = []
    whole: list[Sample] = []
    bare: list[Sample] = []
    for frame in again(frames, count, FPS):
        beat.wait()
        before = preemptions()
        outcome = pipeline.process(frame)
        if outcome.inferred:
            stages.append(outcome.times)
            whole.append(Sample(outcome.times.frame, preemptions() != before))
        beat.wait()
        before = preemptions()
        bare_ms = pipeline.detector.bare_invoke_ms()
        bare.append(Sample(bare_ms, preemptions() != before))
    contest, left_out = calm_contest(whole, bare)
    return Walked(contest, stages, left_out)


def make_pipeline(bench: Bench, config: Config) -> Pipeline:
    """The walk as the agent makes it, with recording outputs."""
    clock = bench.clock
    outputs = RecordingOutputs([output.name for output in config.outputs], clock)
    alarms = AlarmBank(config.outputs, outputs, clock, lambda event: None)
    detectors = bench.detectors
    parts = make_parts(config, detectors, detectors.open(), aspect=16 / 9, prefix="bench", alarms=alarms)
    return Pipeline(parts, clock.monotonic)


def rows(bench: Bench) -> list[Row]:
    """On the real clip and in the simulated shop."""
    count, pictures = bench.count(600, 40), bench.count(150, 40)
    shop = walk(bench, shop_frames("shop", pictures, first_s=12.0), count)
    real = f"whole frame / bare invoke, {bench.model}, real clip"
    if bench.clip is None:
        first = not_measured("1", real, TARGET, "no shared data here (AISLEWATCH_DATA)")
    else:
        first = _row(real, walk(bench, clip_frames(bench.clip, pictures), count))
    return [first, _row(f"whole frame / bare invoke, {bench.model}, simulated shop", shop)]


def _row(figure: str, walked: Walked) -> Row:
    contest = walked.contest
    detail = (
        f"{contest.words('the bare invoke')} at 15 fps, {len(walked.stages)} frames; of the frame, in microseconds: "
        f"{walked.overheads()}; {walked.left_out}"
    )
    return Row("1", figure, contest.ratio, TARGET, detail)
