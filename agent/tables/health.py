"""How the camera looks after itself."""

from __future__ import annotations

from dataclasses import dataclass

from agent import schema
from agent.schema import setting


@dataclass(frozen=True, slots=True)
class HealthConfig:
    """How the camera looks after its picture."""

    image: bool = setting(schema.flag, True, help="watch for a covered, blurred, moved, dark or frozen picture")
    learn_s: float = setting(schema.number(3, 3600), 60.0, help="seconds for which a new scene is learned")
    dark_schedule: str | None = setting(schema.name, None, help="the [[schedule]] in which darkness is as it should be")
