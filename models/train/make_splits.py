"""Draw the published splits: whole scenes go to training or to validation, never both.

    python -m models.train.make_splits

Validation: the green office, three hand-held recordings (a furniture shop, a transit hall and street, a market
street), every fourth COCO picture of Capston2, every second of coco_first128. `test.txt` is pennfudan, which may
not be trained on. A COCO picture present in both COCO sets follows its first128 half.
"""

from __future__ import annotations

import zlib

from .data import EVALUATION_ONLY, SPLITS, TRAINABLE, load, scene_of

HELD_SCENES = {"office-green-room", "handheld-49641", "handheld-36081", "handheld-52187"}


def held_out(group: str, name: str) -> bool:
    """Whether a picture belongs to validation."""
    scene = scene_of(group, name)
    if group == "coco_first128":
        return _draw(scene) % 2 == 0
    if group == "capston2_coco":
        if scene in {picture.name for picture in load("coco_first128")}:
            return _draw(scene) % 2 == 0
        return _draw(scene) % 4 == 0
    return scene in HELD_SCENES


def _draw(text: str) -> int:
    return zlib.crc32(text.encode())


def main() -> None:
    """Write train.txt, val.txt and test.txt."""
    parts: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for group in TRAINABLE:
        for picture in load(group):
            part = "val" if held_out(group, picture.name) else "train"
            parts[part].append(f"{group}/{picture.name}")
    for group in EVALUATION_ONLY:
        parts["test"] += [f"{group}/{picture.name}" for picture in load(group)]
    SPLITS.mkdir(exist_ok=True)
    for part, names in parts.items():
        (SPLITS / f"{part}.txt").write_text("\n".join(names) + "\n")
        print(part, len(names))


if __name__ == "__main__":
    main()
