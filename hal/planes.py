"""Views of 4:2:0 pictures in the buffers that drivers and decoders hand out."""

from __future__ import annotations

from typing import Any

import numpy as np

from hal.ports import U8, Yuv420


def plane(buffer: Any, width: int, height: int, stride: int, offset: int = 0) -> U8:
    """A uint8 (height, width) view of one plane whose rows lie `stride` bytes apart; no copy.

    `buffer` is anything with the buffer protocol. Raises ValueError or TypeError when it is too small.
    """
    view: U8 = np.ndarray((height, width), np.uint8, buffer, offset, (stride, 1))
    return view


def chroma_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the U and V planes: half, rounded up."""
    return (width + 1) // 2, (height + 1) // 2


def split_yuv420(buffer: Any, width: int, height: int, stride: int) -> Yuv420:
    """The planes of one contiguous YUV420 buffer as libcamera lays it out: Y, then U and V at half the stride."""
    half_width, half_height = chroma_size(width, height)
    half_stride = stride // 2
    u_offset = stride * height
    v_offset = u_offset + half_stride * half_height
    return Yuv420(
        plane(buffer, width, height, stride),
        plane(buffer, half_width, half_height, half_stride, u_offset),
        plane(buffer, half_width, half_height, half_stride, v_offset),
    )


def split_nv12(buffer: Any, width: int, height: int, stride: int) -> Yuv420:
    """The planes of one contiguous NV12 buffer: Y, then U and V by turns in rows of the same stride.

    The views of U and V take every second byte; `unwoven` makes planes of them.
    """
    half_width, half_height = chroma_size(width, height)
    woven = np.ndarray((half_height, half_width, 2), np.uint8, buffer, stride * height, (stride, 2, 1))
    return Yuv420(plane(buffer, width, height, stride), woven[..., 0], woven[..., 1])


def unwoven(picture: Yuv420) -> Yuv420:
    """The same picture with U and V as planes of their own, copied only where they are woven."""
    if picture.u.strides[1] == 1:
        return picture
    return Yuv420(picture.y, picture.u.copy(), picture.v.copy())
