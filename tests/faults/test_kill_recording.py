"""`kill -9` while recording: what was announced is whole, what was not is closed or gone, one fragment is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def killed(folder: Path, times: int, seed: int) -> None:
    command = [sys.executable, "-m", "tests.faults.recording_killer", str(folder), str(times), str(seed)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    tally = json.loads(done.stdout)
    assert tally["problems"] == []
    assert tally["kills"] == times
    assert tally["recovered"] > times / 4, "hardly ever was a clip in the making"
    assert tally["announced"] > 0


def test_killed_while_recording(tmp_path: Path) -> None:
    killed(tmp_path, 15, seed=1)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_killed_hundreds_of_times_while_recording(tmp_path: Path) -> None:
    """For more: `python -m tests.faults.recording_killer FOLDER 1000 SEED`."""
    killed(tmp_path, 300, seed=1000)
