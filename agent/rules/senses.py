"""What the camera makes of a frame besides tracks: each sense by its name, None where there is none."""

from __future__ import annotations

from dataclasses import dataclass

from agent.rules.changes import Changes


@dataclass(frozen=True, slots=True)
class Senses:
    """The findings of one frame. A field's name is the sense's name, as in `RuleConfig.needs`.

    `blind` says why the picture cannot be trusted now, None while it can. `changes` is what differs from the learned
    background and stays so.
    """

    blind: str | None = None
    changes: Changes | None = None


NOTHING = Senses()
