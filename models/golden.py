"""Golden outputs: what a model's outputs must be, to the bit, for one known picture under the reference kernels.

`goldens/NAME.json` holds them, and beside them what a model that finds people gives those on its reference picture;
`tools/make_goldens.py NAME...` writes them anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from hal.ports import U8, Accelerator
from models import DIRECTORY

GOLDENS = DIRECTORY / "goldens"
PICTURE, PEOPLE = "reference.jpg", "reference.json"
"""A picture that models are proven on, and where its people are (docs/models.md)."""


class Golden(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One golden: the model and the SHA-256 of its file, that of each output, and the scores of the known people.

    A model of floats has no golden outputs. One that finds poses has, in place of scores, the joints of the largest
    person: x, y in 0..1 of the picture, score.
    """

    model: str
    sha256: str
    outputs: Sequence[str] = ()
    scores: Sequence[float] = ()
    joints: Sequence[tuple[float, float, float]] = ()

    @property
    def written(self) -> bytes:
        """As it stands in its file."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


def parse(content: bytes) -> Golden:
    """Read one. Raises msgspec.DecodeError."""
    return msgspec.json.decode(content, type=Golden)


def load(path: Path) -> Golden:
    """Read one from its file. Raises OSError, msgspec.DecodeError."""
    return parse(path.read_bytes())


def save(golden: Golden) -> None:
    """Write the golden of a model that was changed on purpose."""
    (GOLDENS / f"{golden.model}.json").write_bytes(golden.written)


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
