"""What the charts of the health view show (scale.js), in Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

STATIC = Path(__file__).parents[2] / "agent" / "web" / "static"
FOUND = """{words: "temperature of the processor", unit: "°C", bad: "high", threshold: 80, forecast: null, services: [],
    daily: [[0, 50], [86400, 52], [172800, null], [604800, 60]], hourly: [[600000, 58], [603600, 60], [614400, 62]]}"""
pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="no Node is installed (apt-get install nodejs)")


def answer(tmp_path: Path, expression: str) -> Any:
    """The value of an expression over FOUND."""
    for name in ("scale", "words"):
        shutil.copy(STATIC / f"{name}.js", tmp_path)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "ask.js").write_text(f"""import * as scale from "./scale.js";
        const found = {FOUND};
        console.log(JSON.stringify({expression}));""")
    told = subprocess.run(["node", "ask.js"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(told.stdout)


def test_a_line_has_a_gap_where_nobody_measured(tmp_path: Path) -> None:
    days, hours = answer(tmp_path, "[false, true].map(by => scale.gaps(scale.series(found, by)))")
    assert days == [[86400 * 1.5, 604800 + 43200]]
    assert hours == [[603600 + 1800, 614400 + 1800]]


def test_a_near_limit_is_on_the_chart_and_a_far_one_is_not(tmp_path: Path) -> None:
    near, far = answer(
        tmp_path, "[80, 500].map(threshold => scale.axes({...found, threshold}, scale.series(found, false)))"
    )
    assert near["high"] > 80
    assert far["high"] < 100
    assert near["low"] >= 0


def test_noise_is_not_blown_up(tmp_path: Path) -> None:
    axes = answer(
        tmp_path, "scale.axes({...found, threshold: null}, {step: 3600, points: [[0, 9.99], [3600, 10], [7200, 9.98]]})"
    )
    assert axes["high"] - axes["low"] >= 0.99


def test_figures_below_each_other_are_round_and_have_as_many_digits(tmp_path: Path) -> None:
    found = answer(tmp_path, "[scale.ticks(54, 81, 4), scale.ticks(-0.04, 0.01, 4), scale.ticks(0, 3, 4)]")
    assert [text for _, text in found[0]] == ["60", "70", "80"]
    assert [text for _, text in found[1]] == ["-0.04", "-0.02", "0.00"]
    assert [text for _, text in found[2]] == ["0", "1", "2", "3"]


@pytest.mark.parametrize(("span_s", "most"), [(6 * 3600, 4), (14 * 86400, 4), (700 * 86400, 8)])
def test_dates_are_few_and_within(tmp_path: Path, span_s: int, most: int) -> None:
    found = answer(tmp_path, f"scale.dates(1000000, {1000000 + span_s}, {most})")
    assert 2 <= len(found) <= most + 1
    assert all(1000000 <= utc <= 1000000 + span_s and text for utc, text in found)


def test_what_is_0_or_1_becomes_words_and_shares_of_time(tmp_path: Path) -> None:
    flag = '{...found, words: "1 while the link is up", unit: "", hourly: [[0, 1], [3600, 0.25]]}'
    name, unit, points, said = answer(
        tmp_path,
        f"""[scale.title("1 while the link is up"), scale.unitOf({flag}), scale.series({flag}, true).points,
            scale.reading({{value: 0, unit: "", words: "1 while the link is up"}})]""",
    )
    assert (name, unit, said) == ("The link is up", "% of the time", "no")
    assert [value for _, value in points] == [100, 25]


def test_it_is_told_in_words(tmp_path: Path) -> None:
    told = answer(tmp_path, "scale.description(found, scale.series(found, false))")
    assert told.startswith("Now 60.0 °C; 50.0 to 60.0 since ")
    assert "Highest that is good: 80.0 °C." in told
    assert "1 stretch without figures." in told
