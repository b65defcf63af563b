"""What the camera makes of a frame besides tracks: each sense by its name, None where there is none."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Senses:
    """The findings of one frame. A field's name is the sense's name, as in `RuleConfig.needs`.

    `blind` says why the picture cannot be trusted now, None while it can.
    """

    blind: str | None = None


NOTHING = Senses()
