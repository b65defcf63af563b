"""Every kind of output and input line behaves alike: simulated ones and gpiozero's on its own mock pins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory

from hal.errors import InputUnavailable, OutputUnavailable
from hal.gpio import GpioInputs, GpioOutputs
from hal.ports import Inputs, LineSettings, Outputs
from hal.simulated.clock import ManualClock
from hal.simulated.inputs import SimulatedInputs
from hal.simulated.latched import LatchedOutputs, is_on
from hal.simulated.outputs import RecordingOutputs

LINES = {"siren": LineSettings(pin=17), "relay": LineSettings(pin=27, active_high=False), "led": LineSettings(pin=22)}
SENSORS = {
    "pir": LineSettings(pin=5),
    "button": LineSettings(pin=6, active_high=False, pull_up=True),
    "door": LineSettings(pin=13, active_high=True, pull_up=True),
    "loop": LineSettings(pin=19, active_high=False),
}


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    factory = MockFactory()
    yield factory
    factory.reset()


@pytest.fixture(params=["recording", "latched", "gpiozero"])
def outputs(request: pytest.FixtureRequest, pins: MockFactory, tmp_path: Path) -> Iterator[Outputs]:
    makers: dict[str, Callable[[], Outputs]] = {
        "recording": lambda: RecordingOutputs(LINES, ManualClock()),
        "latched": lambda: LatchedOutputs(LINES, tmp_path),
        "gpiozero": lambda: GpioOutputs(LINES, pins),
    }
    opened = makers[request.param]()
    yield opened
    opened.close()


def test_all_lines_are_off_at_first(outputs: Outputs) -> None:
    assert list(outputs.names) == ["siren", "relay", "led"]
    assert not any(outputs.read(name) for name in outputs.names)


def test_a_line_goes_on_and_off_alone(outputs: Outputs) -> None:
    outputs.set("siren", True)
    outputs.set("siren", True)
    assert [outputs.read(name) for name in outputs.names] == [True, False, False]
    outputs.set("siren", False)
    assert not outputs.read("siren")


def test_all_off_is_all_off(outputs: Outputs) -> None:
    for name in outputs.names:
        outputs.set(name, True)
    outputs.all_off()
    assert not any(outputs.read(name) for name in outputs.names)


def test_an_unknown_line_is_a_keyerror(outputs: Outputs) -> None:
    with pytest.raises(KeyError):
        outputs.set("laser", True)
    with pytest.raises(KeyError):
        outputs.read("laser")


def test_a_closed_line_cannot_be_driven(outputs: Outputs) -> None:
    outputs.set("siren", True)
    outputs.close()
    outputs.close()
    with pytest.raises(OutputUnavailable):
        outputs.set("siren", True)


def test_pins_are_driven_the_right_way_round(pins: MockFactory) -> None:
    outputs = GpioOutputs(LINES, pins)
    levels = {name: pins.pin(line.pin) for name, line in LINES.items()}
    assert [levels[name].state for name in LINES] == [0, 1, 0]
    for name in LINES:
        outputs.set(name, True)
    assert [levels[name].state for name in LINES] == [1, 0, 1]
    outputs.close()
    assert {pin.function for pin in levels.values()} == {"input"}


def test_closing_switches_off_before_letting_go(pins: MockFactory) -> None:
    outputs = GpioOutputs(LINES, pins)
    outputs.set("siren", True)
    outputs.set("relay", True)
    outputs.close()
    assert [state.state for state in pins.pin(17).states][-2:] == [True, False]
    assert [state.state for state in pins.pin(27).states][-2:] == [False, True]


def test_recording_tells_what_was_done_and_when() -> None:
    clock = ManualClock(10.0)
    outputs = RecordingOutputs(["siren", "led"], clock)
    outputs.set("siren", True)
    clock.sleep(2.5)
    outputs.set("led", False)
    outputs.close()
    assert outputs.record == ((10.0, "siren", True), (12.5, "siren", False))


def test_a_broken_line_does_not_keep_the_others_on() -> None:
    outputs = RecordingOutputs(LINES, ManualClock())
    for name in LINES:
        outputs.set(name, True)
    outputs.break_line("siren")
    with pytest.raises(OutputUnavailable, match="siren"):
        outputs.all_off()
    assert [outputs.read(name) for name in LINES] == [True, False, False]
    outputs.repair_line("siren")
    outputs.all_off()
    assert not outputs.read("siren")
    with pytest.raises(KeyError):
        outputs.break_line("laser")


@pytest.mark.parametrize(
    ("lines", "message", "hint"),
    [
        ({"a": LineSettings(17), "b": LineSettings(17)}, "line 'b' on GPIO17 is already in use", "pin of its own"),
        ({"a": LineSettings(99)}, "line 'a' on GPIO99: no such pin", "BCM number"),
    ],
)
def test_pins_that_cannot_be_claimed_are_named(
    pins: MockFactory, lines: dict[str, LineSettings], message: str, hint: str
) -> None:
    with pytest.raises(OutputUnavailable, match=message) as refusal:
        GpioOutputs(lines, pins)
    assert hint in refusal.value.hint
    with pytest.raises(InputUnavailable, match=message):
        GpioInputs(lines, pins, ManualClock())
    GpioOutputs({"a": LineSettings(17)}, pins).close()


def test_a_line_that_is_wired_back_reads_what_really_is(pins: MockFactory) -> None:
    outputs = GpioOutputs({"siren": LineSettings(17)}, pins, {"siren": LineSettings(23)})
    load = pins.pin(23)
    outputs.set("siren", True)
    assert not outputs.read("siren"), "the relay has not followed"
    load.drive_high()
    assert outputs.read("siren")
    outputs.close()
    with pytest.raises(OutputUnavailable, match="GPIO17 is already in use"):
        GpioOutputs({"siren": LineSettings(17)}, pins, {"siren": LineSettings(17)})
    GpioOutputs({"siren": LineSettings(17)}, pins).close()


def test_a_stuck_line_takes_orders_but_reads_as_it_is() -> None:
    outputs = RecordingOutputs(LINES, ManualClock())
    outputs.stick_line("siren", True)
    outputs.set("siren", False)
    assert outputs.read("siren")
    outputs.repair_line("siren")
    assert not outputs.read("siren")
    with pytest.raises(KeyError):
        outputs.stick_line("laser", True)


class Bench:
    """Input lines with a hand on each: `press` makes it active, `release` inactive."""

    def __init__(self, inputs: Inputs, press: Callable[[str], None], release: Callable[[str], None]) -> None:
        self.inputs = inputs
        self.press = press
        self.release = release


@pytest.fixture(params=["simulated", "gpiozero"])
def bench(request: pytest.FixtureRequest, pins: MockFactory) -> Iterator[Bench]:
    clock = ManualClock(7.0)
    if request.param == "simulated":
        simulated = SimulatedInputs(SENSORS, clock)
        yield Bench(simulated, simulated.press, simulated.release)
        return
    inputs = GpioInputs(SENSORS, pins, clock)

    def drive(name: str, active: bool) -> None:
        pin = pins.pin(SENSORS[name].pin)
        (pin.drive_high if active == SENSORS[name].active_high else pin.drive_low)()

    bench = Bench(inputs, lambda name: drive(name, True), lambda name: drive(name, False))
    for name in SENSORS:
        bench.release(name)
    yield bench
    inputs.close()


def test_inputs_are_read_as_active_or_not(bench: Bench) -> None:
    assert list(bench.inputs.names) == list(SENSORS)
    for name in SENSORS:
        assert not bench.inputs.read(name)
        bench.press(name)
        assert bench.inputs.read(name)
        bench.release(name)
        assert not bench.inputs.read(name)


def test_every_change_is_told_once_with_its_time(bench: Bench) -> None:
    heard: list[tuple[str, bool, float]] = []
    bench.inputs.listen(lambda *change: heard.append(change))
    for name in SENSORS:
        bench.press(name)
        bench.press(name)
        bench.release(name)
    assert heard == [(name, active, 7.0) for name in SENSORS for active in (True, False)]


def test_closed_inputs_are_silent(bench: Bench) -> None:
    heard: list[str] = []
    bench.inputs.listen(lambda name, active, t_s: heard.append(name))
    bench.inputs.close()
    bench.inputs.close()
    with pytest.raises(InputUnavailable):
        bench.inputs.read("pir")
    assert heard == []


def test_an_unknown_input_is_a_keyerror(bench: Bench) -> None:
    with pytest.raises(KeyError):
        bench.inputs.read("moat")


def test_pulls_are_set_as_configured(pins: MockFactory) -> None:
    inputs = GpioInputs(SENSORS, pins, ManualClock())
    assert [pins.pin(line.pin).pull for line in SENSORS.values()] == ["down", "up", "up", "down"]
    assert {pins.pin(line.pin).bounce for line in SENSORS.values()} == {0.05}
    inputs.close()


def test_a_latched_line_outlives_its_owner_and_is_off_for_the_next(tmp_path: Path) -> None:
    LatchedOutputs(LINES, tmp_path).set("siren", True)
    assert is_on(tmp_path, "siren")
    LatchedOutputs(LINES, tmp_path)
    assert not is_on(tmp_path, "siren")


def test_a_latched_line_that_cannot_be_written_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputUnavailable, match="cannot make"):
        LatchedOutputs(LINES, tmp_path / "file" / "lines")
