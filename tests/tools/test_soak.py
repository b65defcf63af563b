"""A leak is found, noise that wanders is none, and a camera that does ten times the usual does not leak."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.waiting import eventually
from tools import soak as program
from tools.soak import EVERY_S, MINOR_MB_H, PILE, Sample, judge, rows, slope, soak

HOURS = 118 / 60


def samples(
    hours: float, rise_mb_h: float = 0.0, phi: float = 0.0, files_h: float = 0.0, seed: int = 1
) -> list[Sample]:
    """A process that was looked at every two seconds."""
    rng, wander, found = np.random.default_rng(seed), 0.0, []
    for n in range(round(hours * 1800)):
        t_s = n * 2.0
        wander = phi * wander + float(rng.normal(0, 0.3))
        warm = 40.0 * (1 - np.exp(-t_s / 60))
        held = 120 + warm + rise_mb_h * t_s / 3600 + wander
        found.append(Sample(t_s, held, 30 + round(files_h * t_s / 3600), 25, n * 3))
    return found


def verdicts(found: list[Sample]) -> list[str]:
    return [row.verdict for row in rows(judge(found))]


@pytest.mark.parametrize("seed", range(5))
def test_memory_that_wanders_is_no_leak_and_one_that_leaks_is(seed: int) -> None:
    assert verdicts(samples(1.0, phi=0.97, seed=seed))[0] == "met"
    assert verdicts(samples(1.0, rise_mb_h=6.0, phi=0.5, seed=seed)) == ["missed", "met", "met", "met"]


def stepped(levels: Callable[[NDArray[np.float64]], NDArray[Any]], seed: int) -> list[str]:
    """Verdicts on a process that was looked at for two hours; `levels` gives MiB by hours."""
    times_h = np.arange(0, HOURS, EVERY_S / 3600)
    held = 240 + levels(times_h) + np.random.default_rng(seed).normal(0, 0.05, len(times_h))
    return verdicts([Sample(t_h * 3600, mb, 11, 22, n) for n, (t_h, mb) in enumerate(zip(times_h, held, strict=True))])


@pytest.mark.parametrize("step_mb", [0.004, 0.25, 0.5, 1.0])
@pytest.mark.parametrize("seed", range(8))
def test_a_leak_of_two_mib_an_hour_shows_in_the_steps_it_takes(seed: int, step_mb: float) -> None:
    phase = np.random.default_rng(seed).uniform()
    assert stepped(lambda t: np.floor(2 * t / step_mb + phase) * step_mb, seed)[0] == "missed"


@pytest.mark.parametrize("seed", range(8))
def test_steps_that_lead_nowhere_are_no_leak(seed: int) -> None:
    """Of the size and length that were seen in a camera that did not leak, up and down."""
    rng = np.random.default_rng(seed)
    once_h, minutes = rng.uniform(0.2, 1.8), rng.uniform(3, 30)
    levels = np.repeat(rng.choice([0.0, 0.9, 2.3], 200), max(round(minutes * 30), 1))
    assert stepped(lambda t: np.resize(levels, len(t)), seed)[0] == "met"
    assert stepped(lambda t: 2.3 * (t > once_h), seed)[0] == "met"
    assert stepped(lambda t: 2.3 * ((t > once_h) & (t < once_h + minutes / 60)), seed)[0] == "met"


def test_a_soak_whose_memory_moved_too_much_to_tell_is_not_passed() -> None:
    assert stepped(lambda t: 2.3 * (t > 1.0), seed=1)[:2] == ["met", "missed"]
    assert stepped(np.zeros_like, seed=1) == ["met"] * 4


def test_files_that_pile_up_are_found() -> None:
    assert verdicts(samples(1.0, files_h=20.0)) == ["met", "met", "missed", "met"]


def test_the_warm_up_is_left_out() -> None:
    verdict = judge(samples(0.5))
    assert abs(verdict.slope_mb_h) < MINOR_MB_H
    assert verdict.minutes == pytest.approx(30, abs=0.1)
    assert verdict.files == (30, 30)
    assert PILE < 5


def test_the_interval_holds_its_promise_for_samples_that_follow_each_other() -> None:
    held = 0
    for seed in range(200):
        rng, wander, values = np.random.default_rng(seed), 0.0, []
        for _ in range(400):
            wander = 0.6 * wander + float(rng.normal())
            values.append(wander)
        _, low, high = slope([n / 100 for n in range(400)], values)
        held += low <= 0.0 <= high
    assert held >= 180


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_one_that_is_ended_early_ends_its_camera_and_has_kept_its_samples(tmp_path: Path, number: int) -> None:
    kept = tmp_path / "samples"
    command = [sys.executable, program.__file__, "--minutes", "30", "--samples", str(kept)]
    with subprocess.Popen(command) as process:
        eventually(lambda: kept.exists() and bool(kept.read_text()), seconds=90)
        (camera,) = map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split())
        process.send_signal(number)
        assert process.wait(60) == 128 + number
    eventually(lambda: not Path(f"/proc/{camera}").exists())
    found = [Sample(**json.loads(line)) for line in kept.read_text().splitlines()]
    assert found[0].rss_mb > 10


GROSS_MB_H = 300.0
"""Three minutes are warm-up and show gross leaks only: one frame kept of each is 12 GiB an hour."""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_camera_does_not_leak() -> None:
    verdict = judge(soak(3.0))
    memory, _, *others = rows(verdict)
    assert verdict.low_mb_h < GROSS_MB_H, memory
    assert [row.verdict for row in others] == ["met", "met"], others
    assert verdict.events > 100
