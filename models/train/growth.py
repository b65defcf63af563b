"""How a score grows with the number of training pictures: a power law, its continuation, table and drawing.

The miss rate 1 - AP50 is taken to fall as a power of the number of pictures (Hestness et al. 2017). The spread of the
continuation is that of the lines through one run per share of the scenes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

SHARES, FURTHER, KINDS = (0.25, 0.5, 1.0), (2, 4, 10), ("clean", "night")


@dataclass(frozen=True, slots=True)
class Point:
    """One training: its share of the scenes, seed, pictures, and AP50."""

    share: float
    seed: int
    pictures: int
    clean: float
    night: float


def continued(found: Sequence[Point], kind: str, times: float) -> float:
    """AP50 with `times` as many pictures as all: the power law through the points."""
    x = np.log([point.pictures for point in found])
    y = np.log([1 - getattr(point, kind) for point in found])
    slope, level = np.polyfit(x, y, 1)
    most = max(point.pictures for point in found)
    return float(1 - np.exp(level + slope * np.log(most * times)))


def spread(found: Sequence[Point], kind: str, times: float) -> tuple[float, float]:
    """Least and most of the lines through one run per share."""
    runs = [[point for point in found if point.share == share] for share in SHARES]
    ends = [continued(some, kind, times) for some in product(*runs)]
    return min(ends), max(ends)


def table(found: Sequence[Point]) -> Iterator[str]:
    """The curve and its continuation as a Markdown table."""
    yield "| training scenes | pictures | runs | AP50 clean | AP50 night |"
    yield "|---|---|---|---|---|"
    for share in SHARES:
        some = [point for point in found if point.share == share]
        cells = [" / ".join(f"{getattr(point, kind):.3f}" for point in some) for kind in KINDS]
        pictures = " / ".join(f"{point.pictures}" for point in some)
        yield f"| {share:.0%} | {pictures} | {len(some)} | {cells[0]} | {cells[1]} |"
    for times in FURTHER:
        cells = [_guess(found, kind, times) for kind in KINDS]
        yield f"| x {times}, continued | | - | {cells[0]} | {cells[1]} |"


def _guess(found: Sequence[Point], kind: str, times: float) -> str:
    low, high = spread(found, kind, times)
    return f"{continued(found, kind, times):.3f} ({low:.3f} to {high:.3f})"


def drawing(found: Sequence[Point]) -> str:
    """The same as SVG: AP50 over the number of pictures, which is logarithmic; bars are the spread."""
    most = max(point.pictures for point in found)
    axes = _Axes(min(point.pictures for point in found) * 0.8, most * 12)
    parts = [axes.grid(level / 10) for level in range(3, 9)]
    parts += [_text(axes.place(most * k, axes.low)[0] - 14, 238, f"{most * k}") for k in (1, *FURTHER)]
    for kind, colour in zip(KINDS, ("#1668b8", "#333a66"), strict=True):
        parts += _series(found, kind, colour, axes)
    style = 'font-family="sans-serif" font-size="12"'
    title = _text(150, 256, "training pictures; AP50 on the held-out sets")
    lines = ['<rect width="490" height="262" fill="#fff"/>', *parts, title]
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 490 262" {style}>\n' + "\n".join(lines) + "\n</svg>\n"


@dataclass(frozen=True, slots=True)
class _Axes:
    """Where pictures (first to last) and scores (low to high) lie in the drawing."""

    first: float
    last: float
    low: float = 0.3
    high: float = 0.8

    def place(self, pictures: float, score: float) -> tuple[float, float]:
        x = 50 + np.log(pictures / self.first) / np.log(self.last / self.first) * 430
        return round(float(x), 1), round(220 - (score - self.low) / (self.high - self.low) * 200, 1)

    def grid(self, score: float) -> str:
        start, end = self.place(self.first, score), self.place(self.last, score)
        return _line(start, end, "#ddd") + _text(20, start[1] + 4, f"{score:.1f}")


def _series(found: Sequence[Point], kind: str, colour: str, axes: _Axes) -> list[str]:
    """Points, continued line and spread of one light."""
    most = max(point.pictures for point in found)
    ends = [axes.place(most * k, continued(found, kind, k)) for k in (1, FURTHER[-1])]
    dots = [_dot(axes.place(point.pictures, getattr(point, kind)), colour) for point in found]
    bars = [[axes.place(most * k, end) for end in spread(found, kind, k)] for k in FURTHER]
    line = _line(ends[0], ends[1], colour, ' stroke-dasharray="5 4"')
    return [line, *dots, *(_line(low, high, colour) for low, high in bars), _text(56, ends[0][1] - 14, kind)]


def _line(start: tuple[float, float], end: tuple[float, float], colour: str, more: str = "") -> str:
    return f'<line x1="{start[0]}" y1="{start[1]}" x2="{end[0]}" y2="{end[1]}" stroke="{colour}"{more}/>'


def _dot(place: tuple[float, float], colour: str) -> str:
    return f'<circle cx="{place[0]}" cy="{place[1]}" r="3.5" fill="{colour}"/>'


def _text(x: float, y: float, words: str) -> str:
    return f'<text x="{x}" y="{y}">{words}</text>'
