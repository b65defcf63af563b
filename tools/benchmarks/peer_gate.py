"""Our gate and Frigate's, frame by frame in turn; runs in a process of its own.

`python -m tools.benchmarks.peer_gate CHECKOUT SITE FRAMES.npy` prints one JSON object. Frigate's own motion
gate is taken from its checkout with the defaults of its own configuration; only what it imports besides is stood in
for, but for scipy, which comes from SITE, the packages of the peers' environment.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import cv2
import numpy as np

from agent.vision.gate import Gate
from hal.ports import U8

FPS = 15.0
Verdict = Callable[[float, U8], bool]


def frigate_gate(checkout: Path, width: int, height: int) -> Verdict:
    """Frigate's detector, fed as Frigate feeds it: the planes of a frame, of which it takes the luma.

    Raises OSError, ImportError, AttributeError or KeyError when the checkout is not as it was in 2025 and 2026.
    """
    package = checkout / "frigate"
    settings = _defaults(package / "config" / "camera" / "motion.py", "MotionConfig")
    image = ModuleType("frigate.util.image")
    image.grab_cv2_contours = _function(package / "util" / "image.py", "grab_cv2_contours")  # type: ignore[attr-defined]
    stand_ins = {
        "frigate": ModuleType("frigate"),
        "frigate.camera": _module("frigate.camera", PTZMetrics=object),
        "frigate.config": _module("frigate.config", MotionConfig=object),
        "frigate.config.config": _module("frigate.config.config", RuntimeMotionConfig=object),
        "frigate.util": ModuleType("frigate.util"),
        "frigate.util.image": image,
    }
    sys.modules.update(stand_ins)
    _load("frigate.motion", package / "motion" / "__init__.py")
    module = _load("frigate.motion.improved_motion", package / "motion" / "improved_motion.py")
    config = SimpleNamespace(**settings, rasterized_mask=np.full((height, width), 255, np.uint8))
    detector = module.ImprovedMotionDetector((height, width), config, int(FPS))

    def verdict(t_s: float, planes: U8) -> bool:
        return bool(detector.detect(planes)) and not detector.is_calibrating()

    return verdict


def _module(name: str, **contents: object) -> ModuleType:
    module = ModuleType(name)
    module.__dict__.update(contents)
    return module


def _load(name: str, path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _defaults(path: Path, name: str) -> dict[str, Any]:
    """The default of every setting of a configuration class, read from its text without importing it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    settings = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    found = {}
    for line in settings.body:
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and isinstance(line.value, ast.Call):
            values = {keyword.arg: keyword.value for keyword in line.value.keywords}
            if "default" in values:
                found[line.target.id] = ast.literal_eval(values["default"])
    return found


def _function(path: Path, name: str) -> Any:
    """One function out of a file whose other parts need more than is here."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    alone: list[ast.stmt] = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    space: dict[str, Any] = {"cv2": cv2, "np": np}
    exec(compile(ast.Module(alone, []), str(path), "exec"), space)  # the user's own checkout, named by the user
    return space[name]


def our_gate() -> Verdict:
    """Ours, on the same planes."""
    gate = Gate()
    return lambda t_s, planes: gate.update(t_s, planes[: planes.shape[0] * 2 // 3]).active


def in_turn(ours: Verdict, theirs: Verdict, planes: U8) -> dict[str, Any]:
    """Times in milliseconds and decisions of both, by frame."""
    found: dict[str, Any] = {"ours_ms": [], "theirs_ms": [], "ours": [], "theirs": []}
    for number, frame in enumerate(planes):
        pair = [("ours", ours), ("theirs", theirs)]
        for name, gate in pair if number % 2 else reversed(pair):
            start = time.perf_counter()
            active = gate(number / FPS, frame)
            found[f"{name}_ms"].append((time.perf_counter() - start) * 1e3)
            found[name].append(bool(active))
    return found


def main(checkout: str, site: str, planes_file: str) -> dict[str, Any]:
    """Both gates on the planes in a file (frames, height * 3 / 2, width)."""
    sys.path.append(site)
    planes = np.load(planes_file)
    return in_turn(our_gate(), frigate_gate(Path(checkout), planes.shape[2], planes.shape[1] * 2 // 3), planes)


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:4])))
