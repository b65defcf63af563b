"""The threads between camera and loop: latest frame wins, a lost camera comes back, a bug ends loudly."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from agent.domain import HealthSample
from agent.vision.pipeline import Outcome, Pipeline, StageMs
from agent.vision.threads import CaptureThread, Counters, Mailbox, VisionThread
from hal.errors import CameraLost, CameraStalled
from hal.ports import CameraInfo, Frame, Yuv420
from hal.system import SystemClock
from tests.waiting import eventually

CLOCK = SystemClock()


def frame(index: int) -> Frame:
    plane = np.zeros((4, 4), np.uint8)
    picture = Yuv420(plane, plane[::2, ::2], plane[::2, ::2])
    return Frame(index, float(index), picture, picture)


class ScriptedCamera:
    """A camera that plays a script: frames, errors to raise, and None for the end."""

    def __init__(self, script: list[Frame | Exception | None]) -> None:
        self._script = iter(script)
        self.opened = 0

    def open(self) -> CameraInfo:
        self.opened += 1
        return CameraInfo("script", 4, 4, 10.0, live=True)

    def read(self, timeout_s: float) -> Frame | None:
        step = next(self._script)
        if isinstance(step, Exception):
            raise step
        return step

    def close(self) -> None:
        pass


def capture(script: list[Frame | Exception | None]) -> tuple[list[int], list[HealthSample], Counters, ScriptedCamera]:
    camera, mailbox, counters = ScriptedCamera(script), Mailbox[Frame](), Counters()
    reports: list[HealthSample] = []
    thread = CaptureThread(camera, mailbox, CLOCK, counters, reports.append)
    thread.start()
    seen = [item.index for item in _drain(mailbox)]
    thread.stop()
    return seen, reports, counters, camera


def _drain(mailbox: Mailbox[Frame]) -> Iterator[Frame]:
    while (item := mailbox.take()) is not None:
        yield item


def test_the_latest_item_wins_and_the_rest_is_counted() -> None:
    mailbox = Mailbox[int]()
    for number in range(5):
        mailbox.put(number)
    assert (mailbox.take(), mailbox.dropped) == (4, 4)
    mailbox.close()
    assert mailbox.take() is None


def test_a_closed_mailbox_still_gives_what_is_in_it() -> None:
    mailbox = Mailbox[int]()
    mailbox.put(1)
    mailbox.close()
    assert (mailbox.take(), mailbox.take()) == (1, None)


def test_the_end_of_the_source_ends_the_thread_and_the_last_frame_arrives() -> None:
    seen, reports, counters, _ = capture([frame(0), frame(1), frame(5), None])
    assert seen[-1] == 5
    assert not reports
    assert (counters.captured, counters.missed) == (3, 3)


@pytest.mark.parametrize("error", [CameraStalled("no frame"), CameraLost("unplugged")])
def test_a_lost_camera_is_reported_once_opened_again_and_reported_back(error: Exception) -> None:
    seen, reports, counters, camera = capture([frame(0), error, error, frame(1), None])
    assert seen[-1] == 1
    assert [(report.what, str(report.state)) for report in reports] == [("signal_loss", "fault"), ("signal_loss", "ok")]
    assert camera.opened == 3
    assert (counters.stalls, counters.reopened) == (1, 1)


class FailingPipeline(Pipeline):
    """A walk with a bug in it: it fails at frame 3."""

    def __init__(self) -> None:
        self.walked: list[int] = []

    def process(self, frame: Frame) -> Outcome:
        if frame.index == 3:
            raise ZeroDivisionError("a bug")
        self.walked.append(frame.index)
        return Outcome(frame, False, (), (), (), (), StageMs())


def test_a_bug_in_the_walk_is_kept_and_ends_the_thread() -> None:
    mailbox, pipeline, ended = Mailbox[Frame](), FailingPipeline(), threading.Event()
    delivered: list[Outcome] = []
    thread = VisionThread(lambda aspect: pipeline, mailbox, CLOCK, Counters(), delivered.append, ended.set)
    thread.start()
    for index in range(4):
        mailbox.put(frame(index))
        if index < 3:
            eventually(lambda: len(delivered) == index + 1)  # noqa: B023  called before the loop goes on
    assert ended.wait(10)
    assert isinstance(thread.failure, ZeroDivisionError)
    assert pipeline.walked == [0, 1, 2]


class WatchedPipeline(FailingPipeline):
    """Notes since when its thread is said to be busy, as seen from within each look."""

    thread: VisionThread

    def __init__(self) -> None:
        super().__init__()
        self.ahead_s: list[float] = []

    def process(self, frame: Frame) -> Outcome:
        busy_since_s = self.thread.busy_since_s
        assert busy_since_s is not None
        assert self.thread.is_walking()
        self.ahead_s.append(busy_since_s - CLOCK.monotonic())
        return super().process(frame)


def test_the_first_look_may_take_longer_and_only_that() -> None:
    mailbox, pipeline = Mailbox[Frame](), WatchedPipeline()
    pipeline.thread = VisionThread(lambda aspect: pipeline, mailbox, CLOCK, Counters(), lambda _: None, lambda: None)
    pipeline.thread.start()
    for index in range(2):
        mailbox.put(frame(index))
        eventually(lambda: len(pipeline.ahead_s) == index + 1)  # noqa: B023  called before the loop goes on
    assert pipeline.ahead_s[0] > 0
    assert pipeline.ahead_s[1] <= 0
    mailbox.close()
    pipeline.thread.stop()
    assert pipeline.thread.busy_since_s is None
    assert not pipeline.thread.is_walking()
