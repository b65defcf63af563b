"""Renders the reference picture that models are proven on, and writes down where its people are.

    python tools/make_reference.py

One picture of the random shops that the simulation makes for training (`hal/simulated/pictures.py`), by its seed: one
on which every model of the manifest finds everybody and nobody else, and no longer does with red and blue exchanged.
`tools/make_goldens.py` has to follow, for what each model gives those people.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import msgspec

import models
from agent.models.references import People
from hal.simulated.pictures import sample
from models.golden import PEOPLE, PICTURE

SEED, WIDTH, HEIGHT = 211, 480, 270
QUALITY = 80


def main(folder: Path = models.DIRECTORY) -> None:
    """Write both files."""
    picture, boxes = sample(SEED, WIDTH, HEIGHT)
    jpeg = [cv2.IMWRITE_JPEG_QUALITY, QUALITY, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    cv2.imwrite(str(folder / PICTURE), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), jpeg)
    about = f"rendered by hal/simulated/pictures.py, seed {SEED}, {WIDTH} x {HEIGHT}"
    people = People(tuple((x1, y1, x2, y2) for x1, y1, x2, y2 in boxes.astype(float).round(4).tolist()), about)
    (folder / PEOPLE).write_bytes(msgspec.json.format(msgspec.json.encode(people), indent=1) + b"\n")


if __name__ == "__main__":
    main()
