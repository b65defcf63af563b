"""Which pose model looks at people, and how often it may."""

from __future__ import annotations

from dataclasses import dataclass

from agent import schema
from agent.schema import setting


def _model(raw: object) -> str:
    return "" if raw == "" else schema.name(raw)


@dataclass(frozen=True, slots=True)
class PoseConfig:
    """The pose model, run on crops of people while a rule needs it: at most `people` x `rate_hz` times a second."""

    model: str = setting(_model, "movenet-lightning", help='a pose model of `aislewatch model list`; "" for none')
    device: str = setting(schema.choice("auto", "cpu", "edgetpu"), "auto", help="where it runs")
    threads: int = setting(schema.integer(1, 8), 1, help="threads of one inference")
    people: int = setting(schema.integer(1, 20), 2, help="most people followed at the full rate; more share it")
    rate_hz: float = setting(schema.number(0.5, 30), 5.0, help="poses a second of one person")
    min_score: float = setting(
        schema.number(0.05, 0.9), 0.25, help="mean confidence of a pose below which it is left out"
    )
