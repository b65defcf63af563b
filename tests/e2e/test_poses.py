"""The real clip with poses switched on, by the command that users type: nobody falls, and the sense is really there."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.data import DATA, needs_data

CLIP = DATA / "video" / "intel_one-by-one-person-detection.mp4"
CONFIG = """
[pose]
rate_hz = 10
[[rule]]
kind = "fall"
[[rule]]
kind = "tag_tampering"
"""

pytestmark = [needs_data, pytest.mark.timeout(240)]


def replayed(folder: Path, config: str, frames: int, **environ: str) -> list[dict[str, Any]]:
    path = folder / "camera.toml"
    path.write_text(config)
    command = [sys.executable, "-m", "agent", "replay", str(CLIP), "--config", str(path), "--json"]
    result = subprocess.run(
        [*command, "--max-frames", str(frames)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environ},
    )
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_poses_are_looked_at_and_nobody_falls(tmp_path: Path) -> None:
    lines = replayed(tmp_path, CONFIG, 500, AISLEWATCH_MODELS=str(DATA / "models"))
    assert not [line for line in lines if line.get("kind") in ("fall", "rule_unavailable")]
    summary = lines[-1]
    assert summary["type"] == "summary"
    assert summary["stages_ms"]["senses"]["p50"] > 0
    assert summary["tracks"] >= 2


def test_without_the_model_the_rules_say_unavailable(tmp_path: Path) -> None:
    lines = replayed(tmp_path, CONFIG, 20, AISLEWATCH_MODELS=str(tmp_path))
    told = {line["rule"]: line["needs"] for line in lines if line.get("kind") == "rule_unavailable"}
    assert told == {"fall-everywhere": ["pose"], "tag_tampering-everywhere": ["pose"]}
    assert lines[-1]["type"] == "summary", "everything else goes on"
