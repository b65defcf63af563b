"""Writes the golden outputs of models anew: python tools/make_goldens.py NAME..."""

import sys

from agent.models import Catalogue
from hal.tflite import open_accelerator
from models import golden


def main(names: list[str]) -> None:
    """One file per named model, from its file as it lies there now."""
    catalogue = Catalogue.load()
    for spec in map(catalogue.spec, names):
        accelerator = open_accelerator(catalogue.read(spec), device="cpu", reference_kernels=True)
        golden.save(spec.name, spec.sha256, golden.outputs(accelerator))


if __name__ == "__main__":
    main(sys.argv[1:])
