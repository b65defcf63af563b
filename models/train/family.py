"""The family's networks: person-m, person-s, and the COCO SSD they start from, as graphs.

Backbone: MobileNet V1 (Howard et al. 2017). Level anchors of the SSD as in the TensorFlow object detection
API's ssd_mobilenet_v1 (scales 0.2 to 0.95 of 300 px).
"""

from __future__ import annotations

from math import sqrt

from .graph import Graph, Level, Node, Size

#: (input, output, stride) of the thirteen depthwise-separable blocks at width 1.0.
BLOCKS = (
    (32, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1), (256, 512, 2), (512, 512, 1),
    (512, 512, 1), (512, 512, 1), (512, 512, 1), (512, 512, 1), (512, 1024, 2), (1024, 1024, 1),
)  # fmt: skip
SSD_WIDTHS = (24, 48, 96, 96, 192, 192, 384, 384, 384, 384, 384, 384, 768, 768)


def _boxes(scale: float, ratios: tuple[float, ...]) -> tuple[tuple[float, float], ...]:
    """Anchors (height, width) px of one scale (px) at width/height ratios."""
    return tuple((scale / sqrt(ratio), scale * sqrt(ratio)) for ratio in ratios)


SSD_FIRST = ((30.0, 30.0), *_boxes(60.0, (2.0, 0.5)))
SSD_SECOND = (*_boxes(105.0, (1.0, 2.0, 0.5, 3.0, 1 / 3)), (300 * sqrt(0.35 * 0.5),) * 2)
SSD_THIRD = (*_boxes(150.0, (1.0, 2.0, 0.5, 3.0, 1 / 3)), (300 * sqrt(0.5 * 0.65),) * 2)


def backbone(widths: tuple[int, ...], skip: tuple[int, ...] = ()) -> list[Node]:
    """MobileNet V1: `widths` gives the channels of conv 0 and of the thirteen pointwise layers.

    Blocks in `skip` (stride 1, equal channels) are left out.
    """
    nodes = [Node("image", "input", (), 3), Node("conv0", "conv", ("image",), widths[0], 3, 2)]
    last = "conv0"
    for number, (_, _, stride) in enumerate(BLOCKS, start=1):
        if number in skip:
            continue
        nodes.append(Node(f"dw{number}", "dw", (last,), widths[number - 1], 3, stride))
        nodes.append(Node(f"pw{number}", "conv", (f"dw{number}",), widths[number]))
        last = f"pw{number}"
    return nodes


def head(nodes: list[Node], tag: str, source: str, anchors: tuple[tuple[float, float], ...]) -> Level:
    """Append the two linear 1x1 convolutions of one level to `nodes`."""
    nodes.append(Node(f"{tag}_boxes", "conv", (source,), 4 * len(anchors), act=False))
    nodes.append(Node(f"{tag}_scores", "conv", (source,), len(anchors), act=False))
    return Level(f"{tag}_boxes", f"{tag}_scores", anchors)


def ssd_person(size: Size) -> Graph:
    """The COCO SSD cut to its first three levels and to its person class: no training needed."""
    nodes = backbone(SSD_WIDTHS)
    levels = [head(nodes, "h16", "pw11", SSD_FIRST), head(nodes, "h32", "pw13", SSD_SECOND)]
    nodes.append(Node("extra1", "conv", ("pw13",), 192))
    nodes.append(Node("extra2", "conv", ("extra1",), 384, 3, 2))
    levels.append(head(nodes, "h64", "extra2", SSD_THIRD))
    return Graph("ssd-person", size, tuple(nodes), tuple(levels))


#: Small people: 7 to 15 % of a 224-pixel picture's height.
FINE = ((16.0, 9.0), (30.0, 16.0))
#: The SSD's third map is left out; its tall anchors move to the second.
COARSE = (*SSD_SECOND, (150.0, 150.0), (212.0, 106.0), (235.0, 150.0))


def person_m(size: Size = (224, 384), fine: int = 48) -> Graph:
    """Full backbone, heads at strides 8 (fed from above, feature pyramid of Lin et al. 2017), 16 and 32."""
    nodes = backbone(SSD_WIDTHS)
    levels = [head(nodes, "h16", "pw11", SSD_FIRST), head(nodes, "h32", "pw13", COARSE)]
    levels.insert(0, fine_head(nodes, "pw5", "pw11", fine))
    return Graph("person-m", size, tuple(nodes), tuple(levels))


def fine_head(nodes: list[Node], near: str, far: str, width: int) -> Level:
    """Append a stride-8 head that sees the near map plus the doubled far one, both cut to `width` channels."""
    nodes += [
        Node("far", "conv", (far,), width, act=False),
        Node("far_up", "up", ("far",), width),
        Node("near", "conv", (near,), width, act=False),
        Node("fine_sum", "add", ("near", "far_up"), width),
        Node("fine_dw", "dw", ("fine_sum",), width, 3),
        Node("fine_pw", "conv", ("fine_dw",), width),
    ]
    return head(nodes, "h8", "fine_pw", FINE)


def person_s(size: Size, widths: tuple[int, ...], skip: tuple[int, ...] = (), fine: int = 32) -> Graph:
    """The slim member: fewer channels and blocks, the same heads."""
    nodes = backbone(widths, skip)
    last16 = max(number for number in range(6, 12) if number not in skip)
    last8 = 5 if 5 not in skip else 4
    levels = [head(nodes, "h16", f"pw{last16}", SSD_FIRST), head(nodes, "h32", "pw13", COARSE)]
    levels.insert(0, fine_head(nodes, f"pw{last8}", f"pw{last16}", fine))
    return Graph("person-s", size, tuple(nodes), tuple(levels))
