from itertools import permutations

import numpy as np
import pytest

from hal.simulated.optics import inside
from hal.simulated.routes import route
from hal.simulated.scenario.layouts import shop_layout
from hal.simulated.shop import load_layout

SEEDS = (1, 2, 1001)


def test_seed_zero_is_the_shipped_shop() -> None:
    assert shop_layout(0) is load_layout()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_always_gives_the_same_shop(seed: int) -> None:
    again = shop_layout.__wrapped__(seed)
    assert again == shop_layout(seed)


def test_seeds_give_different_shops() -> None:
    assert len({shop_layout(seed).size for seed in SEEDS}) == len(SEEDS)


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_that_rules_watch_is_in_the_picture(seed: int) -> None:
    layout = shop_layout(seed)
    assert {zone.kind for zone in layout.zones} == {"restricted", "high_value", "checkout", "queue"}
    for zone in layout.zones:
        assert len(zone.polygon) == 4
        assert all(0 < x < 1 and 0 < y < 1 for x, y in zone.polygon)
    assert all(0 < x < 1 and 0 < y < 1 for x, y in layout.lines[0].points)


@pytest.mark.parametrize("seed", SEEDS)
def test_people_can_walk_between_all_places(seed: int) -> None:
    layout = shop_layout(seed)
    for a, b in permutations(layout.places, 2):
        assert len(route(layout, a.at, b.at)) >= 2


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_but_those_meant_to_stops_in_the_restricted_zone(seed: int) -> None:
    layout = shop_layout(seed)
    stock = next(zone for zone in layout.zones if zone.kind == "restricted")
    stopping = {place.kind for place in layout.places if inside(stock.floor, *place.at)}
    assert stopping == {"stock"}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_floor_seen_leads_back_to_the_floor(seed: int) -> None:
    layout = shop_layout(seed)
    for zone in layout.zones:
        np.testing.assert_allclose(layout.optics.to_floor(np.array(zone.polygon)), zone.floor, atol=1e-6)
