"""What is known of a scene in one light: how it looks, what its signal is like, and where it has grown dull; pure."""

from __future__ import annotations

from typing import Any, Self

from agent.health.dirt import Dirt
from agent.health.features import Probe
from agent.health.scene import Learner, Scene
from agent.health.signal import Tone


class View:
    """Of one light; `scene` and `dirt` are None until it was looked at for `learn_s` seconds."""

    def __init__(self, learn_s: float) -> None:
        self.scene: Scene | None = None
        self.dirt: Dirt | None = None
        self.tone = Tone(learn_s)
        self._learner = Learner(learn_s)

    def learn(self, probe: Probe) -> bool:
        """Take one more probe; whether the scene is known now."""
        self._know(self._learner.add(probe), probe.t_s)
        return self.scene is not None

    def restore(self, state: dict[str, Any], t_s: float) -> Self:
        """Go on with the scene of a snapshot. Raises ValueError, KeyError or TypeError when it is none."""
        self._know(Scene.restored(state, t_s), t_s)
        return self

    def _know(self, scene: Scene | None, t_s: float) -> None:
        self.scene = scene
        self.dirt = Dirt(scene.clean, t_s) if scene else None
