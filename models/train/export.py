"""Build a graph in Keras with given weights and convert it to a full-integer TFLite file.

int8 weights per channel, int8 activations, uint8 input. Needs TensorFlow (see requirements.txt); everything
else in this package works without it. The network expects RGB bytes; the scaling to [-1, 1) is part of the
input's quantisation (scale 1/128, zero point 128), so no operator is spent on it.

    python -m models.train.export --model person-m --weights .cache/train/m/ema.npz --out models/person-m.tflite
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import members
from .graph import Graph, Node
from .ssd_weights import Weights


def build_keras(graph: Graph, weights: Weights) -> Any:
    """A Keras model: input [1, h, w, 3] in [-1, 1), outputs box and score maps level by level."""
    import tensorflow as tf

    layers = tf.keras.layers
    tensors: dict[str, Any] = {}
    for node in graph.nodes:
        sources = [tensors[name] for name in node.inputs]
        if node.op == "input":
            tensors[node.name] = tf.keras.Input((*graph.size, 3), batch_size=1, name=node.name)
        elif node.op == "up":
            tensors[node.name] = layers.UpSampling2D(2, interpolation="nearest", name=node.name)(sources[0])
        elif node.op == "add":
            tensors[node.name] = _activated(layers, node, layers.Add(name=node.name)(sources))
        else:
            tensors[node.name] = _activated(layers, node, _layer(layers, node)(sources[0]))
    outputs = [tensors[name] for level in graph.levels for name in (level.boxes, level.scores)]
    model = tf.keras.Model(tensors["image"], outputs)
    for node in graph.nodes:
        if node.op in ("conv", "dw"):
            kernel = weights[f"{node.name}/w"]
            order = (1, 2, 3, 0)
            model.get_layer(node.name).set_weights([kernel.transpose(order), weights[f"{node.name}/b"]])
    return model


def convert(graph: Graph, weights: Weights, pictures: Iterable[NDArray[np.uint8]], path: Path) -> None:
    """Write a full-integer file; `pictures` (h, w, 3) RGB of the graph's size calibrate the activations."""
    import tensorflow as tf

    model = build_keras(graph, weights)

    def samples() -> Iterable[list[NDArray[np.float32]]]:
        corner = np.zeros((1, *graph.size, 3), np.float32)
        corner[0, 0, 0], corner[0, -1, -1] = -1.0, 127.0 / 128.0
        for number, picture in enumerate(pictures):
            batch = (picture.astype(np.float32) - 128.0) / 128.0
            yield [batch[None] if number else corner]

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = samples
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.uint8
    converter.inference_output_type = tf.int8
    path.write_bytes(converter.convert())


def _layer(layers: Any, node: Node) -> Any:
    if node.op == "dw":
        return layers.DepthwiseConv2D(node.kernel, node.stride, "same", name=node.name)
    return layers.Conv2D(node.out, node.kernel, node.stride, "same", name=node.name)


def _activated(layers: Any, node: Node, tensor: Any) -> Any:
    return layers.ReLU(6.0, name=f"{node.name}_relu6")(tensor) if node.act else tensor


def calibration_pictures(graph: Graph, count: int = 240) -> Iterable[NDArray[np.uint8]]:
    """Training pictures of the input's size, every third one at night."""
    from .data import split
    from .degrade import clean, night
    from .runners import prepared

    pictures = split("train")
    for number, picture in enumerate(pictures[:: max(1, len(pictures) // count)]):
        image = (night if number % 3 == 2 else clean)(picture.read(), picture.name)
        yield prepared(image, graph)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    graph = members.graph(options.model)
    with np.load(options.weights) as file:
        convert(graph, dict(file), calibration_pictures(graph), options.out)


if __name__ == "__main__":
    main()
