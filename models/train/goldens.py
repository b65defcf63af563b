"""Write and check goldens: one fixed picture through a file's bit-exact reference kernels.

    python -m models.train.goldens models/person-m.tflite

The picture is rendered from the simulated shop, so that nothing of anybody is stored; it lies in the golden itself.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .data import Image
from .graph import Size
from .runners import open_interpreter

#: Optimised kernels may differ from the reference by this many quantisation steps.
TOLERANCE_STEPS = 3


def picture(size: Size) -> Image:
    """The simulated shop with people in it, stretched to a network's input."""
    from hal.simulated.render import Renderer
    from hal.simulated.scene import Scene

    from .rendered import rgb

    scene = Scene(seed=4, script="crowd")
    planes = Renderer(scene.layout, 960, 540, scene.light).render(scene.at(24.0).figures, 0)
    small = cv2.resize(rgb(planes), (size[1], size[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def outputs(interpreter: Any, image: Image) -> dict[str, NDArray[Any]]:
    """Raw outputs by shape (every map has its own)."""
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image[None])
    interpreter.invoke()
    details = interpreter.get_output_details()
    return {"x".join(map(str, d["shape"])): interpreter.get_tensor(d["index"]) for d in details}


def golden_path(file: Path) -> Path:
    """Where a file's golden lies."""
    return file.with_name("goldens") / f"{file.stem}.npz"


def write(file: Path) -> None:
    """Write the golden of a file."""
    interpreter = open_interpreter(file, reference=True)
    _, height, width, _ = interpreter.get_input_details()[0]["shape"]
    image = picture((int(height), int(width)))
    golden_path(file).parent.mkdir(exist_ok=True)
    arrays: dict[str, Any] = {"image": image, **outputs(interpreter, image)}
    np.savez_compressed(golden_path(file), **arrays)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    for file in parser.parse_args().files:
        write(file)


if __name__ == "__main__":
    main()
