"""The shipped layout, its ways, and what its zones and lines look like to the camera."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from hal.simulated.optics import inside
from hal.simulated.routes import NoRoute, route
from hal.simulated.shop import Layout, Xy, load_layout, parse_layout

KINDS = {"high_value", "checkout", "exit", "entrance", "restricted", "shelf", "queue", "generic"}


@pytest.fixture(scope="module")
def shop() -> Layout:
    return load_layout()


def steps(way: tuple[Xy, ...]) -> list[Xy]:
    """Points every 5 cm along a way."""
    points = []
    for a, b in pairwise(way):
        count = max(1, int(math.dist(a, b) / 0.05))
        points += [(a[0] + (b[0] - a[0]) * k / count, a[1] + (b[1] - a[1]) * k / count) for k in range(count)]
    return points


def in_block(layout: Layout, x: float, y: float) -> bool:
    return any(b.rect[0] < x < b.rect[2] and b.rect[1] < y < b.rect[3] for b in layout.solids if b.z[0] < 0.5)


def test_zones_are_of_known_kinds_and_in_view(shop: Layout) -> None:
    assert {zone.kind for zone in shop.zones} >= {"restricted", "high_value", "checkout"}
    for zone in shop.zones:
        assert zone.kind in KINDS
        assert len(zone.polygon) >= 3
        assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in zone.polygon)


def test_lines_lie_in_the_picture_with_their_inner_side(shop: Layout) -> None:
    for line in shop.lines:
        assert all(0 <= x <= 1 and 0 <= y <= 1 for x, y in (*line.points, line.inside))


def test_another_aspect_moves_only_what_is_seen(shop: Layout) -> None:
    square = shop.with_aspect(1.0)
    assert [zone.floor for zone in square.zones] == [zone.floor for zone in shop.zones]
    assert square.lines[0].points != shop.lines[0].points
    assert square.with_aspect(shop.optics.aspect).zones == shop.zones


def test_walls_leave_the_doorway_open(shop: Layout) -> None:
    door = shop.doors[0]
    middle = (door.start + door.end) / 2
    assert not in_block(shop, middle, shop.size[1] + 0.05)
    assert in_block(shop, door.start - 0.1, shop.size[1] + 0.05)


def test_every_place_can_be_reached_round_the_furniture(shop: Layout) -> None:
    start = shop.of_kind("door")[0].at
    for place in shop.places:
        if place.kind != "door":
            way = route(shop, start, place.at)
            assert way[0] == start
            assert way[-1] == place.at
            assert not any(in_block(shop, x, y) for x, y in steps(way))


def test_shoppers_keep_out_of_the_restricted_zone(shop: Layout) -> None:
    stock = next(zone for zone in shop.zones if zone.kind == "restricted")
    public = [place.at for place in shop.places if place.kind != "stock"]
    for goal in public[1:]:
        assert not any(inside(stock.floor, x, y) for x, y in steps(route(shop, public[0], goal)))


def test_a_walled_in_goal_has_no_way(shop: Layout) -> None:
    with pytest.raises(NoRoute):
        route(shop, shop.of_kind("door")[0].at, (-3.0, 2.0))


def test_a_malformed_layout_is_refused() -> None:
    with pytest.raises(KeyError):
        parse_layout('name = "x"\n')
    with pytest.raises(FileNotFoundError):
        load_layout("no-such-shop")
