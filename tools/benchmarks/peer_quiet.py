"""What a quiet camera costs with our gate and with Frigate's; runs in a process of its own.

`python -m tools.benchmarks.peer_quiet CHECKOUT SITE SECONDS` prints one JSON object: shares of a core, by turns.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

import cv2
import numpy as np

from agent.vision.gate import Gate
from agent.vision.threads import CaptureThread, Counters, Mailbox
from hal.ports import CameraInfo, Frame, Yuv420
from hal.system import SystemClock
from tools.benchmarks.peer_gate import FPS, Verdict, frigate_gate

VGA = (640, 480)
TURNS = 2


class QuietCamera:
    """A camera (hal.ports.Camera) on a still scene at 15 frames a second."""

    def __init__(self, pictures: list[Yuv420], count: int) -> None:
        self._pictures, self._count, self._index = pictures, count, -1
        self._start_s = 0.0

    def open(self) -> CameraInfo:
        self._start_s = time.monotonic()
        return CameraInfo("quiet", *VGA, FPS, live=True)

    def read(self, timeout_s: float) -> Frame | None:
        self._index += 1
        if self._index >= self._count:
            return None
        time.sleep(max(0.0, self._start_s + self._index / FPS - time.monotonic()))
        picture = self._pictures[self._index % len(self._pictures)]
        return Frame(self._index, self._index / FPS, picture, picture)

    def close(self) -> None:
        """There is nothing to release."""


def quiet_cpu(verdict: Verdict, seconds: float) -> float:
    """The share of a core that the agent's capture thread, mailbox and this gate take on a still scene."""
    camera = QuietCamera(_still_pictures(), int(seconds * FPS))
    mailbox: Mailbox[Frame] = Mailbox()
    capture = CaptureThread(camera, mailbox, SystemClock(), Counters(), lambda sample: None)
    vision = threading.Thread(target=_watch, args=(mailbox, verdict))
    used_s, start_s = time.process_time(), time.monotonic()
    vision.start()
    capture.start()
    vision.join()
    share = (time.process_time() - used_s) / (time.monotonic() - start_s)
    capture.stop()
    return share


def _still_pictures() -> list[Yuv420]:
    """One empty scene with the noise of a sensor."""
    rng = np.random.default_rng(7)
    width, height = VGA
    scene = cv2.resize(rng.integers(40, 200, (12, 16)).astype(np.uint8), VGA, interpolation=cv2.INTER_CUBIC)
    noise = (rng.normal(0, 2.0, (height, width)) for _ in range(15))
    lumas = [np.clip(scene + grain, 0, 255).astype(np.uint8) for grain in noise]
    grey = np.full((height // 2, width // 2), 128, np.uint8)
    return [Yuv420(luma, grey, grey) for luma in lumas]


def _watch(mailbox: Mailbox[Frame], verdict: Verdict) -> None:
    while (frame := mailbox.take()) is not None:
        verdict(frame.t_s, frame.lores.y)


def main(checkout: str, site: str, seconds: float) -> dict[str, list[float]]:
    """Both gates by turns, each keeping what it has learnt."""
    sys.path.append(site)
    ours, theirs = Gate(), frigate_gate(Path(checkout), *VGA)
    found: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _ in range(TURNS):
        found["ours"].append(quiet_cpu(lambda t_s, luma: ours.update(t_s, luma).active, seconds))
        found["theirs"].append(quiet_cpu(theirs, seconds))
    return found


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2], float(sys.argv[3]))))
