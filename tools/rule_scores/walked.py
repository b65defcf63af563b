"""What a walk test measures of a simulated camera's mount: somebody walks, the agent's own tracker sees them."""

from __future__ import annotations

import numpy as np

from agent.domain import Box, Detection
from agent.fitting.looks import Look, Looks
from agent.fitting.mount import Lens, Mount, MountUnknown, measure
from agent.vision.handover import Handover
from agent.vision.tracker import Tracker, TrackerSettings
from hal.simulated.scenario.fitting_walk import FittingWalk, fitting_walk
from hal.simulated.scenario.frames import frames
from hal.simulated.scenario.noise import Noise, perturbed
from hal.simulated.shop import Layout

STATURE_SD_M, VIEW_SD, TAPE_SD_M = 0.02, 0.01, 0.03
"""How far what people say is off: their stature, the maker's view of the lens (as a share), and a tape."""


WALKS, AGAIN = 3, 1 << 20
"""Who is told that a walk said nothing walks again, so many times."""


def fitted_mount(layout: Layout, noise: Noise, seed: int) -> Mount | None:
    """The mount as whoever fits a camera leaves it: by tape and a walk, or another; None where all say nothing."""
    for walk in range(WALKS):
        try:
            return walked_mount(layout, noise, seed + walk * AGAIN, taped=True)
        except MountUnknown:
            continue
    return None


def walked_mount(
    layout: Layout, noise: Noise, seed: int, *, taped: bool = False, view_deg: float | None = None
) -> Mount:
    """The mount by a walk of a minute, with what an installer says wrong; `view_deg` is assumed where it is given.

    The same arguments give the same mount. Raises MountUnknown.
    """
    walk, optics = fitting_walk(layout, seed), layout.optics
    rng = np.random.default_rng((seed, 7))
    stature_m = walk.stature_m + STATURE_SD_M * float(rng.standard_normal())
    said_deg = optics.hfov_deg * (1 + VIEW_SD * float(rng.standard_normal()))
    tape_m = optics.position[2] + TAPE_SD_M * float(rng.standard_normal()) if taped else None
    lens = Lens(said_deg if view_deg is None else view_deg, optics.aspect)
    return measure(looks_of(walk, noise, seed), stature_m, lens, tape_m)


def looks_of(walk: FittingWalk, noise: Noise, seed: int) -> list[Look]:
    """What the camera keeps of a walk."""
    aspect, looks = walk.layout.optics.aspect, Looks()
    tracker, handover = Tracker(TrackerSettings(aspect=aspect)), Handover(aspect)
    for frame in perturbed(frames(walk, noise.fps), noise, seed):
        detections = [Detection(Box(*found.box), found.score) for found in frame.found]
        looks.frame(handover.update(frame.t_s, tracker.update(frame.t_s, detections)))
    return looks.kept
