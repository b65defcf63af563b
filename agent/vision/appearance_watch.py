"""The sense of appearance: looks at the clothes of those in view, and tells who is possibly the same as before."""

from __future__ import annotations

from collections.abc import Sequence

from agent.domain import Track
from agent.rules.senses import Senses
from agent.vision.appearance import Appearance
from agent.vision.doors import Doors
from agent.vision.looks import body_samples, cast_of, look_of
from hal.ports import Frame

MOST_LOOKS = 2
"""How many people are looked at in one frame."""
LEAST_COLOUR = 1.5
"""Below this the picture is grey, as by infrared light, and clothes tell nothing."""


class AppearanceWatcher:
    """Fills `Senses.appearance`. Nothing that it knows leaves the memory of the process but "possible same"."""

    sense = "appearance"

    def __init__(self, doors: Doors, aspect: float, minutes: float) -> None:
        self._memory = Appearance(doors, aspect, minutes)

    def look(self, frame: Frame, tracks: Sequence[Track], senses: Senses) -> Senses:
        """Look at those whose turn it is; the links found with it."""
        self._memory.see(frame.t_s, tracks)
        due = self._memory.due(frame.t_s, tracks)[:MOST_LOOKS]
        if due and senses.blind is None:
            self._look_at(frame, due, tracks)
        return self._memory.tell(frame.t_s, senses)

    def _look_at(self, frame: Frame, due: Sequence[Track], tracks: Sequence[Track]) -> None:
        cast = cast_of(frame.lores, [track.box for track in tracks])
        if cast.colour >= LEAST_COLOUR:
            for track in due:
                self._memory.learn(frame.t_s, track.id, look_of(body_samples(frame.lores, track.box), cast))
