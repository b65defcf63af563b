"""Simulated years of a camera's own figures: the same by seed, with everything in them that forecasts must stand."""

from __future__ import annotations

import numpy as np
import pytest

from hal.simulated.board_traces import DAYS, KINDS, LEAST_LIFE, persistent, unit

UNITS = [unit(seed) for seed in range(60)]


def test_a_seed_is_a_unit() -> None:
    first, again, other = unit(3), unit(3), unit(4)
    for metric, values in first.values.items():
        np.testing.assert_array_equal(values, again.values[metric])
    assert first.episodes == again.episodes
    assert not np.array_equal(first.load, other.load)


def test_one_in_five_failures_at_least_is_sudden_and_the_rest_takes_weeks() -> None:
    failures = [one for made in UNITS for one in made.episodes if one.failed and one.fails < DAYS]
    assert np.mean([one.sudden for one in failures]) >= 0.2
    gradual = [one for made in UNITS for one in made.episodes if not one.sudden]
    assert min(one.fails - one.begins for one in gradual) >= LEAST_LIFE * 0.5
    assert 0.1 < np.mean([not one.failed for one in gradual]) < 0.4, "some are prevented"


def test_days_are_missing_and_services_are_noted_or_not() -> None:
    missing = np.mean([np.isnan(values).mean() for made in UNITS for values in made.values.values()])
    assert 0.02 < missing < 0.12
    services = [one for made in UNITS for one in made.services]
    assert 0.6 < np.mean([one.noted for one in services]) < 0.95
    assert all(0 <= one.day <= DAYS for one in services)


def test_a_gradual_failure_passes_its_threshold_about_when_it_is_said_to() -> None:
    for made in UNITS:
        for one in made.episodes:
            kind = KINDS[one.metric]
            if one.sudden or not one.failed or one.fails >= DAYS - 8 or kind.relative or kind.quantum:
                continue
            near = made.values[one.metric][int(one.fails) - 3 : int(one.fails) + 1]
            assert np.nanmedian(near) == pytest.approx(kind.threshold, abs=6 * kind.noise + 3 * abs(kind.by_load) + 6)


def test_noise_persists_as_told() -> None:
    noise = persistent(np.random.default_rng(1), 20_000, 2.0, 0.6)
    assert noise.std() == pytest.approx(2.0, rel=0.05)
    assert np.corrcoef(noise[1:], noise[:-1])[0, 1] == pytest.approx(0.6, abs=0.03)
