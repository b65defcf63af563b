"""Makes the parts of the walk from a configuration: the one place that knows which part takes which setting."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

import cv2

from agent.config import Config
from agent.domain import ZoneKind
from agent.errors import ModelError
from agent.models import Catalogue
from agent.models.bundles.manifest import base_of
from agent.poses import open_poses
from agent.respond.alarms import AlarmBank
from agent.rules.bars import Bars
from agent.rules.engine import RuleEngine
from agent.rules.incidents import IncidentBook
from agent.rules.zones import ZoneMap
from agent.tables.camera import ModelConfig
from agent.vision.appearance_watch import AppearanceWatcher
from agent.vision.background import Background
from agent.vision.detector import Detector
from agent.vision.doors import Doors
from agent.vision.gate import Gate, GatePolicy
from agent.vision.handover import Handover
from agent.vision.pipeline import Parts, PictureCheck, Watcher
from agent.vision.pose_watch import PoseWatcher
from agent.vision.reference import Reference
from agent.vision.spec import ModelSpec, Operating
from agent.vision.tracker import Tracker, TrackerSettings
from hal.errors import AcceleratorLost, ModelUnreadable
from hal.ports import Clock
from hal.tflite import DeviceName, compiled_for_edgetpu, open_accelerator

log = logging.getLogger(__name__)

WITH_GOODS = (ZoneKind.SHELF, ZoneKind.HIGH_VALUE)
"""The kinds of zones that have a front with goods."""
LOW_SCORE = TrackerSettings().low_score
"""What the tracker can use; decoding all boxes down to a score of nothing costs up to a millisecond more."""


class _Chosen(NamedTuple):
    """A model, its file, and what it has to see."""

    spec: ModelSpec
    content: bytes
    reference: Reference


class Detectors:
    """Opens the configured detector, and one on the CPU when its accelerator is lost.

    `faults` is the file that a simulated accelerator reads. For a delivered model that can no longer be used the one
    stands in that it is a version of. Raises ModelError, ModelUnreadable or RuntimeMissing for a model that cannot be
    used.
    """

    def __init__(
        self, config: ModelConfig, clock: Clock, catalogue: Catalogue | None = None, *, faults: str = ""
    ) -> None:
        self._catalogue = catalogue or Catalogue.load()
        self._stands_in = ""
        self._chosen = self._choose(config.name)
        self.spec = self._chosen.spec
        self._config = config
        self._clock = clock
        self._faults = faults

    def open(self, min_score: float = LOW_SCORE) -> Detector:
        """The detector as configured; by default it gives what the tracker can use, which is cheaper than all.

        A model for an Edge TPU that is not to be had is replaced by the configured fallback, an accelerator that gives
        wrong results by the CPU. One that does not see there either is `blind`.
        """
        device: DeviceName = self._config.device  # type: ignore[assignment]  # a choice of ModelConfig
        try:
            detector = self._open(self._chosen, device, min_score, self._stands_in)
            if not detector.blind or detector.accelerator_info.device == "cpu":
                return detector
            detector.close()
            why = f"the accelerator gives wrong results: {detector.blind}"
        except AcceleratorLost as error:
            why = str(error)
        except ModelUnreadable as error:
            if not compiled_for_edgetpu(self._chosen.content):
                raise
            why = str(error)
        return self.open_fallback(why)

    def open_fallback(self, why: str) -> Detector:
        """The detector on the CPU, marked as degraded: the same model where a CPU can run it."""
        edgetpu = compiled_for_edgetpu(self._chosen.content)
        return self._open(self._found(self._config.fallback) if edgetpu else self._chosen, "cpu", LOW_SCORE, why)

    def _choose(self, name: str) -> _Chosen:
        """The model of that name and its files; what was delivered lies on a card, which may lose it."""
        try:
            return self._found(name)
        except ModelError as error:
            if (base := base_of(name)) == name:
                raise
            found = self._found(base)
            self._stands_in = f"{error}; {base} stands in"
            log.error("%s", self._stands_in)
            return found

    def _found(self, name: str) -> _Chosen:
        spec = self._spec(name)
        return _Chosen(spec, self._catalogue.read(spec), self._catalogue.reference(spec))

    def _spec(self, name: str) -> ModelSpec:
        spec = self._catalogue.spec(name)
        if spec.task != "person":
            raise ModelError(f"model {name} is for {spec.task}", hint="choose one that finds people")
        return spec

    def _open(self, chosen: _Chosen, device: DeviceName, min_score: float, degraded: str = "") -> Detector:
        """The model on a device, proven on its reference picture. Raises AcceleratorLost, besides the others."""
        accelerator = open_accelerator(
            chosen.content,
            runtime=self._config.runtime,  # type: ignore[arg-type]  # one of the choices of ModelConfig
            device=device,
            threads=self._config.threads,
            faults=self._faults if self._config.device == "simulated" else "",
        )
        detector = Detector(
            accelerator,
            chosen.spec,
            min_score=min_score,
            monotonic=self._clock.monotonic,
            degraded=degraded,
            reference=chosen.reference,
        )
        if detector.prove():
            log.error("model %s does not see on the %s: %s", chosen.spec.name, accelerator.info.device, detector.blind)
        return detector

    def operating(self) -> Operating:
        """The thresholds: the model's own by day, unless the configuration says otherwise."""
        own = operating_point(self.spec)
        return Operating(
            min_score=self._config.min_score or own.min_score,
            confirm_score=self._config.confirm_score or own.confirm_score,
        )


