"""How much a picture shows of what the maker's lenses see: modes as `rpicam-hello --list-cameras` tells them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.lenses import WHOLE_DEG, view_deg

WIDE, NARROW = 16 / 9, 4 / 3
Size = tuple[int, int]
MODULE_2: Size = (3280, 2464)
MODULE_3: Size = (4608, 2592)


def properties(model: str, size: Size, crop: tuple[int, int, int, int]) -> dict[str, Any]:
    return {"Model": model, "PixelArraySize": size, "ScalerCropMaximum": crop}


@pytest.mark.parametrize(
    ("model", "size", "crop", "aspect", "seen"),
    [
        ("ov5647", (2592, 1944), (16, 0, 2560, 1920), NARROW, 52.97),
        ("imx219", MODULE_2, (0, 0, 3280, 2464), NARROW, 62.2),
        ("imx219_noir", MODULE_2, (0, 0, 3280, 2464), WIDE, 62.2),
        ("imx219", MODULE_2, (680, 692, 1920, 1080), WIDE, 38.9),
        ("imx219", MODULE_2, (1000, 752, 1280, 960), NARROW, 26.5),
        ("imx708", MODULE_3, (0, 0, 4608, 2592), WIDE, 66.0),
        ("imx708", MODULE_3, (768, 432, 3072, 1728), WIDE, 46.8),
        ("imx708_noir", MODULE_3, (0, 0, 4608, 2592), NARROW, 52.0),
        ("imx708_wide", MODULE_3, (0, 0, 4608, 2592), WIDE, 102.0),
        ("imx708_wide_noir", MODULE_3, (768, 432, 3072, 1728), WIDE, 78.9),
    ],
)
def test_a_mode_and_a_shape_show_a_part_of_what_the_lens_sees(
    model: str, size: Size, crop: tuple[int, int, int, int], aspect: float, seen: float
) -> None:
    assert view_deg(properties(model, size, crop), aspect) == pytest.approx(seen, abs=0.1)


@pytest.mark.parametrize("model", ["imx477", "imx296", "imx477_noir", "Sensor A", ""])
def test_of_lenses_that_can_be_changed_nothing_is_known(model: str) -> None:
    assert view_deg(properties(model, (4056, 3040), (0, 0, 4056, 3040)), NARROW) is None


def test_a_driver_that_does_not_tell_its_crop_leaves_it_open() -> None:
    assert view_deg({"Model": "imx219"}, WIDE) is None
    assert view_deg({"Model": "imx219", "PixelArraySize": MODULE_2}, WIDE) is None
    assert view_deg(properties("imx219", MODULE_2, (0, 0, 0, 0)), WIDE) is None
    assert view_deg({}, WIDE) is None


@given(st.sampled_from(sorted(WHOLE_DEG)), st.integers(400, 4000), st.integers(300, 3000), st.floats(0.5, 3.0))
def test_no_picture_shows_more_than_the_lens_and_less_crop_shows_more(
    model: str, width: int, height: int, aspect: float
) -> None:
    seen, more = (
        view_deg(properties(model, (4100, 3100), (0, 0, width + grown, height + grown)), aspect) for grown in (0, 100)
    )
    assert seen is not None
    assert more is not None
    assert 0 < seen < more <= WHOLE_DEG[model]
