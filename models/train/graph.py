"""One description of a network, read by every builder: PyTorch (training), Keras (export), cost counting.

A network is a tuple of `Node`s in execution order. Only five kinds of node exist, all of which the Edge TPU
compiler maps: convolution, depthwise convolution, addition, doubling by nearest neighbour, and the input.
Padding is TensorFlow's SAME everywhere. Sizes are (height, width) in pixels of the network's input.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Op = Literal["input", "conv", "dw", "add", "up"]
Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Node:
    """One layer: `out` channels from the nodes named in `inputs`; `act` means a ReLU6 follows."""

    name: str
    op: Op
    inputs: tuple[str, ...]
    out: int
    kernel: int = 1
    stride: int = 1
    act: bool = True


@dataclass(frozen=True, slots=True)
class Level:
    """One raw head: anchors are (height, width) in pixels of the network's input."""

    boxes: str
    scores: str
    anchors: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """A detector: its input size, layers and raw heads."""

    name: str
    size: Size
    nodes: tuple[Node, ...]
    levels: tuple[Level, ...]

    def node(self, name: str) -> Node:
        """The node of that name (KeyError if there is none)."""
        return self.by_name()[name]

    def by_name(self) -> dict[str, Node]:
        """All nodes by name, in execution order."""
        return {node.name: node for node in self.nodes}

    def resized(self, size: Size) -> Graph:
        """The same network for another input size (anchors keep their size in pixels)."""
        return Graph(self.name, size, self.nodes, self.levels)


@dataclass(frozen=True, slots=True)
class Shape:
    """Where a node's cells lie: grid (rows, columns), pixel step, pixel centre of cell (0, 0), channels."""

    grid: Size
    step: Size
    centre: tuple[float, float]
    channels: int


def shapes(graph: Graph) -> dict[str, Shape]:
    """The shape of every node's output for the graph's input size, following SAME padding exactly."""
    found: dict[str, Shape] = {}
    for node in graph.nodes:
        if node.op == "input":
            found[node.name] = Shape(graph.size, (1, 1), (0.5, 0.5), node.out)
        elif node.op == "up":
            found[node.name] = _doubled(found[node.inputs[0]])
        elif node.op == "add":
            found[node.name] = _added(node, [found[name] for name in node.inputs])
        else:
            found[node.name] = _convolved(node, found[node.inputs[0]])
    return found


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow's SAME padding of one axis: (before, after)."""
    out = -(-size // stride)
    total = max((out - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def macs(graph: Graph) -> int:
    """Multiply-accumulates of one run."""
    found = shapes(graph)
    total = 0
    for node in graph.nodes:
        cells = found[node.name].grid[0] * found[node.name].grid[1]
        if node.op == "conv":
            total += cells * node.kernel**2 * found[node.inputs[0]].channels * node.out
        elif node.op == "dw":
            total += cells * node.kernel**2 * node.out
    return total


def _convolved(node: Node, source: Shape) -> Shape:
    grid, step, centre = [], [], []
    for axis in (0, 1):
        before, _ = same_padding(source.grid[axis], node.kernel, node.stride)
        grid.append(-(-source.grid[axis] // node.stride))
        step.append(source.step[axis] * node.stride)
        centre.append(source.centre[axis] + source.step[axis] * ((node.kernel - 1) / 2 - before))
    return Shape((grid[0], grid[1]), (step[0], step[1]), (centre[0], centre[1]), node.out)


def _doubled(source: Shape) -> Shape:
    (rows, columns), (sy, sx), (cy, cx) = source.grid, source.step, source.centre
    return Shape((rows * 2, columns * 2), (sy // 2, sx // 2), (cy - sy / 4, cx - sx / 4), source.channels)


def _added(node: Node, sources: list[Shape]) -> Shape:
    grids = {source.grid for source in sources}
    if len(grids) != 1:
        raise ValueError(f"{node.name} adds maps of different sizes: {sorted(grids)}")
    finest = sources[0]
    return Shape(finest.grid, finest.step, finest.centre, node.out)
