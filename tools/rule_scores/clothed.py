"""The sense of appearance on a day of boxes: the agent's own looks and memory, over simulated colours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from agent.config import Config
from agent.domain import Track
from agent.rules.senses import NOTHING, Senses
from agent.vision.appearance import Appearance
from agent.vision.doors import Doors
from agent.vision.looks import BLACK, GREY, Cast, body_points, look_of
from hal.simulated.scenario.clothes import Wardrobe
from hal.simulated.scenario.day import CameraDay
from hal.simulated.scenario.frames import Frame

COLOURFUL = 9.0
"""How much the colours of a shop by day vary."""


class Clothed:
    """Looks at the tracks of a day; `noting` must be asked for its frames, so that the colours fit the moment."""

    def __init__(self, day: CameraDay, config: Config, aspect: float) -> None:
        self._wardrobe = Wardrobe(day, day.seed)
        self._memory = Appearance(Doors(config, aspect), aspect, config.appearance.minutes)
        self._frame: Frame | None = None

    def noting(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """The frames, each remembered while it is looked at."""
        for frame in frames:
            self._frame = frame
            yield frame

    def senses(self, t_s: float, tracks: Sequence[Track]) -> Senses:
        """What the camera would say of the people in the frame that was noted last."""
        assert self._frame is not None
        self._memory.see(t_s, tracks)
        for track in self._memory.due(t_s, tracks):
            samples = self._wardrobe.colours(self._frame, body_points(track.box).astype(np.float64))
            self._memory.learn(t_s, track.id, look_of(samples.astype(np.float32), self._cast(t_s)))
        return self._memory.tell(t_s, NOTHING)

    def _cast(self, t_s: float) -> Cast:
        y, u, v = self._wardrobe.background(t_s)
        return Cast(float(y) - BLACK, float(u) - GREY, float(v) - GREY, COLOURFUL)
