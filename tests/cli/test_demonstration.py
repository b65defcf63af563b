"""The demonstration's configuration says of its simulated camera what is true."""

from itertools import combinations
from math import dist

import numpy as np
import pytest

from agent.cli.demonstration import shop_config_text
from agent.config import parse_config
from agent.rules.ground import Ground
from agent.rules.pinhole import BODY_M
from hal.simulated.shop import load_layout


@pytest.mark.parametrize("aspect", [16 / 9, 4 / 3])
def test_its_rules_know_how_far_apart_places_on_the_floor_are(aspect: float) -> None:
    layout = load_layout().with_aspect(aspect)
    ground = Ground(parse_config(shop_config_text(aspect)).mount, aspect)
    plan = [corner for zone in layout.zones for corner in zone.floor]
    seen, _ = layout.optics.project(np.array([(x, y, 0.0) for x, y in plan]))
    told = [place and place[:2] for place in (ground.place((u - 0.5) * aspect, v) for u, v in seen.tolist())]
    known = [(there, place) for there, place in zip(plan, told, strict=True) if place is not None]
    assert len(known) > len(plan) // 2
    for (a, place_a), (b, place_b) in combinations(known, 2):
        assert dist(place_a, place_b) * BODY_M == pytest.approx(dist(a, b), rel=0.01, abs=0.01)