def operating_point(spec: ModelSpec) -> Operating:
    """A person model's thresholds by day. Raises ModelError for an entry without any."""
    if spec.scores is None:
        raise ModelError(f"model {spec.name} has no scores in the manifest")
    return spec.scores.day


def make_parts(
    config: Config,
    detectors: Detectors,
    detector: Detector,
    *,
    aspect: float,
    prefix: str,
    alarms: AlarmBank | None = None,
    bars: Bars | None = None,
    others: Sequence[Watcher] = (),
    picture: PictureCheck | None = None,
) -> Parts:
    """The parts of the walk for pictures of this aspect (width / height); `prefix` makes incident ids unique.

    `others` are senses that were made already.
    """
    cv2.setNumThreads(1)  # the pictures are small: handing work to threads costs more than it saves
    point = detectors.operating()
    watchers = [*make_watchers(config, aspect), *others]
    rules = RuleEngine(config, aspect, [watcher.sense for watcher in watchers])
    for watcher in watchers:
        if isinstance(watcher, PoseWatcher):
            watcher.urgent = lambda: rules.concealing
    return Parts(
        gate=Gate([mask.polygon for mask in config.motion_masks]),
        policy=GatePolicy(),
        detector=detector,
        tracker=Tracker(TrackerSettings(point.min_score, point.confirm_score, aspect)),
        handover=Handover(aspect),
        rules=rules,
        incidents=IncidentBook(config.rules, prefix, bars),
        object_mask=ZoneMap([mask.polygon for mask in config.object_masks]),
        open_fallback=detectors.open_fallback,
        alarms=alarms,
        watchers=watchers,
        picture=picture,
    )


def make_watchers(config: Config, aspect: float) -> list[Watcher]:
    """The senses besides tracks that the configured rules need and this camera has, in the order in which they look."""
    needed = {sense for rule in config.rules for sense in rule.needs + rule.uses}
    watchers: list[Watcher] = []
    if Background.sense in needed:
        fronts = {zone.name: zone.goods for zone in config.zones if zone.kind in WITH_GOODS}
        watchers.append(Background(aspect, fronts, [mask.polygon for mask in config.motion_masks]))
    if AppearanceWatcher.sense in needed and config.appearance.enabled:
        watchers.append(AppearanceWatcher(Doors(config, aspect), aspect, config.appearance.minutes))
    if PoseWatcher.sense in needed and (poses := open_poses(config, aspect)):
        watchers.append(poses)
    return watchers
