"""The colours that a camera would see at points of the picture on a day of boxes: clothes, light, background, noise.

Nothing is drawn: for every point asked for, the nearest person whose body covers it gives the colour of skin, hair or
clothes there, in the light of that place at that time. Everybody is dressed from the wardrobe of the rendered people,
in which many colours are dull and alike; staff wear one uniform. A pure function of (day, seed, frame, points).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hal.simulated.people import Ink, Look, random_look
from hal.simulated.render import to_yuv
from hal.simulated.scenario.day import STAFF, Person
from hal.simulated.scenario.frames import Frame, Peopled, SeenPerson

F64 = NDArray[np.float64]
Ints = NDArray[np.int64]

HEAD, WAIST, ANKLE = 0.13, 0.5, 0.93
"""Where head, upper body and legs end, from the top of a whole body."""
_HALF_WIDTHS = (0.2, 0.4, 0.32, 0.4)
"""Half the width of head, upper body, legs and feet in a box's width."""
_ARM, _BAG_SIDE = 0.27, 0.12
_STRIPES = 14
_LAMPS, _REACH = 5, 0.15
_CAST, _BRIGHTNESS, _DAYLIGHT = 0.05, 0.18, 0.06
"""How much lamps differ in colour and in brightness, and how far the day changes the whole scene's colour."""
_FOLDS, _NOISE_Y, _NOISE_UV = 0.12, 5.0, 2.0
_CELLS = 9
_HOUR_S = 3600.0
_TURN_S = 6.0
"""How long somebody shows the same side, with or without the bag."""


class Wardrobe:
    """The colours of one day."""

    def __init__(self, day: Peopled, seed: int) -> None:
        rng = np.random.default_rng((seed, 13))
        self._seed = seed
        self._looks = {person.id: _dressed(person, seed) for person in day.people}
        self._lamps = rng.random((_LAMPS, 2))
        self._tints = 1 + _CAST * rng.standard_normal((_LAMPS, 3))
        self._tints *= np.exp(_BRIGHTNESS * rng.standard_normal((_LAMPS, 1)))
        self._walls = rng.uniform(40, 190, (_CELLS, _CELLS, 1)) + rng.normal(0, 18, (_CELLS, _CELLS, 3))
        self._phase = rng.random(3) * 2 * np.pi

    def colours(self, frame: Frame, points: F64) -> F64:
        """Y, U and V (n, 3), 0..255, at points (n, 2) of the picture, 0..1."""
        rng = np.random.default_rng((self._seed, 14, round(frame.t_s * 1000), int(points[0, 0] * 1e6) + 1))
        rgb = self._background(points)
        for person in reversed(frame.people):
            inside, inks = self._body(person, points, frame.t_s)
            rgb[inside] = self._looks[person.id].palette[0, inks[inside]]
        rgb = rgb * self.light(points, frame.t_s) * (1 + _FOLDS * rng.standard_normal((len(points), 1)))
        yuv = to_yuv(np.clip(rgb, 0, 255)) + rng.standard_normal((len(points), 3)) * (_NOISE_Y, _NOISE_UV, _NOISE_UV)
        return np.clip(yuv, 0, 255)

    def background(self, t_s: float) -> F64:
        """The mean Y, U and V (3,) of the empty scene at that time."""
        axis = (np.arange(_CELLS) + 0.5) / _CELLS
        points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
        mean: F64 = to_yuv(np.clip(self._background(points) * self.light(points, t_s), 0, 255)).mean(0)
        return mean

    def light(self, points: F64, t_s: float) -> F64:
        """By what the light multiplies red, green and blue (n, 3) at points of the picture."""
        apart = ((points[:, None] - self._lamps) ** 2).sum(2)
        weights = 1 / (apart + _REACH**2) ** 2
        tints = (weights @ self._tints) / weights.sum(1, keepdims=True)
        day = 1 + _DAYLIGHT * np.sin(2 * np.pi * t_s / (5 * _HOUR_S) + self._phase)
        return np.asarray(tints * day)

    def _background(self, points: F64) -> F64:
        cells = np.clip((points * _CELLS).astype(np.int64), 0, _CELLS - 1)
        return np.asarray(self._walls[cells[:, 1], cells[:, 0]])

    def _body(self, person: SeenPerson, points: F64, t_s: float) -> tuple[NDArray[np.bool_], Ints]:
        """Which points the body covers, and the ink at each."""
        x1, y1, x2, y2 = person.box
        across = (points[:, 0] - (x1 + x2) / 2) / max(x2 - x1, 1e-6)
        down = (points[:, 1] - y1) / max(y2 - y1, 1e-6)
        part = np.searchsorted((HEAD, WAIST, ANKLE), down)
        widths = np.array(_HALF_WIDTHS)[np.clip(part, 0, 3)]
        inside = (np.abs(across) < widths) & (down >= 0) & (down <= 1)
        turned = np.random.default_rng((person.id, int(t_s / _TURN_S))).random() < 0.5
        return inside, _inks(self._looks[person.id], across, down, turned=turned)


def _dressed(person: Person, seed: int) -> Look:
    return random_look(np.random.default_rng((seed, 15, 0 if person.role == STAFF else person.id)))


def _inks(look: Look, across: F64, down: F64, *, turned: bool) -> Ints:
    """What is seen at places of a body: `across` -0.5..0.5 of its width, `down` 0..1 of its height."""
    top_ends = WAIST + look.hem_m / look.height_m
    stripes = look.stripes and (down * _STRIPES * 2).astype(np.int64) % look.stripes == 0
    top = np.where(stripes, Ink.PATTERN, Ink.TOP)
    top = np.where((np.abs(across) > _ARM) & look.short_sleeves, Ink.SKIN, top)
    bag = (look.backpack and turned) & (np.abs(across) < _BAG_SIDE) | (look.carries and turned) & (across > _ARM)
    top = np.where(bag, Ink.BAG, top)
    legs = Ink.SKIN if look.bare_legs else Ink.LEGS
    lower = np.where(down > ANKLE, Ink.SHOE, legs)
    head = np.where(down < HEAD / 2, Ink.HAT if look.hat else Ink.HAIR, Ink.SKIN)
    inks = np.select([down < HEAD, down < top_ends], [head, top], lower)
    return inks.astype(np.int64)
