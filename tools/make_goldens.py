"""Writes the goldens of models anew: their outputs, and what they give the people on the reference picture.

    python tools/make_goldens.py NAME...

A model that does not see those people is refused: what is wrong now must not become what is right.
"""

import sys
from dataclasses import replace

from agent.models import Catalogue
from agent.models.proof import golden_of
from models import golden


def main(names: list[str]) -> None:
    """One file per named model, from its file as it lies there now. Raises ModelError."""
    catalogue = Catalogue.load()
    for spec in map(catalogue.spec, names):
        golden.save(golden_of(spec, catalogue.read(spec), replace(catalogue.reference(spec), scores=())))


if __name__ == "__main__":
    main(sys.argv[1:])
