"""The members of the family by name, and how the SSD's weights are dealt to them."""

from __future__ import annotations

import numpy as np

from .family import COARSE, SSD_SECOND, person_m, person_s
from .graph import Graph
from .ssd_weights import Weights

#: Members whose dark pictures are lifted first (agent.vision.tone): measured to help person-s, not person-m.
LIFTED = frozenset({"person-s"})


def graph(name: str) -> Graph:
    """The graph of a member (KeyError for an unknown name)."""
    return {"person-m": lambda: person_m(fine=40), "person-s": _slim}[name]()


def _slim() -> Graph:
    """Nearly the wide network where it looks, thin where its weights lie; the input is what makes it cheap."""
    widths = (24, 48, 96, 96, 192, 192, 352, 352, 352, 352, 352, 352, 256, 256)
    return person_s((144, 224), widths, fine=40)


def with_coarse_head(weights: Weights) -> Weights:
    """The SSD's weights with the stride-32 head widened to the anchors of `COARSE`.

    An added anchor copies the rows of the nearest anchor of the SSD's second map and shifts the size terms so that
    it says the same box.
    """
    added = COARSE[len(SSD_SECOND) :]
    found = dict(weights)
    for kind, rows in (("boxes", 4), ("scores", 1)):
        kernel, bias = weights[f"h32_{kind}/w"], weights[f"h32_{kind}/b"]
        for anchor in added:
            near = _nearest(anchor)
            part = slice(near * rows, (near + 1) * rows)
            kernel, bias = np.concatenate([kernel, kernel[part]]), np.concatenate([bias, bias[part]])
            if kind == "boxes":
                kernel[-4:-2] *= (np.array(SSD_SECOND[near]) / anchor)[:, None, None, None]
                bias[-4:-2] *= np.array(SSD_SECOND[near]) / anchor
                bias[-2:] += 5 * np.log(np.array(SSD_SECOND[near]) / anchor)
        found[f"h32_{kind}/w"], found[f"h32_{kind}/b"] = kernel.astype(np.float32), bias.astype(np.float32)
    return found


def _nearest(anchor: tuple[float, float]) -> int:
    distances = [sum(np.abs(np.log(np.array(other) / anchor))) for other in SSD_SECOND]
    return int(np.argmin(distances))
