"""A metric's history as a picture in greys: its days, its threshold, the forecast's fan, and what was done."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from agent.health.canvas import Canvas, Pen, Place, PngCanvas, Side, SvgCanvas

WIDTH, HEIGHT = 900, 420
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 64, 64
DAY_S = 86_400.0
INK, SOFT, FAINT, FAN = 0, 110, 215, 200
MOST_TICKS = 8
SHOWN_AHEAD_DAYS = 90.0
GAP_S = 2 * DAY_S


@dataclass(frozen=True, slots=True)
class Axes:
    """From times and values to places on the paper."""

    from_s: float
    to_s: float
    low: float
    high: float

    def at(self, utc_s: float, value: float) -> Place:
        """Where a value of a time lies; what is outside is drawn on the edge."""
        across = min(max((utc_s - self.from_s) / max(self.to_s - self.from_s, 1.0), 0.0), 1.0)
        up = min(max((value - self.low) / max(self.high - self.low, 1e-12), 0.0), 1.0)
        return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)


def svg(history: Mapping[str, Any]) -> bytes:
    """What `/v1/health/history` answers, as an SVG file."""
    return _draw(SvgCanvas(WIDTH, HEIGHT), history)


def png(history: Mapping[str, Any]) -> bytes:
    """The same as a PNG file."""
    return _draw(PngCanvas(WIDTH, HEIGHT), history)


def _draw(paper: Canvas, history: Mapping[str, Any]) -> bytes:
    points = _points(history)
    axes = _axes(history, points)
    _frame(paper, history, axes)
    if history.get("forecast"):
        _fan(paper, history["forecast"], axes)
    if history.get("threshold") is not None:
        _threshold(paper, history["threshold"], axes)
    for service in history["services"]:
        _service(paper, service, axes)
    for part in _unbroken(points):
        paper.line([axes.at(*one) for one in part], Pen(INK, 1.6))
    for point in points if len(points) <= 120 else ():
        paper.dot(axes.at(*point), 2.0, INK)
    return paper.finished()


def _points(history: Mapping[str, Any]) -> list[tuple[float, float]]:
    """The days at their noon; where there are fewer than three, the hours."""
    if len(history["daily"]) >= 3:
        return [(begun_s + DAY_S / 2, value) for begun_s, value in history["daily"]]
    return [(begun_s + 1800.0, value) for begun_s, value in history["hourly"]]


def _axes(history: Mapping[str, Any], points: Sequence[tuple[float, float]]) -> Axes:
    if not points:
        return Axes(0.0, DAY_S, 0.0, 1.0)
    values = [value for _, value in points]
    from_s, to_s = points[0][0], points[-1][0] + DAY_S / 4
    if (forecast := history.get("forecast")) is not None:
        ahead_days = min(forecast["high_days"] * 1.1 + 1, SHOWN_AHEAD_DAYS)
        to_s = max(to_s, (forecast["as_of_day"] + ahead_days) * DAY_S)
        values.append(history["threshold"])
    elif history.get("threshold") is not None:
        span = max(max(values) - min(values), 1e-9)
        values += [history["threshold"]] if _near(history["threshold"], values, 3 * span) else []
    margin = 0.08 * (max(values) - min(values)) or max(abs(values[0]) * 0.05, 0.5)
    return Axes(from_s, to_s, min(values) - margin, max(values) + margin)


def _near(threshold: float, values: Sequence[float], reach: float) -> bool:
    return min(values) - reach <= threshold <= max(values) + reach


def _frame(paper: Canvas, history: Mapping[str, Any], axes: Axes) -> None:
    """Title, grid and the names of days and values."""
    unit = f" [{history['unit']}]" if history["unit"] else ""
    paper.words((LEFT, 26), f"{history['metric']}: {history['words']}{unit}", size=16)
    if not _points(history):
        paper.words((WIDTH / 2, HEIGHT / 2), "nothing is known yet", "middle")
        return
    for value in ticks(axes.low, axes.high):
        left, right = axes.at(axes.from_s, value), axes.at(axes.to_s, value)
        paper.line([left, right], Pen(FAINT))
        paper.words((left[0] - 8, left[1] + 4), f"{value:.6g}", "end")
    for utc_s, text in _dates(axes):
        foot = axes.at(utc_s, axes.low)
        paper.line([foot, (foot[0], foot[1] + 5)], Pen(SOFT))
        if foot[0] <= WIDTH - RIGHT - 20:
            paper.words((foot[0], foot[1] + 20), text, "middle")
    corners = [(axes.from_s, axes.high), (axes.from_s, axes.low), (axes.to_s, axes.low)]
    paper.line([axes.at(*corner) for corner in corners], Pen(SOFT))


def _fan(paper: Canvas, forecast: Mapping[str, Any], axes: Axes) -> None:
    """From where it stands to the threshold: the middle one dashed, between early and late a grey fan."""
    now_s, level, threshold = forecast["as_of_day"] * DAY_S, forecast["level"], forecast["threshold"]

    def end(days: float) -> tuple[float, float]:
        shown = min(max(days, 1e-3), (axes.to_s - now_s) / DAY_S)
        return now_s + shown * DAY_S, level + (threshold - level) * min(shown / max(days, 1e-3), 1.0)

    low, middle, high = (end(forecast[name]) for name in ("low_days", "lead_days", "high_days"))
    paper.area([axes.at(*one) for one in ((now_s, level), low, (max(low[0], high[0]), low[1]), high)], FAN)
    paper.line([axes.at(now_s, level), axes.at(*middle)], Pen(INK, 1.6, (6.0, 4.0)))
    note = f"{forecast['text']} (4 of 5; {forecast['evidence_days']} days, p {forecast['p']:.2g})"
    paper.words((LEFT, 48), note)
    if "guess" in forecast:
        paper.words((LEFT, HEIGHT - 12), forecast["guess"], size=12)


def _threshold(paper: Canvas, threshold: float, axes: Axes) -> None:
    if axes.low <= threshold <= axes.high:
        left, right = axes.at(axes.from_s, threshold), axes.at(axes.to_s, threshold)
        paper.line([left, right], Pen(INK, 1.2, (2.0, 3.0)))
        paper.words((left[0] + 6, left[1] - 5), f"threshold {threshold:.4g}")


def _service(paper: Canvas, service: Mapping[str, Any], axes: Axes) -> None:
    """A mark where somebody did something, with what it was."""
    if axes.from_s <= service["utc_s"] <= axes.to_s:
        foot, head = axes.at(service["utc_s"], axes.low), axes.at(service["utc_s"], axes.high)
        paper.line([foot, head], Pen(SOFT, 1.0, (8.0, 3.0)))
        paper.area([(foot[0] - 5, foot[1]), (foot[0] + 5, foot[1]), (foot[0], foot[1] - 9)], INK)
        side: Side = "end" if foot[0] > WIDTH - 200 else "start"
        paper.words((foot[0] + (-8 if side == "end" else 8), foot[1] - 4), service["words"][:40], side)


def _unbroken(points: Sequence[tuple[float, float]]) -> Iterator[list[tuple[float, float]]]:
    """Stretches without a gap of days; a line over a gap would show what nobody measured."""
    part: list[tuple[float, float]] = []
    for point in points:
        if part and point[0] - part[-1][0] > GAP_S:
            yield part
            part = []
        part.append(point)
    yield part


def ticks(low: float, high: float, most: int = MOST_TICKS) -> list[float]:
    """Round values within a range, at most so many."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(size * power for size in (1, 2, 5, 10) if size * power >= rough)
    first = math.ceil(low / step)
    return [round(index * step, 12) for index in range(first, math.floor(high / step) + 1)]


def _dates(axes: Axes) -> Iterator[tuple[float, str]]:
    """Days, or hours of the day, that stand below the axis."""
    hours = next(size for size in (1, 3, 6, 12, 24, 48, 168, 336, 672, 1344, 2688, 5376) if _fits(axes, size))
    step_s = hours * 3600.0
    at = math.ceil(axes.from_s / step_s) * step_s
    while at <= axes.to_s:
        yield at, datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d" if hours >= 24 else "%m-%d %Hh")
        at += step_s


def _fits(axes: Axes, hours: int) -> bool:
    return (axes.to_s - axes.from_s) / (hours * 3600.0) <= MOST_TICKS
