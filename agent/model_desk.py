"""The models as somebody asks for them: which this camera knows and has, whether they see, and how fast they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from agent.build import Detectors
from agent.config import Config
from agent.domain import Json
from agent.models import STORE, Catalogue, store_of
from agent.models.bundles.signing import name_of
from agent.models.proof import blindness
from agent.tables.camera import ModelConfig
from agent.vision.detector import MIN_SCORE, Detector
from agent.vision.spec import ModelSpec
from hal.ports import Clock

WARM_UP = 3
PICTURE = (360, 640, 3)
SEED = 20260101
Tick = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class ModelDesk:
    """Everything here takes its time: it belongs on a thread of its own. `used` names the models that look now."""

    clock: Clock
    model: ModelConfig = field(default_factory=ModelConfig)
    store: Path = STORE
    used: Sequence[str] = ()

    @staticmethod
    def of(config: Config, clock: Clock) -> ModelDesk:
        """That of a camera with this configuration."""
        used = [config.model.name, *([config.pose.model] if config.pose.model else [])]
        return ModelDesk(clock, config.model, store_of(config.storage.data_dir), used)

    def listed(self) -> Iterator[dict[str, Json]]:
        """Every model that is known, then those that were refused. Raises ModelError."""
        catalogue = Catalogue.load(store=self.store)
        for spec in catalogue.specs:
            yield {**facts_of(catalogue, spec), "used": spec.name in self.used}
        for name, why in catalogue.refused.items():
            yield {"type": "refused model", "name": name, "why": why}

    def here(self) -> list[ModelSpec]:
        """The models whose files are here. Raises ModelError."""
        catalogue = Catalogue.load(store=self.store)
        return [spec for spec in catalogue.specs if catalogue.find(spec) is not None]

    def people(self) -> list[str]:
        """Those of them that find people. Raises ModelError."""
        return [spec.name for spec in self.here() if spec.task == "person"]

    def bench(self, name: str, runs: int, tick: Tick = lambda _: None) -> dict[str, Json]:
        """Time one. Raises ModelError, or HalError where it cannot be loaded."""
        config = replace(self.model, name=name)
        detector = Detectors(config, self.clock, Catalogue.load(store=self.store)).open(MIN_SCORE)
        return {"name": name, **timed(detector, self.clock, runs, tick)}

    def verify(self, name: str) -> dict[str, Json]:
        """What one gets wrong on its reference picture. Raises ModelError for one that is unknown or not here."""
        catalogue = Catalogue.load(store=self.store)
        spec = catalogue.spec(name)
        reference = catalogue.reference(spec)
        people = len(reference.people)
        if spec.task == "pose":
            wrong = blindness(spec, catalogue.read(spec), reference)
            return {"name": name, "people": 1, "wrong": wrong, "device": "cpu", "degraded": ""}
        detector = Detectors(replace(self.model, name=name), self.clock, catalogue).open(MIN_SCORE)
        info = detector.accelerator_info
        detector.close()
        where: dict[str, Json] = {"device": info.device, "degraded": info.degraded}
        return {"name": name, "people": people, "wrong": detector.blind, **where}


def facts_of(catalogue: Catalogue, spec: ModelSpec) -> dict[str, Json]:
    """One model: what it is, where its file lies, and who signed it where it was delivered."""
    path, delivered = catalogue.find(spec), catalogue.delivered.get(spec.name)
    return {
        "type": "model",
        "name": spec.name,
        "task": spec.task,
        "width": spec.input.width,
        "height": spec.input.height,
        "size_bytes": spec.size_bytes,
        "licence": spec.licence,
        "carried": spec.carried,
        "path": str(path) if path else None,
        "accuracy": dict(spec.accuracy),
        "latency": dict(spec.latency),
        "signer": name_of(delivered.signer) if delivered else "",
    }


def timed(detector: Detector, clock: Clock, runs: int, tick: Tick) -> dict[str, Any]:
    """Median and 90th percentile of so many pictures of noise, in milliseconds, after a few that do not count."""
    pictures = np.random.default_rng(SEED).integers(0, 256, (4, *PICTURE), np.uint8)
    begun_s, took_ms = clock.monotonic(), []
    for run in range(-WARM_UP, runs):
        start_s = clock.monotonic()
        detector.detect_rgb(pictures[run % len(pictures)])
        if run >= 0:
            took_ms.append(1e3 * (clock.monotonic() - start_s))
        tick(clock.monotonic() - begun_s)
    info = detector.accelerator_info
    where = {"device": info.device, "runtime": info.runtime, "degraded": info.degraded}
    return {"runs": runs, **_percentiles(took_ms), **where}


def _percentiles(took_ms: Sequence[float]) -> dict[str, float]:
    median, late = (float(value) for value in np.percentile(took_ms, (50, 90)))
    return {"median_ms": round(median, 2), "p90_ms": round(late, 2), "per_s": round(1e3 / max(median, 1e-3), 1)}
