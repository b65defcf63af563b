"""Names what is wrong with a probe of the picture, if anything; pure.

Each threshold is relative to what this scene normally varies by. The order matters: what explains more comes first, so
that darkness is not called a cover, nor a turned camera blurred.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from agent.health.features import CHANCE, Features, Flags

MADS = 6 * 1.4826
"""Six deviations: MAD times 1.4826 is one of a normal distribution."""
MOST_DARK = 0.6
DARKER = 0.2
"""A scene lit by a lamp has black corners."""
DARK_MEAN, DARK_RATIO = 32.0, 0.3
BLACK_GAIN = 0.03
NOTHING_SHINES, LITTLE_SHINES = 0.15, 0.3
"""Of the scene's edges; a dark cover may by chance be brighter where the scene is."""
LEAST_SHIFT = 0.03
LEAST_BLUR = 0.7
SAME_COARSE = 0.9
"""What is coarse stays when things are taken from a shelf, and however strong a blur is; no cover leaves it."""
LOST_TEXTURE = 0.7
LOST_EDGES = 0.5
SCENE_FADED, SCENE_HELD, SCENE_THERE = 0.8, 0.55, 0.4
GLARE = 30.0
"""Grey levels above the usual; a white shop is as white as that on every day."""
TILES_LOST, TILES_COVERED, TILES_PARTLY = 0.6, 0.375, 0.25
"""Shares of a covered picture: whatever the rest shows, where the rest is as ever, and of one that is a warning."""
LEAST_LOST = 2
REPAINTED = 0.25
"""Log of the grey level by which a plain tile strays from the light of those that are there."""
FILM_GAIN, FILM_LIFT = 0.6, 0.25


class Usual(NamedTuple):
    """What a feature of a healthy picture is: its median and how far it strays (MAD)."""

    median: float
    mad: float

    def below(self, margin: float) -> float:
        """The value under which it is unusual, at least `margin` under the median."""
        return self.median - max(margin, MADS * self.mad)


@dataclass(frozen=True, slots=True)
class Normal:
    """What is usual for one scene in one light."""

    dark: Usual
    mean: Usual
    gain: Usual
    coarse: Usual
    edges: Usual
    sharp: Usual
    agreement: Usual
    banding: Usual
    colour: Usual


class Finding(NamedTuple):
    """What is wrong, how sure, and in words. `partly` marks a lesser case: a warning rather than a fault."""

    what: str
    confidence: float
    detail: str
    partly: bool = False


def judge(seen: Features, normal: Normal, *, dark_expected: bool = False) -> Finding | None:
    """The finding for one probe; None for a healthy one. `dark_expected` while the shop is closed."""
    scene = _scene(seen, normal)
    return _too_dark(seen, normal, scene, dark_expected) if _is_dark(seen, normal) else _lit(seen, normal, scene)


def _lit(seen: Features, normal: Normal, scene: float) -> Finding | None:
    if seen.bright > MOST_DARK and (scene < SCENE_FADED or seen.mean > normal.mean.median + GLARE):
        return Finding("too_bright", _sure(seen.bright, MOST_DARK, 1.0), f"{seen.bright:.0%} of the picture is white")
    covered = covered_share(seen)
    if scene >= SCENE_HELD and covered < TILES_PARTLY:
        return _film(seen, normal) or _defocused(seen, normal)
    explained = _moved(seen, normal) or _film(seen, normal)
    rest_holds, same = _rest_holds(seen), seen.coarse >= SAME_COARSE
    if not explained and same and not rest_holds:
        explained = _defocused(seen, normal)
    if explained:
        return explained
    if covered >= TILES_LOST or (covered >= TILES_COVERED and rest_holds and not same):
        return Finding(
            "covered", _sure(covered, TILES_COVERED, 1.0), f"{covered:.0%} of the picture has lost its structure"
        )
    if covered >= TILES_PARTLY and rest_holds and not same:
        return Finding("covered", 0.7, f"{covered:.0%} of the picture has lost its structure", partly=True)
    if scene >= SCENE_HELD:
        return _defocused(seen, normal)
    if same:
        return None
    return Finding("moved", _sure(-scene, -SCENE_HELD, 0.0), "another scene than usual: the camera looks elsewhere")


def same_place(seen: Features, normal: Normal) -> bool:
    """Whether this may be the same scene in another light: its edges are there, and nothing hangs before it."""
    there = _scene(seen, normal) >= SCENE_THERE and covered_share(seen) < TILES_PARTLY
    return there and _film(seen, normal) is None


