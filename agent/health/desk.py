"""What is wrong with the camera now, since when, how sure, and what to do: for people who ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from agent.domain import Event, HealthSample, HealthState, Json
from agent.errors import OperatorError
from agent.events.wire import Item
from agent.health import board
from agent.health.readings import METRICS, Reading
from agent.health.watch import PictureWatch
from agent.metrics import Metric, gauge
from hal.ports import Clock

ADVICE = {
    "image": "wait, or make room before the camera: people hide the scene, or it is being learned",
    "covered": "look what hangs or stands before the lens; wipe it",
    "defocused": "refocus the lens; condensation goes by itself",
    "moved": "point the camera back; if it was moved on purpose: aislewatch health rebase --reason ..., and measure"
    " [mount] again by a walk test, where it is set",
    "too_dark": "are the lights on? else set health.dark_schedule to the hours in which they are off",
    "too_bright": "keep lamp and sun out of the lens",
    "frozen": "the picture does not come from the sensor: check the camera's cable, then who has been at it",
    "noisy": "give more light, or let the camera cool",
    "banding": "replace the lamp that flickers, or check the camera's cable",
    "dirt": "clean the lens: dust, drops or a spider's web",
    "ir_cut": "the infrared filter is stuck: switch the camera off and on, else replace it",
    **board.ADVICE,
}
"""By what is wrong; the words of docs/design/semantics.md."""
GRADES = {HealthState.OK: 0.0, HealthState.WARNING: 1.0, HealthState.FAULT: 2.0, HealthState.UNKNOWN: None}
"""A state as a number."""


def rebase(picture: PictureWatch | None, report: Callable[[Event], None], t_s: float, reason: str, by: str) -> None:
    """Learn the scene anew; journaled with who and why. Raises OperatorError where nobody looks after the picture."""
    if picture is None:
        raise OperatorError("the picture's health is switched off", hint="set health.image = true")
    picture.rebase()
    report(Event("rebase", t_s, data={"reason": reason, "by": by}))


class HealthDesk:
    """Keeps the newest word on everything. Belongs to the event loop.

    `readings` gives the newest readings and `missing` the metrics without a source, once the board is watched;
    `forecasts` what is foretold.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, HealthSample] = {}
        self.readings: Callable[[], Mapping[str, Reading]] = dict
        self.missing: Callable[[], Sequence[str]] = list
        self.forecasts: Callable[[], Sequence[Json]] = list

    def take(self, item: Item) -> None:
        """See an item go by; only findings about health are kept."""
        if isinstance(item, HealthSample):
            self._known[item.what] = item

    def finding(self, what: str) -> HealthSample | None:
        """The newest word on one thing."""
        return self._known.get(what)

    def standing(self) -> list[str]:
        """What is wrong now."""
        wrong = (HealthState.WARNING, HealthState.FAULT)
        return [what for what, sample in self._known.items() if sample.state in wrong]

    def state(self) -> HealthState:
        """The camera as a whole: the worst that is known."""
        states = {sample.state for sample in self._known.values()}
        order = (HealthState.FAULT, HealthState.WARNING, HealthState.UNKNOWN)
        return next((state for state in order if state in states), HealthState.OK)

    def facts(self) -> dict[str, Json]:
        """Everything, as JSON; what is not well first."""
        wrong = sorted(self._known.values(), key=lambda one: (one.state == HealthState.OK, -one.t_s))
        return {
            "state": str(self.state()),
            "findings": [self._finding(sample) for sample in wrong],
            "readings": {name: _shown(reading) for name, reading in self.readings().items()},
            "missing": [METRICS[name].words for name in self.missing()],
            "forecasts": [*self.forecasts()],
        }

    def metrics(self) -> Iterator[Metric]:
        """Every reading and finding for Prometheus; a metric without a source is NaN."""
        latest = self.readings()
        for name, metric in METRICS.items():
            value = latest[name].value if name in latest else None
            words = f"{metric.words}, {metric.unit}" if metric.unit else metric.words
            yield gauge(f"aislewatch_health_{name}", value, words[0].upper() + words[1:])
        for what, sample in self._known.items():
            level = GRADES[sample.state]
            yield gauge("aislewatch_health_state", level, "0 well, 1 warning, 2 fault; NaN unknown", what=what)

    def _finding(self, sample: HealthSample) -> dict[str, Json]:
        facts: dict[str, Json] = {
            "what": sample.what,
            "state": str(sample.state),
            "for_s": round(self._clock.monotonic() - sample.since_s, 1),
            "confidence": sample.confidence,
            "detail": sample.detail,
        }
        if sample.what in board.ONVIF:
            facts["onvif"] = board.ONVIF[sample.what]
        return facts if sample.state == HealthState.OK else facts | {"advice": ADVICE.get(sample.what, "")}


def _shown(reading: Reading) -> dict[str, Json]:
    return {"value": round(reading.value, 3), "unit": reading.unit, "words": METRICS[reading.metric].words}
