"""The simulated camera: frames of a scene at a steady rate, the truth of each, and faults on demand."""

from __future__ import annotations

import threading
from enum import StrEnum

from hal.errors import CameraLost, CameraStalled, CameraUnavailable
from hal.ports import CameraInfo, Clock, Frame, HalSettings, Yuv420
from hal.simulated.render import Renderer
from hal.simulated.scene import Scene, Snapshot
from hal.simulated.scripts import SCENARIOS
from hal.simulated.shop import load_layout

_NAP_S = 0.02
"""How long a waiting read sleeps at a time, so that close() and injected faults end it soon."""


class Fault(StrEnum):
    """What can go wrong: no more frames, the device gone, the end of the source, the same picture for ever, or a driver
    that does not come back from a read.

    A frozen sensor wakes up when it is opened anew; a stuck driver lets go when it is healed.
    """

    STALL = "stall"
    LOST = "lost"
    END = "end"
    FROZEN = "frozen"
    STUCK = "stuck"


class SimulatedCamera:
    """A camera (hal.ports.Camera) that looks into a scene.

    Paced, it exposes a frame every 1/fps seconds of the clock and a slow reader misses frames, as with a real sensor;
    flat out (`settings.paced` false) it delivers every frame at once. Frame n always shows the scene at n/fps.
    """

    def __init__(self, settings: HalSettings, clock: Clock, scene: Scene | None = None) -> None:
        self._settings, self._clock = settings, clock
        self._scene = scene
        self._renderer: Renderer | None = None
        self._opened_s = 0.0
        self._next = 0
        self._closed = threading.Event()
        self._faults: dict[Fault, float] = {}
        self._healed = threading.Event()
        self._last: Yuv420 | None = None

    @property
    def scene(self) -> Scene:
        """The scene it looks at. Raises CameraUnavailable when the settings name an unknown one or no picture size."""
        s = self._settings
        if s.width < 16 or s.height < 16 or s.fps <= 0:
            hint = "set width and height to at least 16 and fps above 0"
            raise CameraUnavailable(f"no picture of {s.width}x{s.height} at {s.fps} fps", hint=hint)
        if self._scene is None:
            if self._settings.scene not in SCENARIOS:
                hint = f"choose one of {', '.join(SCENARIOS)}"
                raise CameraUnavailable(f"no simulated scene {self._settings.scene!r}", hint=hint)
            layout = load_layout().with_aspect(self._settings.width / self._settings.height)
            self._scene = Scene(layout, self._settings.seed, self._settings.scene)
        return self._scene

    def open(self) -> CameraInfo:
        """Start the clock of the sensor; numbering goes on after a reopening. Raises CameraUnavailable."""
        s, scene = self._settings, self.scene
        if self._renderer is None:
            self._renderer = Renderer(scene.layout, s.width, s.height, scene.light)
        self._closed.clear()
        self._faults.pop(Fault.FROZEN, None)
        self._opened_s = self._clock.monotonic() - self._next / s.fps
        view_deg = scene.layout.optics.hfov_deg
        return CameraInfo(f"simulated:{scene.script}", s.width, s.height, s.fps, live=s.paced, view_deg=view_deg)

    def read(self, timeout_s: float) -> Frame | None:
        """The next frame. Raises CameraStalled, and CameraLost when it is closed or was made to go away."""
        until_s = self._clock.monotonic() + timeout_s
        index = self._await_frame(until_s)
        if index is None or self._renderer is None:
            return None
        self._next = index + 1
        if self._last is None or not self._struck(Fault.FROZEN, index):
            scene_s = index / self._settings.fps
            scenery = self.scene.scenery(scene_s, self._settings.width)
            self._last = self._renderer.render(self.scene.figures(scene_s), index, scenery)
        picture = self._last
        t_s = index / self._settings.fps + (self._opened_s if self._settings.paced else 0.0)
        return Frame(index, t_s, picture, picture)

    def close(self) -> None:
        """Stop; a waiting read ends with CameraLost."""
        self._closed.set()

    def inject(self, fault: Fault, at_s: float = 0.0) -> None:
        """From scene time `at_s` on, fail in this way until `heal`."""
        self._healed.clear()
        self._faults[fault] = at_s

    def heal(self) -> None:
        """Take all faults back."""
        self._faults = {}
        self._healed.set()

    def truth(self, index: int) -> Snapshot:
        """What is truly there in a frame. Times are the scene's: index / fps."""
        return self.scene.at(index / self._settings.fps)

    def _await_frame(self, until_s: float) -> int | None:
        """Wait for the next frame's exposure and give its number; None at the end."""
        while True:
            index = self._due()
            if self._closed.is_set() or self._renderer is None:
                raise CameraLost("the camera is closed")
            if self._struck(Fault.LOST, index):
                raise CameraLost("the simulated camera was unplugged")
            if self._struck(Fault.END, index):
                return None
            if self._struck(Fault.STUCK, index):
                self._healed.wait()
            stalled = self._struck(Fault.STALL, index)
            due_s = self._opened_s + index / self._settings.fps if self._settings.paced else 0.0
            now_s = self._clock.monotonic()
            if not stalled and now_s >= due_s:
                return index
            if now_s >= until_s:
                raise CameraStalled(f"no frame within the time allowed, since frame {index - 1}")
            self._clock.sleep(min(_NAP_S, until_s - now_s if stalled else max(min(due_s, until_s) - now_s, 1e-4)))

    def _due(self) -> int:
        """The number of the frame to deliver next: the newest one exposed, or the next to come."""
        if not self._settings.paced:
            return self._next
        newest = int((self._clock.monotonic() - self._opened_s) * self._settings.fps + 1e-6)
        return max(self._next, newest)

    def _struck(self, fault: Fault, index: int) -> bool:
        at_s = self._faults.get(fault)
        return at_s is not None and index / self._settings.fps >= at_s
