"""Detectors behind one call: our raw-head files, and the COCO SSD as the yardstick.

A runner takes RGB uint8 (height, width, 3) and returns boxes (n, 4) in 0..1 and scores (n,), suppressed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from agent.vision.tone import lift

from .data import Image, data_root
from .decode import Floats, decode, detections, graph_anchors
from .graph import Graph, shapes
from .members import LIFTED
from .ssd_weights import Weights


class Runner(Protocol):
    """Anything that finds people in a picture."""

    def __call__(self, image: Image) -> tuple[Floats, Floats]:
        """Boxes (n, 4) and scores (n,) of one picture."""


def prepared(image: Image, graph: Graph) -> Image:
    """A picture as a network gets it: stretched to its size, lifted where it is dark and the member wants it."""
    small = np.asarray(cv2.resize(image, graph.size[::-1], interpolation=cv2.INTER_AREA), np.uint8)
    if graph.name in LIFTED:
        lift(small)
    return small


class TfliteHeads:
    """A file with raw heads, read through its graph."""

    def __init__(self, path: Path, graph: Graph, overlap: float = 0.5) -> None:
        self.graph, self.overlap = graph, overlap
        self.interpreter = open_interpreter(path)
        self.anchors = graph_anchors(graph)
        self._outputs = _matched(self.interpreter, graph)

    def __call__(self, image: Image) -> tuple[Floats, Floats]:
        """Boxes and scores of one picture, stretched to the input."""
        boxes, scores = self.raw(prepared(image, self.graph))
        return detections(decode(boxes, self.anchors, self.graph.size), scores, overlap=self.overlap)

    def raw(self, image: Image) -> tuple[Floats, Floats]:
        """Raw boxes (n, 4) and probabilities (n,) of a picture of the input's size."""
        self.interpreter.set_tensor(self.interpreter.get_input_details()[0]["index"], image[None])
        self.interpreter.invoke()
        boxes = np.concatenate([self._read(at).reshape(-1, 4) for at in self._outputs[::2]])
        logits = np.concatenate([self._read(at).reshape(-1) for at in self._outputs[1::2]])
        return boxes, np.asarray(1 / (1 + np.exp(-logits)), np.float32)

    def _read(self, detail: dict[str, Any]) -> Floats:
        scale, zero = detail["quantization"]
        raw: NDArray[Any] = self.interpreter.get_tensor(detail["index"])
        return np.asarray((raw.astype(np.float32) - zero) * np.float32(scale), np.float32)


class TorchHeads:
    """Float weights in PyTorch: what training judges itself by."""

    def __init__(self, graph: Graph, weights: Weights, overlap: float = 0.5) -> None:
        from .net import GraphNet

        self.graph, self.overlap = graph, overlap
        self.anchors = graph_anchors(graph)
        self.net = GraphNet(graph).eval()
        missing = self.net.load_weights(weights)
        if missing:
            raise ValueError(f"the weights lack {', '.join(missing)}")

    def __call__(self, image: Image) -> tuple[Floats, Floats]:
        """Boxes and scores of one picture, stretched to the input."""
        boxes, logits = self.raw(image)
        decoded = decode(boxes, self.anchors, self.graph.size)
        return detections(decoded, np.asarray(1 / (1 + np.exp(-logits)), np.float32), overlap=self.overlap)

    def raw(self, image: Image) -> tuple[Floats, Floats]:
        """Raw boxes (n, 4) and logits (n,) of a picture of any size."""
        import torch

        small = prepared(image, self.graph)
        batch = torch.from_numpy((small.astype(np.float32) - 128) / 128).permute(2, 0, 1)[None]
        with torch.inference_mode():
            boxes, logits = self.net(batch.contiguous(memory_format=torch.channels_last))
        return boxes[0].numpy(), logits[0].numpy()


class CocoSsd:
    """The COCO SSD file (class 0 is a person), suppressed a second time."""

    def __init__(self, path: Path | None = None, overlap: float = 0.5) -> None:
        self.overlap = overlap
        found = path or data_root() / "models" / "coco_ssd_mobilenet_v1_quant.tflite"
        self.interpreter = open_interpreter(found)

    def __call__(self, image: Image) -> tuple[Floats, Floats]:
        """Boxes and scores of one picture."""
        small = cv2.resize(image, (300, 300), interpolation=cv2.INTER_AREA)
        self.interpreter.set_tensor(self.interpreter.get_input_details()[0]["index"], small[None])
        self.interpreter.invoke()
        boxes, classes, scores, count = (
            self.interpreter.get_tensor(detail["index"])[0] for detail in self.interpreter.get_output_details()
        )
        people = (np.arange(len(scores)) < count) & (classes == 0)
        corners = boxes[people][:, [1, 0, 3, 2]]
        return detections(corners, scores[people], overlap=self.overlap)


def open_interpreter(path: Path, reference: bool = False, threads: int = 1) -> Any:
    """An allocated interpreter; `reference` chooses the bit-exact kernels."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kind = OpResolverType.BUILTIN_REF if reference else OpResolverType.AUTO
    interpreter = Interpreter(str(path), num_threads=threads, experimental_op_resolver_type=kind)
    interpreter.allocate_tensors()
    return interpreter


def _matched(interpreter: Any, graph: Graph) -> list[dict[str, Any]]:
    """Output details level by level (boxes, scores), matched by grid and channel count."""
    found = shapes(graph)
    details = {tuple(detail["shape"][1:]): detail for detail in interpreter.get_output_details()}
    return [
        details[(*found[name].grid, found[name].channels)]
        for level in graph.levels
        for name in (level.boxes, level.scores)
    ]
