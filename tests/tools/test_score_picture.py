"""The score of the picture's health counts what it says it counts, and by the pictures' own time."""

from __future__ import annotations

import numpy as np
import pytest

from hal.ports import Yuv420
from tools.health_scores.picture import BY_INFRARED, CASES, QUICK, SLOW, Trial, found, named, strike

COVERED = Trial("cap", "covered", 10.0, "covered", 10.0)


def test_a_second_late_is_late_and_what_is_not_told_is_both() -> None:
    trials = [COVERED, COVERED._replace(after_s=11.0), COVERED._replace(told=None, after_s=np.inf)]
    told, timely = found(trials, "", "3 faults")
    assert [told.value, timely.value] == pytest.approx([2 / 3, 1 / 3])
    assert (told.note, timely.note) == ("missed: cap (1)", "late: cap (2)")
    assert {told.verdict, timely.verdict} == {"missed"}


def test_a_wrong_name_is_counted_among_what_was_told_only() -> None:
    row = named([COVERED, COVERED._replace(told="moved"), COVERED._replace(told=None)])
    assert (row.value, row.note) == (0.5, "cap as moved (1)")


def test_the_targets_of_the_issue_are_those_that_are_scored() -> None:
    within = {case.truth: case.within_s for case in QUICK.values()}
    assert within == {"covered": 10.0, "defocused": 30.0, "moved": 30.0, "too_dark": 30.0, "too_bright": 30.0}
    assert all(case.infrared for case in BY_INFRARED.values())
    assert {case.truth for case in SLOW.values()} == {"dirt", "noisy", "banding", "ir_cut"}


def test_a_cover_takes_the_colours_along_and_a_blur_does_not() -> None:
    rng = np.random.default_rng(1)
    picture = Yuv420(*(rng.integers(0, 255, size, np.uint8) for size in ((90, 160), (45, 80), (45, 80))))
    assert np.ptp(CASES["spray"].change(picture, rng).u) == 0
    assert np.array_equal(CASES["blur"].change(picture, rng).u, picture.u)


def test_the_same_seed_gives_the_same_trial_however_long_it_takes() -> None:
    first = strike((5, "cap"))
    assert first == strike((5, "cap"))
    assert first.after_s.is_integer(), "times are whole seconds of the pictures"
    assert (first.told, first.timely) == ("covered", True)
