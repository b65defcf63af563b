"""Simulated poses as a file of them would hold them, with labels: what tools/score_poses.py scores by itself."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.vision.pose_file import PoseTable
from hal.simulated.scenario.layouts import shop_layout
from hal.simulated.scenario.pose_day import PoseDay, PosePlan
from hal.simulated.scenario.pose_noise import random_pose_noise

HEIGHT_PX = 720.0


class Labelled(NamedTuple):
    """Poses and whether goods are being hidden in each (N,)."""

    table: PoseTable
    labels: NDArray[np.bool_]


def simulated(seed: int, layout: int, plan: PosePlan) -> Labelled:
    """One day of poses in a shop, with errors drawn for its seed."""
    shop, noise = shop_layout(layout), random_pose_noise(seed)
    day = PoseDay(shop, plan, seed)
    hides = [(one.person, one.start_s, one.end_s) for one in day.performed(("concealment",))]
    people = [one for _, some in day.frames(noise) for one in some]
    table = PoseTable(
        np.array([one.person for one in people]),
        np.array([round(one.t_s * noise.fps) for one in people], np.int64),
        np.stack([one.xy for one in people]) * (HEIGHT_PX * shop.optics.aspect, HEIGHT_PX),
        np.stack([one.confidence for one in people]),
        noise.fps,
    )
    labels = [any(who == one.person and a <= one.t_s <= b for who, a, b in hides) for one in people]
    return Labelled(table, np.array(labels, np.bool_))
