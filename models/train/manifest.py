"""Write a model's entry into models/manifest.toml: what the agent needs to run and trust the file."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

from .decode import anchor_centre
from .graph import Graph, shapes
from .members import LIFTED

LICENCE = "Apache-2.0"
ATTRIBUTION = (
    "started from TensorFlow's COCO SSD MobileNet V1 (Apache-2.0, The TensorFlow Authors); trained on COCO and "
    "Capston2 pictures (labels CC BY 4.0); see the model card"
)

_INPUT = 'dtype = "uint8", colour = "rgb", fit = "stretch"'


@dataclass(frozen=True, slots=True)
class Facts:
    """What measuring found; scores by light mode are (min_score, confirm_score)."""

    scores: dict[str, tuple[float, float]]
    overlap: float = 0.5
    calibration: tuple[float, float] = (1.0, 0.0)
    tail: tuple[float, float] = (0.5, 1.0)
    accuracy: dict[str, float] = field(default_factory=dict)
    latency: dict[str, float] = field(default_factory=dict)


def entry(graph: Graph, path: Path, facts: Facts) -> str:
    """The `[[model]]` table of a file, as TOML."""
    data = path.read_bytes()
    height, width = graph.size
    tone = "lift" if graph.name in LIFTED else "as_is"
    lines = [
        "[[model]]",
        f'name = "{graph.name}"',
        'task = "person"',
        f'file = "{path.name}"',
        f'sha256 = "{hashlib.sha256(data).hexdigest()}"',
        f"size_bytes = {len(data)}",
        f'licence = "{LICENCE}"',
        f'attribution = "{ATTRIBUTION}"',
        f'input = {{ width = {width}, height = {height}, {_INPUT}, tone = "{tone}" }}',
        'quantisation = "int8"',
        'decoder = "ssd_raw"',
        "box_scale = [10.0, 10.0, 5.0, 5.0]",
        'labels = ["person"]',
        'nms = "diou"',
        f"nms_iou = {facts.overlap}",
        f"calibration = {list(facts.calibration)}",
        f"tail = {list(facts.tail)}",
        f"accuracy = {_inline(facts.accuracy)}",
        f"latency = {_inline(facts.latency)}",
        "",
        *_score_lines(facts),
        *_level_lines(graph),
    ]
    return "\n".join(lines) + "\n"


def put(manifest: Path, name: str, text: str) -> None:
    """Replace the entry called `name` in a manifest, or append it."""
    old = manifest.read_text() if manifest.exists() else ""
    blocks = re.split(r"(?m)^(?=\[\[model\]\]\s*$)", old)
    kept = [block for block in blocks if not re.search(rf'(?m)^name = "{re.escape(name)}"\s*$', block)]
    manifest.write_text("".join(kept).rstrip("\n") + ("\n\n" if "".join(kept).strip() else "") + text)


def _score_lines(facts: Facts) -> list[str]:
    lines: list[str] = []
    for mode, (least, confirm) in facts.scores.items():
        lines += [f"[model.scores.{mode}]", f"min_score = {least:.3f}", f"confirm_score = {confirm:.3f}", ""]
    return lines


def _level_lines(graph: Graph) -> list[str]:
    found = shapes(graph)
    lines: list[str] = []
    for level in graph.levels:
        shape = found[level.boxes]
        anchors = ", ".join(f"[{height:.3f}, {width:.3f}]" for height, width in level.anchors)
        lines += [
            "[[model.level]]",
            f"grid = {list(shape.grid)}",
            f"centre = {list(anchor_centre(shape))}",
            f"step = {[float(step) for step in shape.step]}",
            f"anchors = [{anchors}]",
            "",
        ]
    return lines[:-1]


def _inline(values: dict[str, float]) -> str:
    return "{ " + ", ".join(f"{key} = {value}" for key, value in values.items()) + " }" if values else "{}"
