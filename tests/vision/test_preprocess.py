"""The model's input against plain conversion: every layout, type, colour order and fit."""

from typing import Any, Literal

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.vision.preprocess import LETTERBOX_GREY, Preparer
from agent.vision.spec import InputSpec
from agent.vision.tone import DARK, lift
from hal.ports import U8, Yuv420


def picture(width: int, height: int) -> Yuv420:
    """A smooth picture, so that the order of resizing and converting hardly matters."""
    y, x = np.mgrid[:height, :width]
    v, u = np.mgrid[: (height + 1) // 2, : (width + 1) // 2]
    luma = 60 + 120 * x / width + 40 * y / height
    return Yuv420(
        luma.astype(np.uint8),
        (90 + 60 * u / u.max()).astype(np.uint8),
        (100 + 50 * v / v.max()).astype(np.uint8),
    )


def converted(source: Yuv420, width: int, height: int) -> U8:
    """Full conversion, then resizing: RGB (height, width, 3)."""
    planes = [source.y.reshape(-1), source.u.reshape(-1), source.v.reshape(-1)]
    i420 = np.concatenate(planes).reshape(source.height * 3 // 2, source.width)
    rgb = cv2.cvtColor(i420, cv2.COLOR_YUV2RGB_I420)
    return np.asarray(cv2.resize(rgb, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def spec(**changes: Any) -> InputSpec:
    values: dict[str, Any] = {"width": 96, "height": 64, "dtype": "uint8"}
    return InputSpec(**(values | changes))


def filled(wanted: InputSpec, source: Yuv420) -> np.ndarray[Any, Any]:
    tensor = np.full(wanted.shape, 77, wanted.dtype)
    Preparer(wanted).fill(source, tensor)
    return tensor


@pytest.mark.parametrize("size", [(640, 480), (1280, 720), (96, 64), (50, 38)])
def test_planes_resized_first_give_the_colours_of_the_whole_conversion(size: tuple[int, int]) -> None:
    source = picture(*size)
    tensor = filled(spec(), source)
    difference = np.abs(tensor[0].astype(int) - converted(source, 96, 64))
    assert difference.mean() < 1.5
    assert difference.max() <= 10


def test_colour_order_is_the_models() -> None:
    source = picture(640, 480)
    np.testing.assert_array_equal(filled(spec(colour="bgr"), source)[..., ::-1], filled(spec(), source))


def test_signed_models_get_the_same_picture_less_128() -> None:
    source = picture(640, 480)
    signed = filled(spec(dtype="int8"), source)
    assert signed.dtype == np.int8
    np.testing.assert_array_equal(signed.astype(int) + 128, filled(spec(), source))


@pytest.mark.parametrize("dtype", ["uint8", "int8", "float32"])
def test_channels_first_is_the_same_picture_transposed(dtype: Literal["uint8", "int8", "float32"]) -> None:
    source = picture(640, 480)
    first = filled(spec(layout="nchw", dtype=dtype), source)
    last = filled(spec(dtype=dtype), source)
    np.testing.assert_array_equal(first[0].transpose(1, 2, 0), last[0])


@given(width=st.integers(2, 400).map(lambda n: n * 2), height=st.integers(2, 400).map(lambda n: n * 2))
def test_letterbox_keeps_proportions_at_the_top_left_over_grey(width: int, height: int) -> None:
    wanted = spec(fit="letterbox", dtype="float32", layout="nchw")
    tensor = np.zeros(wanted.shape, np.float32)
    share_x, share_y = Preparer(wanted).fill(picture(width, height), tensor)
    columns, rows = round(share_x * 96), round(share_y * 64)
    assert max(share_x, share_y) == 1.0
    assert abs(columns - width * min(96 / width, 64 / height)) <= 2
    assert abs(rows - height * min(96 / width, 64 / height)) <= 2
    assert (tensor[0, :, rows:] == LETTERBOX_GREY).all()
    assert (tensor[0, :, :, columns:] == LETTERBOX_GREY).all()


def test_signed_letterbox_is_grey_too() -> None:
    tensor = filled(spec(fit="letterbox", dtype="int8"), picture(100, 100))
    assert (tensor[0, :, 64:] == LETTERBOX_GREY - 128).all()


def test_strided_planes_of_a_driver_are_read_where_they_lie() -> None:
    source = picture(640, 480)
    wide = [np.pad(plane, ((0, 0), (0, 32))) for plane in (source.y, source.u, source.v)]
    strided = Yuv420(wide[0][:, :640], wide[1][:, :320], wide[2][:, :320])
    np.testing.assert_array_equal(filled(spec(), strided), filled(spec(), source))


def test_pictures_of_changing_size_do_not_disturb_each_other() -> None:
    preparer, tensor = Preparer(spec()), np.zeros(spec().shape, np.uint8)
    preparer.fill(picture(1280, 720), tensor)
    first = tensor.copy()
    preparer.fill(picture(320, 240), tensor)
    preparer.fill(picture(1280, 720), tensor)
    np.testing.assert_array_equal(tensor, first)


@pytest.mark.parametrize("colour", ["rgb", "bgr"])
def test_rgb_pictures_take_the_same_way(colour: Literal["rgb", "bgr"]) -> None:
    source = converted(picture(640, 480), 640, 480)
    wanted = spec(colour=colour)
    tensor = np.zeros(wanted.shape, np.uint8)
    before = source.copy()
    assert Preparer(wanted).fill_rgb(source, tensor) == (1.0, 1.0)
    expected = cv2.resize(source, (96, 64), interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(tensor[0], expected if colour == "rgb" else expected[..., ::-1])
    np.testing.assert_array_equal(source, before)


@pytest.mark.parametrize("size", [(96, 64), (90, 62)], ids=["straight into the tensor", "by way of a staging picture"])
def test_dark_pictures_are_lifted_where_the_model_wants_it(size: tuple[int, int]) -> None:
    wanted = {"width": size[0], "height": size[1]}
    night = np.random.default_rng(5).integers(0, 40, (480, 640, 3)).astype(np.uint8)
    dark, lifted = (np.zeros(spec(**wanted).shape, np.uint8) for _ in range(2))
    Preparer(spec(**wanted)).fill_rgb(night, dark)
    Preparer(spec(**wanted, tone="lift")).fill_rgb(night, lifted)
    assert dark.mean() < 0.1 * 255
    assert lifted.mean() == pytest.approx(DARK * 255, rel=0.15)
    signed = np.zeros(lifted.shape, np.int8)
    Preparer(spec(**wanted, tone="lift", dtype="int8")).fill_rgb(night, signed)
    np.testing.assert_array_equal(signed.astype(int) + 128, lifted)


def test_bright_pictures_and_black_ones_stay_as_they_are() -> None:
    for level in (0, 120):
        even = np.full((64, 96, 3), level, np.uint8)
        lift(even)
        assert (even == level).all()


def test_a_picture_of_the_camera_is_lifted_like_one_of_a_file() -> None:
    source = picture(640, 480)
    dim = Yuv420((source.y // 6 + 14).astype(np.uint8), source.u, source.v)
    as_file = np.zeros(spec().shape, np.uint8)
    Preparer(spec(tone="lift")).fill_rgb(converted(dim, 640, 480), as_file)
    assert np.abs(filled(spec(tone="lift"), dim).astype(int) - as_file).mean() < 4
