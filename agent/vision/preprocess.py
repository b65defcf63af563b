"""From a picture to the model's input tensor: resize the planes first, then convert, in the tensor's own buffer."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.spec import InputSpec
from agent.vision.tone import lift
from hal.ports import U8, Yuv420

LETTERBOX_GREY = 114
ALIGNMENT = 32  # OpenCV converts rows of other widths at half the speed


class Preparer:
    """Fills one model's input tensor from pictures of any size.

    The planes of a 4:2:0 picture are resized into a small staging picture, and that is converted to colour: straight
    into the tensor where it holds bytes in the same order. Privacy
    masks belong before this, in the picture itself, so that no later reader of the frame sees what they hide.
    """

    def __init__(self, spec: InputSpec) -> None:
        self._spec = spec
        self._to_colour = cv2.COLOR_YUV2RGB_I420 if spec.colour == "rgb" else cv2.COLOR_YUV2BGR_I420
        self._from_rgb = None if spec.colour == "rgb" else cv2.COLOR_RGB2BGR
        in_order = spec.layout == "nhwc" and spec.dtype != "float32" and spec.fit == "stretch"
        self._direct = in_order and spec.width % ALIGNMENT == 0
        self._size = (0, 0)
        self._resized = (0, 0)

    def fill(self, picture: Yuv420, tensor: NDArray[Any]) -> tuple[float, float]:
        """Write the picture into `tensor` (`InputSpec.shape`); answers the shares of its width and height filled."""
        width, height = self._fit(picture.width, picture.height)
        self._resize(picture.y, self._y)
        self._resize(picture.u, self._u)
        self._resize(picture.v, self._v)
        cv2.cvtColor(self._i420, self._to_colour, dst=tensor[0].view(np.uint8) if self._direct else self._wide)
        self._finish(tensor)
        return width / self._spec.width, height / self._spec.height

    def fill_rgb(self, picture: U8, tensor: NDArray[Any]) -> tuple[float, float]:
        """The same for an RGB picture (height, width, 3) of any size from a file, where averaging is worth its time."""
        width, height = self._fit(picture.shape[1], picture.shape[0])
        colour = tensor[0].view(np.uint8) if self._direct else self._colour
        shrinks = picture.shape[0] > height or picture.shape[1] > width
        cv2.resize(picture, (width, height), dst=colour, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        if self._from_rgb is not None:
            cv2.cvtColor(colour, self._from_rgb, dst=colour)
        self._finish(tensor)
        return width / self._spec.width, height / self._spec.height

    def _fit(self, width: int, height: int) -> tuple[int, int]:
        """The size that a picture of this size takes in the tensor; makes the staging for it when it changes."""
        if (width, height) == self._size:
            return self._resized
        self._size, self._resized = (width, height), self._inner(width, height)
        width, height = self._resized
        wide = -(-width // ALIGNMENT) * ALIGNMENT
        luma, chroma = wide * height, wide * height // 4
        staging = np.empty(luma + 2 * chroma, np.uint8)
        self._i420: U8 = staging.reshape(height * 3 // 2, wide)
        self._y: U8 = self._i420[:height, :width]
        self._u: U8 = staging[luma : luma + chroma].reshape(height // 2, wide // 2)[:, : width // 2]
        self._v: U8 = staging[luma + chroma :].reshape(height // 2, wide // 2)[:, : width // 2]
        self._wide: U8 = np.empty((height, wide, 3), np.uint8)
        self._colour: U8 = self._wide[:, :width]
        return self._resized

    def _inner(self, width: int, height: int) -> tuple[int, int]:
        if self._spec.fit == "stretch":
            return self._spec.width, self._spec.height
        scale = min(self._spec.width / width, self._spec.height / height)
        return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)

    @staticmethod
    def _resize(plane: U8, target: U8) -> None:
        cv2.resize(plane, target.shape[1::-1], dst=target, interpolation=cv2.INTER_LINEAR)

    def _finish(self, tensor: NDArray[Any]) -> None:
        if self._spec.tone == "lift":
            lift(tensor[0].view(np.uint8) if self._direct else self._colour)
        self._store(tensor)

    def _store(self, tensor: NDArray[Any]) -> None:
        """Bring the colours into the tensor's order and type, where they are not there already."""
        signed = self._spec.dtype == "int8"
        values = tensor.view(np.uint8) if signed else tensor
        if not self._direct:
            width, height = self._resized
            if self._spec.fit == "letterbox":
                values.fill(LETTERBOX_GREY)
            if self._spec.layout == "nchw":
                values[0, :, :height, :width] = self._colour.transpose(2, 0, 1)
            else:
                values[0, :height, :width] = self._colour
        if signed:
            np.bitwise_xor(values, 0x80, out=values)
