"""Whether and for how long people's clothes are remembered, to tell who may have been here before."""

from __future__ import annotations

from dataclasses import dataclass

from agent import schema
from agent.schema import setting

MOST_MINUTES = 30.0


@dataclass(frozen=True, slots=True)
class AppearanceConfig:
    """The colours of clothes, held in memory only while a rule uses them (docs/appearance.md)."""

    enabled: bool = setting(schema.flag, True, help="false remembers nobody; it is only ever on when a rule uses it")
    minutes: float = setting(
        schema.number(1, MOST_MINUTES), MOST_MINUTES, help="minutes after which somebody unseen is forgotten"
    )
