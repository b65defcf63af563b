"""Read the person part of the COCO SSD MobileNet V1 TFLite file (Apache-2.0) as float weights.

The file is TensorFlow's starter detection model; constants are uint8 with one scale and zero point each.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .family import BLOCKS

Weights = dict[str, NDArray[np.float32]]

_PREFIX = "FeatureExtractor/MobilenetV1/"
_QUANT = "/weights_quant/FakeQuantWithMinMaxVars"
_PERSON = 1
_CLASSES = 91


def read_ssd(path: Path) -> Weights:
    """Weights by node name: `x/w` conv (out, kh, kw, in), depthwise (1, kh, kw, channels); `x/b` (out,)."""
    tensors = _constants(path)
    weights: Weights = {}
    for ours, theirs in _names().items():
        kind = "depthwise_Fold_bias" if ours.startswith("dw") else "Conv2D_Fold_bias"
        weights[f"{ours}/w"] = tensors[f"{_PREFIX}{theirs}{_QUANT}"]
        weights[f"{ours}/b"] = tensors[f"{_PREFIX}{theirs}/{kind}"]
    for level, tag in enumerate(("h16", "h32", "h64")):
        _read_head(tensors, level, tag, weights)
    return weights


def _names() -> dict[str, str]:
    names = {"conv0": "MobilenetV1/Conv2d_0"}
    for number in range(1, len(BLOCKS) + 1):
        names[f"dw{number}"] = f"MobilenetV1/Conv2d_{number}_depthwise"
        names[f"pw{number}"] = f"MobilenetV1/Conv2d_{number}_pointwise"
    names["extra1"] = "Conv2d_13_pointwise_1_Conv2d_2_1x1_192"
    names["extra2"] = "Conv2d_13_pointwise_2_Conv2d_2_3x3_s2_384"
    return names


def _read_head(tensors: Weights, level: int, tag: str, weights: Weights) -> None:
    box, cls = f"BoxPredictor_{level}/BoxEncodingPredictor", f"BoxPredictor_{level}/ClassPredictor"
    weights[f"{tag}_boxes/w"] = tensors[box + _QUANT]
    weights[f"{tag}_boxes/b"] = tensors[f"{box}/Conv2D_bias"]
    weights[f"{tag}_scores/w"] = tensors[cls + _QUANT][_PERSON::_CLASSES]
    weights[f"{tag}_scores/b"] = tensors[f"{cls}/Conv2D_bias"][_PERSON::_CLASSES]


def _constants(path: Path) -> Weights:
    """Every readable tensor of the file, dequantised."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(str(path), experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    interpreter.allocate_tensors()
    found: Weights = {}
    for detail in interpreter.get_tensor_details():
        if detail["name"].endswith(("bias", _QUANT)):
            scale, zero = detail["quantization"]
            raw = interpreter.get_tensor(detail["index"]).astype(np.float32)
            found[detail["name"]] = (raw - zero) * np.float32(scale)
    return found
