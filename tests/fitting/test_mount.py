"""How a camera hangs, measured by walks before random cameras; the projection is the simulation's own."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agent.domain import Box, Track
from agent.fitting.looks import MOST, Look, Looks
from agent.fitting.mount import LEAST_LOOKS, Lens, Mount, MountUnknown, measure
from hal.simulated.optics import Optics
from hal.simulated.scenario.fitting_walk import fitting_walk
from hal.simulated.scenario.layouts import shop_layout
from hal.simulated.scenario.noise import random_noise
from tools.rule_scores.walked import walked_mount
from tools.score_mount import depth_errors, score

FPS = 8
ASPECT = 16 / 9
TALL, AHEAD_M = 0.985, 0.2


@dataclass(frozen=True)
class Walk:
    """Somebody of a stature before a camera, seen with `jitter` (a share of their height); feet `hidden` for a share
    of the time.
    """

    height_m: float
    tilt_deg: float
    view_deg: float
    stature_m: float = 1.75
    jitter: float = 0.04
    misses: float = 0.1
    hidden: float = 0.0
    seconds: int = 60
    seed: int = 0

    @property
    def optics(self) -> Optics:
        down = 10 * math.tan(math.radians(self.tilt_deg))
        return Optics((0, 0, self.height_m), (0, 10, self.height_m - down), self.view_deg, ASPECT)

    @property
    def lens(self) -> Lens:
        return Lens(self.view_deg, ASPECT)

    def rows(self, depths: np.ndarray, over_m: float | np.ndarray) -> np.ndarray:
        """Where points so far away and so high are seen."""
        points = np.column_stack([np.zeros(len(depths)), depths, np.broadcast_to(over_m, len(depths))])
        return np.asarray(self.optics.project(points)[0][:, 1])

    @property
    def depths(self) -> tuple[float, float]:
        """The nearest and the farthest place where somebody is seen whole, at most 6 m apart; (0, 0) for nowhere."""
        depths = np.linspace(0.5, 14, 500)
        whole = (self.rows(depths - AHEAD_M, 0.0) < 0.97) & (self.rows(depths, self.stature_m) > 0.03)
        seen = depths[whole]
        return (float(seen[0]), float(min(seen[-1], seen[0] + 6))) if len(seen) else (0.0, 0.0)

    def looks(self) -> list[Look]:
        """What is seen while somebody goes to and fro between the nearest and the farthest place."""
        rng, (near, far) = np.random.default_rng(self.seed), self.depths
        times = np.arange(self.seconds * FPS) / FPS
        depths = near + (far - near) * (0.5 - 0.5 * np.cos(times * 0.4))
        heads = self.rows(depths, self.stature_m * TALL + 0.02 * np.sin(6 * times))
        feet = self.rows(depths - AHEAD_M - 0.08 * np.sin(7 * times), 0.0)
        tall = feet - heads
        covered = np.sin(times / 3 + rng.uniform(0, 6)) > math.cos(math.pi * self.hidden)
        feet = feet - covered * rng.uniform(0.15, 0.5, len(times)) * tall
        heads, feet = (rows + self.jitter * tall * rng.standard_normal(len(times)) for rows in (heads, feet))
        kept = rng.random(len(times)) > self.misses
        return [Look(*look) for look in np.column_stack([times, heads, feet])[kept].tolist()]

    def depth_off(self, mount: Mount) -> float:
        """The largest error of a depth where somebody walked, beside half a metre at least."""
        depths = np.linspace(*self.depths, 9)
        v = (self.rows(depths, 0.0) - 0.5) / Lens(mount.view_deg, ASPECT).focal
        told = mount.height_m / np.tan(np.radians(mount.tilt_deg) + np.arctan(v))
        return float(np.max(np.abs(told - depths) / np.maximum(depths, 1.0)))


walks = st.builds(
    Walk,
    height_m=st.floats(2.0, 5.0),
    tilt_deg=st.floats(5.0, 60.0),
    view_deg=st.floats(50.0, 110.0),
    stature_m=st.floats(1.5, 2.0),
    jitter=st.floats(0.02, 0.08),
    misses=st.floats(0.0, 0.3),
    hidden=st.sampled_from([0.0, 0.1, 0.2]),
    seed=st.integers(0, 1000),
)


@given(walks)
@settings(max_examples=40, deadline=None)
def test_what_is_measured_is_near_the_truth_or_refused_with_what_to_do(walk: Walk) -> None:
    near, far = walk.depths
    assume(far > 1.5 * near)
    looks = walk.looks()
    try:
        mount = measure(looks, walk.stature_m, walk.lens)
    except MountUnknown:
        assert refusal(looks, walk.lens, walk.stature_m)
        return
    assert walk.depth_off(mount) < max(0.15, 6 * mount.depth_se)
    assert abs(mount.height_m - walk.height_m) < max(5 * mount.height_se_m, 0.1 * walk.height_m)
    assert abs(mount.tilt_deg - walk.tilt_deg) < max(5 * mount.tilt_se_deg, 3.0)


@given(
    st.builds(Walk, st.floats(2.3, 4.0), st.floats(12, 32), st.floats(60, 90), jitter=st.floats(0.02, 0.06)),
    st.booleans(),
)
@settings(max_examples=15, deadline=None)
def test_a_usual_camera_is_always_measured(walk: Walk, taped: bool) -> None:
    assume(walk.depths[1] - walk.depths[0] >= 3.0)
    mount = measure(walk.looks(), walk.stature_m, walk.lens, walk.height_m if taped else None)
    assert walk.depth_off(mount) < 0.1
    assert mount.agreed > 0.9
    assert mount.depth_se < 0.06


def test_hidden_feet_are_left_out() -> None:
    walk = Walk(2.8, 24, 80, jitter=0.03, hidden=0.25)
    mount = measure(walk.looks(), walk.stature_m, walk.lens)
    assert walk.depth_off(mount) < 0.06
    assert 0.7 < mount.agreed < 0.85


def test_a_tape_makes_the_height_surer() -> None:
    walk = Walk(2.8, 24, 80, jitter=0.07, seconds=30)
    without, taped = (measure(walk.looks(), walk.stature_m, walk.lens, tape) for tape in (None, 2.8))
    assert taped.height_se_m < without.height_se_m
    assert taped.height_se_m < 0.03 <= abs(taped.height_m - 2.8) + taped.height_se_m + 0.03
    assert taped.tilt_se_deg < without.tilt_se_deg


def test_a_longer_walk_is_surer_and_errors_are_honest() -> None:
    offs = []
    for seed in range(12):
        walk = Walk(2.8, 24, 80, jitter=0.06, seed=seed)
        mount = measure(walk.looks(), walk.stature_m, walk.lens)
        offs.append((mount.tilt_deg - walk.tilt_deg) / mount.tilt_se_deg)
    assert np.abs(offs).max() < 4
    short, long = (Walk(2.8, 24, 80, seconds=seconds) for seconds in (20, 120))
    assert measure(long.looks(), 1.75, long.lens).tilt_se_deg < measure(short.looks(), 1.75, short.lens).tilt_se_deg


def refusal(looks: list[Look], lens: Lens, stature_m: float = 1.75, tape_m: float | None = None) -> str:
    """Why nothing is measured; it says what to do, too."""
    with pytest.raises(MountUnknown) as unknown:
        measure(looks, stature_m, lens, tape_m)
    assert unknown.value.hint
    return str(unknown.value)


def test_what_cannot_be_measured_is_refused_with_the_reason() -> None:
    walk = Walk(2.8, 24, 80, jitter=0.02, seconds=240)
    looks, lens = walk.looks(), walk.lens
    assert "in 0 pictures only" in refusal([], lens)
    assert f"in {LEAST_LOOKS - 1} pictures only" in refusal(looks[: LEAST_LOOKS - 1], lens)
    standing = [look for look in looks if abs(look.foot_y - 0.7) < 0.05]
    assert len(standing) > LEAST_LOOKS
    assert "the walk was at one depth" in refusal(standing, lens)
    assert "by tape the camera hangs 4.50 m high" in refusal(looks, lens, tape_m=4.5)
    rng = np.random.default_rng(1)
    noise = [Look(k / FPS, *sorted(rng.uniform(0.1, 0.9, 2).tolist())) for k in range(300)]
    assert "fits no level floor" in refusal(noise, lens)
    steep = Walk(3.2, 54, 64, jitter=0.06, seconds=30)
    assert re.search(r"would be known to \d+% only", refusal(steep.looks(), steep.lens))


def track(number: int, box: Box, *, seen: bool = True, foot_seen: bool = True, t_s: float = 0.0) -> Track:
    return Track(number, t_s, box, 0.9, True, seen, foot_seen, box.height, 0.0, t_s)


WHOLE = Box(0.4, 0.2, 0.5, 0.8)


def test_only_who_is_seen_whole_and_alone_is_looked_at() -> None:
    looks = Looks()
    looks.frame([])
    looks.frame([track(1, WHOLE), track(2, Box(0.7, 0.2, 0.8, 0.8))])
    looks.frame([track(1, WHOLE, seen=False)])
    looks.frame([track(1, WHOLE, foot_seen=False)])
    for cut in (Box(0.4, 0.0, 0.5, 0.8), Box(0.4, 0.2, 0.5, 1.0), Box(0.0, 0.2, 0.1, 0.8), Box(0.9, 0.2, 1.0, 0.8)):
        looks.frame([track(1, cut)])
    assert (looks.kept, looks.crowded) == ([], 1)
    looks.frame([track(1, WHOLE, t_s=7.0), track(2, WHOLE)._replace(confirmed=False)])
    assert looks.kept == [Look(7.0, 0.2, 0.8)]


def test_a_long_walk_is_thinned_evenly_and_told_when_it_is_likely_enough() -> None:
    looks = Looks()
    for k in range(3 * MOST):
        looks.frame([track(1, WHOLE, t_s=float(k))])
        assert len(looks.kept) < MOST
    gaps = np.diff([look.t_s for look in looks.kept])
    assert gaps.max() <= 2 * gaps.min() + 2
    assert not looks.likely
    for k in range(1200):
        looks.frame([track(1, Box(0.4, 0.3, 0.5, 0.7), t_s=3.0 * MOST + k)])
    assert looks.likely


def test_a_walk_in_a_simulated_shop_measures_its_camera() -> None:
    offs = np.abs([one.depths for one in score(5000, 4) if one is not None])
    assert len(offs) == 4
    assert np.median(offs) < 0.03
    layout = shop_layout(5001)
    mount = walked_mount(layout, random_noise(5001), 5001)
    assert mount == walked_mount(layout, random_noise(5001), 5001)
    assert abs(mount.tilt_deg - layout.optics.tilt_deg) < 4 * mount.tilt_se_deg
    assert np.abs(depth_errors(layout.optics, mount)).max() < 0.08
    assert fitting_walk(layout, 5001).people[0].itinerary.end_s > 60


def test_a_place_where_furniture_hides_feet_does_not_tilt_the_camera() -> None:
    """Of the walks in the shipped shop every seventh look shows somebody whose feet are hidden, all beyond the rest."""
    mounts = [walked_mount(shop_layout(0), random_noise(seed), seed, taped=True) for seed in range(5001, 5009)]
    offs = [mount.tilt_deg - shop_layout(0).optics.tilt_deg for mount in mounts]
    assert abs(float(np.median(offs))) < 0.7
