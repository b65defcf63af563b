"""The colours of boxes-only days: whose they are, that light and noise change them, and that the seed decides all."""

import numpy as np
import pytest

from hal.simulated.scenario.clothes import Wardrobe
from hal.simulated.scenario.day import CameraDay, DayPlan
from hal.simulated.scenario.frames import Frame, SeenPerson
from hal.simulated.scenario.layouts import shop_layout

DAY = CameraDay(shop_layout(1001), DayPlan(), 5)
STAFF = [person.id for person in DAY.people if person.role == "restocker"]
SHOPPERS = [person.id for person in DAY.people if person.role == "shopper"]
BOX = (0.4, 0.2, 0.6, 0.8)
TOP = np.column_stack([np.linspace(0.47, 0.53, 60), np.linspace(0.35, 0.48, 60)])
LEGS = TOP + np.array([0.0, 0.2])


def shown(*people: int, t_s: float = 36000.0) -> Frame:
    """These people at one place, the first nearest."""
    return Frame(t_s, tuple(SeenPerson(person, BOX, 1.0, 3.0 + k) for k, person in enumerate(people)))


def colour(wardrobe: Wardrobe, frame: Frame, points: np.ndarray = TOP) -> np.ndarray:
    return np.asarray(wardrobe.colours(frame, points).mean(0))


def test_the_same_seed_gives_the_same_colours_and_another_other_clothes() -> None:
    frame = shown(SHOPPERS[0])
    first, again, other = (Wardrobe(DAY, seed).colours(frame, TOP) for seed in (1, 1, 2))
    assert (first == again).all()
    assert not (first == other).all()
    assert first.shape == (60, 3)
    assert 0 <= first.min() <= first.max() <= 255


def test_the_nearest_person_is_seen_and_the_background_beside() -> None:
    wardrobe = Wardrobe(DAY, 1)
    a, b = SHOPPERS[:2]
    alone, behind = colour(wardrobe, shown(a)), colour(wardrobe, shown(b, a))
    assert np.abs(alone - colour(wardrobe, shown(a, b))).max() < 6
    assert np.abs(behind - colour(wardrobe, shown(b))).max() < 6
    beside = TOP + np.array([0.3, 0.0])
    assert np.abs(colour(wardrobe, shown(a), beside) - colour(wardrobe, shown(b), beside)).max() < 6


def test_people_differ_and_staff_wears_one_uniform() -> None:
    wardrobe = Wardrobe(DAY, 1)
    assert len(STAFF) >= 2
    uniforms = [colour(wardrobe, shown(person), LEGS) for person in STAFF]
    assert np.ptp(uniforms, axis=0).max() < 8
    clothes = np.array([colour(wardrobe, shown(person)) for person in SHOPPERS[:30]])
    assert clothes.std(0)[0] > 20, "light and dark"
    assert clothes.std(0)[1:].min() > 4, "and of different colours"


def test_light_differs_by_place_and_hour() -> None:
    wardrobe = Wardrobe(DAY, 3)
    points = np.array([[0.1, 0.2], [0.9, 0.9]])
    here, there = wardrobe.light(points, 36000.0)
    assert np.abs(here / there - 1).max() > 0.02
    later = wardrobe.light(points, 36000.0 + 2.5 * 3600)
    assert np.abs(later[0] / here - 1).max() > 0.01
    assert wardrobe.background(36000.0) == pytest.approx(wardrobe.background(36000.0))
    assert 40 < wardrobe.background(36000.0)[0] < 200
