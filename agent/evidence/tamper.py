"""Keeps what shows who covered, moved or blinded the camera: a still before and after, and the video before it."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future

from agent.domain import HealthSample, HealthState
from agent.evidence.keeper import Keeper
from agent.evidence.thread import EvidenceThread
from agent.jpeg import encode_jpeg
from agent.vision.pipeline import Outcome
from hal.ports import Frame, Yuv420

TAMPERS = frozenset(("covered", "moved", "defocused", "too_dark", "too_bright", "frozen", "signal_loss"))
BEFORE, AFTER = "before.jpg", "after.jpg"
LOOK_EVERY_S, LOOKS = 10.0, 12
"""How often a picture is put by, and how many: the longest hold and some."""
SURE_S = 2.0
"""A picture so long before the first sign of a fault does not show it yet."""
AGAIN_S = 600.0
"""A fault that comes and goes makes one clip in that time."""


class TamperWatch:
    """`frame` belongs to the vision thread, `finding` to the event loop."""

    def __init__(self, thread: EvidenceThread, pre_s: float, post_s: float) -> None:
        self._thread = thread
        self._pre_s, self._post_s = pre_s, post_s
        self._looks: deque[tuple[float, bytes]] = deque(maxlen=LOOKS)
        self._looked_s = float("-inf")
        self._looking: Future[None] | None = None
        self._latest: Frame | None = None
        self._told_s: dict[str, float] = {}

    def frame(self, outcome: Outcome) -> None:
        """A frame was walked: put its picture by now and then; it is encoded on the evidence thread."""
        self._latest = frame = outcome.frame
        if frame.t_s - self._looked_s < LOOK_EVERY_S or (self._looking and not self._looking.done()):
            return
        self._looked_s = frame.t_s
        self._looking = self._thread.call(lambda _: self._look(frame.t_s, frame.lores))

    def finding(self, sample: HealthSample) -> None:
        """Something was found out about the camera; a fault of the picture makes a clip."""
        if sample.state != HealthState.FAULT or sample.what not in TAMPERS:
            return
        if sample.t_s - self._told_s.get(sample.what, float("-inf")) < AGAIN_S:
            return
        self._told_s[sample.what] = sample.t_s
        after = self._latest if sample.what != "signal_loss" else None
        self._thread.call(lambda keeper: self._keep(keeper, sample, after))

    def _look(self, t_s: float, picture: Yuv420) -> None:
        self._looks.append((t_s, encode_jpeg(picture)))

    def _keep(self, keeper: Keeper, sample: HealthSample, after: Frame | None) -> None:
        """Begin the clip, as far back as there is video, with its two pictures."""
        start_s, end_s = sample.since_s - self._pre_s, sample.t_s + self._post_s
        want = keeper.tampered(start_s, end_s, f"tamper: {sample.what}")
        before = [jpeg for t_s, jpeg in self._looks if t_s <= sample.since_s - SURE_S]
        if before:
            keeper.picture(want, BEFORE, before[-1])
        if after is not None:
            keeper.picture(want, AFTER, encode_jpeg(after.lores))
