"""The picture of a metric's history: as SVG and PNG, with all that must be read off it."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.health.canvas import SCALE, Pen, PngCanvas, SvgCanvas
from agent.health.plot import HEIGHT, WIDTH, png, svg, ticks

DAY_S = 86_400
FIRST = 20_000
FORECAST = {
    "as_of_day": FIRST + 60, "threshold": 1.0, "level": 1.2, "lead_days": 20.0, "low_days": 14.0, "high_days": 31.0,
    "text": "clean the lens within 14-31 days", "evidence_days": 40, "p": 1e-6,
}  # fmt: skip


def history(**other: Any) -> dict[str, Any]:
    days = [[(FIRST + day) * DAY_S, 1.5 - 0.005 * day] for day in range(60)]
    told = {
        "metric": "lens_detail", "unit": "", "words": "detail of <the> picture", "threshold": 1.0, "daily": days,
        "hourly": [], "forecast": FORECAST, "services": [{"utc_s": (FIRST + 9) * DAY_S, "words": "cleaned lens"}],
    }  # fmt: skip
    return told | other


def words(picture: bytes) -> list[str]:
    return [one.text or "" for one in ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")]


def grey(picture: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    decoded = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_UNCHANGED)
    assert decoded is not None
    return np.asarray(decoded, np.uint8)


def test_everything_is_written_on_it() -> None:
    found = words(svg(history()))
    assert "lens_detail: detail of <the> picture" in found
    assert any("clean the lens within 14-31 days" in one for one in found)
    assert {"threshold 1", "cleaned lens", "1.4"} <= set(found)
    assert any(one.startswith("2024-") for one in found)


def test_the_png_shows_the_same_in_greys() -> None:
    shown, bare = grey(png(history())), grey(png(history(forecast=None, services=[], threshold=None)))
    assert shown.shape == (HEIGHT * SCALE, WIDTH * SCALE)
    assert (shown == 200).sum() > 10 * (bare == 200).sum() + 1000, "the fan"
    assert (shown < 64).sum() > (bare < 64).sum(), "marks, threshold and words are dark"
    assert (shown > 250).mean() > 0.8


def test_a_gap_of_days_is_left_open() -> None:
    days = [[(FIRST + day) * DAY_S, 1.5] for day in range(200) if not 80 < day < 120]
    lines = svg(history(daily=days, forecast=None)).count(b'stroke-width="1.6"')
    assert lines == 2


def test_without_days_the_hours_are_drawn_and_without_anything_that_is_said() -> None:
    hours = [[FIRST * DAY_S + hour * 3600, 50.0 + hour] for hour in range(20)]
    found = words(svg(history(daily=[], hourly=hours, forecast=None, services=[])))
    assert any(one.endswith("h") for one in found)
    empty = history(daily=[], hourly=[], forecast=None, services=[], threshold=None)
    assert "nothing is known yet" in words(svg(empty))
    assert grey(png(empty)).min() < 64


def test_a_flat_line_and_a_far_threshold_are_drawn_too() -> None:
    days = [[(FIRST + day) * DAY_S, 5.0] for day in range(10)]
    found = words(svg(history(daily=days, forecast=None, threshold=900.0)))
    assert not any(one.startswith("threshold") for one in found)


@given(st.floats(-1e5, 1e5), st.floats(1e-4, 1e5))
def test_ticks_are_round_inside_and_few(low: float, span: float) -> None:
    found = ticks(low, low + span)
    assert 1 <= len(found) <= 9
    assert all(low - 1e-6 * span <= one <= low + span * (1 + 1e-6) for one in found)
    steps = np.diff(found)
    assert steps == pytest.approx(np.full(len(steps), steps[0] if len(steps) else 0.0))


def test_both_canvases_draw_lines_dashes_areas_and_dots() -> None:
    for canvas in (SvgCanvas(100, 50), PngCanvas(100, 50)):
        canvas.line([(10, 10), (90, 10)], Pen(0, 1.0, (8.0, 8.0)))
        canvas.area([(10, 20), (30, 20), (20, 40)], 128)
        canvas.dot((60, 30), 5, 0)
        canvas.words((50, 48), "5 °C & more", "middle")
        picture = canvas.finished()
        if picture.startswith(b"<svg"):
            assert words(picture) == ["5 °C & more"]
        else:
            shown = grey(picture)
            dashes = shown[10 * SCALE, 10 * SCALE : 90 * SCALE] < 128
            assert 0.3 < dashes.mean() < 0.7
            assert (shown[25 * SCALE, 20 * SCALE], shown[30 * SCALE, 60 * SCALE]) == (128, 0)
