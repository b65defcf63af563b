"""The health of the picture: learns what this camera usually sees and tells when it is covered, blurred, moved, frozen.

Used from the vision thread, once a second. What is told are changes of state, in the words of docs/design/semantics.md;
`image` itself is `unknown` while the scene is being learned or people hide it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from agent.domain import HealthSample, HealthState
from agent.health.dirt import Dirt
from agent.health.episode import Episode
from agent.health.features import Features, Probe, compare
from agent.health.judge import Finding, judge
from agent.health.optics import Optics
from agent.health.readings import Reading
from agent.health.scene import Learner, Scene
from agent.health.signal import Signal

EVERY_S = 1.0
LEARN_S = 60.0
CROWDED = 0.7
HOLDS_S = {"covered": 10.0, "defocused": 30.0, "moved": 30.0, "too_dark": 30.0, "too_bright": 30.0}
SIGNAL_HOLDS_S = {"frozen": 2.0, "noisy": 300.0, "ir_cut": 300.0, "banding": 300.0, "dirt": 1200.0}
"""By what the signal shows. The first equal pair of probes may come 2 s after the picture froze: told within 5 s."""
BLINDING = (*HOLDS_S, "frozen")
BANDING = 3.0


class ImageHealth:
    """One camera's. `learn_s` is how long a new scene is looked at before it is judged by."""

    def __init__(self, learn_s: float = LEARN_S) -> None:
        self._learn_s = learn_s
        self._scene: Scene | None = None
        self._dirt: Dirt | None = None
        self._due_s = -np.inf
        self.readings: list[Reading] = []
        self._optics = Optics()
        self._begin()

    @property
    def learning(self) -> bool:
        """Whether the scene is not known yet."""
        return self._scene is None

    @property
    def blind(self) -> str | None:
        """Why the picture cannot be trusted now; None while it can."""
        if self._told in (None, HealthState.UNKNOWN):
            return "crowded" if self._scene else "learning"
        return next((what for what in (self._trouble.cause, self._signs["frozen"].cause) if what in BLINDING), None)

    def due(self, t_s: float) -> bool:
        """Whether a probe is wanted at `t_s`; true once in EVERY_S."""
        if t_s < self._due_s:
            return False
        self._due_s = max(self._due_s + EVERY_S, t_s + EVERY_S / 2)
        return True

    def update(self, probe: Probe, *, dark_expected: bool = False) -> list[HealthSample]:
        """Take a probe; what has changed by it. `dark_expected` while the shop is closed.

        Now and then a healthy one brings `readings` of lens, focus and lamp.
        """
        self.readings = []
        signs = self._signal.take(probe)
        if self._scene is None:
            return self._learn(probe)
        changes = [change for name, sign in signs.items() for change in self._sign(name, probe, sign)]
        if probe.hidden.mean() > CROWDED:
            return changes + self._tell(probe.t_s, HealthState.UNKNOWN, "people hide the scene")
        seen = compare(probe, self._scene.reference)
        finding = judge(seen, self._scene.normal, dark_expected=dark_expected)
        changes += self._trouble.update(probe.t_s, finding)
        changes += self._sign("banding", probe, self._banded(seen, finding))
        changes += self._sign("dirt", probe, self._dulled(probe, seen, finding))
        if finding is None:
            self.readings = self._optics.take(probe, seen, self._scene.reference, self._signal.level)
        if finding is None and not dark_expected:
            self._scene.follow(probe, seen)
        return changes + self._tell(probe.t_s, HealthState.OK, "")

    def rebase(self, t_s: float) -> list[HealthSample]:
        """The camera was moved, cleaned or refocused on purpose: learn the scene anew; what is over by that."""
        over = [sample for episode in (self._trouble, *self._signs.values()) for sample in episode.end(t_s)]
        self._scene = self._dirt = None
        self._begin()
        return over

    def snapshot(self) -> dict[str, Any] | None:
        """The scene, to survive a restart; None while it is being learned."""
        return self._scene.snapshot() if self._scene else None

    def restore(self, state: dict[str, Any], t_s: float) -> None:
        """Go on with the scene of a snapshot. Raises ValueError, KeyError or TypeError when it is none."""
        self._scene = Scene.restored(state, t_s)
        self._dirt = Dirt(self._scene.reference, t_s)

    def _begin(self) -> None:
        self._learner = Learner(self._learn_s)
        self._signal = Signal(self._learn_s)
        self._trouble = Episode(HOLDS_S)
        self._signs = {name: Episode({name: hold_s}) for name, hold_s in SIGNAL_HOLDS_S.items()}
        self._told: HealthState | None = None

    def _learn(self, probe: Probe) -> list[HealthSample]:
        if probe.hidden.mean() <= CROWDED:
            self._scene = self._learner.add(probe)
        if self._scene is None:
            return self._tell(probe.t_s, HealthState.UNKNOWN, "the scene is being learned")
        self._dirt = Dirt(self._scene.reference, probe.t_s)
        return self._tell(probe.t_s, HealthState.OK, "the scene is known")

    def _sign(self, name: str, probe: Probe, finding: Finding | None) -> list[HealthSample]:
        return self._signs[name].update(probe.t_s, finding)

    def _tell(self, t_s: float, state: HealthState, detail: str) -> list[HealthSample]:
        if state == self._told:
            return []
        self._told = state
        return [HealthSample("image", state, t_s, t_s, 1.0, detail)]

    def _banded(self, seen: Features, finding: Finding | None) -> Finding | None:
        assert self._scene is not None
        usual = self._scene.normal.banding
        bound = max(usual.median - (usual.below(BANDING) - usual.median), 2 * usual.median)
        if finding is not None or seen.banding < bound:
            return None
        return Finding("banding", 0.8, f"stripes of {seen.banding:.0f} grey levels: lamps or the sensor's wiring")

    def _dulled(self, probe: Probe, seen: Features, finding: Finding | None) -> Finding | None:
        assert self._scene is not None
        assert self._dirt is not None
        return self._dirt.finding() if finding else self._dirt.update(probe.t_s, seen, self._scene.reference)
