"""How far leads drawn by a line stray from the true ones, by metric; made by `tools/calibrate_forecasts.py`, pure."""

from __future__ import annotations

from typing import NamedTuple


class Correction(NamedTuple):
    """The 10 %, 50 % and 90 % quantile of log(true lead / drawn lead) over the drawn lead's doubt."""

    low: float
    middle: float
    high: float


USUAL = Correction(-1.28, 0.0, 1.28)
CORRECTIONS: dict[str, Correction] = {}
