"""Videos made on the spot whose every picture tells its own number by its brightness."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

_CODECS = {
    ".mp4": ("mpeg4", "yuv420p"),
    ".mkv": ("ffv1", "yuv420p"),
    ".avi": ("mjpeg", "yuvj420p"),
    ".ts": ("mpeg2video", "yuv420p"),
    ".m2v": ("mpeg2video", "yuv420p"),
    ".gif": ("gif", "rgb8"),
}


def luma_of(number: int) -> int:
    """The limited-range brightness of picture `number`: every tenth is alike."""
    return 40 + 16 * (number % 10)


def write_video(
    path: Path,
    *,
    pictures: int = 20,
    size: tuple[int, int] = (64, 48),
    fps: int = 10,
    stamps: Sequence[int] | None = None,
) -> Path:
    """Write `path` in the format its name says; `stamps` are presentation times in ticks of 1/fps."""
    codec, pixels = _CODECS[path.suffix]
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = pixels
        for number in range(pictures):
            image = grey(luma_of(number), size).reformat(format=pixels)
            image.pts, image.time_base = (stamps[number] if stamps else number), Fraction(1, fps)
            container.mux(stream.encode(image))
        container.mux(stream.encode(None))
    return path


def grey(luma: int, size: tuple[int, int]) -> av.VideoFrame:
    """One even picture."""
    width, height = size
    image = av.VideoFrame(width, height, "yuv420p")
    for part, value in zip(image.planes, (luma, 128, 128), strict=True):
        part.update(np.full(part.buffer_size, value, np.uint8).tobytes())
    return image
