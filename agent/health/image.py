"""The health of the picture: learns what this camera usually sees and tells when it is covered, blurred, moved, frozen.

Used from the vision thread, once a second. Each light (by day, by infrared, lights off) has a reference of its own;
another light is believed only where the scene is still there, lest a cover be learned. What is told are changes of
state, in the words of docs/design/semantics.md; `image` itself is `unknown` while the scene is being learned or people
hide it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from agent.domain import HealthSample, HealthState
from agent.health.episode import Episode
from agent.health.features import Features, Probe, compare, likeness
from agent.health.judge import Finding, Normal, judge, same_place
from agent.health.light import Light, LightSense
from agent.health.optics import Optics
from agent.health.readings import Reading
from agent.health.scene import Scene
from agent.health.signal import Repeats
from agent.health.view import View

EVERY_S = 1.0
LEARN_S = 60.0
CROWDED = 0.7
HOLDS_S = {"covered": 10.0, "defocused": 30.0, "moved": 30.0, "too_dark": 30.0, "too_bright": 30.0}
SIGNAL_HOLDS_S = {"frozen": 3.0, "noisy": 300.0, "ir_cut": 300.0, "banding": 300.0, "dirt": 1200.0}
"""By what the signal shows. The first equal pair of probes may come 2 s after the picture froze: told within 5 s."""
BLINDING = (*HOLDS_S, "frozen")
BANDING = 3.0
LEAST_EDGES = 0.6
"""A scene without light is only judged by its structure where it keeps as much of its edges from probe to probe."""
AS_BY_DAY, DAY_CONTRAST = 0.6, 0.7
"""Shares of the day's grey level and contrast at which the shop's own lamps are on."""


LEARNING = {
    Light.DAY: "the scene is being learned",
    Light.IR: "the scene is being learned by infrared light",
    Light.OFF: "the scene is being learned without light",
}


class ImageHealth:
    """One camera's. `learn_s` is how long a new scene is looked at before it is judged by."""

    def __init__(self, learn_s: float = LEARN_S) -> None:
        self._learn_s = learn_s
        self._due_s = -np.inf
        self.readings: list[Reading] = []
        self._optics = Optics()
        self._begin()

    @property
    def learning(self) -> bool:
        """Whether the scene is not known yet."""
        return self._now.scene is None

    @property
    def light(self) -> Light:
        """The light by which the picture is judged."""
        return self._light

    @property
    def blind(self) -> str | None:
        """Why the picture cannot be trusted now; None while it can."""
        if self._told in (None, HealthState.UNKNOWN):
            return "learning" if self.learning else "crowded"
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
        self._repeats.take(probe.raw)
        crowded = bool(probe.hidden.mean() > CROWDED)
        stuck = None if crowded else self._look(probe, dark_expected)
        signs = self._now.tone.take(probe, self._repeats) or self._borrowed()
        if signs and stuck:
            signs["ir_cut"] = stuck
        changes = [change for name, sign in signs.items() for change in self._sign(name, probe, sign)]
        if self._now.scene is None:
            return changes + self._learn(probe, crowded)
        if crowded:
            return changes + self._tell(probe.t_s, HealthState.UNKNOWN, "people hide the scene")
        return changes + self._judge(self._now.scene, probe, dark_expected)

    def rebase(self, t_s: float) -> list[HealthSample]:
        """The camera was moved, cleaned or refocused on purpose: learn the scene anew; what is over by that."""
        over = [sample for episode in (self._trouble, *self._signs.values()) for sample in episode.end(t_s)]
        self._begin()
        return over

    def snapshot(self) -> dict[str, Any] | None:
        """The scene in each light, to survive a restart; None while none is known."""
        return {light: view.scene.snapshot() for light, view in self._views.items() if view.scene} or None

    def restore(self, state: dict[str, Any], t_s: float) -> None:
        """Go on with the scenes of a snapshot. Raises ValueError, KeyError or TypeError when they are none."""
        if not state:
            raise ValueError("no scene in any light")
        self._views |= {Light(light): View(self._learn_s).restore(one, t_s) for light, one in state.items()}
        self._light = next(light for light, view in self._views.items() if view.scene)

    @property
    def _now(self) -> View:
        return self._views[self._light]

    def _begin(self) -> None:
        self._views = {light: View(self._learn_s) for light in Light}
        self._light = Light.DAY
        self._sense = LightSense()
        self._repeats = Repeats()
        self._trouble = Episode(HOLDS_S)
        self._signs = {name: Episode({name: hold_s}) for name, hold_s in SIGNAL_HOLDS_S.items()}
        self._told: HealthState | None = None

    def _look(self, probe: Probe, closed: bool) -> Finding | None:
        """Find out by which light the probe is judged; colours that are gone by day are a finding."""
        day = self._views[Light.DAY].scene
        light = self._sense.take(probe, day.normal if day else None, closed=closed)
        stuck = _colours_gone(probe, day) if day and light is Light.IR else None
        if stuck is None and (self._views[light].scene or self._may_learn(light, probe)):
            self._light = light
        elif self._now.scene is None:
            self._light = next(known for known, view in self._views.items() if view.scene)
        return stuck

    def _may_learn(self, light: Light, probe: Probe) -> bool:
        """Whether the probe shows the scene in a light in which it is not known: the first, or what is there holds."""
        known = [view.scene for of, view in self._views.items() if view.scene and of is not Light.OFF]
        if light is Light.OFF or not known:
            return True
        return any(same_place(compare(probe, scene.reference), scene.normal) for scene in known)

    def _borrowed(self) -> dict[str, Finding | None]:
        """What is known of the signal in another light, while this one's is being learned: whether it is frozen."""
        found = (view.tone.frozen(self._repeats) for view in self._views.values() if view.tone.known)
        return {} if self._light is Light.OFF else {"frozen": next((one for one in found if one), None)}

    def _learn(self, probe: Probe, crowded: bool) -> list[HealthSample]:
        known = self._now.learn(probe) if not crowded else False
        state, detail = (
            (HealthState.OK, "the scene is known") if known else (HealthState.UNKNOWN, LEARNING[self._light])
        )
        return self._trouble.update(probe.t_s, None) + self._tell(probe.t_s, state, detail)

    def _judge(self, scene: Scene, probe: Probe, closed: bool) -> list[HealthSample]:
        seen, off = compare(probe, scene.reference), self._light is Light.OFF
        dark_expected = closed and not (self._light is Light.IR and self._views[Light.DAY].scene)
        judged = not off or scene.normal.edges.median >= LEAST_EDGES
        finding = judge(seen, scene.normal, dark_expected=dark_expected) if judged else None
        changes = self._trouble.update(probe.t_s, finding)
        changes += self._sign("banding", probe, None if finding else _banded(seen, scene.normal))
        changes += self._sign("dirt", probe, self._dulled(probe, seen, settled=finding is None and not off))
        if finding is None and not off:
            coloured = self._light is Light.DAY
            self.readings = self._optics.take(probe, seen, scene.reference, self._now.tone.level, coloured=coloured)
        if finding is None and (off or not dark_expected):
            scene.follow(probe, seen)
        return changes + self._tell(probe.t_s, HealthState.OK, "")

    def _sign(self, name: str, probe: Probe, finding: Finding | None) -> list[HealthSample]:
        return self._signs[name].update(probe.t_s, finding)

    def _tell(self, t_s: float, state: HealthState, detail: str) -> list[HealthSample]:
        if state == self._told:
            return []
        self._told = state
        return [HealthSample("image", state, t_s, t_s, 1.0, detail)]

    def _dulled(self, probe: Probe, seen: Features, *, settled: bool) -> Finding | None:
        """Dirt that is seen in any light lasts through the others."""
        if settled and self._now.dirt:
            self._now.dirt.update(probe.t_s, seen)
        found = (view.dirt.finding() for view in self._views.values() if view.dirt)
        return next((finding for finding in found if finding), None)


def _banded(seen: Features, normal: Normal) -> Finding | None:
    usual = normal.banding
    bound = max(usual.median - (usual.below(BANDING) - usual.median), 2 * usual.median)
    if seen.banding < bound:
        return None
    return Finding("banding", 0.8, f"stripes of {seen.banding:.0f} grey levels: lamps or the sensor's wiring")


def _colours_gone(probe: Probe, day: Scene) -> Finding | None:
    """A picture without colour in the light of the day: the camera sees by night while the lamps are on."""
    if probe.luma.mean() < AS_BY_DAY * day.normal.mean.median:
        return None
    gain, coarse = likeness(probe, day.reference)
    if gain < DAY_CONTRAST * day.normal.gain.median or coarse < day.normal.coarse.below(0.1):
        return None
    return Finding("ir_cut", 0.8, "the colours are gone while the light is as by day: the infrared filter is stuck")
