"""Lines, areas and words on paper, drawn alike as SVG text and as a PNG picture."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, NamedTuple, Protocol
from xml.sax.saxutils import escape

import cv2
import numpy as np

Place = tuple[float, float]
Side = Literal["start", "middle", "end"]
SCALE = 2
"""A PNG has so many pixels to one unit of the paper."""
FONT_PX = 13.0
SVG = "http://www.w3.org/2000/svg"
_HERSHEY_PX = 30.0
"""Height in pixels of OpenCV's plain font, from the foot of a letter to the next line, at scale 1."""


class Pen(NamedTuple):
    """How a line is drawn: a grey (0 black, 255 white), a width, and the lengths of dashes and gaps, if any."""

    grey: int = 0
    width: float = 1.0
    dash: tuple[float, float] | None = None


class Canvas(Protocol):
    """Paper with the origin at the top left; places and sizes in pixels of the SVG."""

    def line(self, places: Sequence[Place], pen: Pen) -> None:
        """A line through places."""

    def area(self, places: Sequence[Place], grey: int) -> None:
        """A filled polygon."""

    def dot(self, place: Place, radius: float, grey: int) -> None:
        """A filled circle."""

    def words(self, place: Place, text: str, side: Side = "start", size: float = FONT_PX) -> None:
        """One line of words, with its foot at the place."""

    def finished(self) -> bytes:
        """The file's content."""


class SvgCanvas:
    """Draws as SVG 1.1."""

    def __init__(self, width: int, height: int) -> None:
        size = f'width="{width}" height="{height}"'
        self._parts = [
            f'<svg xmlns="{SVG}" viewBox="0 0 {width} {height}" {size} font-family="sans-serif">',
            f'<rect {size} fill="#fff"/>',
        ]

    def line(self, places: Sequence[Place], pen: Pen) -> None:
        dash = f' stroke-dasharray="{pen.dash[0]:g} {pen.dash[1]:g}"' if pen.dash else ""
        self._parts.append(
            f'<polyline points="{_points(places)}" fill="none" stroke="{_grey(pen.grey)}" '
            f'stroke-width="{pen.width:g}"{dash}/>'
        )

    def area(self, places: Sequence[Place], grey: int) -> None:
        self._parts.append(f'<polygon points="{_points(places)}" fill="{_grey(grey)}"/>')

    def dot(self, place: Place, radius: float, grey: int) -> None:
        self._parts.append(f'<circle cx="{place[0]:.1f}" cy="{place[1]:.1f}" r="{radius:g}" fill="{_grey(grey)}"/>')

    def words(self, place: Place, text: str, side: Side = "start", size: float = FONT_PX) -> None:
        at = f'x="{place[0]:.1f}" y="{place[1]:.1f}"'
        self._parts.append(f'<text {at} font-size="{size:g}" text-anchor="{side}">{escape(text)}</text>')

    def finished(self) -> bytes:
        return "\n".join([*self._parts, "</svg>", ""]).encode()


class PngCanvas:
    """Draws with OpenCV; letters that its font lacks are written as near as it can."""

    def __init__(self, width: int, height: int) -> None:
        self._paper = np.full((height * SCALE, width * SCALE), 255, np.uint8)

    def line(self, places: Sequence[Place], pen: Pen) -> None:
        width = max(round(pen.width * SCALE), 1)
        for part in _dashed(places, pen.dash) if pen.dash else [places]:
            cv2.polylines(self._paper, [_pixels(part)], False, [pen.grey], width, cv2.LINE_AA, 3)

    def area(self, places: Sequence[Place], grey: int) -> None:
        cv2.fillPoly(self._paper, [_pixels(places)], [grey], cv2.LINE_AA, 3)

    def dot(self, place: Place, radius: float, grey: int) -> None:
        centre, reach = (round(place[0] * SCALE * 8), round(place[1] * SCALE * 8)), round(radius * SCALE * 8)
        cv2.circle(self._paper, centre, reach, [grey], cv2.FILLED, cv2.LINE_AA, 3)

    def words(self, place: Place, text: str, side: Side = "start", size: float = FONT_PX) -> None:
        plain = text.replace("°", "").encode("ascii", "replace").decode()
        scale = size * SCALE / _HERSHEY_PX
        width = cv2.getTextSize(plain, cv2.FONT_HERSHEY_SIMPLEX, scale, 1)[0][0]
        left = place[0] * SCALE - width * {"start": 0.0, "middle": 0.5, "end": 1.0}[side]
        at = round(left), round(place[1] * SCALE)
        cv2.putText(self._paper, plain, at, cv2.FONT_HERSHEY_SIMPLEX, scale, [0], 1, cv2.LINE_AA)

    def finished(self) -> bytes:
        done, encoded = cv2.imencode(".png", self._paper)
        assert done, "a small picture in memory can always be written"
        return encoded.tobytes()


def _grey(level: int) -> str:
    return f"#{level:02x}{level:02x}{level:02x}"


def _points(places: Sequence[Place]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _pixels(places: Sequence[Place]) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    """In eighths of a pixel, as OpenCV takes them with a shift of 3."""
    return np.array([(round(x * SCALE * 8), round(y * SCALE * 8)) for x, y in places], np.int32)


def _dashed(places: Sequence[Place], dash: tuple[float, float]) -> list[list[Place]]:
    """The dashes of a line, each as a line of its own."""
    parts: list[list[Place]] = []
    walked = 0.0
    for (x1, y1), (x2, y2) in pairwise(places):
        length = float(np.hypot(x2 - x1, y2 - y1))
        at = 0.0
        while at < length:
            phase = (walked + at) % sum(dash)
            drawn = phase < dash[0]
            upto = min(at + (dash[0] - phase if drawn else sum(dash) - phase), length)
            if drawn:
                ends = [(x1 + (x2 - x1) * share / length, y1 + (y2 - y1) * share / length) for share in (at, upto)]
                parts.append(ends)
            at = max(upto, at + 1e-6)
        walked += length
    return parts
