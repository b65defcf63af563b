"""Check that a TFLite file uses only what the Edge TPU compiler maps: operators, types, static shapes.

    python -m models.train.opcheck models/person-m.tflite

The list is Coral's published table of supported operations, cut to the ones this family may use. The compiler itself
is not run here.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from .runners import open_interpreter

#: Operators of Coral's table ("TensorFlow models on the Edge TPU") that our graphs may contain. RELU6 is fused.
SUPPORTED = frozenset(
    {"CONV_2D", "DEPTHWISE_CONV_2D", "ADD", "RESIZE_NEAREST_NEIGHBOR", "CONCATENATION", "PAD", "RESHAPE", "QUANTIZE"}
)  # fmt: skip
INTEGER = (np.int8, np.uint8, np.int32)


def operators(path: Path) -> Counter[str]:
    """How often a file uses each operator."""
    interpreter = open_interpreter(path, reference=True)
    return Counter(detail["op_name"] for detail in _operations(interpreter))


def problems(path: Path) -> list[str]:
    """Everything that would keep a part of the file off the Edge TPU; empty when all is well."""
    interpreter = open_interpreter(path, reference=True)
    found = [f"operator {name} is not supported" for name in sorted(operators(path)) if name not in SUPPORTED]
    quantize = [op for op in _operations(interpreter) if op["op_name"] == "QUANTIZE"]
    if len(quantize) > 1:
        found.append(f"{len(quantize)} QUANTIZE operators: only the one at the input is expected")
    for detail in interpreter.get_tensor_details():
        if detail["dtype"] not in INTEGER:
            found.append(f"tensor {detail['name']} is {detail['dtype'].__name__}")
        if any(side < 0 for side in detail["shape_signature"]):
            found.append(f"tensor {detail['name']} has no fixed shape")
    if not any(len(d["quantization_parameters"]["scales"]) > 1 for d in interpreter.get_tensor_details()):
        found.append("weights are not quantised per channel")
    return found


def macs(path: Path) -> int:
    """Multiply-accumulates of one run, counted from the file's convolutions."""
    interpreter = open_interpreter(path, reference=True)
    shape = {detail["index"]: detail["shape"] for detail in interpreter.get_tensor_details()}
    total = 0
    for op in _operations(interpreter):
        if op["op_name"] in ("CONV_2D", "DEPTHWISE_CONV_2D"):
            kernel, out = shape[op["inputs"][1]], shape[op["outputs"][0]]
            per_cell = int(np.prod(kernel)) if op["op_name"] == "CONV_2D" else int(np.prod(kernel[1:]))
            total += int(out[1] * out[2]) * per_cell
    return total


def _operations(interpreter: Any) -> list[dict[str, Any]]:
    """The file's operators; the interpreter offers no public way to them."""
    return [op for op in interpreter._get_ops_details() if op["op_name"] != "DELEGATE"]


def main() -> None:
    """Command line: exit status 1 when a file has a problem."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path)
    bad = 0
    for path in parser.parse_args().files:
        listed = ", ".join(f"{name} {count}" for name, count in sorted(operators(path).items()))
        print(f"{path.name}: {listed}; {macs(path) / 1e6:.1f} million MACs")
        for problem in problems(path):
            bad += 1
            print(f"  {problem}")
    raise SystemExit(bool(bad))


if __name__ == "__main__":
    main()
