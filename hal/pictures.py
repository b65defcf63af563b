"""Decoded pictures as frames of ours, and what the video library's complaints mean."""

from __future__ import annotations

from typing import NamedTuple

import av.error
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, VideoReformatter

from hal.planes import chroma_size, plane
from hal.ports import Frame, Yuv420


class Picture(NamedTuple):
    """A decoded picture and its place in the video."""

    number: int
    t_s: float
    image: VideoFrame


class Converter:
    """Turns decoded pictures into limited-range planes, the small one no larger than the vision asked for."""

    def __init__(self, width: int, height: int) -> None:
        self._limit = (width, height)
        self._main = VideoReformatter()
        self._lores = VideoReformatter()

    def frame(self, picture: Picture) -> Frame:
        """Planes as views of the decoder's memory, which lives as long as they do."""
        main = self._limited(picture.image)
        size = self._small_size(main.width, main.height)
        lores = main if size is None else self._lores.reformat(main, width=size[0], height=size[1])
        planes = _planes(main)
        return Frame(picture.number, picture.t_s, planes, planes if size is None else _planes(lores))

    def _limited(self, picture: VideoFrame) -> VideoFrame:
        full_range = picture.format.name.startswith("yuvj") or picture.color_range == ColorRange.JPEG
        if picture.format.name == "yuv420p" and not full_range:
            return picture
        return self._main.reformat(
            picture,
            format="yuv420p",
            src_color_range=ColorRange.JPEG if full_range else None,
            dst_color_range=ColorRange.MPEG,
        )

    def _small_size(self, width: int, height: int) -> tuple[int, int] | None:
        scale = min(self._limit[0] / width, self._limit[1] / height)
        if scale >= 1:
            return None
        return _even(width * scale), _even(height * scale)


def _even(length: float) -> int:
    return max(2, round(length / 2) * 2)


def _planes(picture: VideoFrame) -> Yuv420:
    sizes = ((picture.width, picture.height), *[chroma_size(picture.width, picture.height)] * 2)
    y, u, v = (plane(part, *size, part.line_size) for part, size in zip(picture.planes, sizes, strict=True))
    return Yuv420(y, u, v)


def reason(error: Exception) -> str:
    """A library's message without its error number and the file's name."""
    if isinstance(error, av.error.ExitError):
        return "no data within the time allowed"
    return str(getattr(error, "strerror", None) or error)
