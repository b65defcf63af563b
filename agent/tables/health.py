"""How the camera looks after itself."""

from __future__ import annotations

from dataclasses import dataclass

from agent import schema
from agent.schema import setting


@dataclass(frozen=True, slots=True)
class HealthConfig:
    """How the camera looks after its picture, its board and itself."""

    image: bool = setting(schema.flag, True, help="watch for a covered, blurred, moved, dark or frozen picture")
    learn_s: float = setting(schema.number(3, 3600), 60.0, help="seconds for which a new scene is learned")
    dark_schedule: str | None = setting(schema.name, None, help="the [[schedule]] in which darkness is as it should be")
    reboot: bool = setting(
        schema.flag, False, help="reboot when nothing less helps: at most once a day and three times a week"
    )
    storage_tb: float | None = setting(
        schema.number(0.1, 10_000),
        None,
        help="TB that the storage's maker lets write to it, for the estimate of its wear",
    )
    digest_hour: int = setting(schema.integer(0, 23), 6, help="the local hour at which the day's digest is told")
    safe_after: int = setting(
        schema.integer(0, 100),
        5,
        help="short lives in a row, under a service manager, after which the camera starts without seeing; 0: never",
    )
