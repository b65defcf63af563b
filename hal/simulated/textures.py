"""Procedural surfaces of a shop: floors, walls, cartons, counters, the street outside; the racks are in racks.py."""

from __future__ import annotations

import cv2
import numpy as np

from hal.simulated.racks import GOODS, RACKS, spirits
from hal.simulated.sheets import U8, Texture, blank, grained, shaded, u8


def tiles(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
    """Square floor tiles with grout, slight differences in tone and worn patches."""
    tone = int(rng.integers(150, 205))
    warm = int(rng.integers(-4, 14))
    sheet = blank(width_m, height_m, ppm, (tone + warm // 2, tone, tone - warm))
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
    return grained(grained(sheet, rng, 3.0), rng, 5.0, max(2, round(0.7 * ppm)))


def planks(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
    """Wooden or vinyl floor boards along the first axis."""
    base = [(150, 116, 82), (176, 148, 114), (120, 92, 68), (160, 150, 138)][int(rng.integers(4))]
    sheet = blank(width_m, height_m, ppm, base)
    board = max(2, round(0.18 * ppm))
    for y in range(0, sheet.shape[0], board):
        x = -int(rng.integers(0, round(1.2 * ppm) + 1))
        while x < sheet.shape[1]:
            n = round(1.2 * ppm)
            sheet[y : y + board, max(x, 0) : max(x + n, 0)] = shaded(base, float(rng.uniform(0.88, 1.1)))
            cv2.rectangle(sheet, (x, y), (x + n, y + board), shaded(base, 0.78), 1)
            x += n
    return grained(sheet, rng, 4.0)


def wall(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
    """Painted plaster with a coloured band, a skirting board and now and then a poster."""
    base = [(222, 218, 208), (206, 212, 214), (226, 216, 190), (196, 200, 192)][int(rng.integers(4))]
    sheet = blank(width_m, height_m, ppm, base)
    h, w = sheet.shape[:2]
    band = shaded(GOODS[int(rng.integers(len(GOODS)))], 0.9)
    cv2.rectangle(sheet, (0, round(h * 0.08)), (w, round(h * 0.16)), band, -1)
    cv2.rectangle(sheet, (0, h - max(1, round(0.1 * ppm))), (w, h), shaded(base, 0.55), -1)
    for _ in range(int(width_m / 2.5)):
        if rng.random() < 0.6:
            _poster(sheet, rng, ppm)
    return grained(grained(sheet, rng, 1.5), rng, 5.0, max(2, round(0.8 * ppm)))


def _poster(sheet: U8, rng: np.random.Generator, ppm: float) -> None:
    h, w = sheet.shape[:2]
    pw, ph = round(rng.uniform(0.4, 0.8) * ppm), round(rng.uniform(0.4, 0.7) * ppm)
    x, y = int(rng.integers(0, max(1, w - pw))), round(h * 0.2)
    colour = GOODS[int(rng.integers(len(GOODS)))]
    cv2.rectangle(sheet, (x, y), (x + pw, y + ph), colour, -1)
    cv2.rectangle(sheet, (x + pw // 8, y + ph // 6), (x + pw - pw // 8, y + ph // 2), (238, 236, 228), -1)
    for k in range(3):
        line = y + round(ph * (0.6 + 0.11 * k))
        cv2.line(sheet, (x + pw // 8, line), (x + pw - pw // 7, line), shaded(colour, 0.5), max(1, ph // 24))


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
    sheet = blank(width_m, height_m, ppm, (160, 122, 82))
    y = 0.0
    while y < height_m - 0.05:
        tall, x = min(float(rng.uniform(0.28, 0.45)), height_m - y), 0.0
        while x < width_m - 0.05:
            wide = min(float(rng.uniform(0.4, 0.65)), width_m - x)
            _carton(sheet, (x, y, wide, tall), ppm, rng)
            x += wide
        y += tall
    return grained(sheet, rng, 4.0)


def _carton(sheet: U8, box: tuple[float, float, float, float], ppm: float, rng: np.random.Generator) -> None:
    x, y, w, h = (round(v * ppm) for v in box)
    colour = shaded((166, 128, 88), float(rng.uniform(0.85, 1.12)))
    cv2.rectangle(sheet, (x, y), (x + w, y + h), colour, -1)
    cv2.rectangle(sheet, (x, y), (x + w, y + h), shaded(colour, 0.6), max(1, round(0.008 * ppm)))
    tape = y + round(h * 0.5)
    cv2.rectangle(sheet, (x, tape - round(0.02 * ppm)), (x + w, tape + round(0.02 * ppm)), shaded(colour, 1.16), -1)
    if rng.random() < 0.7:
        mx, my = x + round(w * 0.12), y + round(h * 0.64)
        cv2.rectangle(sheet, (mx, my), (mx + w // 4, my + h // 5), shaded(colour, 0.5), 1)


def counter(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
    """A wooden counter front with a kick plate and a light top edge."""
    sheet = grained(blank(width_m, height_m, ppm, (142, 104, 70)), rng, 7.0, max(1, round(0.03 * ppm)))
    h, w = sheet.shape[:2]
    cv2.rectangle(sheet, (0, 0), (w, round(0.05 * ppm)), (214, 210, 202), -1)
    cv2.rectangle(sheet, (0, h - round(0.1 * ppm)), (w, h), (50, 48, 46), -1)
    for x in range(0, w, max(8, round(0.5 * ppm))):
        cv2.line(sheet, (x, 0), (x, h), (110, 80, 54), 1)
    return sheet


def top(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
    """The upper side of furniture: light laminate."""
    return grained(blank(width_m, height_m, ppm, (198, 196, 190)), rng, 3.0)


def dark(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
    """Dark plastic: a register, a rail."""
    return grained(blank(width_m, height_m, ppm, (48, 50, 54)), rng, 3.0)


def screen(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
    """A lit till display."""
    sheet = blank(width_m, height_m, ppm, (40, 42, 46))
    h, w = sheet.shape[:2]
    cv2.rectangle(sheet, (w // 10, h // 8), (w - w // 10, h - h // 6), (96, 160, 196), -1)
    for k in range(3):
        cv2.line(sheet, (w // 6, h // 4 + k * h // 6), (w - w // 4, h // 4 + k * h // 6), (226, 236, 240), 1)
    return sheet


def ceiling(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
    """Suspended panels."""
    sheet = blank(width_m, height_m, ppm, (214, 214, 210))
    for k in range(0, max(sheet.shape[:2]), max(4, round(0.6 * ppm))):
        cv2.line(sheet, (k, 0), (k, sheet.shape[0]), (176, 176, 172), 1)
        cv2.line(sheet, (0, k), (sheet.shape[1], k), (176, 176, 172), 1)
    return grained(sheet, rng, 1.5)


def street(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
    """What is seen through the open door: house fronts in daylight."""
    sheet = blank(width_m, height_m, ppm, (226, 230, 232))
    h, w = sheet.shape[:2]
    cv2.rectangle(sheet, (0, round(h * 0.3)), (w, h), (196, 190, 180), -1)
    for x in range(round(0.4 * ppm), w, max(6, round(1.3 * ppm))):
        cv2.rectangle(sheet, (x, round(h * 0.4)), (x + round(0.7 * ppm), round(h * 0.75)), (126, 140, 150), -1)
    return u8(cv2.GaussianBlur(grained(sheet, rng, 4.0), (0, 0), max(1.0, 0.02 * ppm)))


def pavement(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
    """Bright concrete slabs."""
    sheet = blank(width_m, height_m, ppm, (206, 204, 198))
    for k in range(0, max(sheet.shape[:2]), max(4, round(0.5 * ppm))):
        cv2.line(sheet, (0, k), (sheet.shape[1], k), (182, 180, 174), 1)
        cv2.line(sheet, (k, 0), (k, sheet.shape[0]), (182, 180, 174), 1)
    return grained(sheet, rng, 4.0)


def mat(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
    """A dark ribbed door mat."""
    sheet = blank(width_m, height_m, ppm, (66, 66, 70))
    sheet[:: max(2, round(0.04 * ppm))] = (54, 54, 58)
    return grained(sheet, rng, 5.0)


def hazard(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
    """Yellow and black marking tape."""
    sheet = blank(width_m, height_m, ppm, (222, 184, 44))
    h, w = sheet.shape[:2]
    step = max(4, round(0.24 * ppm))
    for k in range(-h - w, w + h, step):
        stripe = np.array([(k, 0), (k + step // 2, 0), (k + step // 2 + h, h), (k + h, h)], np.int32)
        cv2.fillPoly(sheet, [stripe], (46, 44, 42))
        if h > w:
            stripe = np.array([(0, k), (0, k + step // 2), (w, k + step // 2 + w), (w, k + w)], np.int32)
            cv2.fillPoly(sheet, [stripe], (46, 44, 42))
    return grained(sheet, rng, 4.0)


def sign(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
    """STAFF ONLY, white on red."""
    sheet = blank(width_m, height_m, ppm, (176, 34, 32))
    words, font = "STAFF ONLY", cv2.FONT_HERSHEY_DUPLEX
    (wide, tall), _ = cv2.getTextSize(words, font, 1.0, 2)
    size = min(0.84 * sheet.shape[1] / wide, 0.6 * sheet.shape[0] / tall)
    start = round((sheet.shape[1] - wide * size) / 2), round((sheet.shape[0] + tall * size) / 2)
    cv2.putText(sheet, words, start, font, size, (244, 242, 238), max(1, round(2 * size)), cv2.LINE_AA)
    return grained(sheet, rng, 2.0)


def bag(width_m: float, height_m: float, ppm: float, rng: np.random.Generator) -> U8:
    """Dark cloth with a seam, a pocket and a light strap."""
    cloth = [(38, 42, 58), (70, 40, 38), (44, 60, 48), (30, 30, 32)][int(rng.integers(4))]
    sheet = grained(blank(width_m, height_m, ppm, cloth), rng, 6.0, max(1, round(0.04 * ppm)))
    h, w = sheet.shape[:2]
    cv2.rectangle(sheet, (w // 6, h // 2), (w - w // 6, h - h // 8), shaded(cloth, 1.5), max(1, h // 24))
    cv2.line(sheet, (0, h // 5), (w, h // 5), shaded(cloth, 2.4), max(1, h // 16))
    cv2.line(sheet, (w // 3, 0), (w // 3, h), (176, 168, 150), max(1, w // 14))
    return sheet


TEXTURES: dict[str, Texture] = {
    "tiles": tiles, "planks": planks, "wall": wall, **RACKS, "fridge": fridge,
    "cartons": cartons, "counter": counter, "top": top, "dark": dark, "screen": screen, "ceiling": ceiling,
    "street": street, "pavement": pavement, "mat": mat, "hazard": hazard, "sign": sign, "bag": bag,
}  # fmt: skip
"""Every texture by the name a layout uses."""
