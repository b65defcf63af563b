"""Goals 2 and 3: from a frame to its alarm pin, through the real threads, paced and saturated."""

from __future__ import annotations

import queue
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import fmean, median

from agent.build import make_parts
from agent.config import Config, parse_config
from agent.respond.alarms import AlarmBank
from agent.vision.detector import Detector
from agent.vision.pipeline import Outcome, Pipeline
from agent.vision.threads import CaptureThread, Counters, Mailbox, VisionThread
from hal.errors import CameraLost, CameraStalled
from hal.gpio import GpioOutputs, open_factory
from hal.ports import CameraInfo, Clock, Frame, LineSettings, Outputs
from tools.benchmarks.footage import Bench, again, shop_frames
from tools.benchmarks.report import Row
from tools.benchmarks.timing import Beat, Contest, percentile

MEDIAN_TARGET, LATE_TARGET, SATURATED_TARGET, GROWTH_TARGET = 1.12, 1.25, 2.1, 0.2
STRIPS, STRIP_WIDTH = 24, 0.2
SATURATION = 2.0
BETWEEN_PAUSES = 300


class FedCamera:
    """A camera whose frames are handed in; a frame counts as available from the moment `read` gives it out."""

    def __init__(self) -> None:
        self._frames: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
        self._closed = threading.Event()
        self.available_s: dict[int, float] = {}

    def offer(self, frame: Frame) -> None:
        """Hand in the next frame."""
        self._frames.put(frame)

    def open(self) -> CameraInfo:
        return CameraInfo("benchmark", 0, 0, 0.0, live=True)

    def read(self, timeout_s: float) -> Frame | None:
        """The next frame handed in. Raises CameraStalled, or CameraLost once it is closed."""
        try:
            frame = self._frames.get(timeout=timeout_s)
        except queue.Empty:
            raise CameraStalled("nothing was handed in") from None
        if self._closed.is_set():
            raise CameraLost("closed")
        if frame is not None:
            self.available_s[frame.index] = time.monotonic()
        return frame

    def close(self) -> None:
        self._closed.set()
        self._frames.put(None)


class StampedOutputs:
    """Outputs that note when each call of `set` had done its work."""

    def __init__(self, outputs: Outputs) -> None:
        self._outputs = outputs
        self.set_s: list[float] = []

    @property
    def names(self) -> Sequence[str]:
        return self._outputs.names

    def set(self, name: str, on: bool) -> None:
        self._outputs.set(name, on)
        self.set_s.append(time.monotonic())

    def read(self, name: str) -> bool:
        return self._outputs.read(name)

    def all_off(self) -> None:
        self._outputs.all_off()

    def close(self) -> None:
        self._outputs.close()


@dataclass(slots=True)
class Rig:
    """The threads of the agent between a camera that is fed and pins that are stamped."""

    camera: FedCamera
    outputs: StampedOutputs
    counters: Counters
    mailbox: Mailbox[Frame]
    walked: list[tuple[int, float]] = field(default_factory=list)
    offered: int = 0
    progress: threading.Condition = field(default_factory=threading.Condition)

    def offer(self, frame: Frame) -> None:
        """Hand the camera its next frame."""
        self.offered += 1
        self.camera.offer(frame)

    def under_way(self) -> int:
        """Frames that were handed in and neither walked nor dropped."""
        return self.offered - len(self.walked) - self.mailbox.dropped

    def settle(self) -> None:
        """Wait until every frame handed in was walked or dropped."""
        with self.progress:
            self.progress.wait_for(lambda: self.under_way() == 0)

    def note(self, outcome: Outcome) -> None:
        """A frame was walked."""
        with self.progress:
            self.walked.append((outcome.frame.index, time.monotonic()))
            self.progress.notify()

    def latencies_ms(self) -> dict[int, float]:
        """Milliseconds from the availability of a frame to its last pin, for the frames that moved one."""
        found, since_s = {}, 0.0
        for index, walked_s in self.walked:
            moved = [at_s for at_s in self.outputs.set_s if since_s < at_s <= walked_s]
            if moved:
                found[index] = (moved[-1] - self.camera.available_s[index]) * 1e3
            since_s = walked_s
        return found