def covered_share(seen: Features) -> float:
    """The share of tiles before which something hangs, of those that can tell: a plain wall has nothing to lose."""
    lost, telling = _lost_tiles(seen)
    return float(lost.sum() / telling.sum()) if telling.any() else 0.0


def _lost_tiles(seen: Features) -> tuple[Flags, Flags]:
    """The tiles that have lost their edges and their texture, and those that can tell.

    Beside some that are lost a plain tile is, too, where its grey is not what the light on the rest explains.
    """
    known, edgeless = ~np.isnan(seen.tiles), np.isnan(seen.tile_edges)
    faded, there = seen.tiles < -LOST_TEXTURE, seen.tile_edges > SCENE_HELD
    plain = known & edgeless & ~faded
    lost = known & ((faded & edgeless) | ((seen.tile_edges < LOST_EDGES) & (faded | seen.flat)))
    repainted = np.zeros_like(plain)
    if there.any() and lost.sum() >= LEAST_LOST:
        strays = np.abs(seen.tile_light - np.median(seen.tile_light[there])) > REPAINTED
        repainted = plain & seen.flat & strays
    return lost | repainted, known & (~plain | repainted)


def _scene(seen: Features, normal: Normal) -> float:
    """How much of the scene is there: 1 as usual, 0 as by chance."""
    return (seen.edges - CHANCE) / max(min(normal.edges.median, 1.0) - CHANCE, 0.1)


def _is_dark(seen: Features, normal: Normal) -> bool:
    black = seen.dark > max(MOST_DARK, normal.dark.median + DARKER)
    return black or (seen.mean < DARK_MEAN and seen.mean < DARK_RATIO * normal.mean.median)


def _too_dark(seen: Features, normal: Normal, scene: float, dark_expected: bool) -> Finding | None:
    if dark_expected:
        return None
    faint = seen.coarse < 0.5 * normal.coarse.median or seen.gain < BLACK_GAIN
    if scene < NOTHING_SHINES or (scene < LITTLE_SHINES and faint):
        return Finding("covered", 0.6, "black, and nothing of the scene shines through")
    return Finding("too_dark", _sure(seen.dark, 0.3, 1.0), f"{seen.dark:.0%} of the picture is black")


def _film(seen: Features, normal: Normal) -> Finding | None:
    """A translucent cover takes contrast and detail but adds light; a dimmed lamp takes contrast and light alike."""
    lifted = seen.mean / max(normal.mean.median, 1.0) - seen.gain
    if seen.gain > FILM_GAIN * normal.gain.median or lifted < FILM_LIFT:
        return None
    if seen.sharp > normal.sharp.below(2 * LEAST_BLUR):
        return None
    return Finding("covered", _sure(lifted, FILM_LIFT, 0.7), "a veil: contrast and detail are gone, the scene is not")


def _defocused(seen: Features, normal: Normal) -> Finding | None:
    """Detail is gone that the light does not explain; a beam of sun alone, which adds contrast, takes none."""
    detail = seen.sharp - 2 * math.log(min(max(seen.gain, 0.1), 2.0))
    bound = normal.sharp.below(LEAST_BLUR)
    if detail >= bound or seen.sharp >= normal.sharp.below(LEAST_BLUR / 2):
        return None
    if seen.coarse < min(0.8, normal.coarse.below(0.15)):
        return None
    return Finding("defocused", _sure(-detail, -bound, 3.0), f"detail is down to {math.exp(detail / 2):.0%}")


def _moved(seen: Features, normal: Normal) -> Finding | None:
    back = seen.agreement >= normal.agreement.below(0.1) and seen.agreement > 0.5
    if seen.shift < LEAST_SHIFT or not back:
        return None
    return Finding("moved", _sure(seen.shift, 0.0, 0.06), f"the scene lies {seen.shift:.0%} of the width elsewhere")


def _rest_holds(seen: Features) -> bool:
    """Whether what is not covered is as ever, so that the camera still looks where it did, and sharply."""
    lost, _ = _lost_tiles(seen)
    kept = ~lost & ~np.isnan(seen.tile_edges) & ~np.isnan(seen.tiles)
    if not kept.any():
        return False
    held, texture = float(np.median(seen.tile_edges[kept])), float(np.median(seen.tiles[kept]))
    return held > SCENE_HELD and texture > -LOST_TEXTURE / 3


def _sure(value: float, doubtful: float, certain: float) -> float:
    """A confidence between 0.5 and 0.99 for how far a value has gone."""
    return round(float(np.clip(0.5 + 0.49 * (value - doubtful) / (certain - doubtful), 0.5, 0.99)), 2)
