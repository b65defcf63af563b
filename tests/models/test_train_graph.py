"""Graphs: shapes, true cell centres, costs, and what leaves them (manifest entries, operators)."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from models.train import members
from models.train.decode import SCALE, decode, graph_anchors, suppress
from models.train.family import SSD_WIDTHS, backbone, ssd_person
from models.train.graph import Graph, macs, same_padding, shapes
from models.train.manifest import Facts, entry, put
from models.train.opcheck import macs as file_macs
from models.train.opcheck import operators, problems

MODELS = Path(__file__).parents[2] / "models"
FAMILY = ("person-m", "person-s")
SSD_MACS = 728.0e6


def test_same_padding_is_tensorflows() -> None:
    assert same_padding(300, 3, 2) == (0, 1)
    assert same_padding(75, 3, 2) == (1, 1)
    assert same_padding(28, 3, 1) == (1, 1)


def test_cells_look_where_even_sizes_shift_them() -> None:
    found = shapes(ssd_person((224, 384)))
    assert found["pw11"].grid == (14, 24)
    assert found["pw11"].centre == (15.5, 15.5)
    assert found["pw13"].centre == (31.5, 31.5)


def test_a_size_of_the_balanced_kind_has_no_shift() -> None:
    found = shapes(Graph("x", (236, 236), tuple(backbone(SSD_WIDTHS)), ()))
    assert found["pw13"].centre[0] == pytest.approx(found["pw13"].step[0] / 2, abs=5)


@pytest.mark.parametrize("name", FAMILY)
def test_members_have_levels_that_differ_in_grid(name: str) -> None:
    graph = members.graph(name)
    found = shapes(graph)
    assert len({found[level.boxes].grid for level in graph.levels}) == len(graph.levels)


@pytest.mark.parametrize(("name", "share"), [("person-m", 0.8), ("person-s", 0.25)])
def test_members_cost_no_more_than_promised(name: str, share: float) -> None:
    graph = members.graph(name)
    assert macs(graph) <= share * SSD_MACS
    assert file_macs(MODELS / f"{name}.tflite") == macs(graph)


@pytest.mark.parametrize("name", FAMILY)
def test_files_hold_only_what_the_edge_tpu_compiler_maps(name: str) -> None:
    assert problems(MODELS / f"{name}.tflite") == []
    assert "TFLite_Detection_PostProcess" not in operators(MODELS / f"{name}.tflite")


@pytest.mark.parametrize(("name", "most"), [("person-m", 3_000_000), ("person-s", 1_200_000)])
def test_files_are_small(name: str, most: int) -> None:
    assert (MODELS / f"{name}.tflite").stat().st_size <= most


@pytest.mark.parametrize("name", FAMILY)
def test_the_manifest_says_what_the_graph_says(name: str) -> None:
    entries = tomllib.loads((MODELS / "manifest.toml").read_text())["model"]
    stored = next(found for found in entries if found["name"] == name)
    graph = members.graph(name)
    written = tomllib.loads(entry(graph, MODELS / f"{name}.tflite", Facts({})))["model"][0]
    for key in ("sha256", "size_bytes", "input", "decoder", "box_scale", "level"):
        assert stored[key] == written[key], key


def test_putting_an_entry_replaces_its_namesake_only(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.toml"
    manifest.write_text('# head\n\n[[model]]\nname = "a"\nx = 1\n\n[[model]]\nname = "b"\nx = 2\n')
    put(manifest, "a", '[[model]]\nname = "a"\nx = 3\n')
    assert manifest.read_text().startswith("# head")
    assert {m["name"]: m["x"] for m in tomllib.loads(manifest.read_text())["model"]} == {"a": 3, "b": 2}


def test_zero_offsets_decode_to_the_anchors() -> None:
    graph = members.graph("person-s")
    anchors = graph_anchors(graph)
    boxes = decode(np.zeros((len(anchors.sizes), 4), np.float32), anchors, graph.size)
    height, width = graph.size
    np.testing.assert_allclose((boxes[:, 3] - boxes[:, 1]) * height, anchors.sizes[:, 0], rtol=1e-4)
    np.testing.assert_allclose((boxes[:, 0] + boxes[:, 2]) / 2 * width, anchors.centres[:, 1], rtol=1e-4, atol=1e-3)
    assert SCALE == (10.0, 10.0, 5.0, 5.0)


def test_suppression_spares_neighbours() -> None:
    boxes = np.array([[0, 0, 0.2, 1], [0.01, 0, 0.21, 1], [0.5, 0, 0.7, 1]], np.float32)
    assert list(suppress(boxes, np.array([0.9, 0.8, 0.7], np.float32))) == [0, 2]
