"""Golden outputs: what a model's outputs must be, to the bit, for one known picture under the reference kernels.

`goldens/NAME.json` holds them; `tools/make_goldens.py NAME...` writes them anew.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from hal.ports import U8, Accelerator
from models import DIRECTORY

GOLDENS = DIRECTORY / "goldens"


def picture(height: int, width: int) -> U8:
    """Bands, blocks and a figure (height, width, 3), made of whole numbers only: the same on every machine."""
    y, x = np.mgrid[:height, :width]
    bands = np.stack([(x * 3 + y) % 256, (x + y * 2) % 256, ((x // 16 + y // 16) % 2) * 120 + 40], axis=-1)
    bands[height // 4 :, width // 2 : width // 2 + width // 6] = (60, 50, 45)
    bands[height // 8 : height // 4, width // 2 + width // 20 : width // 2 + width // 9] = (200, 160, 140)
    return bands.astype(np.uint8)


def outputs(accelerator: Accelerator) -> list[str]:
    """Run an NHWC byte model, opened with the reference kernels, on the picture: the SHA-256 of every output."""
    _, height, width, _ = accelerator.inputs[0].shape
    values = picture(height, width)
    if accelerator.inputs[0].dtype == "int8":
        values ^= np.uint8(0x80)
    accelerator.input().view(np.uint8)[0] = values
    accelerator.invoke()
    numbers = range(len(accelerator.outputs))
    return [hashlib.sha256(accelerator.output(number).tobytes()).hexdigest() for number in numbers]


def load(path: Path) -> dict[str, Any]:
    """One golden: `model`, `sha256` of its file, and `outputs`."""
    golden: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return golden


def save(name: str, sha256: str, digests: list[str]) -> None:
    """Write the golden of a model whose outputs changed on purpose."""
    golden = {"model": name, "sha256": sha256, "outputs": digests}
    (GOLDENS / f"{name}.json").write_text(json.dumps(golden, indent=1) + "\n", encoding="utf-8")