@contextmanager
def rig(bench: Bench, config: Config, detector: Detector) -> Iterator[Rig]:
    """Start the threads over gpiozero's mock pins, and stop them in the agent's order."""
    clock: Clock = bench.clock
    camera, mailbox, counters = FedCamera(), Mailbox[Frame](), Counters()
    with tempfile.TemporaryDirectory() as folder:
        factory = open_factory("mock", folder)
        lines = {output.name: LineSettings(output.pin) for output in config.outputs}
        outputs = StampedOutputs(GpioOutputs(lines, factory))
        alarms = AlarmBank(config.outputs, outputs, clock, lambda event: None)
        made = Rig(camera, outputs, counters, mailbox)

        def make_pipeline(aspect: float) -> Pipeline:
            parts = make_parts(config, bench.detectors, detector, aspect=aspect, prefix="bench", alarms=alarms)
            return Pipeline(parts, clock.monotonic)

        capture = CaptureThread(camera, mailbox, clock, counters, lambda sample: None)
        vision = VisionThread(make_pipeline, mailbox, clock, counters, made.note, lambda: None)
        alarms.start()
        vision.start()
        capture.start()
        try:
            yield made
        finally:
            capture.stop()
            vision.stop()
            alarms.stop()
            outputs.close()
            factory.close()
        if vision.failure:
            raise vision.failure


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


def paced(bench: Bench, frames: Sequence[Frame], fps: float, count: int) -> Contest:
    """Frames through the threads at `fps`; half an interval after each, its walk done, the same model runs bare."""
    detector, bare_ms = bench.detectors.open(), []
    with rig(bench, striped(bench.model), detector) as made:
        beat = Beat(2 * fps)
        for frame in again(frames, count, fps):
            beat.wait()
            made.offer(frame)
            beat.wait()
            made.settle()
            bare_ms.append(detector.bare_invoke_ms())
        return Contest(list(made.latencies_ms().values()), bare_ms)


@dataclass(frozen=True, slots=True)
class Saturated:
    """What a camera twice as fast as the walk gave. `growth` is in frames under way, last quarter over first."""

    contest: Contest
    growth: float
    captured: int
    dropped: int


def saturated(bench: Bench, frames: Sequence[Frame], count: int) -> Saturated:
    """Frames at twice the rate that the model alone could take; now and then a pause with bare invokes."""
    detector = bench.detectors.open()
    bare_ms = [detector.bare_invoke_ms() for _ in range(20)]
    fps = SATURATION * 1e3 / median(bare_ms)
    under_way = []
    with rig(bench, striped(bench.model), detector) as made:
        beat = Beat(fps)
        for number, frame in enumerate(again(frames, count, fps), 1):
            beat.wait()
            made.offer(frame)
            under_way.append(made.under_way())
            if number % BETWEEN_PAUSES == 0:
                made.settle()
                bare_ms += [detector.bare_invoke_ms() for _ in range(20)]
        made.settle()
        pins = list(made.latencies_ms().values())
        quarter = count // 4
        growth = fmean(under_way[-quarter:]) - fmean(under_way[:quarter])
        return Saturated(Contest(pins, bare_ms), growth, made.counters.captured, made.mailbox.dropped)


def paced_rows(bench: Bench) -> list[Row]:
    """At 15 and at 30 frames a second."""
    frames, found = _walker(bench), []
    for fps in (15.0, 30.0):
        contest = paced(bench, frames, fps, bench.count(int(60 * fps), int(3 * fps)))
        found += _at_rate(contest, f"{fps:.0f} fps")
    return found


def saturated_rows(bench: Bench) -> list[Row]:
    """With more frames than can be walked."""
    return _full(saturated(bench, _walker(bench), bench.count(6000, 500)))


def _walker(bench: Bench) -> list[Frame]:
    return shop_frames("walker", bench.count(150, 45), first_s=2.0, width=640, height=360)


def _at_rate(contest: Contest, rate: str) -> list[Row]:
    pins, bare = contest.ours_ms, contest.floor_ms
    late = f"{percentile(pins, 0.99):.4g} ms against {percentile(bare, 0.99):.4g} ms for the bare invoke"
    detail = f"{contest.words('the bare invoke')}, {len(pins)} frames that moved pins, {len(bare)} invokes"
    return [
        Row("2", f"frame to pin / bare invoke at {rate}, p50", contest.ratio, MEDIAN_TARGET, detail),
        Row("2", f"frame to pin / bare invoke at {rate}, p99/p99", contest.ratio_at(0.99), LATE_TARGET, late),
    ]


def _full(found: Saturated) -> list[Row]:
    late, bare = percentile(found.contest.ours_ms, 0.99), median(found.contest.floor_ms)
    detail = f"{late:.4g} ms against {bare:.4g} ms, {len(found.contest.ours_ms)} frames that moved pins"
    growth = f"{found.captured} frames captured, {found.dropped} of them replaced by newer ones"
    return [
        Row("3", "saturated: p99 frame to pin / bare invoke", late / bare, SATURATED_TARGET, detail),
        Row("3", "saturated: growth of the frames under way", max(found.growth, 0.0), GROWTH_TARGET, growth),
    ]
