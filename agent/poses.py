"""Opens the sense of poses for a configuration, or says why there is none."""

from __future__ import annotations

import logging
from collections.abc import Callable

from agent.config import Config
from agent.errors import ModelError
from agent.models import Catalogue, store_of
from agent.rule_config import ConcealmentRule
from agent.rules.registry import goods_fronts
from agent.vision.pose import PoseModel
from agent.vision.pose_budget import PoseBudget
from agent.vision.pose_watch import PoseNeed, PoseWatcher
from hal.errors import HalError, ModelUnreadable
from hal.tflite import DeviceName, open_accelerator

log = logging.getLogger(__name__)


def pose_need(config: Config) -> PoseNeed:
    """Whom the configured rules must look at: those near shelves for concealment, everybody for the others."""
    rules = [rule for rule in config.rules if PoseWatcher.sense in rule.needs]
    everybody = any(not isinstance(rule, ConcealmentRule) for rule in rules)
    fronts = (goods_fronts(config, rule) for rule in rules if isinstance(rule, ConcealmentRule))
    return PoseNeed(everybody, tuple(front for some in fronts for _, front in some))


Opener = Callable[[str], PoseModel]


def open_pose_model(config: Config, catalogue: Catalogue) -> Opener:
    """What opens the configured model on a device.

    Raises ModelError for a model that is unknown, missing or not for poses; the opener, for one that cannot be run.
    """
    spec = catalogue.spec(config.pose.model)
    if spec.task != "pose":
        raise ModelError(f"model {spec.name} is for {spec.task}", hint="choose one that finds poses")
    content, reference = catalogue.read(spec), catalogue.reference(spec)

    def open_on(device: str) -> PoseModel:
        chosen: DeviceName = device  # type: ignore[assignment]  # a choice of PoseConfig
        runtime = config.model.runtime
        accelerator = open_accelerator(content, runtime=runtime, device=chosen, threads=config.pose.threads)  # type: ignore[arg-type]  # a choice of ModelConfig
        model = PoseModel(accelerator, spec, reference)
        if wrong := model.prove():
            raise ModelUnreadable(f"model {spec.name} does not see: {wrong}", hint="bring or deliver it again")
        return model

    return open_on


def open_poses(config: Config, aspect: float, catalogue: Catalogue | None = None) -> PoseWatcher | None:
    """The sense of poses; None, with the reason in the log, where the model is not configured or cannot be used."""
    pose = config.pose
    if not pose.model:
        log.warning('no poses: [pose] model is ""')
        return None
    try:
        known = catalogue or Catalogue.load(store=store_of(config.storage.data_dir))
        open_model = open_pose_model(config, known)
        model = open_model(pose.device)
    except (ModelError, HalError) as error:
        log.warning("no poses: %s %s", error, error.hint)
        return None
    return PoseWatcher(
        model,
        pose_need(config),
        PoseBudget(pose.people, pose.rate_hz),
        aspect,
        min_score=pose.min_score,
        reopen=lambda: open_model("cpu"),
    )
