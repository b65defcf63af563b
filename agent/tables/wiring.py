"""What is wired to the camera: alarm outputs, inputs and the driver that moves the pins."""

from __future__ import annotations

from dataclasses import dataclass

from agent import schema
from agent.domain import FactKind
from agent.schema import setting


@dataclass(frozen=True, slots=True)
class OutputConfig:
    """One alarm output. `max_on_s` and `max_per_hour_s` are hard: no rule can lift them.

    Of all sirens only one sounds at a time. With `wav` the camera speaks instead of driving a line.
    """

    name: str = setting(schema.name, help="what rules call it")
    pin: int | None = setting(schema.integer(0, 27), None, help="BCM number of the GPIO line")
    role: str = setting(
        schema.choice("relay", "led", "strobe", "siren", "speaker", "status"),
        "relay",
        help="what it is; status is the LED that tells how the camera is (docs/field-guide.md), no rule's",
    )
    active_high: bool = setting(schema.flag, True, help="false for relays that close on low")
    pattern: str = setting(schema.choice("steady", "blink", "pulse", "chirp"), "steady", help="how it sounds or shines")
    hz: float = setting(schema.number(0.1, 10), 2.0, help="of blink")
    on_s: float = setting(schema.number(0.05, 60), 1.0, help="of pulse")
    off_s: float = setting(schema.number(0.05, 60), 1.0, help="of pulse")
    max_on_s: float = setting(schema.number(0, 3600, above=True), 180.0, help="longest activation, seconds")
    max_per_hour_s: float = setting(schema.number(0, 3600, above=True), 600.0, help="most in any hour, seconds")
    schedule: str | None = setting(schema.name, None, help="the [[schedule]] in which it is armed, if any")
    always: bool = setting(schema.flag, False, help="stays armed when the camera is disarmed, as panic needs it")
    readback_pin: int | None = setting(
        schema.integer(0, 27), None, help="a line wired back from the load: high while it really is on"
    )
    wav: str | None = setting(schema.text, None, help="instead of a pin, a WAV file to speak through ALSA")


@dataclass(frozen=True, slots=True)
class LadderConfig:
    """Outputs that join in as an incident becomes worse; rules name it in `actions` like an output."""

    name: str = setting(schema.name, help="what rules call it")
    info: tuple[str, ...] = setting(schema.many(schema.name), (), help="outputs from the beginning")
    warning: tuple[str, ...] = setting(schema.many(schema.name), (), help="outputs that join in from a warning on")
    critical: tuple[str, ...] = setting(schema.many(schema.name), (), help="outputs that join in when it is critical")
    step_s: float = setting(
        schema.number(0, 3600), 0.0, help="seconds after which an open incident climbs one rung by itself; 0 is never"
    )

    @property
    def rungs(self) -> tuple[tuple[str, ...], ...]:
        """The outputs that join in, by severity."""
        return self.info, self.warning, self.critical


@dataclass(frozen=True, slots=True)
class InputConfig:
    """One sensor or contact; without a pin it is told over the API (`POST /v1/inputs/NAME`)."""

    name: str = setting(schema.name, help="what rules call it")
    kind: str = setting(schema.choice(*(k.value for k in FactKind)), help="what it tells")
    pin: int | None = setting(schema.integer(0, 27), None, help="BCM number of the GPIO line")
    active_high: bool = setting(schema.flag, True, help="false for contacts that close to ground")
    pull: str = setting(schema.choice("up", "down"), "down", help="the resistor that holds the line at rest")
    debounce_s: float = setting(schema.number(0, 5), 0.05, help="seconds for which a contact may bounce")
    token: str | None = setting(schema.secret, None, help="what who tells it must send as `Authorization: Bearer`")


@dataclass(frozen=True, slots=True)
class GpioConfig:
    """Which driver moves the pins."""

    driver: str = setting(
        schema.choice("auto", "lgpio", "mock", "simulated", "latched"),
        "auto",
        help="auto is lgpio on a device, else simulated; latched is simulated in files that outlive the agent",
    )


@dataclass(frozen=True, slots=True)
class ThermalConfig:
    """A low-resolution thermal array that looks where the camera looks; it counts warm bodies, also in the dark."""

    source: str = setting(schema.choice("none", "mlx90640", "simulated"), "none", help="which array")
    bus: int = setting(schema.integer(0, 255), 1, help="number of its I2C bus, /dev/i2c-N")
    address: int = setting(schema.integer(0x08, 0x77), 0x33, help="its I2C address")
    fps: float = setting(schema.number(0.5, 8), 2.0, help="pictures a second")
    min_contrast_k: float = setting(
        schema.number(0.5, 10), 1.5, help="kelvin by which a body must be warmer than its surroundings usually are"
    )
