"""The pin driver is the one that was asked for or an error, and lines are let go of switched off."""

from __future__ import annotations

from pathlib import Path

import pytest
from gpiozero.pins.mock import MockFactory

from hal.errors import OutputUnavailable
from hal.gpio import open_factory, release_lines
from hal.ports import HalSettings, LineSettings


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GPIOZERO_PIN_FACTORY", "LG_WD", "RUNTIME_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)


def test_the_driver_named_in_the_settings_is_used() -> None:
    assert isinstance(open_factory("mock", "/nowhere"), MockFactory)


def test_the_environment_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", "mock")
    assert isinstance(open_factory("lgpio", "/nowhere"), MockFactory)


def test_an_unknown_driver_names_the_known_ones() -> None:
    with pytest.raises(OutputUnavailable, match="no GPIO driver 'laser'") as refusal:
        open_factory("laser", "/nowhere")
    assert "lgpio" in refusal.value.hint


def test_a_machine_without_pins_is_never_passed_over_in_silence() -> None:
    if any(Path("/dev").glob("gpiochip*")):
        pytest.skip("this machine has GPIO")
    with pytest.raises(OutputUnavailable, match="'lgpio' cannot be opened") as refusal:
        open_factory("auto", "/nowhere")
    assert "gpiochip0" in refusal.value.hint


def test_lgpio_is_given_a_writable_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    open_factory("mock", str(tmp_path))
    assert os.environ["LG_WD"] == str(tmp_path)
    monkeypatch.delenv("LG_WD")
    open_factory("mock", "/nowhere")
    assert os.access(os.environ["LG_WD"], os.W_OK)


def test_release_goes_on_past_a_bad_line() -> None:
    lines = {"bad": LineSettings(99), "siren": LineSettings(17)}
    with pytest.raises(OutputUnavailable, match="'bad'"):
        release_lines(HalSettings("simulated", outputs=lines, gpio="mock"))
    release_lines(HalSettings("simulated", outputs={"siren": LineSettings(17)}, gpio="mock"))
    release_lines(HalSettings("simulated", gpio="mock"))
