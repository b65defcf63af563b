"""Where people would stand, as the page draws them (standing.js) in Node, against the simulation's own projection."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hal.simulated.optics import Optics

STANDING = Path(__file__).parents[2] / "agent" / "web" / "static" / "standing.js"
HIGH_M, TILT_DEG, VIEW_DEG, ASPECT = 2.7, 25.0, 72.0, 16 / 9
TALL_M, BODIES = 1.7, 14
pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="no Node is installed (apt-get install nodejs)")


def told(tmp_path: Path, answer: str) -> Any:
    """What an expression is, with a mount."""
    (tmp_path / "standing.mjs").write_text(STANDING.read_text())
    script = tmp_path / "steps.mjs"
    script.write_text(f"""import {{ camera, standing }} from "./standing.mjs";
        const mount = {{height_m: {HIGH_M}, tilt_deg: {TILT_DEG}, view_deg: {VIEW_DEG}}};
        const seen = camera(mount, {ASPECT});
        console.log(JSON.stringify({answer}));""")
    done = subprocess.run(["node", str(script)], capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def test_points_are_seen_where_the_simulation_sees_them(tmp_path: Path) -> None:
    points = [(side, depth, up) for side in (-2.0, 0.0, 1.5) for depth in (2.0, 4.5, 9.0) for up in (0.0, 0.9, TALL_M)]
    optics = Optics((0, 0, HIGH_M), (0, 10, HIGH_M - 10 * math.tan(math.radians(TILT_DEG))), VIEW_DEG, ASPECT)
    wanted = optics.project(np.array(points))[0]
    assert np.allclose(told(tmp_path, f"{json.dumps(points)}.map((point) => seen(...point))"), wanted, atol=1e-9)
    assert told(tmp_path, "seen(0, -5, 0)") is None


def test_everybody_has_feet_and_head_in_the_picture_and_the_far_come_first(tmp_path: Path) -> None:
    outlines = np.array(told(tmp_path, f"standing(mount, {ASPECT})"))
    assert outlines.shape[1:] == (BODIES, 2)
    assert len(outlines) > 15
    feet, heads = outlines[:, :, 1].max(1), outlines[:, :, 1].min(1)
    assert feet.max() < 1
    assert heads.min() > 0
    assert (np.diff(feet) >= -1e-9).all()
    assert (feet - heads)[-1] > 1.8 * (feet - heads)[0]
    assert told(tmp_path, f"standing({{...mount, height_m: 1.5, tilt_deg: 85}}, {ASPECT})") == []
