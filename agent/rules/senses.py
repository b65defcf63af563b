"""What the camera makes of a frame besides tracks: each sense by its name, None where there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.domain import Pose
from agent.rules.changes import Changes
from agent.vision.exchanges import Exchange
from agent.vision.thermal import Warmth


@dataclass(frozen=True, slots=True)
class Senses:
    """The findings of one frame. A field's name is the sense's name, as in `RuleConfig.needs`.

    `appearance` tells of tracks, each with the earlier one that it is possibly the same person as: those found in this
    frame; `exchanged` are the pairs of tracks that it found to be possibly each other, `doubtful` those that may have
    become somebody else. `blind` says why the picture cannot be trusted now, None while it can. `changes` is what
    differs from the learned background and stays so. `pose` holds, by track, how the people looked at in this frame
    hold their bodies. `warm` is what the thermal array made out lately.
    """

    appearance: Mapping[int, int] | None = None
    blind: str | None = None
    changes: Changes | None = None
    pose: Mapping[int, Pose] | None = None
    warm: Warmth | None = None
    exchanged: Sequence[Exchange] = ()
    doubtful: frozenset[int] = frozenset()


NOTHING = Senses()
