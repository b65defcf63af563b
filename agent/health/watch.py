"""Looks after one camera's picture as its frames go by, and carries what it learned over a restart."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import msgspec

from agent.domain import HealthSample, Track
from agent.health.image import LEARN_S, ImageHealth
from agent.health.picture import probe_of
from agent.health.readings import ReadingSink
from hal.ports import Frame

log = logging.getLogger(__name__)

KEY = "scene"
KEEP_EVERY_S = 600.0
"""Seconds between two snapshots."""


def never() -> bool:
    """The shop is never known to be closed."""
    return False


def nowhere(_: bytes) -> None:
    """Where there is nothing to keep a snapshot in."""


class PictureWatch:
    """The check of the pipeline. `dark_expected` says whether the shop is closed now; `keep` takes the snapshot of a
    new scene, on the vision thread, and must not block; an empty one stands for no scene. Later ones wait in `unkept`.

    `sinks` get readings of lens, focus and lamp, on the vision thread. `rebase` may be called from any thread; the
    scene is then learned anew with the next probe.
    """

    def __init__(
        self,
        learn_s: float = LEARN_S,
        dark_expected: Callable[[], bool] = never,
        keep: Callable[[bytes], None] = nowhere,
    ) -> None:
        self._health = ImageHealth(learn_s)
        self.dark_expected = dark_expected
        self._keep = keep
        self._kept_s: float | None = None
        self._unkept: bytes | None = None
        self._rebase = False
        self.sinks: list[ReadingSink] = []

    @property
    def blind(self) -> str | None:
        """Why the picture cannot be trusted now, None while it can."""
        return self._health.blind

    def check(self, frame: Frame, tracks: Sequence[Track]) -> Sequence[HealthSample]:
        """What has changed by this frame; most frames are passed over."""
        if not self._health.due(frame.t_s):
            return ()
        over = self._learn_anew(frame.t_s) if self._rebase else []
        self._keep_sometimes(frame.t_s)
        people = [track.box for track in tracks if frame.t_s - track.last_seen_s < 2.0]
        told = self._health.update(probe_of(frame, people), dark_expected=self.dark_expected())
        for reading in self._health.readings:
            for sink in self.sinks:
                sink(reading)
        return [*over, *told]

    def rebase(self) -> None:
        """The camera was moved, cleaned or refocused on purpose."""
        self._rebase = True

    def unkept(self) -> dict[str, bytes]:
        """A newer snapshot than was kept, for whoever writes next; once, from any thread."""
        newer, self._unkept = self._unkept, None
        return {} if newer is None else {KEY: newer}

    def _learn_anew(self, t_s: float) -> list[HealthSample]:
        """Forget the scene, kept or not: after a restart the old one would call the new one moved."""
        self._rebase, self._kept_s, self._unkept = False, None, None
        self._keep(b"")
        return self._health.rebase(t_s)

    def _keep_sometimes(self, t_s: float) -> None:
        if self._kept_s is not None and t_s - self._kept_s < KEEP_EVERY_S:
            return
        state = self._health.snapshot()
        if state is None:
            return
        scene = msgspec.msgpack.encode(state)
        if self._kept_s is None:
            self._keep(scene)
        else:
            self._unkept = scene
        self._kept_s = t_s

    def restore(self, kept: bytes, t_s: float) -> None:
        """Go on with a learned scene; one that cannot be read is learned anew, with a warning."""
        try:
            self._health.restore(msgspec.msgpack.decode(kept), t_s)
        except (msgspec.DecodeError, ValueError, KeyError, TypeError) as error:
            log.warning("the learned scene cannot be read, it is learned anew: %s", error)
