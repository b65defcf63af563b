"""A graph as a PyTorch module, in the layout (batch, channels, height, width), input scaled to [-1, 1)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from .graph import Graph, Node, same_padding
from .ssd_weights import Weights


class GraphNet(nn.Module):  # type: ignore[misc, unused-ignore]  # torch is not installed where this is checked
    """Runs the graph's nodes; any input size whose maps add up is accepted."""

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self.graph = graph
        channels = {node.name: node.out for node in graph.nodes}
        self.layers = nn.ModuleDict(
            {node.name: _layer(node, channels[node.inputs[0]]) for node in graph.nodes if node.op in ("conv", "dw")}
        )

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Raw boxes (batch, n, 4) and logits (batch, n), in the order of `decode.graph_anchors`."""
        return self.heads(self.maps(image))

    def heads(self, maps: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Raw boxes and logits out of all nodes' outputs."""
        batch = maps["image"].shape[0]
        boxes = [maps[at.boxes].permute(0, 2, 3, 1).reshape(batch, -1, 4) for at in self.graph.levels]
        scores = [maps[at.scores].permute(0, 2, 3, 1).reshape(batch, -1) for at in self.graph.levels]
        return torch.cat(boxes, 1), torch.cat(scores, 1)

    def maps(self, image: Tensor) -> dict[str, Tensor]:
        """Every node's output by name."""
        found: dict[str, Tensor] = {"image": image}
        for node in self.graph.nodes[1:]:
            found[node.name] = self._run(node, [found[name] for name in node.inputs])
        return found

    def _run(self, node: Node, sources: list[Tensor]) -> Tensor:
        if node.op == "up":
            out = functional.interpolate(sources[0], scale_factor=2, mode="nearest")
        elif node.op == "add":
            out = sources[0] + sources[1]
        else:
            out = self.layers[node.name](_padded(sources[0], node))
        return functional.relu6(out, inplace=True) if node.act and node.op in ("conv", "dw", "add") else out

    def load_weights(self, weights: Weights) -> list[str]:
        """Copy what fits by name and shape; returns the layers that found nothing."""
        missing = []
        for name, layer in self.layers.items():
            kernel = weights.get(f"{name}/w")
            if kernel is None or to_torch(kernel, layer).shape != layer.weight.shape:
                missing.append(name)
                continue
            with torch.no_grad():
                layer.weight.copy_(to_torch(kernel, layer))
                layer.bias.copy_(torch.from_numpy(np.array(weights[f"{name}/b"])))
        return missing

    def weights(self) -> Weights:
        """All weights in the layout of `ssd_weights`."""
        found: Weights = {}
        for name, layer in self.layers.items():
            kernel = layer.weight.detach().float().cpu().numpy()
            order = (1, 2, 3, 0) if layer.groups > 1 else (0, 2, 3, 1)
            found[f"{name}/w"] = np.ascontiguousarray(kernel.transpose(order))
            found[f"{name}/b"] = layer.bias.detach().float().cpu().numpy().copy()
        return found


def to_torch(kernel: NDArray[np.float32], layer: nn.Module) -> Tensor:
    """A kernel in TFLite's layout as PyTorch stores it."""
    depthwise = getattr(layer, "groups", 1) > 1
    order = (3, 0, 1, 2) if depthwise else (0, 3, 1, 2)
    return torch.from_numpy(np.ascontiguousarray(kernel.transpose(order)))


def _layer(node: Node, channels: int) -> nn.Conv2d:
    groups = channels if node.op == "dw" else 1
    inside = node.kernel // 2 if node.stride == 1 else 0
    return nn.Conv2d(channels, node.out, node.kernel, node.stride, inside, groups=groups)


def _padded(source: Tensor, node: Node) -> Tensor:
    """Padding that the layer does not do itself: strided layers pad unevenly."""
    if node.stride == 1:
        return source
    top, bottom = same_padding(source.shape[2], node.kernel, node.stride)
    left, right = same_padding(source.shape[3], node.kernel, node.stride)
    return functional.pad(source, (left, right, top, bottom)) if top + bottom + left + right else source
