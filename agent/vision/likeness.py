"""Where two pictures of one scene show different things, whatever the light: texture and colour, not brightness.

Under another light a small patch keeps its texture up to a factor and an offset, so that the normalised correlation of
the two patches stays high (Gonzalez and Woods, "Digital Image Processing", 12.2); another thing has another texture,
another colour, or edges where there were none.
"""

from __future__ import annotations

import cv2
import numpy as np

from hal.ports import F32, U8, Yuv420

Matrix = F32 | cv2.typing.MatLike

WIDTH = 320
WINDOW = 5
CORRELATION = 0.7
TEXTURE = 25.0
"""The variance (squared levels) above which a patch has texture; sensor noise, averaged over seconds, stays below."""
NOISE = 4.0
TINT = 9.0
GAIN = 4.0
"""The largest factor by which another light changes colours."""
BLACK, GREY = 16.0, 128.0
CLIPPED = 228.0
"""Where the mean is above, the sensor is saturated and shows no texture."""


class Look:
    """A picture reduced to about WIDTH columns: `luma` float32 (h, w), `chroma` float32 (h / 2, w / 2, 2) about 0."""

    __slots__ = ("chroma", "luma")

    def __init__(self, luma: F32, chroma: F32) -> None:
        self.luma, self.chroma = luma, chroma

    @classmethod
    def of(cls, picture: Yuv420) -> Look:
        """Average a picture down."""
        width, height = size_of(picture)
        half = (width // 2, height // 2)
        luma = _small(picture.y, (width, height))
        chroma = np.asarray(cv2.merge([_small(plane, half) for plane in (picture.u, picture.v)]), np.float32)
        chroma -= GREY
        return cls(luma, chroma)


def size_of(picture: Yuv420) -> tuple[int, int]:
    """Width and height, both even, of a picture's look."""
    step = max(1, round(picture.width / WIDTH))
    return max(picture.width // step // 2 * 2, 16), max(picture.height // step // 2 * 2, 16)


def _small(plane: U8, size: tuple[int, int]) -> F32:
    shrunk = plane if plane.shape[::-1] == size else cv2.resize(plane, size, interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, np.float32)


class Texture:
    """A look with the local mean and variance of its luma, float32 (h, w) each."""

    __slots__ = ("look", "mean", "variance")

    def __init__(self, look: Look) -> None:
        self.look = look
        self.mean = _local(look.luma)
        squares = _local(cv2.multiply(look.luma, look.luma))
        self.variance: F32 = np.asarray(cv2.subtract(squares, cv2.multiply(self.mean, self.mean)))


def _local(values: Matrix) -> F32:
    return np.asarray(cv2.blur(values, (WINDOW, WINDOW)))


def unlike(now: Texture, then: Texture) -> U8:
    """255 where the two show different things, uint8 (h, w)."""
    other = _other_texture(now, then)
    tinted = _other_colour(now, then)
    if cv2.countNonZero(tinted):
        wide = cv2.resize(tinted, other.shape[::-1], interpolation=cv2.INTER_NEAREST)
        cv2.bitwise_or(other, wide, dst=other)
    return other


def _other_texture(now: Texture, then: Texture) -> U8:
    covariance = cv2.subtract(_local(cv2.multiply(now.look.luma, then.look.luma)), cv2.multiply(now.mean, then.mean))
    least = cv2.multiply(_at_least(now.variance, NOISE), _at_least(then.variance, NOISE), scale=CORRELATION**2)
    alike = cv2.compare(cv2.multiply(covariance, _at_least(covariance, 0.0)), least, cv2.CMP_GT)
    other = above(cv2.max(now.variance, then.variance), TEXTURE)
    cv2.subtract(other, alike, dst=other)
    cv2.subtract(other, above(cv2.max(now.mean, then.mean), CLIPPED), dst=other)
    return other


def _other_colour(now: Texture, then: Texture) -> U8:
    """255 where the colour differs by more than the light and the white balance make it, uint8 (h / 2, w / 2)."""
    gain = cv2.divide(now.mean[::2, ::2] - (BLACK - 1), _at_least(then.mean[::2, ::2] - (BLACK - 1), 1.0))
    gain = np.minimum(_at_least(gain, 1 / GAIN), np.float32(GAIN))
    shift = cv2.subtract(now.look.chroma, cv2.multiply(then.look.chroma, cv2.merge([gain, gain])))
    usual = np.sort(np.asarray(shift)[2::8, 2::8].reshape(-1, 2), axis=0)
    usual = usual[len(usual) // 2]
    return ~np.asarray(cv2.inRange(shift, usual - TINT, usual + TINT), np.uint8)


def _at_least(values: Matrix, least: float) -> F32:
    return np.asarray(cv2.max(values, least))  # type: ignore[call-overload]  # takes numbers, says the manual


def above(values: Matrix, limit: float) -> U8:
    """255 where values exceed a limit."""
    return np.asarray(cv2.compare(values, limit, cv2.CMP_GT))  # type: ignore[call-overload]  # as above
