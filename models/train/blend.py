"""Average weights: of one training with where it started, or of several trainings with the same start.

    python -m models.train.blend --out .cache/train/m/blend.npz .cache/train/m/ema.npz=0.75 ssd=0.25

Fine-tuning on few pictures forgets; half-way weights keep more (Wortsman et al. 2022). Layers that one of the files
lacks are taken from those that have them.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from .fit import start_weights
from .ssd_weights import Weights


def blend(parts: list[tuple[Weights, float]]) -> Weights:
    """The weighted mean, tensor by tensor."""
    names = {name for weights, _ in parts for name in weights}
    mixed: Weights = {}
    for name in sorted(names):
        having = [(weights[name], share) for weights, share in parts if name in weights]
        if len({values.shape for values, _ in having}) > 1:
            having = having[:1]
        total = sum(share for _, share in having)
        mixed[name] = np.asarray(sum(values * (share / total) for values, share in having), np.float32)
    return mixed


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("parts", nargs="+", help="FILE=SHARE or ssd=SHARE")
    options = parser.parse_args()
    pairs = [part.rsplit("=", 1) for part in options.parts]
    mixed = blend([(start_weights(name), float(share)) for name, share in pairs])
    np.savez(options.out, **mixed)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
