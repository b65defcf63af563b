"""Two models small enough to know by heart, built with LiteRT's own schema."""

from __future__ import annotations

from typing import Any

import flatbuffers  # type: ignore[import-untyped]
from ai_edge_litert import schema_py_generated as schema

SHAPE = (1, 2, 3)


def add_model(left: str = "left") -> bytes:
    """Adds two uint8 tensors, the first called `left`.

    The inputs have scale 0.5 and zero point 0, the output scale 1 and zero point 5.
    """
    code = schema.OperatorCodeT()
    code.deprecatedBuiltinCode = code.builtinCode = schema.BuiltinOperator.ADD
    code.version = 1
    operator = _operator([0, 1], [2])
    operator.builtinOptionsType = schema.BuiltinOptions.AddOptions
    operator.builtinOptions = schema.AddOptionsT()
    tensors = [_tensor(left, 0.5, 0), _tensor("right", 0.5, 0), _tensor("sum", 1.0, 5)]
    return _pack(code, operator, tensors)


def edgetpu_model() -> bytes:
    """One operation that only an Edge TPU delegate can run."""
    code = schema.OperatorCodeT()
    code.deprecatedBuiltinCode = code.builtinCode = schema.BuiltinOperator.CUSTOM
    code.customCode = "edgetpu-custom-op"
    code.version = 1
    return _pack(code, _operator([0], [1]), [_tensor("in", 0.5, 0), _tensor("out", 0.5, 0)])


def gather_model() -> bytes:
    """Picks one of four uint8 values by an int32 index; an index beyond them makes the run fail."""
    code = schema.OperatorCodeT()
    code.deprecatedBuiltinCode = code.builtinCode = schema.BuiltinOperator.GATHER
    code.version = 1
    operator = _operator([0, 1], [2])
    operator.builtinOptionsType = schema.BuiltinOptions.GatherOptions
    operator.builtinOptions = schema.GatherOptionsT()
    values, index, picked = (_tensor(name, 1.0, 0) for name in ("values", "index", "picked"))
    values.shape, index.shape, picked.shape = [4], [1], [1]
    index.type, index.quantization = schema.TensorType.INT32, None
    return _pack(code, operator, [values, index, picked])


def _operator(inputs: list[int], outputs: list[int]) -> Any:
    operator = schema.OperatorT()
    operator.opcodeIndex = 0
    operator.inputs, operator.outputs = inputs, outputs
    return operator


def _tensor(name: str, scale: float, zero_point: int) -> Any:
    tensor = schema.TensorT()
    tensor.name, tensor.shape, tensor.type, tensor.buffer = name, list(SHAPE), schema.TensorType.UINT8, 0
    tensor.quantization = schema.QuantizationParametersT()
    tensor.quantization.scale, tensor.quantization.zeroPoint = [scale], [zero_point]
    return tensor


def _pack(code: Any, operator: Any, tensors: list[Any]) -> bytes:
    graph = schema.SubGraphT()
    graph.name, graph.tensors, graph.operators = "main", tensors, [operator]
    graph.inputs, graph.outputs = operator.inputs, operator.outputs
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs, model.buffers = 3, [code], [graph], [schema.BufferT()]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
