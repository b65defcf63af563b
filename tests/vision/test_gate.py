"""The gate on synthetic scenes: what is motion, what is light, what is noise; and when to look."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.domain import Box, Point
from agent.vision.gate import Gate, GatePolicy, Motion
from hal.ports import U8

WIDTH, HEIGHT, FPS = 640, 360, 15
Scene = NDArray[np.float64]


def shop(seed: int = 3) -> Scene:
    """A still background with shelves and texture."""
    random = np.random.default_rng(seed)
    coarse = random.uniform(40, 180, (18, 32))
    return np.kron(coarse, np.ones((20, 20))) + random.uniform(-10, 10, (HEIGHT, WIDTH))


def shot(scene: Scene, sigma: float = 0.0, seed: int = 0) -> U8:
    noise = np.random.default_rng(seed).normal(0, sigma, scene.shape) if sigma else 0.0
    return np.clip(scene + noise, 0, 255).astype(np.uint8)


def with_person(scene: Scene, x: float, height: float = 0.4, luma: float = 20.0) -> Scene:
    """Somebody of that share of the picture's height whose left edge is at x (0..1)."""
    frame = scene.copy()
    top, left = int(HEIGHT * (0.9 - height)), int(WIDTH * x)
    frame[top : int(HEIGHT * 0.9), left : left + max(4, int(HEIGHT * height * 0.35))] = luma
    return frame


def settled(sigma: float = 0.0, seconds: float = 3.0, masks: list[list[Point]] | None = None) -> tuple[Gate, float]:
    """A gate that has watched the empty shop."""
    gate, scene = Gate(masks or []), shop()
    for index in range(int(seconds * FPS)):
        gate.update(index / FPS, shot(scene, sigma, index))
    return gate, seconds


def test_the_first_frame_is_the_background() -> None:
    assert Gate().update(5.0, shot(shop())) == Motion(active=False)


@pytest.mark.parametrize("sigma", [0.0, 2.0, 6.0, 12.0])
def test_sensor_noise_is_no_motion(sigma: float) -> None:
    gate, now = settled(sigma, seconds=10)
    frames = (shot(shop(), sigma, 1000 + index) for index in range(90))
    assert not any(gate.update(now + index / FPS, frame).active for index, frame in enumerate(frames))


@pytest.mark.parametrize(("height", "sigma"), [(0.4, 0.0), (0.4, 6.0), (0.1, 0.0), (0.1, 3.0)])
def test_somebody_who_enters_is_motion_in_the_first_frame_at_the_place(height: float, sigma: float) -> None:
    gate, now = settled(sigma)
    motion = gate.update(now, shot(with_person(shop(), 0.5, height, luma=250.0), sigma, 99))
    assert motion.active
    assert motion.box is not None
    assert motion.box.x1 == pytest.approx(0.5, abs=0.03)
    assert motion.box.y2 == pytest.approx(0.9, abs=0.03)
    assert 0 < motion.fraction < 0.3


def test_a_walk_is_motion_all_the_way() -> None:
    gate, now = settled(2.0)
    for index in range(60):
        frame = shot(with_person(shop(), 0.1 + index * 0.012), 2.0, index)
        assert gate.update(now + index / FPS, frame).active


def test_what_stays_becomes_background_and_later_leaves_no_ghost_for_ever() -> None:
    gate, now = settled()
    still = shot(with_person(shop(), 0.5, luma=250.0))
    frames = [gate.update(now + index / FPS, still).active for index in range(60 * FPS)]
    assert frames[0]
    assert not frames[-1]


@pytest.mark.parametrize("gain", [0.7, 0.9, 1.12, 1.3])
def test_a_step_of_the_exposure_is_no_lasting_motion(gain: float) -> None:
    gate, now = settled(2.0)
    brighter = shop() * gain
    frames = [gate.update(now + index / FPS, shot(brighter, 2.0, index)).active for index in range(15)]
    assert not any(frames[5:])


def test_somebody_is_seen_through_a_step_of_the_exposure() -> None:
    gate, now = settled(2.0)
    motion = gate.update(now, shot(with_person(shop() * 1.2, 0.5, luma=250.0), 2.0, 7))
    assert motion.active
    assert motion.fraction < 0.2


def test_a_new_scene_counts_once_and_becomes_the_background() -> None:
    gate, now = settled()
    other = shot(shop(seed=8)[::-1])
    first = gate.update(now, other)
    assert first.active
    assert first.reseeded
    assert first.box == Box(0.0, 0.0, 1.0, 1.0)
    assert not any(gate.update(now + (index + 1) / FPS, other).active for index in range(30))


def test_no_motion_counts_under_a_mask() -> None:
    left_half = [Point(0, 0), Point(0.5, 0), Point(0.5, 1), Point(0, 1)]
    gate, now = settled(masks=[left_half])
    assert not gate.update(now, shot(with_person(shop(), 0.1))).active
    assert gate.update(now, shot(with_person(shop(), 0.7))).active


def test_a_mask_over_everything_silences_the_gate() -> None:
    gate, now = settled(masks=[[Point(-1, -1), Point(2, -1), Point(2, 2), Point(-1, 2)]])
    assert gate.update(now, shot(shop(seed=8))) == Motion(active=False)


def test_learning_goes_by_time_not_by_frames() -> None:
    """The same half minute at 5 and at 30 frames a second forgets the same share of a change."""
    left = []
    for fps in (5, 30):
        gate, now = settled()
        changed = shot(with_person(shop(), 0.5, luma=250.0))
        active = [gate.update(now + index / fps, changed).active for index in range(40 * fps)]
        left.append(active.index(False) / fps)
    assert left[0] == pytest.approx(left[1], abs=1.5)


def test_another_picture_size_starts_anew() -> None:
    gate, now = settled()
    assert not gate.update(now, np.zeros((480, 640), np.uint8)).active
    assert not gate.update(now + 0.1, np.zeros((480, 640), np.uint8)).active


@settings(deadline=None, max_examples=40)
@given(
    st.integers(8, 3000),
    st.integers(8, 400),
    st.lists(st.tuples(st.floats(0, 5), st.integers(0, 255)), min_size=2, max_size=12),
)
def test_any_size_any_times_any_light(width: int, height: int, steps: list[tuple[float, int]]) -> None:
    gate, now = Gate(), 0.0
    for wait_s, level in steps:
        now += wait_s
        motion = gate.update(now, np.full((height, width), level, np.uint8))
        assert 0.0 <= motion.fraction <= 1.0
        assert motion.active == (motion.box is not None)


@given(st.floats(0, 1e6), st.floats(0, 10), st.booleans())
def test_the_policy_waits_longer_for_an_empty_shop(last_s: float, wait_s: float, people: bool) -> None:
    policy, still = GatePolicy(), Motion(active=False)
    wanted = policy.wants_inference(last_s + wait_s, still, people=people, last_inferred_s=last_s)
    limit = policy.people_check_s if people else policy.idle_check_s
    if abs(wait_s - limit) > 1e-3:
        assert wanted == (wait_s > limit)


def test_motion_and_the_first_frame_are_always_looked_at() -> None:
    policy = GatePolicy()
    assert policy.wants_inference(1.0, Motion(active=True), people=False, last_inferred_s=0.999)
    assert policy.wants_inference(1.0, Motion(active=False), people=False, last_inferred_s=None)
