"""The threads of the agent between a camera that is fed by hand and pins that note when they were set."""

from __future__ import annotations

import queue
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from agent.build import make_parts
from agent.config import Config
from agent.respond.alarms import AlarmBank
from agent.vision.detector import Detector
from agent.vision.pipeline import Outcome, Parts, Pipeline, StageMs
from agent.vision.threads import CaptureThread, Counters, Mailbox, VisionThread
from hal.errors import CameraLost, CameraStalled
from hal.gpio import GpioOutputs, open_factory
from hal.ports import CameraInfo, Clock, Frame, LineSettings, Outputs
from tools.benchmarks.footage import Bench
from tools.benchmarks.timing import Contest, Sample, calm_contest, preemptions


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
    bare: dict[int, float] = field(default_factory=dict)
    preempted: set[int] = field(default_factory=set)
    offered: int = 0
    only_bare: set[int] = field(default_factory=set)
    show: Callable[[Outcome], None] = lambda outcome: None
    is_walking: Callable[[], bool] = lambda: False
    progress: threading.Condition = field(default_factory=threading.Condition)

    def offer(self, frame: Frame, *, bare: bool = False) -> None:
        """Hand the camera its next frame; for a `bare` one the model is only run, all else being the same."""
        if bare:
            self.only_bare.add(self.offered)
        self.camera.offer(Frame(self.offered, frame.t_s, frame.main, frame.lores))
        self.offered += 1

    def under_way(self) -> int:
        """Frames that were handed in and neither walked nor dropped."""
        return self.offered - len(self.walked) - self.mailbox.dropped

    def settle(self) -> None:
        """Wait until every frame handed in was walked or dropped."""
        with self.progress:
            self.progress.wait_for(lambda: self.under_way() == 0)

    def note(self, outcome: Outcome) -> None:
        """A frame was walked."""
        self.show(outcome)
        with self.progress:
            self.walked.append((outcome.frame.index, time.monotonic()))
            self.progress.notify()

    def contest(self) -> tuple[Contest, str]:
        """Frame to pin against the bare model, and which times do not count."""
        return calm_contest(
            [sample for _, sample in self.pins()],
            [Sample(ms, index in self.preempted) for index, ms in self.bare.items()],
        )

    def walks(self) -> Iterator[tuple[int, float]]:
        """Milliseconds from a frame's availability to the end of its walk, by their number."""
        for index, walked_s in self.walked:
            yield index, (walked_s - self.camera.available_s[index]) * 1e3

    def pins(self) -> Iterator[tuple[int, Sample]]:
        """Milliseconds from a frame's availability to its last pin, for the frames that moved one, by their number."""
        since_s = 0.0
        for index, walked_s in self.walked:
            moved = [at_s for at_s in self.outputs.set_s if since_s < at_s <= walked_s]
            if moved:
                ms = (moved[-1] - self.camera.available_s[index]) * 1e3
                yield index, Sample(ms, index in self.preempted)
            since_s = walked_s


class WholeOrBare(Pipeline):
    """The agent's walk; but on the frames that the rig has marked the model runs alone, on the very same thread."""

    def __init__(self, parts: Parts, clock: Clock, rig: Rig) -> None:
        super().__init__(parts, clock.monotonic)
        self._rig = rig

    def process(self, frame: Frame) -> Outcome:
        """Walk one frame, or run the model on what it holds."""
        before = preemptions()
        bare = frame.index in self._rig.only_bare
        outcome = self._run_bare(frame) if bare else super().process(frame)
        if preemptions() != before:
            self._rig.preempted.add(frame.index)
        return outcome

    def _run_bare(self, frame: Frame) -> Outcome:
        self._rig.bare[frame.index] = self.detector.bare_invoke_ms()
        return Outcome(frame, False, (), (), (), (), StageMs())


@contextmanager
def rig(bench: Bench, config: Config, detector: Detector) -> Iterator[Rig]:
    """Start the threads over gpiozero's mock pins, and stop them in the agent's order."""
    clock: Clock = bench.clock
    camera, mailbox, counters = FedCamera(), Mailbox[Frame](), Counters()
    with tempfile.TemporaryDirectory() as folder:
        factory = open_factory("mock", folder)
        lines = {output.name: LineSettings(output.pin) for output in config.outputs if output.pin is not None}
        outputs = StampedOutputs(GpioOutputs(lines, factory))
        alarms = AlarmBank(config.outputs, outputs, clock, lambda event: None)
        made = Rig(camera, outputs, counters, mailbox)

        def make_pipeline(aspect: float) -> Pipeline:
            parts = make_parts(config, bench.detectors, detector, aspect=aspect, prefix="bench", alarms=alarms)
            return WholeOrBare(parts, clock, made)

        capture = CaptureThread(camera, mailbox, clock, counters, lambda sample: None)
        vision = VisionThread(make_pipeline, mailbox, clock, counters, made.note, lambda: None)
        made.is_walking = vision.is_walking
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
