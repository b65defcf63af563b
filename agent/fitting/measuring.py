"""Measures a mount by what a walk test has seen, and tells it: as facts for a record, and in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from agent.domain import Json
from agent.fitting.looks import Looks
from agent.fitting.mount import Lens, MountUnknown, measure
from agent.fitting.view import View

CROWDED = "you were not alone"


@dataclass(frozen=True, slots=True)
class Sizes:
    """What whoever walked says: their stature, and the lens's height over the floor by tape, in metres."""

    stature_m: float
    tape_m: float | None = None


def measured(looks: Looks, sizes: Sizes, view: View, aspect: float) -> dict[str, Json]:
    """The mount as facts; where the walk does not tell it, why (`refused`) and what to do (`hint`)."""
    said: dict[str, Json] = {**asdict(sizes), "view_said_by": view.said_by}
    try:
        mount = measure(looks.kept, sizes.stature_m, Lens(view.deg, aspect), sizes.tape_m)
    except MountUnknown as unknown:
        crowded = f"; {CROWDED} in {looks.crowded} pictures" if looks.crowded > len(looks.kept) else ""
        return {**said, "refused": f"{unknown}{crowded}", "hint": unknown.hint}
    return {**said, **{key: round(value, 4) for key, value in asdict(mount).items()}}


def settings_of(facts: Mapping[str, Any]) -> dict[str, float]:
    """What of a measured mount is worth keeping in a configuration; of the lens it tells nothing new."""
    return {"height_m": round(facts["height_m"], 2), "tilt_deg": round(facts["tilt_deg"], 1)}


def mount_words(facts: Mapping[str, Any]) -> str:
    """The same in a sentence; what follows each ± is one standard error."""
    if "refused" in facts:
        return f"the mount was not measured: {facts['refused']}"
    height = f"the camera hangs {facts['height_m']:.2f} m high (±{100 * facts['height_se_m']:.0f} cm)"
    tilt = f"looks {facts['tilt_deg']:.1f}° down (±{facts['tilt_se_deg']:.1f}°)"
    assumed = f", if the lens sees {facts['view_deg']:.0f}° as assumed" if facts["view_said_by"] == "assumed" else ""
    return f"{height}, {tilt}{assumed}; places on the floor within ±{facts['depth_se']:.0%}"
