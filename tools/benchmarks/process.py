"""Goal 8: the memory of the running camera and the time until it sees, in fresh processes."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from tools.benchmarks.footage import Bench
from tools.benchmarks.peers import run_python
from tools.benchmarks.report import Row
from tools.benchmarks.timing import Contest
from tools.benchmarks.walk import SHOP

MEMORY_TARGET, START_TARGET = 1.15, 1.3


def rows(bench: Bench) -> list[Row]:
    """Memory against the process's own imports and model; time against the same, and against the interpreter alone."""
    with tempfile.TemporaryDirectory() as folder:
        cameras, floors, bares = _run_all(bench, Path(folder))
    memory = median(run["rss_mb"] for run in cameras) / median(run["rss_mb"] for run in floors)
    from_floor = Contest([run["start_ms"] for run in cameras], [run["start_ms"] for run in floors])
    from_bare = Contest([run["start_ms"] for run in cameras], [run["start_ms"] for run in bares])
    source = "the real clip" if bench.clip else "the simulated shop"
    detail = (
        f"{median(run['rss_mb'] for run in cameras):.1f} MB after {_seconds(bench):.0f} s of {source} against "
        f"{median(run['rss_mb'] for run in floors):.1f} MB for a process with the same imports that runs the model once"
    )
    return [
        Row("8", "steady memory / own imports and model", memory, MEMORY_TARGET, detail),
        Row("8", "start to first inference / own imports and bare model", from_floor.ratio, START_TARGET,
            f"{from_floor.words('imports, model and one invoke')}; ours has journal, outputs and web address open"),
        Row("8", "start to first inference / bare interpreter and model", from_bare.ratio, None,
            from_bare.words("litert alone")),
    ]  # fmt: skip


def _run_all(bench: Bench, folder: Path) -> tuple[list[Any], list[Any], list[Any]]:
    """Results of the camera, of its imports and of the bare model, run in turn."""
    config, modules, model = folder / "camera.toml", folder / "modules.json", str(_model_file(bench))
    config.write_text(_config(bench, folder), encoding="utf-8")
    first = _run("camera", str(config), str(_seconds(bench)))
    modules.write_text(json.dumps(first["modules"]), encoding="utf-8")
    cameras, floors, bares = [first], [], []
    for number in range(bench.count(7, 1)):
        if number:
            cameras.append(_run("camera", str(config), str(_seconds(bench))))
        floors.append(_run("imports", str(modules), model))
        bares.append(_run("bare", model))
    return cameras, floors, bares


def _seconds(bench: Bench) -> float:
    return bench.count(20, 3)


def _model_file(bench: Bench) -> Path:
    found = bench.catalogue.find(bench.detectors.spec)
    assert found is not None  # or it would not be open
    return found


def _config(bench: Bench, folder: Path) -> str:
    source = str(bench.clip) if bench.clip else "simulated"
    tables: dict[str, dict[str, Any]] = {
        "camera": {"source": source, "width": 768, "height": 432},
        "model": {"name": bench.model},
        "storage": {"data_dir": str(folder)},
        "api": {"port": 0, "announce": False},
        "gpio": {"driver": "mock"},
    }
    lines = [line for name, table in tables.items() for line in (f"[{name}]", *_settings(table))]
    return "\n".join([*lines, SHOP])


def _settings(table: dict[str, Any]) -> list[str]:
    return [f"{key} = {json.dumps(value)}" for key, value in table.items()]


def _run(*arguments: str) -> dict[str, Any]:
    """A fresh process of tools.benchmarks.child; `start_ms` is the time from its start to its first inference."""
    start_s = time.monotonic()
    found: dict[str, Any] = run_python("tools.benchmarks.child", *arguments)
    found["start_ms"] = (found["inferred_s"] - start_s) * 1e3
    return found
