"""Procedural surfaces of a shop: floors, walls, shelves full of goods, cartons, counters, the street outside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
Rgb = tuple[int, int, int]
_MUTED, _HAZE = 0.47, np.array([158.0, 152.0, 144.0])
"""Goods are drawn this much paler than their colours, as they look from some metres away under shop light."""
Texture = Callable[[float, float, float, np.random.Generator], U8]
"""(width in m, height in m, pixels per metre, generator) -> RGB picture (h, w, 3), top row at the upper edge."""

GOODS: tuple[Rgb, ...] = (
    (196, 52, 44), (226, 178, 62), (70, 120, 74), (58, 92, 156), (232, 228, 216), (116, 66, 112), (214, 120, 52),
    (92, 62, 46), (150, 186, 208), (44, 46, 54), (222, 202, 160), (128, 154, 92), (186, 92, 104),
)  # fmt: skip
BOTTLES: tuple[Rgb, ...] = (
    (118, 70, 28), (44, 74, 42), (190, 142, 66), (206, 204, 190), (66, 26, 30), (150, 96, 36), (36, 40, 46),
)  # fmt: skip


def u8(picture: Any) -> U8:
    """An OpenCV or numpy result as the uint8 array that it is; floats are cut off."""
    return np.asarray(picture).astype(np.uint8, copy=False)


def _sheet(width_m: float, height_m: float, ppm: float, colour: Rgb) -> U8:
    shape = (max(2, round(height_m * ppm)), max(2, round(width_m * ppm)), 3)
    return np.full(shape, colour, np.uint8)


def _grain(sheet: U8, rng: np.random.Generator, sigma: float, cell_px: int = 1) -> U8:
    """Add brightness noise with cells of some pixels."""
    h, w = sheet.shape[:2]
    noise = rng.normal(0.0, sigma, (h // cell_px + 1, w // cell_px + 1)).astype(np.float32)
    wide = np.asarray(cv2.resize(noise, (w, h), interpolation=cv2.INTER_LINEAR))
    return u8(np.clip(sheet + wide[:, :, None], 0, 255))


def _shade(colour: Rgb, gain: float) -> Rgb:
    r, g, b = (int(np.clip(c * gain, 0, 255)) for c in colour)
    return r, g, b


def tiles(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
    """Square floor tiles with grout, slight differences in tone and worn patches."""
    tone = int(rng.integers(150, 205))
    warm = int(rng.integers(-4, 14))
    sheet = _sheet(width_m, height_m, ppm, (tone + warm // 2, tone, tone - warm))
    side = float(rng.choice([0.3, 0.4, 0.6]))
    checker = 14 if rng.random() < 0.25 else 0
    for row in range(int(height_m / side) + 1):
        for col in range(int(width_m / side) + 1):
            y, x, n = round(row * side * ppm), round(col * side * ppm), round(side * ppm)
            cell = sheet[y : y + n, x : x + n]
            shift = int(rng.integers(-4, 5)) - checker * ((row + col) % 2)
            np.clip(cell.astype(np.int16) + shift, 0, 255, out=cell, casting="unsafe")
    for k in range(int(max(width_m, height_m) / side) + 2):
        at = round(k * side * ppm)
        grout = (tone - 34, tone - 36, tone - 40)
        cv2.line(sheet, (at, 0), (at, sheet.shape[0]), grout, max(1, round(0.008 * ppm)))
        cv2.line(sheet, (0, at), (sheet.shape[1], at), grout, max(1, round(0.008 * ppm)))
    return _grain(_grain(sheet, rng, 3.0), rng, 5.0, max(2, round(0.7 * ppm)))


def planks(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
    """Wooden or vinyl floor boards along the first axis."""
    base = [(150, 116, 82), (176, 148, 114), (120, 92, 68), (160, 150, 138)][int(rng.integers(4))]
    sheet = _sheet(width_m, height_m, ppm, base)
    board = max(2, round(0.18 * ppm))
    for y in range(0, sheet.shape[0], board):
        x = -int(rng.integers(0, round(1.2 * ppm) + 1))
        while x < sheet.shape[1]:
            n = round(1.2 * ppm)
            sheet[y : y + board, max(x, 0) : max(x + n, 0)] = _shade(base, float(rng.uniform(0.88, 1.1)))
            cv2.rectangle(sheet, (x, y), (x + n, y + board), _shade(base, 0.78), 1)
            x += n
    return _grain(sheet, rng, 4.0)


def wall(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
    """Painted plaster with a coloured band, a skirting board and now and then a poster."""
    base = [(222, 218, 208), (206, 212, 214), (226, 216, 190), (196, 200, 192)][int(rng.integers(4))]
    sheet = _sheet(width_m, height_m, ppm, base)
    h, w = sheet.shape[:2]
    band = _shade(GOODS[int(rng.integers(len(GOODS)))], 0.9)
    cv2.rectangle(sheet, (0, round(h * 0.08)), (w, round(h * 0.16)), band, -1)
    cv2.rectangle(sheet, (0, h - max(1, round(0.1 * ppm))), (w, h), _shade(base, 0.55), -1)
    for _ in range(int(width_m / 2.5)):
        if rng.random() < 0.6:
            _poster(sheet, rng, ppm)
    return _grain(_grain(sheet, rng, 1.5), rng, 5.0, max(2, round(0.8 * ppm)))


def _poster(sheet: U8, rng: np.random.Generator, ppm: float) -> None:
    h, w = sheet.shape[:2]
    pw, ph = round(rng.uniform(0.4, 0.8) * ppm), round(rng.uniform(0.4, 0.7) * ppm)
    x, y = int(rng.integers(0, max(1, w - pw))), round(h * 0.2)
    colour = GOODS[int(rng.integers(len(GOODS)))]
    cv2.rectangle(sheet, (x, y), (x + pw, y + ph), colour, -1)
    cv2.rectangle(sheet, (x + pw // 8, y + ph // 6), (x + pw - pw // 8, y + ph // 2), (238, 236, 228), -1)
    for k in range(3):
        line = y + round(ph * (0.6 + 0.11 * k))
        cv2.line(sheet, (x + pw // 8, line), (x + pw - pw // 7, line), _shade(colour, 0.5), max(1, ph // 24))


def _rack(kinds: tuple[Rgb, ...], narrow: float, wide: float, bottles: bool) -> Texture:
    """Boards with rows of goods: several facings of one product, then the next."""

    def draw(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
        sheet = _sheet(width_m, height_m, ppm, (62, 60, 58))
        rows = max(1, round(height_m / 0.36))
        pitch = height_m / rows
        for row in range(rows):
            x, floor_m = 0.02, (row + 1) * pitch - 0.05
            while x < width_m - narrow:
                x = _facings(sheet, rng, kinds, (x, floor_m, pitch), (narrow, wide, width_m), ppm, bottles)
            _board(sheet, rng, floor_m, ppm)
        return _grain(u8(_MUTED * sheet + (1 - _MUTED) * _HAZE), rng, 4.0)

    return draw


def _board(sheet: U8, rng: np.random.Generator, floor_m: float, ppm: float) -> None:
    """The front edge of a shelf board with its price tags."""
    y, thick, w = round(floor_m * ppm), max(1, round(0.045 * ppm)), sheet.shape[1]
    cv2.rectangle(sheet, (0, y), (w, y + thick), (206, 204, 198), -1)
    cv2.line(sheet, (0, y + thick), (w, y + thick), (90, 88, 84), 1)
    for x in range(round(0.1 * ppm), w, max(4, round(0.24 * ppm))):
        tag = (244, 240, 226) if rng.random() < 0.8 else (240, 210, 70)
        cv2.rectangle(sheet, (x, y + 1), (x + round(0.07 * ppm), y + thick - 1), tag, -1)


def _facings(
    sheet: U8, rng: np.random.Generator, kinds: tuple[Rgb, ...], place: tuple[float, float, float],
    size: tuple[float, float, float], ppm: float, bottles: bool,
) -> float:  # fmt: skip
    """Two to six copies of one product side by side; returns where the next product starts (m)."""
    (x, floor_m, pitch), (narrow, wide, width_m) = place, size
    colour = _shade(kinds[int(rng.integers(len(kinds)))], float(rng.uniform(0.8, 1.1)))
    label = kinds[int(rng.integers(len(kinds)))] if rng.random() < 0.5 else (236, 232, 220)
    wide_m, tall_m = float(rng.uniform(narrow, wide)), pitch * float(rng.uniform(0.5, 0.8))
    for _ in range(int(rng.integers(2, 7))):
        if x + wide_m > width_m - 0.02:
            return width_m
        if rng.random() > 0.06:
            _product(sheet, (x, floor_m, wide_m, tall_m), (colour, label), ppm, bottles)
        x += wide_m + 0.008
    return x + float(rng.uniform(0.0, 0.05))


def _product(
    sheet: U8, box: tuple[float, float, float, float], colours: tuple[Rgb, Rgb], ppm: float, bottle: bool
) -> None:
    x, y, w, h = (round(v * ppm) for v in box)
    colour, label = colours
    neck = round(h * 0.35) if bottle else 0
    cv2.rectangle(sheet, (x, y - h + neck), (x + w - 1, y - 1), colour, -1)
    if bottle:
        cv2.rectangle(sheet, (x + w // 3, y - h), (x + w - 1 - w // 3, y - h + neck), _shade(colour, 0.9), -1)
        cv2.rectangle(sheet, (x + w // 3, y - h), (x + w - 1 - w // 3, y - h + max(1, neck // 4)), label, -1)
    cv2.rectangle(sheet, (x, y - round(h * 0.48)), (x + w - 1, y - round(h * 0.2)), label, -1)
    cv2.line(sheet, (x + w - 1, y - h + neck), (x + w - 1, y - 1), _shade(colour, 0.55), max(1, w // 8))
    cv2.line(sheet, (x + w // 4, y - h + neck), (x + w // 4, y - 1), _shade(colour, 1.25), max(1, w // 9))


goods = _rack(GOODS, 0.07, 0.2, bottles=False)
spirits = _rack(BOTTLES + GOODS[:4], 0.075, 0.1, bottles=True)


def fridge(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
    """A lit cooler with glass doors in dark frames."""
    inner = spirits(width_m, height_m, ppm, rng)
    sheet = cv2.addWeighted(inner, 0.8, np.full_like(inner, (210, 226, 236)), 0.24, 0.0)
    h, w = sheet.shape[:2]
    cv2.rectangle(sheet, (0, 0), (w, round(0.18 * ppm)), (40, 86, 140), -1)
    cv2.rectangle(sheet, (0, h - round(0.12 * ppm)), (w, h), (70, 74, 78), -1)
    for k in range(max(1, round(width_m / 0.75)) + 1):
        x = round(k * w / max(1, round(width_m / 0.75)))
        cv2.line(sheet, (x, 0), (x, h), (52, 54, 58), max(2, round(0.05 * ppm)))
    return u8(sheet)


def cartons(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
    """Stacked cardboard with tape and a printed mark."""
    sheet = _sheet(width_m, height_m, ppm, (160, 122, 82))
    y = 0.0
    while y < height_m - 0.05:
        tall, x = min(float(rng.uniform(0.28, 0.45)), height_m - y), 0.0
        while x < width_m - 0.05:
            wide = min(float(rng.uniform(0.4, 0.65)), width_m - x)
            _carton(sheet, (x, y, wide, tall), ppm, rng)
            x += wide
        y += tall
    return _grain(sheet, rng, 4.0)


def _carton(sheet: U8, box: tuple[float, float, float, float], ppm: float, rng: np.random.Generator) -> None:
    x, y, w, h = (round(v * ppm) for v in box)
    colour = _shade((166, 128, 88), float(rng.uniform(0.85, 1.12)))
    cv2.rectangle(sheet, (x, y), (x + w, y + h), colour, -1)
    cv2.rectangle(sheet, (x, y), (x + w, y + h), _shade(colour, 0.6), max(1, round(0.008 * ppm)))
    tape = y + round(h * 0.5)
    cv2.rectangle(sheet, (x, tape - round(0.02 * ppm)), (x + w, tape + round(0.02 * ppm)), _shade(colour, 1.16), -1)
    if rng.random() < 0.7:
        mx, my = x + round(w * 0.12), y + round(h * 0.64)
        cv2.rectangle(sheet, (mx, my), (mx + w // 4, my + h // 5), _shade(colour, 0.5), 1)


def counter(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
    """A wooden counter front with a kick plate and a light top edge."""
    sheet = _grain(_sheet(width_m, height_m, ppm, (142, 104, 70)), rng, 7.0, max(1, round(0.03 * ppm)))
    h, w = sheet.shape[:2]
    cv2.rectangle(sheet, (0, 0), (w, round(0.05 * ppm)), (214, 210, 202), -1)
    cv2.rectangle(sheet, (0, h - round(0.1 * ppm)), (w, h), (50, 48, 46), -1)
    for x in range(0, w, max(8, round(0.5 * ppm))):
        cv2.line(sheet, (x, 0), (x, h), (110, 80, 54), 1)
    return sheet


def top(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
    """The upper side of furniture: light laminate."""
    return _grain(_sheet(width_m, height_m, ppm, (198, 196, 190)), rng, 3.0)


def dark(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
    """Dark plastic: a register, a rail."""
    return _grain(_sheet(width_m, height_m, ppm, (48, 50, 54)), rng, 3.0)


def screen(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
    """A lit till display."""
    sheet = _sheet(width_m, height_m, ppm, (40, 42, 46))
    h, w = sheet.shape[:2]
    cv2.rectangle(sheet, (w // 10, h // 8), (w - w // 10, h - h // 6), (96, 160, 196), -1)
    for k in range(3):
        cv2.line(sheet, (w // 6, h // 4 + k * h // 6), (w - w // 4, h // 4 + k * h // 6), (226, 236, 240), 1)
    return sheet


def ceiling(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
    """Suspended panels."""
    sheet = _sheet(width_m, height_m, ppm, (214, 214, 210))
    for k in range(0, max(sheet.shape[:2]), max(4, round(0.6 * ppm))):
        cv2.line(sheet, (k, 0), (k, sheet.shape[0]), (176, 176, 172), 1)
        cv2.line(sheet, (0, k), (sheet.shape[1], k), (176, 176, 172), 1)
    return _grain(sheet, rng, 1.5)


def street(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
    """What is seen through the open door: house fronts in daylight."""
    sheet = _sheet(width_m, height_m, ppm, (226, 230, 232))
    h, w = sheet.shape[:2]
    cv2.rectangle(sheet, (0, round(h * 0.3)), (w, h), (196, 190, 180), -1)
    for x in range(round(0.4 * ppm), w, max(6, round(1.3 * ppm))):
        cv2.rectangle(sheet, (x, round(h * 0.4)), (x + round(0.7 * ppm), round(h * 0.75)), (126, 140, 150), -1)
    return u8(cv2.GaussianBlur(_grain(sheet, rng, 4.0), (0, 0), max(1.0, 0.02 * ppm)))


def pavement(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
    """Bright concrete slabs."""
    sheet = _sheet(width_m, height_m, ppm, (206, 204, 198))
    for k in range(0, max(sheet.shape[:2]), max(4, round(0.5 * ppm))):
        cv2.line(sheet, (0, k), (sheet.shape[1], k), (182, 180, 174), 1)
        cv2.line(sheet, (k, 0), (k, sheet.shape[0]), (182, 180, 174), 1)
    return _grain(sheet, rng, 4.0)


def mat(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
    """A dark ribbed door mat."""
    sheet = _sheet(width_m, height_m, ppm, (66, 66, 70))
    sheet[:: max(2, round(0.04 * ppm))] = (54, 54, 58)
    return _grain(sheet, rng, 5.0)


def hazard(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
    """Yellow and black marking tape."""
    sheet = _sheet(width_m, height_m, ppm, (222, 184, 44))
    h, w = sheet.shape[:2]
    step = max(4, round(0.24 * ppm))
    for k in range(-h - w, w + h, step):
        stripe = np.array([(k, 0), (k + step // 2, 0), (k + step // 2 + h, h), (k + h, h)], np.int32)
        cv2.fillPoly(sheet, [stripe], (46, 44, 42))
        if h > w:
            stripe = np.array([(0, k), (0, k + step // 2), (w, k + step // 2 + w), (w, k + w)], np.int32)
            cv2.fillPoly(sheet, [stripe], (46, 44, 42))
    return _grain(sheet, rng, 4.0)


def sign(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
    """STAFF ONLY, white on red."""
    sheet = _sheet(width_m, height_m, ppm, (176, 34, 32))
    words, font = "STAFF ONLY", cv2.FONT_HERSHEY_DUPLEX
    (wide, tall), _ = cv2.getTextSize(words, font, 1.0, 2)
    size = min(0.84 * sheet.shape[1] / wide, 0.6 * sheet.shape[0] / tall)
    start = round((sheet.shape[1] - wide * size) / 2), round((sheet.shape[0] + tall * size) / 2)
    cv2.putText(sheet, words, start, font, size, (244, 242, 238), max(1, round(2 * size)), cv2.LINE_AA)
    return _grain(sheet, rng, 2.0)


TEXTURES: dict[str, Texture] = {
    "tiles": tiles, "planks": planks, "wall": wall, "goods": goods, "spirits": spirits, "fridge": fridge,
    "cartons": cartons, "counter": counter, "top": top, "dark": dark, "screen": screen, "ceiling": ceiling,
    "street": street, "pavement": pavement, "mat": mat, "hazard": hazard, "sign": sign,
}  # fmt: skip
"""Every texture by the name a layout uses."""
