"""Make a slim network out of a wide one: keep the channels that matter, refit what reads them by least squares.

    python -m models.train.prune --weights .cache/train/m/ema.npz --out .cache/train/s/start.npz

Layer by layer, the slim network's weights are those that best repeat the wide network's values before the
activation on training pictures, given what the slim network itself has computed so far (in the manner of ThiNet,
Luo et al. 2017). Where blocks are left out, the layer before them aims at the last left-out block's values.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from . import members
from .augment import Augmenter, source
from .data import split
from .graph import Graph, Node
from .net import GraphNet, _padded
from .ssd_weights import Weights

Indices = NDArray[np.int64]
ROWS = 60_000


def prune(wide: GraphNet, slim: GraphNet, images: Tensor) -> Weights:
    """The slim network's weights, plus `NAME/keep`: which of the wide network's channels each layer repeats."""
    targets = _before_activation(wide, images)
    keep = choose(wide, slim.graph, targets)
    found: dict[str, Tensor] = {"image": images}
    extra: Weights = {}
    for node in slim.graph.nodes[1:]:
        sources = [found[name] for name in node.inputs]
        aim = twin(node.name, slim.graph)
        if node.op == "dw":
            _copy_depthwise(wide, slim, node, keep[node.name])
        elif node.op == "conv":
            _refit(slim, node, sources[0], targets[aim][:, keep[node.name]])
        found[node.name] = slim._run(node, sources)
        extra[f"{node.name}/keep"] = keep[node.name].astype(np.float32)
    return slim.weights() | extra


def twin(name: str, slim: Graph) -> str:
    """The wide network's layer that a slim layer repeats: the last block left out after it, else its namesake."""
    if not name.startswith("pw"):
        return name
    present = {node.name for node in slim.nodes}
    number = int(name[2:])
    while number < 13 and f"pw{number + 1}" not in present:
        number += 1
    return f"pw{number}"


def choose(wide: GraphNet, slim: Graph, values: dict[str, Tensor]) -> dict[str, Indices]:
    """For every slim layer the wide channels it keeps, most useful to their readers first, in rising order."""
    keep: dict[str, Indices] = {"image": np.arange(3)}
    for node in slim.nodes[1:]:
        if node.op in ("dw", "up"):
            keep[node.name] = keep[node.inputs[0]]
        elif node.op == "add" or node.name == "near":
            keep[node.name] = keep["far"]
        else:
            name = twin(node.name, slim)
            worth = _worth(wide, name, values)
            keep[node.name] = np.sort(np.argsort(-worth, kind="stable")[: node.out])
    return keep


def _worth(wide: GraphNet, name: str, values: dict[str, Tensor]) -> NDArray[np.float64]:
    """How strongly each channel of a layer acts on the layers that read it."""
    power = values[name].clamp(0, 6).pow(2).mean((0, 2, 3)).double().numpy()
    total = np.zeros(len(power))
    for reader in _readers(wide.graph, name):
        kernel = wide.layers[reader].weight.detach().pow(2).sum((0, 2, 3)).double().numpy()
        total += kernel / max(kernel.sum(), 1e-9)
    return power * total if total.any() else np.arange(len(power), 0.0, -1.0)


def _readers(graph: Graph, name: str) -> list[str]:
    """The dense layers that read a layer, seen through depthwise layers, doublings and sums."""
    found: list[str] = []
    for node in graph.nodes:
        if name in node.inputs:
            found += [node.name] if node.op == "conv" else _readers(graph, node.name)
    return found


def _before_activation(net: GraphNet, images: Tensor) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    raw: dict[str, Tensor] = {}
    found["image"] = images
    for node in net.graph.nodes[1:]:
        sources = [found[name] for name in node.inputs]
        if node.op in ("conv", "dw"):
            raw[node.name] = net.layers[node.name](_padded(sources[0], node))
            found[node.name] = functional.relu6(raw[node.name]) if node.act else raw[node.name]
        else:
            found[node.name] = raw[node.name] = net._run(node, sources)
    return raw


def _copy_depthwise(wide: GraphNet, slim: GraphNet, node: Node, keep: Indices) -> None:
    """A depthwise layer keeps its channels' kernels; after left-out blocks it is the last one's that fits the size."""
    rows = torch.from_numpy(keep)
    slim.layers[node.name].weight.copy_(wide.layers[node.name].weight[rows])
    slim.layers[node.name].bias.copy_(wide.layers[node.name].bias[rows])


def _refit(slim: GraphNet, node: Node, source: Tensor, target: Tensor) -> None:
    """Least squares of a dense layer: patches of the slim source against the wide values."""
    padded = _padded(source, node)
    inside = slim.layers[node.name].padding
    patches = functional.unfold(padded, node.kernel, padding=inside, stride=node.stride).transpose(1, 2).flatten(0, 1)
    wanted = target.flatten(2).transpose(1, 2).flatten(0, 1)
    rows = torch.randperm(len(patches), generator=torch.Generator().manual_seed(3))[:ROWS]
    known = torch.cat([patches[rows], torch.ones(len(rows), 1)], 1).double()
    gram = known.T @ known
    gram += torch.eye(len(gram)) * gram.diagonal().mean() * 1e-4
    solved = torch.linalg.solve(gram, known.T @ wanted[rows].double())
    layer = slim.layers[node.name]
    layer.weight.copy_(solved[:-1].T.reshape(layer.weight.shape).float())
    layer.bias.copy_(solved[-1].float())


def pictures(graph: Graph, count: int = 240) -> Tensor:
    """Augmented training pictures of a graph's size, (count, 3, h, w) in [-1, 1)."""
    sources = [source(picture) for picture in split("train")[::4]]
    augmenter = Augmenter(sources, graph.size, lifted=graph.name in members.LIFTED)
    random = np.random.default_rng(11)
    images = np.stack([augmenter.draw(random).image for _ in range(count)])
    return (torch.from_numpy(images).permute(0, 3, 1, 2).float() - 128) / 128


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wide", default="person-m")
    parser.add_argument("--slim", default="person-s")
    parser.add_argument("--weights", required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    slim = GraphNet(members.graph(options.slim))
    wide = GraphNet(members.graph(options.wide).resized(slim.graph.size))
    with np.load(options.weights) as file, torch.no_grad():
        wide.load_weights(dict(file))
        weights = prune(wide, slim, pictures(slim.graph))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    np.savez(options.out, **weights)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
