"""Every thermal array behaves alike: the simulated one, and the real driver on a simulated chip."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest

from hal import open_hal
from hal.errors import ThermalLost, ThermalUnavailable
from hal.ports import F32, HalSettings, ThermalArray, ThermalSettings
from hal.simulated.clock import ManualClock
from hal.simulated.mlx90640 import SimulatedMlx90640
from hal.simulated.thermal import PERSON_C, ROOM_C, Body, SimulatedThermal, warm_picture
from hal.thermal import Mlx90640

SETTINGS = ThermalSettings("mlx90640")


@dataclass
class Bench:
    """An array, the bodies before it, and a way to cut it off."""

    bodies: list[Body] = field(default_factory=list)
    array: ThermalArray = field(init=False)
    cut: Callable[[], None] = field(init=False)


def chip(bodies: list[Body]) -> SimulatedMlx90640:
    rng = np.random.default_rng(1)
    return SimulatedMlx90640(lambda: warm_picture(bodies, rng))


@pytest.fixture(params=["simulated", "mlx90640"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    bench = Bench()
    if request.param == "simulated":
        simulated = SimulatedThermal(lambda: bench.bodies)
        bench.array, bench.cut = simulated, simulated.lose
    else:
        pytest.importorskip("adafruit_mlx90640", reason="the extra `thermal` is not installed")
        bus = chip(bench.bodies)
        bench.array, bench.cut = Mlx90640(SETTINGS, lambda: bus), lambda: setattr(bus, "present", False)
    with pytest.raises(ThermalLost):
        bench.array.read()
    bench.array.open()
    yield bench
    bench.array.close()


def test_an_empty_room_is_as_warm_as_the_room(bench: Bench) -> None:
    picture = bench.array.read()
    assert picture.shape == (24, 32)
    assert picture.dtype == np.float32
    assert abs(float(np.median(picture)) - ROOM_C) < 0.3
    assert float(np.ptp(picture)) < 3.0


def test_a_person_is_warm_where_they_stand(bench: Bench) -> None:
    bench.bodies.append((0.25, 0.25, 0.5, 0.75))
    picture = bench.array.read()
    assert abs(float(picture[8:16, 10:14].mean()) - PERSON_C) < 0.5
    assert abs(float(picture[:4].mean()) - ROOM_C) < 0.3
    bench.bodies.clear()
    assert float(bench.array.read().max()) < ROOM_C + 3


def test_each_picture_is_a_new_one(bench: Bench) -> None:
    first, second = bench.array.read(), bench.array.read()
    assert not np.array_equal(first, second)
    assert not np.shares_memory(first, second)


def test_one_that_does_not_answer_is_lost_and_closing_twice_is_fine(bench: Bench) -> None:
    bench.cut()
    with pytest.raises(ThermalLost):
        bench.array.read()
    bench.array.close()
    bench.array.close()
    with pytest.raises(ThermalLost):
        bench.array.read()
    with pytest.raises(ThermalUnavailable):
        bench.array.open()


def test_what_is_not_there_is_unavailable_with_a_hint() -> None:
    pytest.importorskip("adafruit_mlx90640", reason="the extra `thermal` is not installed")
    with pytest.raises(ThermalUnavailable, match="address 0x34") as refusal:
        Mlx90640(ThermalSettings("mlx90640", address=0x34), lambda: chip([])).open()
    assert "i2cdetect" in refusal.value.hint


@pytest.mark.parametrize(("fps", "code"), [(0.5, 1), (1, 2), (2, 3), (4, 4), (50, 5)])
def test_the_chip_runs_fast_enough_for_whole_pictures(fps: float, code: int) -> None:
    driver = pytest.importorskip("adafruit_mlx90640", reason="the extra `thermal` is not installed")
    bus = chip([])
    Mlx90640(ThermalSettings("mlx90640", fps=fps), lambda: bus).open()
    assert driver.MLX90640(bus).refresh_rate == code


def test_pixels_that_the_chip_calls_broken_are_no_numbers_however_often_it_is_opened() -> None:
    pytest.importorskip("adafruit_mlx90640", reason="the extra `thermal` is not installed")
    cold: F32 = np.full((24, 32), 20.0, np.float32)
    for _ in range(4):
        picture = opened(SimulatedMlx90640(lambda: cold, broken=(5, 99))).read()
        assert np.flatnonzero(np.isnan(picture.ravel())).tolist() == [5, 99]
    assert not np.isnan(opened(SimulatedMlx90640(lambda: cold)).read()).any()


def opened(bus: SimulatedMlx90640) -> Mlx90640:
    array = Mlx90640(SETTINGS, lambda: bus)
    array.open()
    return array


def test_the_hardware_is_opened_as_configured() -> None:
    quiet = HalSettings("simulated", 320, 180, scene="crowd")
    with open_hal(quiet, ManualClock()) as hal:
        assert hal.thermal is None
    clock = ManualClock()
    with open_hal(
        HalSettings("simulated", 320, 180, scene="crowd", thermal=ThermalSettings("simulated")), clock
    ) as hal:
        assert hal.thermal is not None
        hal.thermal.open()
        warmest = []
        for _ in range(20):
            clock.sleep(1.0)
            warmest.append(float(hal.thermal.read().max()))
        assert max(warmest) > ROOM_C + 4, "people of the scene are warm"


def test_without_the_bus_the_camera_opens_and_the_array_says_what_to_do() -> None:
    with open_hal(HalSettings("simulated", thermal=ThermalSettings("mlx90640", bus=250)), ManualClock()) as hal:
        assert hal.thermal is not None
        with pytest.raises(ThermalUnavailable) as refusal:
            hal.thermal.open()
    assert "I2C" in refusal.value.hint or "pip install" in refusal.value.hint
