"""The thermal array's thread: fresh findings reach the rules, old ones and those of a lost array do not."""

import numpy as np
import pytest

from agent.domain import HealthSample, HealthState
from agent.rules.senses import Senses
from agent.vision.thermal import WarmBodies
from agent.warmth import FRESH_S, ThermalWatch
from hal.ports import Frame, Yuv420
from hal.simulated.clock import ManualClock
from hal.simulated.thermal import SimulatedThermal
from hal.system import SystemClock
from tests.waiting import eventually

DARK = np.zeros((4, 4), np.uint8)
FRAME = Frame(0, 0.0, Yuv420(DARK, DARK, DARK), Yuv420(DARK, DARK, DARK))
BODY = (0.4, 0.3, 0.55, 0.8)


class Bench:
    def __init__(self) -> None:
        self.clock = ManualClock(50.0)
        self.array = SimulatedThermal(lambda: self.bodies)
        self.bodies: list[tuple[float, float, float, float]] = []
        self.told: list[HealthSample] = []
        self.watch = ThermalWatch(self.array, WarmBodies(), self.clock, self.told.append)

    def read(self, count: int = 1) -> None:
        for _ in range(count):
            self.clock.sleep(0.5)
            self.watch.read()

    @property
    def warm(self) -> int | None:
        found = self.watch.look(FRAME, [], Senses(blind="dark"))
        assert found.blind == "dark"
        return None if found.warm is None else found.warm.bodies


def test_what_it_made_out_reaches_the_rules_while_it_is_fresh() -> None:
    bench = Bench()
    assert bench.warm is None
    bench.read(3)
    assert bench.warm == 0
    bench.bodies.append(BODY)
    bench.read()
    assert bench.warm == 1
    assert bench.watch.room_c() == pytest.approx(21.0, abs=0.3), "the walls, not the body"
    bench.clock.sleep(FRESH_S + 0.1)
    assert bench.warm is None
    assert bench.watch.room_c() is None


@pytest.mark.parametrize(("fault", "word"), [("lose", "lost"), ("freeze", "stuck"), ("spoil", "out of range")])
def test_its_troubles_are_told_once_and_so_is_their_end(fault: str, word: str) -> None:
    bench = Bench()
    bench.read(2)
    getattr(bench.array, fault)()
    bench.read(8)
    (sample,) = bench.told
    assert (sample.what, sample.state) == ("thermal", HealthState.FAULT)
    assert word in sample.detail
    found = bench.watch.look(FRAME, [], Senses()).warm
    assert found is None or found.trouble == word
    bench.array.mend()
    bench.read()
    assert bench.told[-1].state == HealthState.OK


def test_an_array_that_is_not_there_at_the_start_is_found_when_it_comes() -> None:
    bench = Bench()
    bench.array.lose()
    bench.read(3)
    (missing,) = bench.told
    assert (missing.state, "mend it" in missing.detail) == (HealthState.FAULT, True)
    bench.array.mend()
    bench.read()
    assert bench.told[-1].state == HealthState.OK
    assert bench.warm == 0


def test_the_thread_reads_by_itself_and_ends() -> None:
    array = SimulatedThermal(lambda: [BODY])
    watch = ThermalWatch(array, WarmBodies(), SystemClock(), lambda _: None, fps=50)
    watch.start()
    eventually(lambda: watch.latest is not None)
    watch.stop()
    last = watch.latest
    watch.stop()
    assert watch.latest is last
